//! Random histories: the same commands on two stores give the same answers.
//!
//! A history is a sequence of commits and reads by several people, drawn from a seed. Among them
//! are ones that a store has to refuse: preconditions that do not hold, names that are taken, rows that
//! are not there. After each step the answers of both stores are compared whole, refusals by kind.
//!
//! The only thing that may differ is the number behind an id, since a database may leave gaps:
//! each store's ids are renumbered by the order in which their rows were created.

mod changes;
mod numbers;
mod observations;
mod replica;
mod texts;

use classdesk_domain::store::Store;
use fastrand::Rng;

use replica::Replica;

/// Runs a history of `steps` steps on both stores, which have to be empty, and compares every
/// answer. The same seed gives the same history.
///
/// ```
/// use classdesk_conformance::{history};
/// use classdesk_memory::{MemoryStore};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let (reference, subject) = (MemoryStore::new(), MemoryStore::new());
/// history::check_same_history(&reference, &subject, 7, 50).await;
/// # }
/// ```
///
/// # Panics
/// At the first answer that differs, with the seed, the step and both answers; and when a store
/// fails with anything but a refusal.
pub async fn check_same_history(
    reference: &dyn Store,
    subject: &dyn Store,
    seed: u64,
    steps: usize,
) {
    let mut dice = Rng::with_seed(seed);
    let (mut reference, mut subject) = (Replica::new(reference), Replica::new(subject));
    reference.populate().await;
    subject.populate().await;
    for step in 0..steps {
        let (change, observation) = (dice.fork(), dice.fork());
        let expected = reference.change(change.clone()).await;
        let found = subject.change(change).await;
        assert_eq!(
            found, expected,
            "seed {seed}, step {step}: the subject changes otherwise"
        );
        let webhooks = dice.fork();
        let expected = reference.step_of_webhooks(webhooks.clone()).await;
        let found = subject.step_of_webhooks(webhooks).await;
        assert_eq!(
            found, expected,
            "seed {seed}, step {step}: the subject sends otherwise"
        );
        let expected = reference.observe(observation.clone()).await;
        let found = subject.observe(observation).await;
        assert_eq!(
            found, expected,
            "seed {seed}, step {step}: the subject is seen otherwise"
        );
    }
    let expected = reference.survey().await;
    let found = subject.survey().await;
    for (expected, found) in expected.iter().zip(&found) {
        assert_eq!(found, expected, "seed {seed}: the subject ends otherwise");
    }
}

/// Runs only the changes of a history, on a store that has to be empty: with enough `steps`, every
/// change there is.
///
/// # Panics
/// When the store fails with anything but a refusal.
pub async fn make_changes(store: &dyn Store, seed: u64, steps: usize) {
    let mut dice = Rng::with_seed(seed);
    let mut replica = Replica::new(store);
    replica.populate().await;
    for _ in 0..steps {
        replica.change(dice.fork()).await;
    }
}

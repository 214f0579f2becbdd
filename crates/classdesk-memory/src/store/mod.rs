//! A store that keeps everything in memory.

mod access_scope;
mod api_keys;
mod blobs;
mod bundles;
mod commit;
mod deliveries;
mod events;
mod files;
mod idempotency;
mod link_keys;
mod maintenance;
mod messages;
mod people;
mod rows;
mod sessions;
mod state;
mod subjects;
mod table;
mod threads;
mod tickets;
mod webhook_rows;
mod webhooks;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use classdesk_domain::store::{Commit, StoreError};

use commit::Outcome;
use state::State;

/// Every repository port in memory, honest in all but durability.
///
/// A commit works on a copy of the state and takes its place when all of it has succeeded, so
/// nobody ever sees half of one, and a failed one leaves not even a used-up id behind. Everything
/// happens under one lock: the store is as consistent as a database can be, and only as quick as
/// tests need.
///
/// ```
/// use classdesk_domain::people::UserRepository;
/// use classdesk_memory::MemoryStore;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let store = MemoryStore::new();
/// assert!(!store.any_user().await.unwrap());
/// # }
/// ```
#[derive(Debug, Default)]
pub struct MemoryStore {
    state: Mutex<State>,
    calls: AtomicU64,
}

impl MemoryStore {
    /// A store with nothing in it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many calls of its ports it has answered, each of which is a trip to a database
    /// elsewhere: two answers that cost the same are hard to tell apart by time.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        // The state is only ever replaced whole, so a panic elsewhere can't have broken it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.lock())
    }

    /// Changes the state as a whole, or not at all.
    fn write<T>(
        &self,
        change: impl FnOnce(&mut State) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut state = self.lock();
        let mut draft = state.clone();
        let answer = change(&mut draft)?;
        *state = draft;
        Ok(answer)
    }

    /// Applies a change together with everything that a commit carries.
    fn commit<C, T>(
        &self,
        commit: Commit<C>,
        apply: impl FnOnce(&mut State, C) -> Result<(T, Outcome), StoreError>,
    ) -> Result<T, StoreError> {
        let Commit {
            change,
            preconditions,
            events,
            completes,
        } = commit;
        self.write(|state| {
            state.hold(&preconditions)?;
            let (answer, outcome) = apply(state, change)?;
            match outcome {
                Outcome::Changed(ids) => {
                    state.append(events, ids)?;
                    state.complete(completes, ids.row)?;
                }
                Outcome::AlreadySo(ids) => state.complete(completes, ids.row)?,
                Outcome::Unchanged => {}
            }
            Ok(answer)
        })
    }
}

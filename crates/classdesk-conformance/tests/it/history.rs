//! Histories are long enough to matter, and a store that answers otherwise is caught.

use std::time::Duration;

use classdesk_conformance::fixture::login_attempt;
use classdesk_conformance::history::check_same_history;
use classdesk_domain::clock::Clock;
use classdesk_domain::people::{LoginAttempt, LoginLimits, SessionRepository};
use classdesk_memory::{FrozenClock, MemoryStore};

#[tokio::test]
async fn many_seeds_agree() {
    for seed in 100..110 {
        check_same_history(&MemoryStore::new(), &MemoryStore::new(), seed, 300).await;
    }
}

#[tokio::test]
async fn a_store_that_differs_is_caught() {
    let ended = tokio::spawn(async {
        let subject = MemoryStore::new();
        // It has failed logins that the reference knows nothing of, and differs in nothing else.
        let begin = FrozenClock::default().now();
        for minute in 0..60 {
            let at = begin.plus(Duration::from_secs(minute * 60));
            let attempt = LoginAttempt {
                limits: LoginLimits {
                    per_name: 1_000,
                    per_network: 1_000,
                    ..LoginLimits::default()
                },
                ..login_attempt("name0", 9, at)
            };
            subject.count_failure(attempt).await.expect("counted");
        }
        check_same_history(&MemoryStore::new(), &subject, 1, 300).await;
    });
    let panicked = ended
        .await
        .expect_err("the difference is seen")
        .into_panic();
    let message = panicked.downcast::<String>().expect("a message");
    assert!(message.contains("changes otherwise"), "{message}");
}

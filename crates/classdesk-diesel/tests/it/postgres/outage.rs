//! A server that goes away under load, and comes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use classdesk_conformance::Fixture;
use classdesk_diesel::DieselStore;
use classdesk_domain::ids::ThreadId;
use classdesk_domain::store::{Commit, Store, StoreError};
use tokio::task::JoinSet;

use super::cluster::{Cluster, PASSWORD};
use crate::databases::{ask, options};

const POSTERS: usize = 8;

/// What came of the posts so far.
#[derive(Default)]
struct Tally {
    posted: AtomicUsize,
    refused: AtomicUsize,
    stop: AtomicBool,
}

impl Tally {
    /// Waits until there are this many more.
    async fn grows(count: &AtomicUsize, by: usize) {
        let before = count.load(Ordering::SeqCst);
        while count.load(Ordering::SeqCst) < before + by {
            tokio::task::yield_now().await;
        }
    }
}

async fn post(store: Arc<dyn Store>, fixture: Arc<Fixture>, thread: ThreadId, tally: Arc<Tally>) {
    while !tally.stop.load(Ordering::SeqCst) {
        let commit = Commit::new(fixture.new_message(thread, fixture.client));
        match store.post_message(commit).await {
            Ok(_) => tally.posted.fetch_add(1, Ordering::SeqCst),
            Err(StoreError::Unavailable { .. }) => tally.refused.fetch_add(1, Ordering::SeqCst),
            Err(error) => panic!("{error:?}"),
        };
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_that_stops_and_starts_is_found_again() {
    let cluster = Cluster::start_new();
    let url = cluster.url(PASSWORD, "127.0.0.1", "postgres");
    let store = DieselStore::connect(&url.parse().unwrap(), &options())
        .unwrap()
        .store();
    let fixture = Arc::new(Fixture::create(&*store).await);
    let tally = Arc::new(Tally::default());
    let mut posters = JoinSet::new();
    for _ in 0..POSTERS {
        let thread = fixture
            .add_thread(&*store, &[fixture.client])
            .await
            .thread
            .id;
        posters.spawn(post(
            Arc::clone(&store),
            Arc::clone(&fixture),
            thread,
            Arc::clone(&tally),
        ));
    }
    for _ in 0..2 {
        Tally::grows(&tally.posted, POSTERS).await;
        // Only the test's own thread waits here: the posters have the runtime's.
        cluster.stop();
        // More than one of each poster: also those who come while the server is away are refused.
        Tally::grows(&tally.refused, 3 * POSTERS).await;
        cluster.start();
    }
    Tally::grows(&tally.posted, POSTERS).await;
    tally.stop.store(true, Ordering::SeqCst);
    while let Some(poster) = posters.join_next().await {
        poster.unwrap();
    }
    let kept = ask(&url, "SELECT count(*) FROM messages");
    let kept: i64 = kept[0].parse().unwrap();
    let acknowledged = i64::try_from(tally.posted.load(Ordering::SeqCst)).unwrap();
    // A post may be stored without its poster ever hearing of it, one for each poster and stop.
    let unheard = i64::try_from(2 * POSTERS).unwrap();
    assert!(
        (acknowledged..=acknowledged + unheard).contains(&kept),
        "{kept} kept, {acknowledged} acknowledged"
    );
}

//! A reader who goes by the horizon misses no event, where one who goes by ids does.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use classdesk_domain::events::EventRange;
use classdesk_domain::ids::EventId;
use classdesk_domain::store::Store;
use tokio::task::JoinSet;
use tokio_postgres::{Client, NoTls};

use crate::databases::{Fresh, PostgresDatabase, ask, options};

const WRITERS: usize = 8;
const COMMITS: usize = 30;
/// By chance a reader who goes by ids may miss nothing for a while.
const ROUNDS: usize = 20;

const INSERT: &str = "INSERT INTO events \
    (at, action, content_type, object_id, is_internal, detail, subject_type, subject_id) \
    VALUES (now(), 'bundle.changed', 'class_bundle', 1, false, '{}', 'class_bundle', 1) \
    RETURNING id";

async fn connect(address: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(address, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Commits events, or takes them back. Between an id and its commit passes some time.
async fn write(address: String, chance: u64) {
    let client = connect(&address).await;
    let mut chance = fastrand::Rng::with_seed(chance);
    for _ in 0..COMMITS {
        client.batch_execute("BEGIN").await.unwrap();
        let id: i64 = client.query_one(INSERT, &[]).await.unwrap().get(0);
        for further in 1..=chance.i64(0..3) {
            let values = format!(
                "INSERT INTO events (id, at, action, content_type, object_id, is_internal, \
                 detail, subject_type, subject_id) VALUES ({}, now(), 'bundle.changed', \
                 'class_bundle', 1, false, '{{}}', 'class_bundle', 1)",
                id + further
            );
            client.batch_execute(&values).await.unwrap();
        }
        let pause = format!("SELECT pg_sleep({})", chance.f64() / 200.0);
        client.batch_execute(&pause).await.unwrap();
        let end = if chance.u8(0..5) == 0 {
            "ROLLBACK"
        } else {
            "COMMIT"
        };
        client.batch_execute(end).await.unwrap();
    }
}

/// Reads on from the greatest id it has seen.
async fn follow_ids(client: &Client, seen: &mut Vec<i64>) {
    let last = seen.last().copied().unwrap_or(0);
    let rows = "SELECT id FROM events WHERE id > $1 ORDER BY id";
    let rows = client.query(rows, &[&last]).await.unwrap();
    seen.extend(rows.iter().map(|row| row.get::<_, i64>(0)));
}

/// Reads on from the horizon it has reached.
async fn follow_horizon(store: &dyn Store, reached: &mut EventId, seen: &mut Vec<i64>) {
    let up_to = store.horizon().await.unwrap().complete;
    let after = *reached;
    if up_to > after {
        let tail = store
            .tail(EventRange { after, up_to }, 100_000)
            .await
            .unwrap();
        seen.extend(tail.iter().map(|told| told.event.id().get()));
        *reached = up_to;
    }
}

/// contract: events.gap
#[tokio::test]
async fn nothing_is_committed_behind_the_horizon() {
    let database = PostgresDatabase::new();
    let address = database.address();
    let fresh = Fresh::on(database, &options());
    let store = fresh.shared();
    let reader = connect(&address).await;
    let (mut by_id, mut by_horizon) = (Vec::new(), Vec::new());
    let mut reached = EventId::new(0);
    for round in 0..ROUNDS {
        let running = Arc::new(AtomicUsize::new(WRITERS));
        let mut writers = JoinSet::new();
        for writer in 0..WRITERS {
            let (address, running) = (address.clone(), running.clone());
            writers.spawn(async move {
                write(address, (round * WRITERS + writer) as u64).await;
                running.fetch_sub(1, Ordering::SeqCst);
            });
        }
        while running.load(Ordering::SeqCst) > 0 {
            follow_ids(&reader, &mut by_id).await;
            follow_horizon(&*store, &mut reached, &mut by_horizon).await;
        }
        while let Some(ended) = writers.join_next().await {
            ended.unwrap();
        }
        follow_ids(&reader, &mut by_id).await;
        follow_horizon(&*store, &mut reached, &mut by_horizon).await;
        let all = reader
            .query("SELECT id FROM events ORDER BY id", &[])
            .await
            .unwrap();
        let all: Vec<i64> = all.iter().map(|row| row.get(0)).collect();
        assert_eq!(by_horizon, all, "in order, each once, none missing");
        let by_id: BTreeSet<_> = by_id.iter().copied().collect();
        if by_id.len() < all.len() {
            return;
        }
    }
    panic!("a reader who goes by ids missed nothing, so this test proves nothing");
}

/// A transaction that is open elsewhere in the cluster, or that writes no event, delays nothing.
#[tokio::test]
async fn only_writers_of_events_hold_the_horizon() {
    let database = PostgresDatabase::new();
    let address = database.address();
    let fresh = Fresh::on(database, &options());
    let other = PostgresDatabase::new();
    let (bystander, stranger) = (connect(&address).await, connect(&other.address()).await);
    for client in [&bystander, &stranger] {
        client
            .batch_execute("BEGIN; SELECT txid_current()")
            .await
            .unwrap();
    }
    let stranger_writes = stranger.query_one(INSERT, &[]).await.unwrap();
    assert!(stranger_writes.get::<_, i64>(0) > 0);
    let writer = connect(&address).await;
    let id: i64 = writer.query_one(INSERT, &[]).await.unwrap().get(0);
    assert!(fresh.horizon().await.unwrap().complete.get() >= id);

    let (first, second) = (connect(&address).await, connect(&address).await);
    first.batch_execute("BEGIN").await.unwrap();
    let held: i64 = first.query_one(INSERT, &[]).await.unwrap().get(0);
    let later: i64 = second.query_one(INSERT, &[]).await.unwrap().get(0);
    let horizon = fresh.horizon().await.unwrap();
    assert!(horizon.complete.get() < held && held < later);
    assert!(horizon.last.get() >= later);
    first.batch_execute("ROLLBACK").await.unwrap();
    assert!(fresh.horizon().await.unwrap().complete.get() >= later);
}

/// Sessions that keep numbers in store would draw ids below the locks of others.
#[tokio::test]
async fn ids_of_events_are_drawn_one_by_one() {
    let database = PostgresDatabase::new();
    let cache = "SELECT seqcache || ' by ' || seqincrement FROM pg_sequence \
        WHERE seqrelid = 'events_id_seq'::regclass";
    let found = ask(&database.address(), cache);
    assert_eq!(found, ["1 by 64"]);
}

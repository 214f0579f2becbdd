//! Marks tell of every change before anybody can read it, whoever made it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use classdesk_diesel::DieselStore;
use classdesk_domain::changes::{ChangeMark, ChangeScope};
use classdesk_domain::ids::ThreadId;
use classdesk_domain::paging::{Keyset, Limit};
use classdesk_domain::people::UserUpdate;
use classdesk_domain::policy::Sight;
use classdesk_domain::store::{Commit, Store};
use classdesk_domain::subjects::SubjectRef;
use classdesk_domain::threads::MessageQuery;
use classdesk_testkit::World;
use rusqlite::Connection;

use crate::databases::{Fresh, SqliteFile, TestDatabase, options};

const MESSAGES: usize = 60;

async fn count(store: &dyn Store, thread: ThreadId, sight: Sight) -> usize {
    let query = MessageQuery {
        thread,
        sight,
        after: None,
        before: None,
    };
    let page = Keyset {
        limit: Limit::GREATEST,
        after: None,
    };
    let found = store.list_messages(query, page).await.unwrap();
    found.unwrap().1.items.len()
}

/// The mark of a scope. On a busy machine a look may take longer than a caller waits for it.
async fn marked(store: &dyn Store, scope: &ChangeScope) -> ChangeMark {
    loop {
        if let Some(mark) = store.mark(scope).await {
            return mark;
        }
        tokio::task::yield_now().await;
    }
}

/// Reads under a mark again and again, and tells how often what was read under a mark was another
/// thing than what had been read under the same mark.
async fn compare(
    store: Arc<dyn Store>,
    thread: ThreadId,
    sight: Sight,
    ended: Arc<AtomicBool>,
) -> usize {
    let scope = ChangeScope::Thread(thread);
    let mut differences = 0;
    let mut known = None;
    while !ended.load(Ordering::SeqCst) {
        let Some(mark) = store.mark(&scope).await else {
            tokio::task::yield_now().await;
            continue;
        };
        let found = count(&*store, thread, sight).await;
        // Only what the second mark encloses is sure to be of one state.
        if store.mark(&scope).await != Some(mark) {
            continue;
        }
        match known {
            Some((of, before)) if of == mark => differences += usize::from(before != found),
            _ => known = Some((mark, found)),
        }
    }
    differences
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_reads_a_change_under_an_old_mark() {
    let store = Fresh::on(SqliteFile::new(), &options());
    let world = World::create(&*store).await;
    let thread = world.add_thread(&*store, &[world.client]).await.thread.id;
    let sight = Sight::of(&world.client);
    let ended = Arc::new(AtomicBool::new(false));
    let mut readers = tokio::task::JoinSet::new();
    for _ in 0..3 {
        readers.spawn(compare(store.shared(), thread, sight, Arc::clone(&ended)));
    }
    let scope = ChangeScope::Thread(thread);
    for number in 1..=MESSAGES {
        let before = marked(&*store, &scope).await;
        world.add_message(&*store, thread, world.client).await;
        // What is acknowledged has another mark.
        assert_ne!(marked(&*store, &scope).await, before);
        assert_eq!(count(&*store, thread, sight).await, number);
    }
    ended.store(true, Ordering::SeqCst);
    assert_eq!(readers.join_all().await, [0; 3]);
}

#[tokio::test]
async fn what_happens_elsewhere_leaves_a_mark_alone() {
    let store = Fresh::on(SqliteFile::new(), &options());
    let world = World::create(&*store).await;
    let quiet = world.add_thread(&*store, &[world.client]).await.thread.id;
    let busy = world.add_thread(&*store, &[world.client]).await.thread.id;
    // Scopes may share a count by chance, all three of them not by any that is worth a thought.
    let scopes = [
        ChangeScope::Thread(quiet),
        ChangeScope::Subject(world.subject()),
        ChangeScope::Subject(SubjectRef::bundle(classdesk_domain::ids::BundleId::new(99))),
    ];
    let mut before = Vec::new();
    for scope in &scopes {
        before.push(marked(&*store, scope).await);
    }
    world.add_message(&*store, busy, world.client).await;
    let mut kept = 0;
    for (scope, before) in scopes.iter().zip(before) {
        kept += usize::from(marked(&*store, scope).await == before);
    }
    assert!(kept > 0);
}

/// What another process changes is known once that process has waited for it, however quiet this
/// one is.
#[tokio::test]
async fn a_change_by_another_process_has_another_mark_after_a_moment() {
    let file = SqliteFile::new();
    let url = file.url();
    let store = Fresh::on(file, &options());
    let world = World::create(&*store).await;
    let scope = ChangeScope::Subject(world.subject());
    let before = marked(&*store, &scope).await;
    assert_eq!(marked(&*store, &scope).await, before);
    let other = DieselStore::connect(&url, &options()).unwrap();
    let update = UserUpdate {
        is_active: Some(false),
        ..UserUpdate::of(world.writer.id)
    };
    other
        .store()
        .update_user(Commit::new(update))
        .await
        .unwrap();
    other.settle().await;
    let after = marked(&*store, &scope).await;
    assert_ne!(after, before);
    // Once noticed, it is no change any more.
    other.settle().await;
    assert_eq!(marked(&*store, &scope).await, after);
}

/// Whoever asks for a mark reads instead of waiting for a writer that waits for another process.
#[tokio::test(flavor = "multi_thread")]
async fn a_writer_that_waits_for_a_lock_keeps_no_mark_waiting() {
    let file = SqliteFile::new();
    let url = file.url();
    let beside = Connection::open(file.path()).unwrap();
    let store = Fresh::on(file, &options());
    let world = World::create(&*store).await;
    let thread = world.add_thread(&*store, &[world.client]).await.thread.id;
    let other = DieselStore::connect(&url, &options()).unwrap();
    beside.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (writes, row) = (store.shared(), world.new_message(thread, world.client));
    let write = tokio::spawn(async move { writes.post_message(Commit::new(row)).await });
    // The last look is too long ago then, and the writer is in the midst of its commit.
    other.settle().await;
    let scope = ChangeScope::Thread(thread);
    assert_eq!(store.mark(&scope).await, None);
    assert_eq!(count(&*store, thread, Sight::of(&world.client)).await, 0);
    assert!(!write.is_finished());
    beside.execute_batch("ROLLBACK").unwrap();
    write.await.unwrap().unwrap();
    marked(&*store, &scope).await;
}

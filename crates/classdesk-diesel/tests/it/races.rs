//! Guards under real concurrency, checked alike on both databases.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use classdesk_domain::bundles::WriterAssignment;
use classdesk_domain::ids::ThreadId;
use classdesk_domain::people::Actor;
use classdesk_domain::policy::Sight;
use classdesk_domain::store::{Commit, Fact, Store, StoreError};
use classdesk_domain::subjects::Parties;
use classdesk_testkit::World;
use tokio::task::JoinSet;

use crate::databases::Fresh;

const ROUNDS: usize = 20;
const POSTERS: usize = 6;

/// Posts as `writer` until the store says that what it rests on no longer holds, and tells how
/// many went through, and whether any of them did although it began after the reassignment was
/// acknowledged.
async fn post_until_stale(
    store: Arc<dyn Store>,
    world: Arc<World>,
    thread: ThreadId,
    (writer, parties): (Actor, Parties),
    reassigned: Arc<AtomicBool>,
) -> (usize, usize) {
    let (mut posted, mut too_late) = (0, 0);
    loop {
        let late = reassigned.load(Ordering::SeqCst);
        let commit = Commit::new(world.new_message(thread, writer)).resting_on(Fact::Parties {
            subject: world.subject(),
            parties,
        });
        match store.post_message(commit).await {
            Ok(_) => {
                posted += 1;
                too_late += usize::from(late);
            }
            Err(StoreError::Stale) => return (posted, too_late),
            Err(error) => panic!("{error}"),
        }
    }
}

pub(crate) async fn check_that_a_former_writer_posts_no_more<D>(fresh: Fresh<D>) {
    let store = fresh.shared();
    let world = Arc::new(World::create(&*store).await);
    let both = [world.writer, world.other_writer];
    let thread = world.add_thread(&*store, &both).await.thread.id;
    let mut acknowledged = 0;
    for round in 0..ROUNDS {
        let (former, next) = (both[round % 2], both[(round + 1) % 2]);
        let parties = Parties {
            client: world.client.id,
            assigned_writer: Some(former.id),
        };
        let before = count(&*store, &world, thread).await;
        let reassigned = Arc::new(AtomicBool::new(false));
        let mut posters = JoinSet::new();
        for _ in 0..POSTERS {
            posters.spawn(post_until_stale(
                Arc::clone(&store),
                Arc::clone(&world),
                thread,
                (former, parties),
                Arc::clone(&reassigned),
            ));
        }
        // Only when posts go through does the reassignment meet some on their way.
        while count(&*store, &world, thread).await < before + POSTERS {
            tokio::task::yield_now().await;
        }
        let assignment = WriterAssignment {
            bundle: world.bundle,
            writer: Some(next.id),
            at: world.tick(),
        };
        let commit = Commit::new(assignment).resting_on(Fact::Parties {
            subject: world.subject(),
            parties,
        });
        store.assign_writer(commit).await.unwrap();
        reassigned.store(true, Ordering::SeqCst);
        let at_reassignment = count(&*store, &world, thread).await;
        for (posted, too_late) in posters.join_all().await {
            acknowledged += posted;
            assert_eq!(too_late, 0, "posts of a former writer in round {round}");
        }
        assert_eq!(
            count(&*store, &world, thread).await,
            at_reassignment,
            "the former writer's posts stopped with the reassignment"
        );
        assert_eq!(at_reassignment, acknowledged);
    }
}

/// How many messages the thread has.
async fn count(store: &dyn Store, world: &World, thread: ThreadId) -> usize {
    let sight = Sight::of(&world.admin);
    let view = store.thread(thread, sight).await.unwrap().unwrap();
    usize::try_from(view.message_count).unwrap()
}

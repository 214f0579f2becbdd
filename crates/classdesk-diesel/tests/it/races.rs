//! Preconditions under real concurrency, checked alike on both databases.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use classdesk_conformance::Fixture;
use classdesk_domain::bundles::WriterAssignment;
use classdesk_domain::ids::ThreadId;
use classdesk_domain::people::{Actor, Release, UserUpdate};
use classdesk_domain::policy::AccessScope;
use classdesk_domain::store::{Commit, Precondition, Store, StoreError};
use classdesk_domain::subjects::Parties;
use classdesk_domain::tickets::TicketUpdate;
use tokio::task::JoinSet;

use crate::databases::Fresh;

const ROUNDS: usize = 20;
const POSTERS: usize = 6;

/// Posts as `sender` until the store says that what it rests on no longer holds, and tells how
/// many went through, and whether any of them did although it began after the change of that was
/// acknowledged.
async fn post_until_stale(
    store: Arc<dyn Store>,
    fixture: Arc<Fixture>,
    thread: ThreadId,
    (sender, fact): (Actor, Precondition),
    changed: Arc<AtomicBool>,
) -> (usize, usize) {
    let (mut posted, mut too_late) = (0, 0);
    loop {
        let late = changed.load(Ordering::SeqCst);
        let commit = Commit::new(fixture.new_message(thread, sender)).require(fact.clone());
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

/// Several tasks that post so, begun and at work.
async fn posters_at_work(
    store: &Arc<dyn Store>,
    fixture: &Arc<Fixture>,
    thread: ThreadId,
    resting: (Actor, Precondition),
    changed: &Arc<AtomicBool>,
) -> JoinSet<(usize, usize)> {
    let before = count(&**store, fixture, thread).await;
    let mut posters = JoinSet::new();
    for _ in 0..POSTERS {
        posters.spawn(post_until_stale(
            Arc::clone(store),
            Arc::clone(fixture),
            thread,
            resting.clone(),
            Arc::clone(changed),
        ));
    }
    // Only when posts go through does the change meet some on their way.
    while count(&**store, fixture, thread).await < before + POSTERS {
        tokio::task::yield_now().await;
    }
    posters
}

pub(crate) async fn check_that_a_former_writer_posts_no_more<D>(fresh: Fresh<D>) {
    let store = fresh.shared();
    let fixture = Arc::new(Fixture::create(&*store).await);
    let both = [fixture.writer, fixture.other_writer];
    let thread = fixture.add_thread(&*store, &both).await.thread.id;
    let mut acknowledged = 0;
    for round in 0..ROUNDS {
        let (former, next) = (both[round % 2], both[(round + 1) % 2]);
        let parties = Parties {
            client: fixture.client.id,
            assigned_writer: Some(former.id),
        };
        let fact = Precondition::Parties {
            subject: fixture.subject(),
            parties,
        };
        let reassigned = Arc::new(AtomicBool::new(false));
        let resting = (former, fact.clone());
        let posters = posters_at_work(&store, &fixture, thread, resting, &reassigned).await;
        let assignment = WriterAssignment {
            bundle: fixture.bundle,
            writer: Some(next.id),
            at: fixture.tick(),
        };
        let commit = Commit::new(assignment).require(fact);
        store.assign_writer(commit).await.unwrap();
        reassigned.store(true, Ordering::SeqCst);
        let at_reassignment = count(&*store, &fixture, thread).await;
        for (posted, too_late) in posters.join_all().await {
            acknowledged += posted;
            assert_eq!(too_late, 0, "posts of a former writer in round {round}");
        }
        assert_eq!(
            count(&*store, &fixture, thread).await,
            at_reassignment,
            "the former writer's posts stopped with the reassignment"
        );
        assert_eq!(at_reassignment, acknowledged);
    }
}

/// However many posts rest on somebody being active, a deactivation gets its turn among them.
pub(crate) async fn check_that_a_deactivated_person_posts_no_more<D>(fresh: Fresh<D>) {
    let store = fresh.shared();
    let fixture = Arc::new(Fixture::create(&*store).await);
    let sender = fixture.writer;
    let thread = fixture.add_thread(&*store, &[sender]).await.thread.id;
    let active = Precondition::ActiveUser {
        user: sender.id,
        role: sender.role,
    };
    let mut acknowledged = 0;
    for round in 0..ROUNDS {
        let deactivated = Arc::new(AtomicBool::new(false));
        let resting = (sender, active.clone());
        let posters = posters_at_work(&store, &fixture, thread, resting, &deactivated).await;
        let activity = |is_active| {
            Commit::new(UserUpdate {
                is_active: Some(is_active),
                ..UserUpdate::of(sender.id)
            })
        };
        store.update_user(activity(false)).await.unwrap();
        deactivated.store(true, Ordering::SeqCst);
        for (posted, too_late) in posters.join_all().await {
            acknowledged += posted;
            assert_eq!(
                too_late, 0,
                "posts of a deactivated person in round {round}"
            );
        }
        assert_eq!(count(&*store, &fixture, thread).await, acknowledged);
        store.update_user(activity(true)).await.unwrap();
    }
}

/// However many superadmins stop being one at the same time, one is left.
pub(crate) async fn check_that_one_superadmin_is_left<D>(fresh: Fresh<D>) {
    let store = fresh.shared();
    let fixture = Fixture::create(&*store).await;
    let mut superadmins = vec![fixture.superadmin];
    for number in 0..3 {
        let name = format!("superadmin{number}");
        let role = fixture.superadmin.role;
        superadmins.push(fixture.add_user(&*store, &name, role).await);
    }
    let activity = |user: Actor, is_active| UserUpdate {
        is_active: Some(is_active),
        ..UserUpdate::of(user.id)
    };
    for round in 0..ROUNDS {
        let mut leaving = JoinSet::new();
        for user in superadmins.clone() {
            let store = Arc::clone(&store);
            let commit = Commit::new(activity(user, false))
                .require(Precondition::OtherSuperadmin { than: user.id });
            leaving.spawn(async move { store.update_user(commit).await });
        }
        let outcomes = leaving.join_all().await;
        let stale = |outcome: &&Result<_, _>| matches!(outcome, Err(StoreError::Stale));
        assert_eq!(
            outcomes.iter().filter(stale).count(),
            1,
            "round {round}: {outcomes:?}"
        );
        for user in &superadmins {
            store
                .update_user(Commit::new(activity(*user, true)))
                .await
                .unwrap();
        }
    }
}

/// A ticket that is assigned while its assignee leaves is left as well, or not assigned.
pub(crate) async fn check_that_no_ticket_is_left_behind<D>(fresh: Fresh<D>) {
    let store = fresh.shared();
    let fixture = Arc::new(Fixture::create(&*store).await);
    let editor = fixture.editor;
    let active = Precondition::ActiveUser {
        user: editor.id,
        role: editor.role,
    };
    for round in 0..ROUNDS {
        let ticket = fixture.add_ticket(&*store, fixture.client, None).await;
        let id = ticket.id;
        let update = TicketUpdate {
            ticket,
            assigned_to: Some(Some(editor.id)),
            at: fixture.tick(),
            scope: AccessScope::of(&fixture.admin),
        };
        let assigning = {
            let (store, active) = (Arc::clone(&store), active.clone());
            tokio::spawn(async move {
                let commit = Commit::new(update).require(active);
                store.update_ticket(commit).await.map(drop)
            })
        };
        let leaves = loop {
            let found = store.assignments(editor.id, 10).await.unwrap();
            let leaves = UserUpdate {
                is_active: Some(false),
                release: Some(Release {
                    tickets: Some(found.tickets.iter().map(|ticket| ticket.id).collect()),
                    subjects: None,
                    at: fixture.tick(),
                }),
                ..UserUpdate::of(editor.id)
            };
            match store.update_user(Commit::new(leaves)).await {
                Err(StoreError::Stale) => {}
                outcome => break outcome,
            }
        };
        leaves.unwrap();
        let assigned = assigning.await.unwrap();
        assert!(
            matches!(assigned, Ok(()) | Err(StoreError::Stale)),
            "{assigned:?}"
        );
        let ticket = store.ticket(id, AccessScope::of(&fixture.admin)).await;
        let assignee = ticket.unwrap().unwrap().assigned_to;
        assert_eq!(assignee, None, "round {round}");
        let returns = UserUpdate {
            is_active: Some(true),
            ..UserUpdate::of(editor.id)
        };
        store.update_user(Commit::new(returns)).await.unwrap();
    }
}

/// How many messages the thread has.
async fn count(store: &dyn Store, fixture: &Fixture, thread: ThreadId) -> usize {
    let scope = AccessScope::of(&fixture.admin);
    let view = store.thread(thread, scope).await.unwrap().unwrap();
    usize::try_from(view.message_count).unwrap()
}

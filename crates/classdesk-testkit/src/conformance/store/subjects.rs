//! Subjects.

use classdesk_domain::events::EventAction;
use classdesk_domain::ids::UserId;
use classdesk_domain::people::Actor;
use classdesk_domain::store::{Commit, Store, StoreError};
use classdesk_domain::subjects::{Parties, Subject, SubjectKind, SubjectPut, SubjectRef};

use super::support::{assert_stale, event, log, sight};
use crate::World;
use crate::world::{ids, title};

fn order(number: i64) -> SubjectRef {
    SubjectRef::new(SubjectKind::parse("order").expect("a kind"), number)
}

fn subject(reference: SubjectRef, client: Actor, writer: Option<Actor>, label: &str) -> Subject {
    Subject {
        reference,
        parties: Parties {
            client: client.id,
            assigned_writer: writer.map(|writer| writer.id),
        },
        label: title(label),
    }
}

async fn put(
    store: &dyn Store,
    world: &World,
    subject: &Subject,
    before: Option<&Subject>,
    joins: Option<Actor>,
) -> Result<Subject, StoreError> {
    let put = SubjectPut {
        subject: subject.clone(),
        before: before.cloned(),
        joins: joins.map(|writer| writer.id),
        at: world.tick(),
    };
    let told = event(world, EventAction::SubjectChanged, "order");
    store.put_subject(Commit::new(put).telling(told)).await
}

/// A subject is registered and changed only from the state that was decided on.
pub async fn a_subject_is_put_on_what_it_was(store: &dyn Store) {
    let world = World::create(store).await;
    assert_eq!(store.subject(&order(7)).await.expect("readable"), None);
    let first = subject(order(7), world.client, None, "Order 7");
    let second = subject(
        order(7),
        world.other_client,
        Some(world.writer),
        "Order seven",
    );
    let refused = put(store, &world, &first, Some(&first), None).await;
    assert_stale(&refused, "a change of a subject that is not there");
    assert_eq!(log(store).await, []);
    let stored = put(store, &world, &first, None, None)
        .await
        .expect("registered");
    assert_eq!(stored, first);
    assert_eq!(
        store.subject(&order(7)).await.expect("readable"),
        Some(first.clone())
    );
    assert_eq!(store.subject(&order(8)).await.expect("readable"), None);
    let refused = put(store, &world, &second, None, None).await;
    assert_stale(&refused, "a registration of a subject that is there");
    for wrong in [
        subject(order(7), world.client, None, "Another"),
        subject(order(7), world.client, Some(world.writer), "Order 7"),
        subject(order(7), world.other_client, None, "Order 7"),
    ] {
        let refused = put(store, &world, &second, Some(&wrong), None).await;
        assert_stale(&refused, "a change from another state");
    }
    put(store, &world, &second, Some(&first), None)
        .await
        .expect("changed");
    assert_eq!(
        store.subject(&order(7)).await.expect("readable"),
        Some(second)
    );
    let log = log(store).await;
    let named: Vec<_> = log.iter().map(|entry| entry.object_id).collect();
    assert_eq!(named, [7, 7]);
    let mut unknown = subject(order(9), world.client, None, "Order 9");
    unknown.parties.client = UserId::new(9_999);
    let refused = put(store, &world, &unknown, None, None).await;
    assert_stale(&refused, "a subject of nobody");
}

/// A new writer joins the subject's non-private threads, and no others.
pub async fn a_writer_joins_the_threads_of_a_subject(store: &dyn Store) {
    let world = World::create(store).await;
    let before = subject(order(7), world.client, None, "Order 7");
    put(store, &world, &before, None, None)
        .await
        .expect("registered");
    let open = async |about, is_private| {
        let mut row = world.new_thread(&[world.client, world.editor]);
        row.about = about;
        row.is_private = is_private;
        store
            .open_thread(Commit::new(row))
            .await
            .expect("opened")
            .thread
            .id
    };
    let shared = open(order(7), false).await;
    let private = open(order(7), true).await;
    let elsewhere = open(world.subject(), false).await;
    let after = subject(order(7), world.client, Some(world.other_writer), "Order 7");
    put(
        store,
        &world,
        &after,
        Some(&before),
        Some(world.other_writer),
    )
    .await
    .expect("changed");
    let participants = async |thread| {
        let view = store.thread(thread, sight(world.admin)).await;
        let view = view.expect("readable").expect("there");
        view.participants
            .iter()
            .map(|user| user.id)
            .collect::<Vec<_>>()
    };
    let together = ids(&[world.editor, world.client, world.other_writer]);
    assert_eq!(participants(shared).await, together);
    let apart = ids(&[world.editor, world.client]);
    assert_eq!(participants(private).await, apart);
    assert_eq!(participants(elsewhere).await, apart);
}

/// A subject that a thread or ticket links to stays; one that is not there is no error.
pub async fn a_linked_subject_stays(store: &dyn Store) {
    let world = World::create(store).await;
    for number in 1..=3 {
        let new = subject(order(number), world.client, None, "An order");
        put(store, &world, &new, None, None)
            .await
            .expect("registered");
    }
    let mut row = world.new_thread(&[world.client, world.editor]);
    row.about = order(1);
    store.open_thread(Commit::new(row)).await.expect("opened");
    world.add_ticket(store, world.client, Some(order(2))).await;
    let told = log(store).await.len();
    let delete = async |reference| {
        let told = event(&world, EventAction::SubjectRemoved, "order");
        store
            .delete_subject(Commit::new(reference).telling(told))
            .await
    };
    for linked in [order(1), order(2), world.subject()] {
        let refused = delete(linked.clone()).await;
        assert!(
            matches!(refused, Err(StoreError::Referenced)),
            "{linked}: {refused:?}"
        );
        assert!(store.subject(&linked).await.expect("readable").is_some());
    }
    assert!(!delete(order(4)).await.expect("no error"));
    assert_eq!(
        log(store).await.len(),
        told,
        "nothing was removed, so nothing is told"
    );
    assert!(delete(order(3)).await.expect("removed"));
    assert_eq!(store.subject(&order(3)).await.expect("readable"), None);
    assert!(!delete(order(3)).await.expect("no error"));
    assert_eq!(log(store).await.len(), told + 1);
}

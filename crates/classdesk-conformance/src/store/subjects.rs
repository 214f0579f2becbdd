//! Subjects.

use classdesk_domain::ExternalId;
use classdesk_domain::events::DomainEvent;
use classdesk_domain::ids::UserId;
use classdesk_domain::people::Actor;
use classdesk_domain::store::{Commit, Store, StoreError, Unique};
use classdesk_domain::subjects::{Parties, Subject, SubjectKind, SubjectPut, SubjectRef};

use super::support::{assert_stale, event, log, scope};
use crate::Fixture;
use crate::fixture::{ids, title};

fn order(number: i64) -> SubjectRef {
    SubjectRef::new(SubjectKind::parse("order").expect("a kind"), number)
}

fn subject(reference: SubjectRef, client: Actor, writer: Option<Actor>, label: &str) -> Subject {
    Subject {
        external_id: None,
        reference,
        parties: Parties {
            client: client.id,
            assigned_writer: writer.map(|writer| writer.id),
        },
        label: title(label),
        version: 1,
    }
}

async fn put(
    store: &dyn Store,
    fixture: &Fixture,
    subject: &Subject,
    before: Option<&Subject>,
    joins: Option<Actor>,
) -> Result<Subject, StoreError> {
    let put = SubjectPut {
        subject: subject.clone(),
        before: before.cloned(),
        joins: joins.map(|writer| writer.id),
        at: fixture.tick(),
    };
    let told = event(
        fixture,
        DomainEvent::SubjectChanged {
            subject: subject.reference.clone(),
            parties: subject.parties,
        },
    );
    store.put_subject(Commit::new(put).with_event(told)).await
}

/// A subject is registered in the version that was decided on, and changed only from the state that
/// was decided on.
pub async fn a_subject_is_put_on_what_it_was(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    assert_eq!(store.subject(&order(7)).await.expect("readable"), None);
    let first = Subject {
        version: 41,
        ..subject(order(7), fixture.client, None, "Order 7")
    };
    let second = subject(
        order(7),
        fixture.other_client,
        Some(fixture.writer),
        "Order seven",
    );
    let refused = put(store, &fixture, &first, Some(&first), None).await;
    assert_stale(&refused, "a change of a subject that is not there");
    assert_eq!(log(store).await, []);
    let stored = put(store, &fixture, &first, None, None)
        .await
        .expect("registered");
    assert_eq!(stored, first);
    assert_eq!(
        store.subject(&order(7)).await.expect("readable"),
        Some(first.clone())
    );
    assert_eq!(store.subject(&order(8)).await.expect("readable"), None);
    let refused = put(store, &fixture, &second, None, None).await;
    assert_stale(&refused, "a registration of a subject that is there");
    for wrong in [
        subject(order(7), fixture.client, None, "Another"),
        subject(order(7), fixture.client, Some(fixture.writer), "Order 7"),
        subject(order(7), fixture.other_client, None, "Order 7"),
    ] {
        let refused = put(store, &fixture, &second, Some(&wrong), None).await;
        assert_stale(&refused, "a change from another state");
    }
    let changed = put(store, &fixture, &second, Some(&first), None).await;
    let second = Subject {
        version: 42,
        ..second
    };
    assert_eq!(changed.expect("changed"), second);
    let read = store.subject(&order(7)).await;
    assert_eq!(read.expect("readable"), Some(second.clone()));
    let older = Subject {
        version: 1,
        ..second.clone()
    };
    let refused = put(store, &fixture, &first, Some(&older), None).await;
    assert_stale(&refused, "a change from another version");
    let log = log(store).await;
    let named: Vec<_> = log.iter().map(|entry| entry.object_id).collect();
    assert_eq!(named, [7, 7]);
    let mut unknown = subject(order(9), fixture.client, None, "Order 9");
    unknown.parties.client = UserId::new(9_999);
    let refused = put(store, &fixture, &unknown, None, None).await;
    assert_stale(&refused, "a subject of nobody");
}

/// A subject is found by the id that another system knows it by, which no other of its kind gets and
/// which stays. Numbers of subjects that were removed are not given again.
pub async fn a_subject_is_found_by_external_id(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let id = |text: &str| ExternalId::parse(text).expect("an external id");
    let kind = order(1).content_type;
    let named = |number, of| Subject {
        external_id: Some(id(of)),
        ..subject(order(number), fixture.client, None, "An order")
    };
    let next = async || store.next_object_id(&kind).await.expect("readable");
    assert_eq!(next().await, 1);
    let first = put(store, &fixture, &named(7, "SO-7"), None, None).await;
    let first = first.expect("registered");
    assert_eq!(next().await, 8);
    let find = async |kind, text| {
        let found = store.subject_by_external_id(kind, &id(text)).await;
        found.expect("readable")
    };
    assert_eq!(find(&kind, "SO-7").await, Some(first.clone()));
    assert_eq!(find(&kind, "SO-8").await, None);
    assert_eq!(find(&SubjectKind::CLASS_BUNDLE, "SO-7").await, None);
    let refused = put(store, &fixture, &named(8, "SO-7"), None, None).await;
    assert!(
        matches!(refused, Err(StoreError::Duplicate(Unique::ExternalId))),
        "{refused:?}"
    );
    let other = named(7, "SO-8");
    let changed = put(store, &fixture, &other, Some(&first), None).await;
    let changed = changed.expect("changed");
    assert_eq!(changed.external_id, first.external_id);
    let great = subject(order(i64::MAX), fixture.client, None, "Great");
    let great = put(store, &fixture, &great, None, None).await;
    great.expect("registered");
    for gone in [order(7), order(i64::MAX)] {
        let removed = store.delete_subject(Commit::new(gone)).await;
        assert!(removed.expect("removed"));
    }
    assert_eq!(next().await, 8, "no number is given twice");
    let again = put(store, &fixture, &named(3, "SO-7"), None, None).await;
    again.expect("the id is free again");
    assert_eq!(next().await, 8);
}

/// A new writer joins the subject's non-private threads, and no others.
pub async fn a_writer_joins_the_threads_of_a_subject(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let before = subject(order(7), fixture.client, None, "Order 7");
    put(store, &fixture, &before, None, None)
        .await
        .expect("registered");
    let open = async |about, is_private| {
        let mut row = fixture.new_thread(&[fixture.client, fixture.editor]);
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
    let elsewhere = open(fixture.subject(), false).await;
    let after = subject(
        order(7),
        fixture.client,
        Some(fixture.other_writer),
        "Order 7",
    );
    put(
        store,
        &fixture,
        &after,
        Some(&before),
        Some(fixture.other_writer),
    )
    .await
    .expect("changed");
    let participants = async |thread| {
        let view = store.thread(thread, scope(fixture.admin)).await;
        let view = view.expect("readable").expect("there");
        view.participants
            .iter()
            .map(|user| user.id)
            .collect::<Vec<_>>()
    };
    let together = ids(&[fixture.editor, fixture.client, fixture.other_writer]);
    assert_eq!(participants(shared).await, together);
    let apart = ids(&[fixture.editor, fixture.client]);
    assert_eq!(participants(private).await, apart);
    assert_eq!(participants(elsewhere).await, apart);
}

/// A subject that a thread or ticket links to stays; one that is not there is no error.
pub async fn a_linked_subject_stays(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    for number in 1..=3 {
        let new = subject(order(number), fixture.client, None, "An order");
        put(store, &fixture, &new, None, None)
            .await
            .expect("registered");
    }
    let mut row = fixture.new_thread(&[fixture.client, fixture.editor]);
    row.about = order(1);
    store.open_thread(Commit::new(row)).await.expect("opened");
    fixture
        .add_ticket(store, fixture.client, Some(order(2)))
        .await;
    let told = log(store).await.len();
    let delete = async |reference: SubjectRef| {
        let removed = |subject: &SubjectRef| DomainEvent::SubjectRemoved {
            subject: subject.clone(),
        };
        let told = event(&fixture, removed(&reference));
        store
            .delete_subject(Commit::new(reference).with_event(told))
            .await
    };
    for linked in [order(1), order(2), fixture.subject()] {
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

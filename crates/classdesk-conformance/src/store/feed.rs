//! The feed: the log as each reader may see it.

use classdesk_domain::blobs::FileName;
use classdesk_domain::events::{
    AuditEntry, DomainEvent, EventAction, EventFilter, EventPage, EventRange, EventTypes, NewEvent,
};
use classdesk_domain::files::{FileDeletion, Visibility};
use classdesk_domain::ids::{BundleId, EventId, UserId};
use classdesk_domain::people::{Actor, UserFilter, UserUpdate};
use classdesk_domain::policy::{
    AccessScope, EventAccess, Permission, ThreadAccess, TicketAccess, authorize,
};
use classdesk_domain::store::{Commit, Store};
use classdesk_domain::subjects::{Parties, SubjectRef};
use classdesk_domain::threads::ParticipantRemoval;
use futures_util::future::join_all;

use super::support::{event, log, user_changed, walk};
use crate::Fixture;
use crate::every_event::every_event;
use crate::history::make_changes;

/// The whole log up to where it is complete.
async fn whole(store: &dyn Store) -> EventRange {
    let horizon = store.horizon().await.expect("readable");
    assert!(horizon.complete <= horizon.last);
    EventRange {
        after: EventId::new(0),
        up_to: horizon.complete,
    }
}

/// What somebody is told of a range.
async fn told(
    store: &dyn Store,
    to: Actor,
    filter: &EventFilter,
    range: EventRange,
    limit: u32,
) -> EventPage {
    let scope = AccessScope::of(&to);
    let page = store.visible_events(scope, filter.clone(), range, limit);
    let page = page.await.expect("readable");
    assert!(page.events.len() <= limit as usize, "a page is too long");
    assert!(
        page.events.is_sorted_by(|a, b| a.id() < b.id()),
        "ids ascend"
    );
    let within = |id: EventId| id > range.after && id <= page.up_to;
    assert!(page.events.iter().all(|event| within(event.id())));
    assert!(page.up_to <= range.up_to && page.up_to > range.after);
    page
}

/// The ids of all that somebody is told, in pages.
async fn ids_told(store: &dyn Store, to: Actor, filter: &EventFilter, limit: u32) -> Vec<EventId> {
    let mut range = whole(store).await;
    let mut ids = Vec::new();
    while range.after < range.up_to {
        let page = told(store, to, filter, range, limit).await;
        ids.extend(page.events.iter().map(|event| event.id()));
        range.after = page.up_to;
    }
    ids
}

/// Adds events to the log.
async fn write(store: &dyn Store, fixture: &Fixture, events: Vec<DomainEvent>) {
    let events = events.into_iter().map(|told| event(fixture, told));
    let commit = Commit::new(UserUpdate::of(fixture.client.id)).with_events(events);
    store.update_user(commit).await.expect("change");
}

async fn parties(store: &dyn Store, subject: &SubjectRef) -> Option<Parties> {
    let found = store.subject(subject).await.expect("readable");
    found.map(|subject| subject.parties)
}

/// What decides who is told of an entry, read through the other ports.
async fn access(store: &dyn Store, entry: &AuditEntry, reader: UserId) -> EventAccess {
    let scope = &entry.scope;
    if !entry.action.is_in_feed() {
        return EventAccess::AuditOnly;
    }
    let subject = match &scope.subject {
        Some(subject) => parties(store, subject).await,
        None => None,
    };
    if let Some((line, requester)) = scope.ticket.zip(scope.requester) {
        let access = TicketAccess {
            parties: subject,
            requester,
        };
        return if line.is_internal {
            EventAccess::Internal(access)
        } else {
            EventAccess::Ticket(access)
        };
    }
    let Some(parties) = subject.filter(|_| entry.action != EventAction::SubjectRemoved) else {
        return EventAccess::Subject(None);
    };
    if let Some(thread) = scope.thread {
        let context = store.thread_context(thread, reader).await;
        let Some(context) = context.expect("readable") else {
            return EventAccess::Subject(None);
        };
        return EventAccess::Thread(ThreadAccess {
            parties,
            ..context.access()
        });
    }
    let Some(file) = scope.file else {
        return EventAccess::Subject(Some(parties));
    };
    let bundle = scope
        .subject
        .as_ref()
        .map_or(0, |subject| subject.object_id);
    let visibility = if entry.action == EventAction::FileDeleted {
        scope.seen_by
    } else {
        let found = store.file(BundleId::new(bundle), file).await;
        found.expect("readable").map(|found| found.file.visibility)
    };
    let to_nobody = Visibility {
        to_client: false,
        to_writer: false,
    };
    EventAccess::File(parties, visibility.unwrap_or(to_nobody))
}

/// What the policy lets a reader see of the whole log.
async fn expected(store: &dyn Store, reader: Actor, filter: &EventFilter) -> Vec<EventId> {
    let mut seen = Vec::new();
    for entry in log(store).await {
        let access = access(store, &entry, reader.id).await;
        let subject = filter.subject.as_ref();
        let wanted = filter.types.contains(entry.action)
            && subject.is_none_or(|subject| entry.scope.subject.as_ref() == Some(subject));
        if wanted && authorize(&reader, &Permission::SeeEvent(access)).is_allowed() {
            seen.push(entry.id);
        }
    }
    seen.sort_unstable();
    seen
}

/// After a random history, each person is told exactly of what the policy lets them see, in order
/// and once, whatever the pages are.
///
/// contract: events.visible, events.order
pub async fn everybody_is_told_what_they_may_see(store: &dyn Store) {
    make_changes(store, 11, 600).await;
    let people = walk(200, |page| store.list_users(UserFilter::default(), page)).await;
    let filter = EventFilter::default();
    let mut counts = Vec::new();
    for person in people {
        let reader = Actor::new(person.id, person.role);
        let expected = expected(store, reader, &filter).await;
        for limit in [1_000, 3] {
            let found = ids_told(store, reader, &filter, limit).await;
            assert_eq!(found, expected, "{reader:?} in pages of {limit}");
        }
        counts.push(expected.len());
    }
    // A history in which nobody sees anything would prove nothing.
    assert!(
        counts.iter().filter(|count| **count > 20).count() > 4,
        "{counts:?}"
    );
}

/// Every kind of event, with filters by type and subject.
///
/// contract: events.filter
pub async fn the_feed_is_filtered(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let ticket = fixture.add_ticket(store, fixture.client, None).await.id;
    let events = every_event(&fixture, ticket);
    write(store, &fixture, events).await;
    let types = |words: &[&str]| EventTypes::parse(words.iter().copied()).expect("types");
    let of_bundle = Some(fixture.subject());
    for (types, subject) in [
        (types(&["*"]), None),
        (types(&["ticket.*", "bundle.changed"]), None),
        (types(&["message.sent"]), of_bundle.clone()),
        (EventTypes::default(), of_bundle),
    ] {
        let filter = EventFilter { types, subject };
        for reader in fixture.everybody() {
            let expected = expected(store, reader, &filter).await;
            let found = ids_told(store, reader, &filter, 2).await;
            assert_eq!(found, expected, "{reader:?} {filter:?}");
        }
    }
    let staff = told(
        store,
        fixture.editor,
        &EventFilter::default(),
        whole(store).await,
        100,
    )
    .await;
    assert_eq!(
        staff.events.len(),
        EventAction::ALL
            .iter()
            .filter(|one| one.is_in_feed())
            .count()
    );
    for event in &staff.events {
        let line = &event.line;
        let has_values = line.from.is_some() || line.to.is_some();
        let words = [
            "ticket.status_changed",
            "ticket.priority_changed",
            "ticket.category_changed",
        ];
        let tells =
            words.contains(&line.action.as_str()) || line.action == EventAction::TicketAssigned;
        assert_eq!(has_values, tells, "{line:?}");
    }
}

/// Pages of a range follow each other without a gap, also for a reader who sees little of it.
///
/// contract: events.order
pub async fn the_feed_comes_in_pages(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let own = fixture.add_ticket(store, fixture.client, None).await.id;
    let other = fixture
        .add_ticket(store, fixture.other_client, None)
        .await
        .id;
    let said = |ticket, requester: Actor| {
        let mut ticket = fixture.event_ticket(ticket);
        ticket.requester = requester.id;
        DomainEvent::TicketMessageAdded {
            ticket,
            is_internal: false,
        }
    };
    write(store, &fixture, vec![said(own, fixture.client)]).await;
    for _ in 0..5 {
        let others = vec![said(other, fixture.other_client); 100];
        write(store, &fixture, others).await;
    }
    write(store, &fixture, vec![said(own, fixture.client); 2]).await;
    let filter = EventFilter::default();
    let all = ids_told(store, fixture.client, &filter, 1_000).await;
    assert_eq!(all.len(), 3);
    for limit in 1..4 {
        assert_eq!(ids_told(store, fixture.client, &filter, limit).await, all);
    }
    let others = ids_told(store, fixture.other_client, &filter, 7).await;
    assert_eq!(others.len(), 500);
}

/// Whoever can no longer see a thing is not told of it, not even of what happened before.
///
/// contract: events.visible
pub async fn nobody_is_told_of_what_they_no_longer_see(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let thread = fixture
        .add_thread(store, &[fixture.client, fixture.writer])
        .await
        .thread
        .id;
    let shown = Visibility {
        to_client: true,
        to_writer: true,
    };
    let file = fixture.add_file(store, fixture.editor, shown).await.id;
    let events = vec![
        DomainEvent::ThreadClosed {
            thread: fixture.event_thread(thread),
        },
        DomainEvent::FileUploaded {
            file: file.into(),
            bundle: fixture.bundle,
            file_name: FileName::clean("a.pdf"),
        },
    ];
    write(store, &fixture, events).await;
    let filter = EventFilter::default();
    let count = async |reader| ids_told(store, reader, &filter, 50).await.len();
    assert_eq!(count(fixture.writer).await, 2);
    assert_eq!(count(fixture.other_writer).await, 0);

    let removal = ParticipantRemoval {
        thread,
        user: fixture.writer.id,
    };
    store
        .remove_participant(Commit::new(removal))
        .await
        .expect("removed");
    assert_eq!(count(fixture.writer).await, 1, "the thread is gone");
    let deletion = FileDeletion {
        file,
        at: fixture.tick(),
    };
    store
        .delete_file(Commit::new(deletion))
        .await
        .expect("deleted");
    assert_eq!(count(fixture.writer).await, 0, "the file is gone");
    assert_eq!(count(fixture.client).await, 1);
    assert_eq!(count(fixture.editor).await, 2, "staff are told of all");
}

/// What is committed is at or before the horizon, and nothing comes later.
///
/// contract: events.gap
pub async fn the_horizon_follows_the_commits(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let mut reached = whole(store).await.up_to;
    for _ in 0..5 {
        let commits = (0..8).map(|_| write(store, &fixture, vec![user_changed(fixture.client); 3]));
        join_all(commits).await;
        let newest = log(store).await.last().expect("an event").id;
        let horizon = store.horizon().await.expect("readable");
        assert!(horizon.complete >= newest && horizon.last >= newest);
        assert!(
            reached < newest,
            "no event comes before a horizon that was told"
        );
        reached = horizon.complete;
    }
}

/// The tail has every event of the feed, with the people whom it may concern.
pub async fn the_tail_names_who_is_concerned(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let ticket = fixture.event_ticket(fixture.add_ticket(store, fixture.client, None).await.id);
    let events = vec![
        user_changed(fixture.client),
        DomainEvent::BundleChanged {
            bundle: fixture.bundle,
            fields: vec!["title"],
            status: None,
        },
        DomainEvent::TicketMessageAdded {
            ticket,
            is_internal: true,
        },
    ];
    let new = events
        .into_iter()
        .map(|told| NewEvent::new(fixture.now(), None, told));
    let commit = Commit::new(UserUpdate::of(fixture.client.id)).with_events(new);
    store.update_user(commit).await.expect("change");
    let whole = whole(store).await;
    let tail = store.tail(whole, 10).await.expect("readable");
    let actions: Vec<_> = tail.iter().map(|told| told.event.line.action).collect();
    assert_eq!(
        actions,
        [EventAction::BundleChanged, EventAction::TicketMessageAdded]
    );
    let concerned: Vec<_> = tail[0].audience().collect();
    assert_eq!(concerned, [fixture.client.id, fixture.writer.id]);
    let first = store.tail(whole, 1).await.expect("readable");
    assert_eq!(first, tail[..1]);
    let rest = EventRange {
        after: first[0].event.id(),
        ..whole
    };
    assert_eq!(store.tail(rest, 10).await.expect("readable"), tail[1..]);
}

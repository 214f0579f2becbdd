//! Tickets.

use classdesk_domain::bundles::WriterAssignment;
use classdesk_domain::ids::TicketId;
use classdesk_domain::people::Actor;
use classdesk_domain::policy::NoteScope;
use classdesk_domain::search::SearchText;
use classdesk_domain::store::{Commit, Store};
use classdesk_domain::subjects::{Parties, Subject, SubjectKind, SubjectPut, SubjectRef};
use classdesk_domain::tickets::{
    Ticket, TicketCategory, TicketFilter, TicketPriority, TicketQuery, TicketStatus, TicketUpdate,
};

use super::support::{all, scope, walk};
use crate::Fixture;
use crate::fixture::{description, title};

async fn ticket(store: &dyn Store, id: TicketId, who: Actor) -> Ticket {
    let ticket = store.ticket(id, scope(who)).await;
    ticket.expect("readable").expect("there")
}

async fn listed(store: &dyn Store, who: Actor, filter: TicketFilter) -> Vec<TicketId> {
    let query = TicketQuery {
        scope: scope(who),
        filter,
    };
    let page = store.list_tickets(query, all()).await.expect("readable");
    page.items.iter().map(|ticket| ticket.id).collect()
}

/// A ticket is kept whole, open and in version 1, with the parties of its subject.
pub async fn a_ticket_is_kept(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let mut row = fixture.new_ticket(fixture.admin, Some(fixture.subject()));
    row.requester = fixture.client.id;
    row.ticket.title = title("Größe 'x' 100 %");
    row.ticket.priority = TicketPriority::Critical;
    row.ticket.category = TicketCategory::Payment;
    row.description = description("It is broken.\nClass bundle #1: Spring semester");
    let created = store
        .create_ticket(Commit::new(row.clone()))
        .await
        .expect("created");
    assert_eq!(created.title, row.ticket.title);
    assert_eq!(created.description, row.description);
    assert_eq!(created.priority, TicketPriority::Critical);
    assert_eq!(created.category, TicketCategory::Payment);
    assert_eq!(
        (created.status, created.is_escalated),
        (TicketStatus::Open, false)
    );
    assert_eq!(created.about, Some(fixture.subject()));
    assert_eq!(created.parties, Some(fixture.parties()));
    assert_eq!(created.created_by.username.as_str(), "admin");
    assert_eq!(created.requester.username.as_str(), "client");
    assert_eq!(created.assigned_to, None);
    assert_eq!((created.messages_count, created.attachments_count), (0, 0));
    assert_eq!((created.resolved_at, created.version), (None, 1));
    assert_eq!(
        (created.created_at, created.updated_at),
        (row.created_at, row.created_at)
    );
    assert_eq!(ticket(store, created.id, fixture.client).await, created);
    let plain = fixture.add_ticket(store, fixture.client, None).await;
    assert_eq!((plain.about.as_ref(), plain.parties), (None, None));
    assert!(plain.id > created.id);
    let missing = store
        .ticket(TicketId::new(9_999), scope(fixture.admin))
        .await;
    assert_eq!(missing.expect("readable"), None);

    let assignment = WriterAssignment {
        bundle: fixture.bundle,
        writer: None,
        at: fixture.tick(),
    };
    store
        .assign_writer(Commit::new(assignment))
        .await
        .expect("assigned");
    let parties = Parties {
        assigned_writer: None,
        ..fixture.parties()
    };
    let read = ticket(store, created.id, fixture.client).await;
    assert_eq!(read.parties, Some(parties), "the present parties");
}

/// A change writes what it may, counts up, and is shown as its viewer sees it.
pub async fn a_ticket_is_changed(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let created = fixture
        .add_ticket(store, fixture.client, Some(fixture.subject()))
        .await;
    let other = fixture.add_ticket(store, fixture.client, None).await;
    fixture
        .add_note(store, created.id, fixture.editor, true)
        .await;
    let closed_at = fixture.tick();
    let mut changed = Ticket {
        title: title("Better"),
        status: TicketStatus::Closed,
        is_escalated: true,
        resolved_at: Some(closed_at),
        priority: TicketPriority::Low,
        category: TicketCategory::Other,
        ..created.clone()
    };
    // What a change never writes.
    changed.description = description("Another");
    changed.about = None;
    changed.requester = created.requester.clone();
    changed.created_at = closed_at;
    changed.version = 77;
    changed.messages_count = 77;
    let update = |ticket: &Ticket, assigned_to, who| TicketUpdate {
        ticket: ticket.clone(),
        assigned_to,
        at: fixture.tick(),
        scope: scope(who),
    };
    let assign = Some(Some(fixture.editor.id));
    let commit = Commit::new(update(&changed, assign, fixture.client));
    let answer = store.update_ticket(commit).await.expect("changed");
    let expected = Ticket {
        title: title("Better"),
        status: TicketStatus::Closed,
        is_escalated: true,
        resolved_at: Some(closed_at),
        priority: TicketPriority::Low,
        category: TicketCategory::Other,
        assigned_to: answer.assigned_to.clone(),
        updated_at: fixture.now(),
        version: 2,
        ..created.clone()
    };
    assert_eq!(answer, expected);
    assert_eq!(
        answer.assigned_to.as_ref().map(|user| user.id),
        Some(fixture.editor.id)
    );
    assert_eq!(ticket(store, created.id, fixture.client).await, expected);
    let commit = Commit::new(update(&created, None, fixture.editor));
    let answer = store.update_ticket(commit).await.expect("changed");
    assert_eq!(
        answer.assigned_to, expected.assigned_to,
        "the assignee stays"
    );
    assert_eq!((answer.messages_count, answer.version), (1, 3));
    assert_eq!(
        (answer.status, answer.resolved_at),
        (TicketStatus::Open, None)
    );
    let commit = Commit::new(update(&created, Some(None), fixture.editor));
    let answer = store.update_ticket(commit).await.expect("changed");
    assert_eq!(answer.assigned_to, None);
    assert_eq!(
        ticket(store, other.id, fixture.client).await,
        other,
        "another ticket changed"
    );
}

/// Access to tickets: the requester's, except those on subjects of which they are the writer.
///
/// contract: perm.ticket.see
pub async fn tickets_follow_the_access_scope(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let own = fixture
        .add_ticket(store, fixture.client, Some(fixture.subject()))
        .await
        .id;
    let mut row = fixture.new_ticket(fixture.admin, Some(fixture.subject()));
    row.requester = fixture.client.id;
    let for_client = store
        .create_ticket(Commit::new(row))
        .await
        .expect("created")
        .id;
    let by_staff = fixture
        .add_ticket(store, fixture.editor, Some(fixture.subject()))
        .await
        .id;
    let by_writer = fixture
        .add_ticket(store, fixture.other_writer, Some(fixture.subject()))
        .await
        .id;
    let plain = fixture
        .add_ticket(store, fixture.other_writer, None)
        .await
        .id;
    let every = [plain, by_writer, by_staff, for_client, own];
    let check = async |who, expected: &[TicketId]| {
        assert_eq!(
            listed(store, who, TicketFilter::default()).await,
            expected,
            "{who:?}"
        );
    };
    check(fixture.superadmin, &every).await;
    check(fixture.editor, &every).await;
    check(fixture.client, &[for_client, own]).await;
    check(fixture.writer, &[]).await;
    check(fixture.other_client, &[]).await;
    check(fixture.other_writer, &[plain, by_writer]).await;
    let alone = store
        .ticket(own, scope(fixture.writer))
        .await
        .expect("readable");
    assert!(alone.is_some(), "alone it is the policy that is asked");
    let assign = async |writer: Actor| {
        let assignment = WriterAssignment {
            bundle: fixture.bundle,
            writer: Some(writer.id),
            at: fixture.tick(),
        };
        store
            .assign_writer(Commit::new(assignment))
            .await
            .expect("assigned");
    };
    assign(fixture.other_writer).await;
    check(fixture.other_writer, &[plain]).await;
    let counts = store
        .bundle(fixture.bundle, scope(fixture.other_writer))
        .await;
    assert_eq!(
        counts.expect("readable").expect("in scope").tickets_count,
        0
    );
    assign(fixture.writer).await;
    check(fixture.other_writer, &[plain, by_writer]).await;
}

/// Each filter of the list of tickets.
pub async fn tickets_are_filtered(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let kind = SubjectKind::parse("order").expect("a kind");
    let reference = SubjectRef::new(kind.clone(), fixture.bundle.get());
    let put = SubjectPut {
        subject: Subject {
            external_id: None,
            reference: reference.clone(),
            parties: fixture.parties(),
            label: title("An order"),
            version: 1,
        },
        before: None,
        joins: None,
        at: fixture.tick(),
    };
    store
        .put_subject(Commit::new(put))
        .await
        .expect("registered");
    let first = fixture
        .add_ticket(store, fixture.client, Some(fixture.subject()))
        .await
        .id;
    let mut row = fixture.new_ticket(fixture.admin, Some(reference));
    row.requester = fixture.client.id;
    row.ticket.priority = TicketPriority::High;
    row.ticket.category = TicketCategory::Order;
    row.ticket.title = title("100 % wrong");
    row.description = description("See Order_7");
    let second = store
        .create_ticket(Commit::new(row))
        .await
        .expect("created")
        .id;
    let third = fixture.add_ticket(store, fixture.other_client, None).await;
    let mut closed = third.clone();
    closed.status = TicketStatus::Closed;
    closed.resolved_at = Some(fixture.now());
    let update = TicketUpdate {
        ticket: closed,
        assigned_to: Some(Some(fixture.editor.id)),
        at: fixture.tick(),
        scope: scope(fixture.admin),
    };
    store
        .update_ticket(Commit::new(update))
        .await
        .expect("changed");
    let third = third.id;

    let any = TicketFilter::default;
    let q = |text| Some(SearchText::parse(text).expect("a search text"));
    let check = async |filter: TicketFilter, expected: &[TicketId]| {
        let seen = listed(store, fixture.editor, filter.clone()).await;
        assert_eq!(seen, expected, "{filter:?}");
    };
    check(any(), &[third, second, first]).await;
    let status = Some(TicketStatus::Closed);
    check(TicketFilter { status, ..any() }, &[third]).await;
    let priority = Some(TicketPriority::High);
    check(TicketFilter { priority, ..any() }, &[second]).await;
    let category = Some(TicketCategory::General);
    check(TicketFilter { category, ..any() }, &[third, first]).await;
    let assigned_to = Some(fixture.editor.id);
    check(
        TicketFilter {
            assigned_to,
            ..any()
        },
        &[third],
    )
    .await;
    let created_by = Some(fixture.admin.id);
    check(
        TicketFilter {
            created_by,
            ..any()
        },
        &[second],
    )
    .await;
    let native = Some(SubjectKind::CLASS_BUNDLE);
    check(
        TicketFilter {
            content_type: native,
            ..any()
        },
        &[first],
    )
    .await;
    let content_type = Some(kind);
    check(
        TicketFilter {
            content_type: content_type.clone(),
            ..any()
        },
        &[second],
    )
    .await;
    let object_id = Some(fixture.bundle.get());
    check(TicketFilter { object_id, ..any() }, &[second, first]).await;
    check(
        TicketFilter {
            q: q("WRONG"),
            ..any()
        },
        &[second],
    )
    .await;
    check(
        TicketFilter {
            q: q("order_"),
            ..any()
        },
        &[second],
    )
    .await;
    check(TicketFilter { q: q("%"), ..any() }, &[]).await;
    check(
        TicketFilter {
            q: q("NOTHING happens"),
            ..any()
        },
        &[third, first],
    )
    .await;
    let narrow = TicketFilter {
        status: Some(TicketStatus::Open),
        priority,
        category: Some(TicketCategory::Order),
        assigned_to: None,
        created_by,
        content_type,
        object_id,
        q: q("see"),
    };
    check(narrow.clone(), &[second]).await;
    check(TicketFilter { status, ..narrow }, &[]).await;
    let own = TicketFilter {
        created_by,
        ..any()
    };
    assert_eq!(listed(store, fixture.other_client, own).await, []);
}

/// Tickets that come while a user pages are not repeated, and none is skipped.
///
/// contract: conv.lists.keyset
pub async fn tickets_are_paged(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let mut expected = Vec::new();
    for _ in 0..5 {
        expected.insert(0, fixture.add_ticket(store, fixture.client, None).await.id);
    }
    let seen = walk(2, async |page| {
        let query = TicketQuery {
            scope: scope(fixture.client),
            filter: TicketFilter::default(),
        };
        let found = store.list_tickets(query, page).await;
        fixture.add_ticket(store, fixture.client, None).await;
        found
    })
    .await;
    let seen: Vec<_> = seen.iter().map(|ticket| ticket.id).collect();
    assert_eq!(seen, expected);
    assert_eq!(scope(fixture.client).notes, NoteScope::PublicOnly);
}

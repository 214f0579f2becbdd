//! Tickets.

use classdesk_domain::bundles::WriterAssignment;
use classdesk_domain::ids::TicketId;
use classdesk_domain::people::Actor;
use classdesk_domain::policy::NoteSight;
use classdesk_domain::store::{Commit, Store};
use classdesk_domain::subjects::{Parties, Subject, SubjectKind, SubjectPut, SubjectRef};
use classdesk_domain::text::SearchText;
use classdesk_domain::tickets::{
    Ticket, TicketCategory, TicketFilter, TicketPriority, TicketQuery, TicketStatus, TicketUpdate,
};

use super::support::{all, sight, walk};
use crate::World;
use crate::world::{description, title};

async fn ticket(store: &dyn Store, id: TicketId, who: Actor) -> Ticket {
    let ticket = store.ticket(id, sight(who)).await;
    ticket.expect("readable").expect("there")
}

async fn listed(store: &dyn Store, who: Actor, filter: TicketFilter) -> Vec<TicketId> {
    let query = TicketQuery {
        sight: sight(who),
        filter,
    };
    let page = store.list_tickets(query, all()).await.expect("readable");
    page.items.iter().map(|ticket| ticket.id).collect()
}

/// A ticket is kept whole, open and in version 1, with the parties of its subject.
pub async fn a_ticket_is_kept(store: &dyn Store) {
    let world = World::create(store).await;
    let mut row = world.new_ticket(world.admin, Some(world.subject()));
    row.requester = world.client.id;
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
    assert_eq!(created.about, Some(world.subject()));
    assert_eq!(created.parties, Some(world.parties()));
    assert_eq!(created.created_by.username.as_str(), "admin");
    assert_eq!(created.requester.username.as_str(), "client");
    assert_eq!(created.assigned_to, None);
    assert_eq!((created.messages_count, created.attachments_count), (0, 0));
    assert_eq!((created.resolved_at, created.version), (None, 1));
    assert_eq!(
        (created.created_at, created.updated_at),
        (row.created_at, row.created_at)
    );
    assert_eq!(ticket(store, created.id, world.client).await, created);
    let plain = world.add_ticket(store, world.client, None).await;
    assert_eq!((plain.about.as_ref(), plain.parties), (None, None));
    assert!(plain.id > created.id);
    let missing = store.ticket(TicketId::new(9_999), sight(world.admin)).await;
    assert_eq!(missing.expect("readable"), None);

    let assignment = WriterAssignment {
        bundle: world.bundle,
        writer: None,
        at: world.tick(),
    };
    store
        .assign_writer(Commit::new(assignment))
        .await
        .expect("assigned");
    let parties = Parties {
        assigned_writer: None,
        ..world.parties()
    };
    let read = ticket(store, created.id, world.client).await;
    assert_eq!(read.parties, Some(parties), "the present parties");
}

/// A change writes what it may, counts up, and is shown as its viewer sees it.
pub async fn a_ticket_is_changed(store: &dyn Store) {
    let world = World::create(store).await;
    let created = world
        .add_ticket(store, world.client, Some(world.subject()))
        .await;
    let other = world.add_ticket(store, world.client, None).await;
    world.add_note(store, created.id, world.editor, true).await;
    let closed_at = world.tick();
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
        at: world.tick(),
        sight: sight(who),
    };
    let assign = Some(Some(world.editor.id));
    let commit = Commit::new(update(&changed, assign, world.client));
    let answer = store.update_ticket(commit).await.expect("changed");
    let expected = Ticket {
        title: title("Better"),
        status: TicketStatus::Closed,
        is_escalated: true,
        resolved_at: Some(closed_at),
        priority: TicketPriority::Low,
        category: TicketCategory::Other,
        assigned_to: answer.assigned_to.clone(),
        updated_at: world.now(),
        version: 2,
        ..created.clone()
    };
    assert_eq!(answer, expected);
    assert_eq!(
        answer.assigned_to.as_ref().map(|user| user.id),
        Some(world.editor.id)
    );
    assert_eq!(ticket(store, created.id, world.client).await, expected);
    let commit = Commit::new(update(&created, None, world.editor));
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
    let commit = Commit::new(update(&created, Some(None), world.editor));
    let answer = store.update_ticket(commit).await.expect("changed");
    assert_eq!(answer.assigned_to, None);
    assert_eq!(
        ticket(store, other.id, world.client).await,
        other,
        "another ticket changed"
    );
}

/// Sight of tickets: the requester's, except those on subjects of which they are the writer.
///
/// contract: perm.ticket.see
pub async fn tickets_follow_sight(store: &dyn Store) {
    let world = World::create(store).await;
    let own = world
        .add_ticket(store, world.client, Some(world.subject()))
        .await
        .id;
    let mut row = world.new_ticket(world.admin, Some(world.subject()));
    row.requester = world.client.id;
    let for_client = store
        .create_ticket(Commit::new(row))
        .await
        .expect("created")
        .id;
    let by_staff = world
        .add_ticket(store, world.editor, Some(world.subject()))
        .await
        .id;
    let by_writer = world
        .add_ticket(store, world.other_writer, Some(world.subject()))
        .await
        .id;
    let plain = world.add_ticket(store, world.other_writer, None).await.id;
    let every = [plain, by_writer, by_staff, for_client, own];
    let check = async |who, expected: &[TicketId]| {
        assert_eq!(
            listed(store, who, TicketFilter::default()).await,
            expected,
            "{who:?}"
        );
    };
    check(world.superadmin, &every).await;
    check(world.editor, &every).await;
    check(world.client, &[for_client, own]).await;
    check(world.writer, &[]).await;
    check(world.other_client, &[]).await;
    check(world.other_writer, &[plain, by_writer]).await;
    let alone = store
        .ticket(own, sight(world.writer))
        .await
        .expect("readable");
    assert!(alone.is_some(), "alone it is the policy that is asked");
    let assign = async |writer: Actor| {
        let assignment = WriterAssignment {
            bundle: world.bundle,
            writer: Some(writer.id),
            at: world.tick(),
        };
        store
            .assign_writer(Commit::new(assignment))
            .await
            .expect("assigned");
    };
    assign(world.other_writer).await;
    check(world.other_writer, &[plain]).await;
    let counts = store.bundle(world.bundle, sight(world.other_writer)).await;
    assert_eq!(
        counts.expect("readable").expect("in sight").tickets_count,
        0
    );
    assign(world.writer).await;
    check(world.other_writer, &[plain, by_writer]).await;
}

/// Each filter of the list of tickets.
pub async fn tickets_are_filtered(store: &dyn Store) {
    let world = World::create(store).await;
    let kind = SubjectKind::parse("order").expect("a kind");
    let reference = SubjectRef::new(kind.clone(), world.bundle.get());
    let put = SubjectPut {
        subject: Subject {
            reference: reference.clone(),
            parties: world.parties(),
            label: title("An order"),
        },
        before: None,
        joins: None,
        at: world.tick(),
    };
    store
        .put_subject(Commit::new(put))
        .await
        .expect("registered");
    let first = world
        .add_ticket(store, world.client, Some(world.subject()))
        .await
        .id;
    let mut row = world.new_ticket(world.admin, Some(reference));
    row.requester = world.client.id;
    row.ticket.priority = TicketPriority::High;
    row.ticket.category = TicketCategory::Order;
    row.ticket.title = title("100 % wrong");
    row.description = description("See Order_7");
    let second = store
        .create_ticket(Commit::new(row))
        .await
        .expect("created")
        .id;
    let third = world.add_ticket(store, world.other_client, None).await;
    let mut closed = third.clone();
    closed.status = TicketStatus::Closed;
    closed.resolved_at = Some(world.now());
    let update = TicketUpdate {
        ticket: closed,
        assigned_to: Some(Some(world.editor.id)),
        at: world.tick(),
        sight: sight(world.admin),
    };
    store
        .update_ticket(Commit::new(update))
        .await
        .expect("changed");
    let third = third.id;

    let any = TicketFilter::default;
    let q = |text| Some(SearchText::parse(text).expect("a search text"));
    let check = async |filter: TicketFilter, expected: &[TicketId]| {
        let seen = listed(store, world.editor, filter.clone()).await;
        assert_eq!(seen, expected, "{filter:?}");
    };
    check(any(), &[third, second, first]).await;
    let status = Some(TicketStatus::Closed);
    check(TicketFilter { status, ..any() }, &[third]).await;
    let priority = Some(TicketPriority::High);
    check(TicketFilter { priority, ..any() }, &[second]).await;
    let category = Some(TicketCategory::General);
    check(TicketFilter { category, ..any() }, &[third, first]).await;
    let assigned_to = Some(world.editor.id);
    check(
        TicketFilter {
            assigned_to,
            ..any()
        },
        &[third],
    )
    .await;
    let created_by = Some(world.admin.id);
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
    let object_id = Some(world.bundle.get());
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
    check(TicketFilter { q: q("%"), ..any() }, &[second]).await;
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
    assert_eq!(listed(store, world.other_client, own).await, []);
}

/// Tickets that come while somebody pages are not repeated, and none is skipped.
///
/// contract: conv.lists.keyset
pub async fn tickets_are_paged(store: &dyn Store) {
    let world = World::create(store).await;
    let mut expected = Vec::new();
    for _ in 0..5 {
        expected.insert(0, world.add_ticket(store, world.client, None).await.id);
    }
    let seen = walk(2, async |page| {
        let query = TicketQuery {
            sight: sight(world.client),
            filter: TicketFilter::default(),
        };
        let found = store.list_tickets(query, page).await;
        world.add_ticket(store, world.client, None).await;
        found
    })
    .await;
    let seen: Vec<_> = seen.iter().map(|ticket| ticket.id).collect();
    assert_eq!(seen, expected);
    assert_eq!(sight(world.client).notes, NoteSight::PublicOnly);
}

//! Messages and files on tickets.

use classdesk_domain::blobs::{BlobPurpose, BlobState};
use classdesk_domain::ids::{TicketAttachmentId, TicketId, TicketMessageId};
use classdesk_domain::people::Actor;
use classdesk_domain::store::{Commit, Store};
use classdesk_domain::tickets::{
    NewTicketAttachmentRow, Ticket, TicketAttachment, TicketQuery, TicketStatus, TicketUpdate,
};

use super::support::{all, assert_stale, sight, walk};
use crate::World;
use crate::world::words;

async fn ticket(store: &dyn Store, id: TicketId, who: Actor) -> Ticket {
    let ticket = store.ticket(id, sight(who)).await;
    ticket.expect("readable").expect("there")
}

async fn attach(
    store: &dyn Store,
    world: &World,
    ticket: TicketId,
    is_internal: bool,
) -> TicketAttachment {
    let upload = world
        .add_upload(store, world.editor, BlobPurpose::TicketAttachment)
        .await;
    let row = NewTicketAttachmentRow {
        ticket,
        upload,
        is_internal,
        uploaded_at: world.tick(),
    };
    let attached = store.attach_to_ticket(Commit::new(row)).await;
    attached.expect("attached")
}

/// A message is kept whole; it is found by its id whoever may see it.
pub async fn a_ticket_message_is_kept(store: &dyn Store) {
    let world = World::create(store).await;
    let id = world.add_ticket(store, world.client, None).await.id;
    let mut row = world.new_note(id, world.editor, true);
    row.text = words("Grüße 'x'");
    let added = store
        .add_ticket_message(Commit::new(row.clone()))
        .await
        .expect("added");
    let read = store
        .ticket_message(added)
        .await
        .expect("readable")
        .expect("there");
    assert_eq!((read.id, read.ticket), (added, id));
    assert_eq!(read.sender.username.as_str(), "editor");
    assert_eq!((&read.text, read.is_internal), (&row.text, true));
    assert_eq!(read.created_at, row.created_at);
    let listed = store
        .list_ticket_messages(id, sight(world.editor), all())
        .await;
    let (seen, page) = listed.expect("readable").expect("there");
    assert_eq!(page.items, [read]);
    assert_eq!(seen, ticket(store, id, world.editor).await);
    let missing = store.ticket_message(TicketMessageId::new(9_999)).await;
    assert_eq!(missing.expect("readable"), None);
    let missing = TicketId::new(9_999);
    let missing = store
        .list_ticket_messages(missing, sight(world.editor), all())
        .await;
    assert_eq!(missing.expect("readable"), None);
}

/// What is internal leaves no trace for the requester: not in counts, lists, times or versions.
///
/// contract: perm.ticket.internal, perm.counts
pub async fn internal_notes_leave_no_trace(store: &dyn Store) {
    let world = World::create(store).await;
    let id = world
        .add_ticket(store, world.client, Some(world.subject()))
        .await
        .id;
    let public = world.add_note(store, id, world.editor, false).await;
    let public_file = attach(store, &world, id, false).await;
    let before = ticket(store, id, world.client).await;
    assert_eq!((before.messages_count, before.attachments_count), (1, 1));
    let internal = world.add_note(store, id, world.editor, true).await;
    let internal_file = attach(store, &world, id, true).await;
    assert_eq!(ticket(store, id, world.client).await, before);
    let staff = ticket(store, id, world.editor).await;
    assert_eq!((staff.messages_count, staff.attachments_count), (2, 2));
    let messages = async |who| {
        let listed = store.list_ticket_messages(id, sight(who), all()).await;
        let (seen, page) = listed.expect("readable").expect("there");
        assert_eq!(seen, ticket(store, id, who).await);
        page.items
            .iter()
            .map(|message| message.id)
            .collect::<Vec<_>>()
    };
    assert_eq!(messages(world.client).await, [public]);
    assert_eq!(messages(world.editor).await, [public, internal]);
    let files = async |who| {
        let listed = store.list_ticket_attachments(id, sight(who), all()).await;
        let (seen, page) = listed.expect("readable").expect("there");
        assert_eq!(seen, ticket(store, id, who).await);
        page.items
    };
    assert_eq!(
        files(world.client).await,
        std::slice::from_ref(&public_file)
    );
    assert_eq!(files(world.editor).await, [internal_file, public_file]);
    let query = TicketQuery {
        sight: sight(world.client),
        filter: Default::default(),
    };
    let listed = store.list_tickets(query, all()).await.expect("readable");
    assert_eq!(listed.items, [before]);
}

/// A public message or file is the ticket's latest change without counting it up; an answer
/// reopens it, which does.
pub async fn an_answer_reopens_a_ticket(store: &dyn Store) {
    let world = World::create(store).await;
    let created = world.add_ticket(store, world.client, None).await;
    let id = created.id;
    world.add_note(store, id, world.editor, false).await;
    let noted = ticket(store, id, world.client).await;
    assert_eq!((noted.updated_at, noted.version), (world.now(), 1));
    let attached = attach(store, &world, id, false).await;
    let noted = ticket(store, id, world.client).await;
    assert_eq!(
        (noted.updated_at, noted.version),
        (attached.file.uploaded_at, 1)
    );
    let mut closed = created;
    closed.status = TicketStatus::Closed;
    closed.is_escalated = true;
    closed.resolved_at = Some(world.now());
    let update = TicketUpdate {
        ticket: closed,
        assigned_to: None,
        at: world.tick(),
        sight: sight(world.admin),
    };
    let closed = store
        .update_ticket(Commit::new(update))
        .await
        .expect("closed");
    let mut row = world.new_note(id, world.client, false);
    row.reopens = Some(TicketStatus::Open);
    store
        .add_ticket_message(Commit::new(row))
        .await
        .expect("added");
    let reopened = ticket(store, id, world.admin).await;
    let expected = Ticket {
        status: TicketStatus::Open,
        resolved_at: None,
        updated_at: world.now(),
        version: 3,
        messages_count: 2,
        ..closed
    };
    assert_eq!(reopened, expected, "escalated once, escalated always");
}

/// A file on a ticket is kept whole, found below its ticket alone, and takes its blob once.
pub async fn a_ticket_file_is_kept(store: &dyn Store) {
    let world = World::create(store).await;
    let id = world.add_ticket(store, world.client, None).await.id;
    let other = world.add_ticket(store, world.client, None).await.id;
    let upload = world
        .add_upload(store, world.editor, BlobPurpose::TicketAttachment)
        .await;
    let row = NewTicketAttachmentRow {
        ticket: id,
        upload: upload.clone(),
        is_internal: true,
        uploaded_at: world.tick(),
    };
    let attached = store
        .attach_to_ticket(Commit::new(row.clone()))
        .await
        .expect("attached");
    assert_eq!((attached.ticket, attached.is_internal), (id, true));
    assert_eq!(attached.file.name, upload.name);
    assert_eq!(attached.file.blob, upload.info);
    assert_eq!(attached.file.uploaded_by.username.as_str(), "editor");
    assert_eq!(attached.file.uploaded_at, row.uploaded_at);
    let found = store
        .ticket_attachment(id, attached.id, sight(world.client))
        .await;
    let found = found.expect("readable").expect("internal or not");
    assert_eq!(found.attachment, attached);
    assert_eq!(found.ticket, ticket(store, id, world.client).await);
    let blobs = store.list_blobs(None, 10).await.expect("readable");
    assert_eq!(
        (found.blob.id, &found.blob.key),
        (blobs[0].id, &blobs[0].key)
    );
    assert_eq!(found.blob.info, upload.info);
    assert_eq!(
        (blobs[0].state, blobs[0].info.as_ref()),
        (BlobState::Stored, Some(&upload.info))
    );
    for (of, attachment) in [(other, attached.id), (id, TicketAttachmentId::new(9_999))] {
        let found = store
            .ticket_attachment(of, attachment, sight(world.editor))
            .await;
        assert_eq!(found.expect("readable"), None, "{of} {attachment}");
    }
    let again = store.attach_to_ticket(Commit::new(row)).await;
    assert_stale(&again, "a blob that is stored already");
    let missing = TicketId::new(9_999);
    let missing = store
        .list_ticket_attachments(missing, sight(world.editor), all())
        .await;
    assert_eq!(missing.expect("readable"), None);
}

/// Messages come oldest first and files newest first, each in pages while more are added.
pub async fn ticket_notes_are_paged(store: &dyn Store) {
    let world = World::create(store).await;
    let id = world.add_ticket(store, world.client, None).await.id;
    let (mut messages, mut files) = (Vec::new(), Vec::new());
    for n in 0..5 {
        let internal = n == 2;
        let message = world.add_note(store, id, world.editor, internal).await;
        let file = attach(store, &world, id, internal).await.id;
        if !internal {
            messages.push(message);
            files.insert(0, file);
        }
    }
    let mut seen = walk(2, async |page| {
        let listed = store
            .list_ticket_messages(id, sight(world.client), page)
            .await;
        if page.after.is_none() {
            world.add_note(store, id, world.client, false).await;
        }
        listed.map(|found| found.expect("there").1)
    })
    .await;
    assert_eq!(seen.len(), 5, "what is added at the end is reached");
    seen.truncate(4);
    assert_eq!(
        seen.iter().map(|message| message.id).collect::<Vec<_>>(),
        messages
    );
    let seen = walk(2, async |page| {
        let listed = store
            .list_ticket_attachments(id, sight(world.client), page)
            .await;
        attach(store, &world, id, false).await;
        listed.map(|found| found.expect("there").1)
    })
    .await;
    assert_eq!(seen.iter().map(|file| file.id).collect::<Vec<_>>(), files);
}

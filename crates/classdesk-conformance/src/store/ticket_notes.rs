//! Messages and files on tickets.

use classdesk_domain::blobs::{BlobPurpose, BlobState};
use classdesk_domain::ids::{TicketAttachmentId, TicketId, TicketMessageId};
use classdesk_domain::paging::{Seek, SeekRequest};
use classdesk_domain::people::Actor;
use classdesk_domain::store::{Commit, Store};
use classdesk_domain::text::MessageText;
use classdesk_domain::tickets::{
    InsertTicketAttachment, Ticket, TicketAttachment, TicketAttachmentDeletion, TicketMessage,
    TicketMessageDeletion, TicketQuery, TicketStatus, TicketUpdate,
};

use super::support::{all, assert_stale, scope, walk};
use crate::Fixture;
use crate::fixture::words;

async fn ticket(store: &dyn Store, id: TicketId, who: Actor) -> Ticket {
    let ticket = store.ticket(id, scope(who)).await;
    ticket.expect("readable").expect("there")
}

async fn attach(
    store: &dyn Store,
    fixture: &Fixture,
    ticket: TicketId,
    is_internal: bool,
) -> TicketAttachment {
    let upload = fixture
        .add_upload(store, fixture.editor, BlobPurpose::TicketAttachment)
        .await;
    let row = InsertTicketAttachment {
        ticket,
        upload,
        is_internal,
        uploaded_at: fixture.tick(),
    };
    let attached = store.attach_to_ticket(Commit::new(row)).await;
    attached.expect("attached")
}

/// A message is kept whole; it is found by its id, whatever its visibility.
pub async fn a_ticket_message_is_kept(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let id = fixture.add_ticket(store, fixture.client, None).await.id;
    let mut row = fixture.new_note(id, fixture.editor, true);
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
        .list_ticket_messages(id, scope(fixture.editor), all().into())
        .await;
    let (seen, page) = listed.expect("readable").expect("there");
    assert_eq!(page.items, [read]);
    assert_eq!(seen, ticket(store, id, fixture.editor).await);
    let missing = store.ticket_message(TicketMessageId::new(9_999)).await;
    assert_eq!(missing.expect("readable"), None);
    let missing = TicketId::new(9_999);
    let missing = store
        .list_ticket_messages(missing, scope(fixture.editor), all().into())
        .await;
    assert_eq!(missing.expect("readable"), None);
}

/// What is internal leaves no trace for the requester: not in counts, lists, times or versions.
///
/// contract: perm.ticket.internal, perm.counts
pub async fn internal_notes_leave_no_trace(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let id = fixture
        .add_ticket(store, fixture.client, Some(fixture.subject()))
        .await
        .id;
    let public = fixture.add_note(store, id, fixture.editor, false).await;
    let public_file = attach(store, &fixture, id, false).await;
    let before = ticket(store, id, fixture.client).await;
    assert_eq!((before.messages_count, before.attachments_count), (1, 1));
    let internal = fixture.add_note(store, id, fixture.editor, true).await;
    let internal_file = attach(store, &fixture, id, true).await;
    assert_eq!(ticket(store, id, fixture.client).await, before);
    let staff = ticket(store, id, fixture.editor).await;
    assert_eq!((staff.messages_count, staff.attachments_count), (2, 2));
    let messages = async |who| {
        let listed = store
            .list_ticket_messages(id, scope(who), all().into())
            .await;
        let (seen, page) = listed.expect("readable").expect("there");
        assert_eq!(seen, ticket(store, id, who).await);
        page.items
            .iter()
            .map(|message| message.id)
            .collect::<Vec<_>>()
    };
    assert_eq!(messages(fixture.client).await, [public]);
    assert_eq!(messages(fixture.editor).await, [public, internal]);
    let files = async |who| {
        let listed = store.list_ticket_attachments(id, scope(who), all()).await;
        let (seen, page) = listed.expect("readable").expect("there");
        assert_eq!(seen, ticket(store, id, who).await);
        page.items
    };
    assert_eq!(
        files(fixture.client).await,
        std::slice::from_ref(&public_file)
    );
    assert_eq!(files(fixture.editor).await, [internal_file, public_file]);
    let query = TicketQuery {
        scope: scope(fixture.client),
        filter: Default::default(),
    };
    let listed = store.list_tickets(query, all()).await.expect("readable");
    assert_eq!(listed.items, [before]);
}

/// A public message or file is the ticket's latest change without counting it up; an answer
/// reopens it, which does.
pub async fn an_answer_reopens_a_ticket(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let created = fixture.add_ticket(store, fixture.client, None).await;
    let id = created.id;
    fixture.add_note(store, id, fixture.editor, false).await;
    let noted = ticket(store, id, fixture.client).await;
    assert_eq!((noted.updated_at, noted.version), (fixture.now(), 1));
    let attached = attach(store, &fixture, id, false).await;
    let noted = ticket(store, id, fixture.client).await;
    assert_eq!(
        (noted.updated_at, noted.version),
        (attached.file.uploaded_at, 1)
    );
    let mut closed = created;
    closed.status = TicketStatus::Closed;
    closed.is_escalated = true;
    closed.resolved_at = Some(fixture.now());
    let update = TicketUpdate {
        ticket: closed,
        assigned_to: None,
        at: fixture.tick(),
        scope: scope(fixture.admin),
    };
    let closed = store
        .update_ticket(Commit::new(update))
        .await
        .expect("closed");
    let mut row = fixture.new_note(id, fixture.client, false);
    row.reopens = Some(TicketStatus::Open);
    store
        .add_ticket_message(Commit::new(row))
        .await
        .expect("added");
    let reopened = ticket(store, id, fixture.admin).await;
    let expected = Ticket {
        status: TicketStatus::Open,
        resolved_at: None,
        updated_at: fixture.now(),
        version: 3,
        messages_count: 2,
        ..closed
    };
    assert_eq!(reopened, expected, "escalated once, escalated always");
}

/// A file on a ticket is kept whole, found below its ticket alone, and takes its blob once.
pub async fn a_ticket_file_is_kept(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let id = fixture.add_ticket(store, fixture.client, None).await.id;
    let other = fixture.add_ticket(store, fixture.client, None).await.id;
    let upload = fixture
        .add_upload(store, fixture.editor, BlobPurpose::TicketAttachment)
        .await;
    let row = InsertTicketAttachment {
        ticket: id,
        upload: upload.clone(),
        is_internal: true,
        uploaded_at: fixture.tick(),
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
        .ticket_attachment(id, attached.id, scope(fixture.client))
        .await;
    let found = found.expect("readable").expect("internal or not");
    assert_eq!(found.attachment, attached);
    assert_eq!(found.ticket, ticket(store, id, fixture.client).await);
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
            .ticket_attachment(of, attachment, scope(fixture.editor))
            .await;
        assert_eq!(found.expect("readable"), None, "{of} {attachment}");
    }
    let again = store.attach_to_ticket(Commit::new(row)).await;
    assert_stale(&again, "a blob that is stored already");
    let missing = TicketId::new(9_999);
    let missing = store
        .list_ticket_attachments(missing, scope(fixture.editor), all())
        .await;
    assert_eq!(missing.expect("readable"), None);
}

/// Messages come oldest first and files newest first, each in pages while more are added.
pub async fn ticket_notes_are_paged(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let id = fixture.add_ticket(store, fixture.client, None).await.id;
    let (mut messages, mut files) = (Vec::new(), Vec::new());
    for n in 0..5 {
        let internal = n == 2;
        let message = fixture.add_note(store, id, fixture.editor, internal).await;
        let file = attach(store, &fixture, id, internal).await.id;
        if !internal {
            messages.push(message);
            files.insert(0, file);
        }
    }
    let mut seen = walk(2, async |page| {
        let listed = store
            .list_ticket_messages(id, scope(fixture.client), page.into())
            .await;
        if page.after.is_none() {
            fixture.add_note(store, id, fixture.client, false).await;
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
    let from_the_end = walk(3, async |page| {
        let page = SeekRequest {
            limit: page.limit,
            seek: Seek::Before(messages[3].get()).continued(page.after),
        };
        let listed = store.list_ticket_messages(id, scope(fixture.client), page);
        listed.await.map(|found| found.expect("there").1)
    })
    .await;
    let from_the_end: Vec<_> = from_the_end.iter().map(|message| message.id).collect();
    assert_eq!(from_the_end, messages[..3], "what lies just before one");
    let seen = walk(2, async |page| {
        let listed = store
            .list_ticket_attachments(id, scope(fixture.client), page)
            .await;
        attach(store, &fixture, id, false).await;
        listed.map(|found| found.expect("there").1)
    })
    .await;
    assert_eq!(seen.iter().map(|file| file.id).collect::<Vec<_>>(), files);
}

/// A deleted message keeps its place without its text. It is still counted, the ticket stays as it
/// is, and nothing is deleted twice.
pub async fn a_ticket_message_is_deleted(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let id = fixture.add_ticket(store, fixture.client, None).await.id;
    let other = fixture.add_ticket(store, fixture.client, None).await.id;
    let first = fixture.add_note(store, id, fixture.client, false).await;
    let second = fixture.add_note(store, id, fixture.editor, false).await;
    let listed = async || {
        let listed = store
            .list_ticket_messages(id, scope(fixture.client), all().into())
            .await;
        listed.expect("readable").expect("there").1.items
    };
    let (before, messages) = (ticket(store, id, fixture.client).await, listed().await);
    let delete = async |ticket, message| {
        let deletion = TicketMessageDeletion {
            ticket,
            message,
            at: fixture.tick(),
        };
        store.delete_ticket_message(Commit::new(deletion)).await
    };
    delete(id, first).await.expect("deleted");
    let expected = TicketMessage {
        text: MessageText::empty(),
        is_deleted: true,
        ..messages[0].clone()
    };
    assert_eq!(listed().await, [expected.clone(), messages[1].clone()]);
    let found = store.ticket_message(first).await.expect("readable");
    assert_eq!(found, Some(expected));
    assert_eq!(ticket(store, id, fixture.client).await, before);
    assert_stale(&delete(id, first).await, "a message that is deleted");
    assert_stale(&delete(other, second).await, "one of another ticket");
    let missing = TicketMessageId::new(9_999);
    assert_stale(&delete(id, missing).await, "a missing message");
    assert_eq!(listed().await[1], messages[1]);
}

/// A deleted file is found by nothing and counted no longer. Its blob is to be swept, and the rest of
/// the ticket stays as it is.
pub async fn a_ticket_file_is_deleted(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let id = fixture.add_ticket(store, fixture.client, None).await.id;
    let other = fixture.add_ticket(store, fixture.client, None).await.id;
    let public = attach(store, &fixture, id, false).await;
    let internal = attach(store, &fixture, id, true).await;
    let stays = attach(store, &fixture, id, false).await;
    let before = ticket(store, id, fixture.editor).await;
    assert_eq!(before.attachments_count, 3);
    let delete = async |ticket, attachment| {
        let at = fixture.tick();
        let deletion = TicketAttachmentDeletion {
            ticket,
            attachment,
            at,
        };
        let deleted = store.delete_ticket_attachment(Commit::new(deletion)).await;
        deleted.map(|()| at)
    };
    for (going, counts) in [(&internal, (2, 2)), (&public, (1, 1))] {
        let at = delete(id, going.id).await.expect("deleted");
        let seen = ticket(store, id, fixture.editor).await;
        let for_client = ticket(store, id, fixture.client).await;
        let counted = (seen.attachments_count, for_client.attachments_count);
        assert_eq!(counted, counts);
        assert_eq!((seen.updated_at, seen.version), (before.updated_at, 1));
        let found = store.ticket_attachment(id, going.id, scope(fixture.editor));
        assert_eq!(found.await.expect("readable"), None);
        let due = store.blob_backlog(at).await.expect("readable");
        assert!(due.oldest.is_some(), "its bytes are due");
        assert_stale(&delete(id, going.id).await, "a file that is deleted");
    }
    let blobs = store.list_blobs(None, 10).await.expect("readable");
    let states: Vec<_> = blobs.iter().map(|blob| blob.state).collect();
    use BlobState::{Deleted, Stored};
    assert_eq!(states, [Deleted, Deleted, Stored]);
    assert_stale(&delete(other, stays.id).await, "one of another ticket");
    let missing = TicketAttachmentId::new(9_999);
    assert_stale(&delete(id, missing).await, "a missing file");
    let listed = store.list_ticket_attachments(id, scope(fixture.editor), all());
    let listed = listed.await.expect("readable").expect("there").1;
    assert_eq!(listed.items, [stays]);
}

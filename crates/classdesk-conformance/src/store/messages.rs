//! Messages of threads.

use std::cell::Cell;

use classdesk_domain::blobs::{BlobPurpose, BlobState};
use classdesk_domain::ids::{MessageId, ThreadId};
use classdesk_domain::paging::{Page, PageRequest, Seek};
use classdesk_domain::people::{Actor, Role, UserUpdate};
use classdesk_domain::store::{Commit, Store, StoreError};
use classdesk_domain::text::MessageText;
use classdesk_domain::threads::{
    Message, MessageDeletion, MessageEdit, MessageKind, MessagePage, MessageQuery, MessageStart,
    ReadMark,
};
use futures_util::future::join_all;

use super::support::{all, assert_stale, first, scope, walk};
use crate::Fixture;
use crate::fixture::words;

async fn message(store: &dyn Store, id: MessageId, who: Actor) -> Message {
    let message = store.message(id, scope(who)).await;
    message.expect("readable").expect("there")
}

async fn list(
    store: &dyn Store,
    thread: ThreadId,
    who: Actor,
    start: MessageStart,
    page: PageRequest,
) -> Result<Page<Message>, StoreError> {
    let query = MessageQuery {
        thread,
        scope: scope(who),
        page: MessagePage::new(start, page),
    };
    let found = store.list_messages(query).await?;
    Ok(found.expect("the thread is there").1)
}

/// A message is kept whole, and is its thread's latest activity.
pub async fn a_message_is_kept(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let thread = fixture
        .add_thread(store, &[fixture.client, fixture.writer])
        .await
        .thread
        .id;
    let first = fixture.add_message(store, thread, fixture.writer).await;
    let mut row = fixture.new_message(thread, fixture.client);
    row.recipient = Some(fixture.writer.id);
    row.text = words("Größer als 'x' \u{1f600}\n100 %");
    row.reply_to = Some(first);
    let sent = store
        .post_message(Commit::new(row.clone()))
        .await
        .expect("sent");
    assert_eq!(sent.1, None);
    let read = message(store, sent.0, fixture.client).await;
    assert_eq!((read.id, read.thread), (sent.0, thread));
    assert_eq!(read.sender.username.as_str(), "client");
    assert_eq!(read.sender_role, Role::Client);
    assert_eq!(
        read.recipient.as_ref().map(|user| user.id),
        Some(fixture.writer.id)
    );
    assert_eq!((&read.text, read.kind), (&row.text, MessageKind::Text));
    assert_eq!(read.reply_to, Some(first));
    assert_eq!((read.sent_at, read.edited_at), (row.sent_at, None));
    assert_eq!((&read.attachment, read.is_deleted), (&None, false));
    let view = store.thread(thread, scope(fixture.client)).await;
    let view = view.expect("readable").expect("in scope");
    assert_eq!(view.thread.updated_at, row.sent_at);
    assert_eq!(view.message_count, 2);
    assert_eq!(view.last_message, Some(read));
    let missing = store
        .message(MessageId::new(9_999), scope(fixture.admin))
        .await;
    assert_eq!(missing.expect("readable"), None);

    let update = UserUpdate {
        role: Some(Role::Editor),
        ..UserUpdate::of(fixture.client.id)
    };
    store
        .update_user(Commit::new(update))
        .await
        .expect("change");
    let read = message(store, sent.0, fixture.writer).await;
    assert_eq!(read.sender_role, Role::Client, "the role when it was sent");
    assert_eq!(read.sender.role, Role::Editor);
}

/// What sending a message rests on.
pub async fn post_facts_are_complete(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let thread = fixture
        .add_thread(store, &[fixture.client, fixture.writer])
        .await
        .thread
        .id;
    let other = fixture
        .add_thread(store, &[fixture.client, fixture.writer])
        .await
        .thread
        .id;
    let here = fixture.add_message(store, thread, fixture.client).await;
    let elsewhere = fixture.add_message(store, other, fixture.client).await;
    let update = UserUpdate {
        is_active: Some(false),
        ..UserUpdate::of(fixture.writer.id)
    };
    store
        .update_user(Commit::new(update))
        .await
        .expect("change");
    let facts = async |recipient: Option<Actor>, reply_to| {
        let recipient = recipient.map(|who| who.id);
        let found = store
            .post_context(thread, fixture.client.id, recipient, reply_to)
            .await;
        found.expect("readable").expect("there")
    };
    let plain = facts(None, None).await;
    let thread_context = store.thread_context(thread, fixture.client.id).await;
    assert_eq!(Some(plain.thread), thread_context.expect("readable"));
    assert_eq!(plain.sender.username.as_str(), "client");
    assert_eq!(plain.recipient, None);
    assert!(!plain.reply_to_is_here);
    let inside = facts(Some(fixture.writer), Some(here)).await;
    let recipient = inside.recipient.expect("there");
    assert_eq!(recipient.user.id, fixture.writer.id);
    assert!(recipient.participates && !recipient.is_active);
    assert!(inside.reply_to_is_here);
    let outside = facts(Some(fixture.editor), Some(elsewhere)).await;
    let recipient = outside.recipient.expect("there");
    assert!(!recipient.participates && recipient.is_active);
    assert!(!outside.reply_to_is_here);
    assert!(
        !facts(None, Some(MessageId::new(9_999)))
            .await
            .reply_to_is_here
    );
    let missing = store
        .post_context(ThreadId::new(9_999), fixture.client.id, None, None)
        .await;
    assert_eq!(missing.expect("readable"), None);
    let mut row = fixture.new_message(thread, fixture.client);
    row.reply_to = Some(elsewhere);
    let refused = store.post_message(Commit::new(row)).await;
    assert_stale(&refused, "an answer to a message of another thread");
}

/// Ids grow with the order of messages: a reader who has seen one finds all later ones after it.
pub async fn message_ids_grow(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let thread = fixture
        .add_thread(store, &[fixture.client, fixture.writer])
        .await
        .thread
        .id;
    let posts = join_all((0..20).map(|n| {
        let mut row = fixture.new_message(thread, fixture.client);
        row.text = words(&format!("Message {n}"));
        store.post_message(Commit::new(row))
    }));
    let reader = async {
        let mut seen = Vec::new();
        while seen.len() < 20 {
            let after = seen.last().map_or(0, |id: &MessageId| id.get());
            let start = MessageStart::Seek(Seek::After(after));
            let page = list(store, thread, fixture.writer, start, all()).await;
            seen.extend(
                page.expect("readable")
                    .items
                    .iter()
                    .map(|message| message.id),
            );
            tokio::task::yield_now().await;
        }
        seen
    };
    let (posted, seen) = futures_util::future::join(posts, reader).await;
    let mut posted: Vec<_> = posted
        .into_iter()
        .map(|sent| sent.expect("sent").0)
        .collect();
    posted.sort_unstable();
    assert_eq!(
        seen, posted,
        "a message became visible below one that was seen"
    );
}

/// Messages come by ascending id on every page, from either end, in pages, while others are sent.
///
/// contract: conv.lists.keyset
pub async fn messages_are_paged(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let thread = fixture
        .add_thread(store, &[fixture.client, fixture.writer])
        .await
        .thread
        .id;
    let other = fixture
        .add_thread(store, &[fixture.client, fixture.writer])
        .await
        .thread
        .id;
    let mut sent = Vec::new();
    for _ in 0..6 {
        sent.push(fixture.add_message(store, thread, fixture.client).await);
        fixture.add_message(store, other, fixture.client).await;
    }
    let ids = async |seek, limit| {
        let start = MessageStart::Seek(seek);
        let page = list(store, thread, fixture.writer, start, first(limit)).await;
        let page = page.expect("readable");
        let ids: Vec<_> = page.items.iter().map(|message| message.id).collect();
        (ids, page.next.map(|next| MessageId::new(next.id)))
    };
    let (after, before) = (Seek::After(sent[1].get()), Seek::Before(sent[4].get()));
    assert_eq!(ids(Seek::START, 9).await, (sent.clone(), None));
    assert_eq!(ids(after, 4).await, (sent[2..].to_vec(), None));
    assert_eq!(ids(after, 2).await, (sent[2..4].to_vec(), Some(sent[3])));
    assert_eq!(ids(before, 4).await, (sent[..4].to_vec(), None));
    assert_eq!(ids(before, 3).await, (sent[1..4].to_vec(), Some(sent[1])));
    assert_eq!(ids(Seek::END, 2).await, (sent[4..].to_vec(), Some(sent[4])));
    assert_eq!(
        ids(Seek::Before(sent[0].get()), 2).await,
        (Vec::new(), None)
    );
    let deletion = MessageDeletion {
        message: sent[1],
        at: fixture.tick(),
    };
    let added = Cell::new(None);
    let walked = walk(2, async |page| {
        let start = MessageStart::default();
        let found = list(store, thread, fixture.writer, start, page).await;
        // The message that the next page begins after goes away.
        if store.delete_message(Commit::new(deletion)).await.is_ok() {
            added.set(Some(
                fixture.add_message(store, thread, fixture.client).await,
            ));
        }
        found
    })
    .await;
    sent.extend(added.get());
    let walked: Vec<_> = walked.iter().map(|message| message.id).collect();
    assert_eq!(walked, sent);
    let walked = walk(2, async |page| {
        let start = MessageStart::Seek(Seek::END);
        let found = list(store, thread, fixture.writer, start, page).await;
        fixture.add_message(store, thread, fixture.client).await;
        found
    })
    .await;
    // Each page comes by ascending id, the last one of the thread first.
    let backwards = [5, 6, 3, 4, 1, 2, 0].map(|place: usize| sent[place]);
    let walked: Vec<_> = walked.iter().map(|message| message.id).collect();
    assert_eq!(walked, backwards);
    let query = MessageQuery {
        thread,
        scope: scope(fixture.editor),
        page: MessagePage::default(),
    };
    let (facts, _) = store
        .list_messages(query)
        .await
        .expect("readable")
        .expect("there");
    let expected = store
        .thread_context(thread, fixture.editor.id)
        .await
        .expect("readable");
    assert_eq!(Some(facts), expected, "seen from the viewer");
    let query = MessageQuery {
        thread: ThreadId::new(9_999),
        ..query
    };
    let missing = store.list_messages(query).await;
    assert_eq!(missing.expect("readable"), None);
}

/// A page around a message has it in the middle, or where the thread's ends leave it; the first unread
/// message is found by the viewer's mark, and without one it is the latest.
///
/// contract: messages.list.around
pub async fn messages_are_found_around_one(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let people = [fixture.client, fixture.writer];
    let thread = fixture.add_thread(store, &people).await.thread.id;
    let other = fixture.add_thread(store, &people).await.thread.id;
    let mut sent = Vec::new();
    for _ in 0..8 {
        sent.push(fixture.add_message(store, thread, fixture.client).await);
    }
    let elsewhere = fixture.add_message(store, other, fixture.client).await;
    let page = async |start, limit| {
        let page = list(store, thread, fixture.writer, start, first(limit)).await;
        let page = page.expect("readable");
        let ids: Vec<_> = page.items.iter().map(|message| message.id).collect();
        (ids, page.next.map(|next| MessageId::new(next.id)))
    };
    let around = |id| MessageStart::Around(id);
    let middle = (sent[2..6].to_vec(), Some(sent[5]));
    assert_eq!(page(around(sent[4]), 4).await, middle);
    assert_eq!(
        page(around(sent[4]), 1).await,
        (vec![sent[4]], Some(sent[4]))
    );
    assert_eq!(
        page(around(sent[0]), 4).await,
        (sent[..4].to_vec(), Some(sent[3]))
    );
    assert_eq!(page(around(sent[7]), 4).await, (sent[4..].to_vec(), None));
    for foreign in [elsewhere, MessageId::new(9_999)] {
        assert_eq!(page(around(foreign), 4).await, (Vec::new(), None));
    }

    let unread = MessageStart::AroundUnread;
    assert_eq!(page(unread, 4).await, (sent[..4].to_vec(), Some(sent[3])));
    let mark = |up_to| ReadMark {
        thread,
        user: fixture.writer.id,
        up_to,
        at: fixture.tick(),
    };
    let marked = store.mark_read(Commit::new(mark(Some(sent[2])))).await;
    assert!(marked.expect("marked"));
    // One's own messages and deleted ones are not unread.
    let deletion = MessageDeletion {
        message: sent[3],
        at: fixture.tick(),
    };
    let deleted = store.delete_message(Commit::new(deletion)).await;
    deleted.expect("deleted");
    assert_eq!(page(unread, 4).await, middle);
    let own = fixture.add_message(store, thread, fixture.writer).await;
    assert_eq!(page(unread, 4).await, middle);
    let marked = store.mark_read(Commit::new(mark(Some(sent[7])))).await;
    assert!(marked.expect("marked"));
    let last = (vec![sent[6], sent[7], own], None);
    assert_eq!(page(unread, 3).await, last, "nothing is unread");
}

/// An edit changes the text and says when; nothing else. It is answered as the viewer sees it.
pub async fn a_message_is_edited(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let thread = fixture
        .add_thread(store, &[fixture.client, fixture.writer])
        .await
        .thread
        .id;
    let id = fixture.add_message(store, thread, fixture.client).await;
    let other = fixture.add_message(store, thread, fixture.client).await;
    let mark = ReadMark {
        thread,
        user: fixture.writer.id,
        up_to: Some(id),
        at: fixture.tick(),
    };
    store.mark_read(Commit::new(mark)).await.expect("marked");
    let before = message(store, id, fixture.client).await;
    assert_eq!(before.read_by.len(), 1);
    let untouched = message(store, other, fixture.client).await;
    let edit = MessageEdit {
        message: id,
        text: words("Better"),
        at: fixture.tick(),
        scope: scope(fixture.client),
    };
    let edited = store.edit_message(Commit::new(edit)).await;
    let expected = Message {
        text: words("Better"),
        edited_at: Some(fixture.now()),
        version: 2,
        ..before
    };
    assert_eq!(edited.expect("edited"), expected);
    assert_eq!(message(store, id, fixture.client).await, expected);
    let edit = MessageEdit {
        message: id,
        text: words("Best"),
        at: fixture.tick(),
        scope: scope(fixture.writer),
    };
    let edited = store.edit_message(Commit::new(edit)).await.expect("edited");
    assert_eq!(edited, message(store, id, fixture.writer).await);
    assert_eq!((edited.text, edited.read_by), (words("Best"), Vec::new()));
    assert_eq!(message(store, other, fixture.client).await, untouched);
}

/// A deleted message keeps its place and loses its text and file; it can't be changed again.
pub async fn a_message_is_deleted(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let thread = fixture
        .add_thread(store, &[fixture.client, fixture.writer])
        .await
        .thread
        .id;
    let upload = fixture
        .add_upload(store, fixture.client, BlobPurpose::MessageAttachment)
        .await;
    let mut row = fixture.new_message(thread, fixture.client);
    row.attachment = Some(upload);
    let (id, _) = store.post_message(Commit::new(row)).await.expect("sent");
    let before = message(store, id, fixture.client).await;
    assert!(before.attachment.is_some());
    let deletion = MessageDeletion {
        message: id,
        at: fixture.tick(),
    };
    store
        .delete_message(Commit::new(deletion))
        .await
        .expect("deleted");
    let expected = Message {
        text: MessageText::empty(),
        attachment: None,
        is_deleted: true,
        version: 2,
        ..before
    };
    assert_eq!(message(store, id, fixture.client).await, expected);
    let start = MessageStart::default();
    let listed = list(store, thread, fixture.client, start, all()).await;
    assert_eq!(listed.expect("readable").items, [expected]);
    let facts = store
        .message_context(id, fixture.client.id)
        .await
        .expect("readable");
    let facts = facts.expect("still there");
    assert!(facts.is_deleted && !facts.has_attachment);
    let attached = store
        .message_attachment(id, fixture.client.id)
        .await
        .expect("readable");
    assert_eq!(attached.expect("the message is there").file, None);
    let blobs = store.list_blobs(None, 10).await.expect("readable");
    assert_eq!(blobs[0].state, BlobState::Deleted);
    assert!(blobs[0].info.is_some(), "what is known of it is kept");
    let again = store.delete_message(Commit::new(deletion)).await;
    assert_stale(&again, "a second deletion");
    let edit = MessageEdit {
        message: id,
        text: words("Alive"),
        at: fixture.tick(),
        scope: scope(fixture.client),
    };
    assert_stale(
        &store.edit_message(Commit::new(edit)).await,
        "an edit after deletion",
    );
}

/// A file comes with its message, and its blob becomes stored by it, once.
pub async fn a_message_brings_its_file(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let thread = fixture
        .add_thread(store, &[fixture.client, fixture.writer])
        .await
        .thread
        .id;
    let plain = fixture.add_message(store, thread, fixture.client).await;
    let upload = fixture
        .add_upload(store, fixture.client, BlobPurpose::MessageAttachment)
        .await;
    let row = || {
        let mut row = fixture.new_message(thread, fixture.client);
        row.attachment = Some(upload.clone());
        row.text = MessageText::empty();
        row.kind = MessageKind::File;
        row
    };
    let sent = row();
    let (id, attachment) = store
        .post_message(Commit::new(sent.clone()))
        .await
        .expect("sent");
    let read = message(store, id, fixture.writer).await;
    assert_eq!((read.kind, read.text.is_empty()), (MessageKind::File, true));
    let file = read.attachment.expect("a file");
    assert_eq!(Some(file.id), attachment);
    assert_eq!(file.file.name, upload.name);
    assert_eq!(file.file.blob, upload.info);
    assert_eq!(file.file.uploaded_by.id, fixture.client.id);
    assert_eq!(file.file.uploaded_at, sent.sent_at);
    let attached = store
        .message_attachment(id, fixture.writer.id)
        .await
        .expect("readable");
    let attached = attached.expect("there");
    let facts = store
        .message_context(id, fixture.writer.id)
        .await
        .expect("readable");
    assert_eq!(Some(&attached.message), facts.as_ref());
    assert!(attached.message.has_attachment && attached.message.thread.participates);
    let (info, blob) = attached.file.expect("a file");
    assert_eq!(info, file.file);
    let rows = store.list_blobs(None, 10).await.expect("readable");
    assert_eq!(
        (blob.id, &blob.key, &blob.info),
        (rows[0].id, &rows[0].key, &upload.info)
    );
    assert_eq!(
        (rows[0].state, rows[0].info.as_ref()),
        (BlobState::Stored, Some(&upload.info))
    );
    let none = store
        .message_attachment(plain, fixture.writer.id)
        .await
        .expect("readable");
    assert_eq!(none.expect("the message is there").file, None);
    let missing = store
        .message_attachment(MessageId::new(9_999), fixture.writer.id)
        .await;
    assert_eq!(missing.expect("readable"), None);
    let missing = store
        .message_context(MessageId::new(9_999), fixture.writer.id)
        .await;
    assert_eq!(missing.expect("readable"), None);

    let again = store.post_message(Commit::new(row())).await;
    assert_stale(&again, "a blob that is stored already");
    let listed = list(
        store,
        thread,
        fixture.client,
        MessageStart::default(),
        all(),
    )
    .await;
    assert_eq!(listed.expect("readable").items.len(), 2);
}

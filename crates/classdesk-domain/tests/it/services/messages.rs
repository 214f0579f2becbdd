//! Messages in threads.

use std::time::Duration;

use classdesk_conformance::fixture::words;
use classdesk_domain::blobs::UploadTarget;
use classdesk_domain::ids::{MessageId, ThreadId};
use classdesk_domain::paging::PageRequest;
use classdesk_domain::people::Actor;
use classdesk_domain::text::MessageText;
use classdesk_domain::threads::{
    EDIT_WINDOW, Message, MessageKind, MessagePage, MessageStart, NewMessage, NewThread,
};

use super::support::{AppFixture, word};

const INSTANT: Duration = Duration::from_micros(1);

/// An test with a thread of client and writer.
async fn test() -> (AppFixture, ThreadId) {
    let test = AppFixture::open().await;
    let (fixture, app) = (&test.fixture, &test.app);
    let new = NewThread::with(fixture.writer.id);
    let opened = app
        .threads
        .open(fixture.client, &fixture.subject(), new)
        .await;
    let thread = opened.expect("opened").thread.id;
    (test, thread)
}

async fn send(test: &AppFixture, thread: ThreadId, by: Actor, new: NewMessage) -> Message {
    let sent = test.app.messages.send(by, thread, new, None).await;
    sent.expect("sent")
}

fn hello() -> NewMessage {
    NewMessage::text(words("Hello"))
}

/// contract: perm.thread.see, perm.thread.post
#[tokio::test]
async fn participants_send_and_everybody_in_it_reads() {
    let (test, thread) = test().await;
    let (fixture, messages) = (&test.fixture, &test.app.messages);
    let addressed = NewMessage {
        recipient_id: Some(fixture.writer.id),
        ..hello()
    };
    let sent = send(&test, thread, fixture.client, addressed).await;
    assert_eq!(
        sent.recipient.as_ref().expect("named").id,
        fixture.writer.id
    );
    assert_eq!(
        messages.get(&fixture.client, sent.id).await.expect("seen"),
        sent
    );
    let answer = NewMessage {
        reply_to: Some(sent.id),
        ..hello()
    };
    let answer = send(&test, thread, fixture.writer, answer).await;
    for (actor, expected) in [
        (fixture.client, "ok"),
        (fixture.editor, "ok"),
        (fixture.other_client, "not found"),
        (fixture.other_writer, "not found"),
    ] {
        let page = PageRequest::default();
        let listed = messages.list(&actor, thread, page).await;
        if let Ok(listed) = &listed {
            let ids: Vec<_> = listed.items.iter().map(|message| message.id).collect();
            assert_eq!(ids, [sent.id, answer.id]);
        }
        assert_eq!(word(listed), expected);
        assert_eq!(
            word(messages.authorize_list(&actor, thread).await),
            expected
        );
        assert_eq!(word(messages.get(&actor, sent.id).await), expected);
    }
    let elsewhere = MessagePage {
        start: MessageStart::Around(MessageId::new(999)),
        ..MessagePage::default()
    };
    let listed = messages.list(&fixture.client, thread, elsewhere).await;
    assert_eq!(word(listed), "around:not_in_thread");
    let hidden = messages
        .list(&fixture.other_client, thread, elsewhere)
        .await;
    assert_eq!(word(hidden), "not found");
    assert_eq!(
        word(messages.get(&fixture.admin, MessageId::new(999)).await),
        "not found"
    );
}

/// contract: conv.errors.validation, messages.send.empty
#[tokio::test]
async fn everything_wrong_with_a_message_is_told_at_once() {
    let (test, thread) = test().await;
    let (fixture, messages) = (&test.fixture, &test.app.messages);
    let wrong = NewMessage {
        recipient_id: Some(fixture.editor.id),
        text: MessageText::empty(),
        kind: MessageKind::File,
        reply_to: Some(MessageId::new(999)),
    };
    let refused = messages.send(fixture.client, thread, wrong, None).await;
    assert_eq!(
        word(refused),
        "message:blank message_type:no_attachment recipient_id:not_eligible reply_to:not_in_thread"
    );
    let to_oneself = NewMessage {
        recipient_id: Some(fixture.client.id),
        ..hello()
    };
    let refused = messages
        .send(fixture.client, thread, to_oneself, None)
        .await;
    assert_eq!(word(refused), "recipient_id:not_eligible");
}

/// contract: perm.message.change, perm.message.window
#[tokio::test]
async fn a_message_changes_until_exactly_fifteen_minutes() {
    let (test, thread) = test().await;
    let (fixture, messages) = (&test.fixture, &test.app.messages);
    let edit = async |actor: &Actor, id| word(messages.edit(actor, id, words("Changed")).await);
    let first = send(&test, thread, fixture.client, hello()).await.id;
    let second = send(&test, thread, fixture.client, hello()).await.id;
    assert_eq!(edit(&fixture.writer, first).await, "not allowed");
    assert_eq!(edit(&fixture.admin, first).await, "not allowed");
    assert_eq!(edit(&fixture.other_client, first).await, "not found");
    test.clock.advance(EDIT_WINDOW);
    assert_eq!(edit(&fixture.client, first).await, "ok");
    let edited = messages.get(&fixture.client, first).await.expect("seen");
    assert_eq!(edited.text.as_str(), "Changed");
    assert_eq!(edited.edited_at, Some(edited.sent_at.plus(EDIT_WINDOW)));
    assert_eq!(word(messages.delete(&fixture.client, second).await), "ok");
    test.clock.advance(INSTANT);
    let over = "the time in which this message could be changed is over";
    assert_eq!(edit(&fixture.client, first).await, over);
    assert_eq!(word(messages.delete(&fixture.client, first).await), over);
    assert_eq!(
        word(messages.delete(&fixture.writer, first).await),
        "not allowed"
    );
    assert_eq!(
        word(messages.delete(&fixture.other_writer, first).await),
        "not found"
    );
    assert_eq!(
        word(messages.delete(&fixture.editor, first).await),
        "ok",
        "staff any time"
    );
}

/// contract: messages.one.unchanged
#[tokio::test]
async fn an_edit_to_the_same_text_leaves_no_trace() {
    let (test, thread) = test().await;
    let (client, messages) = (&test.fixture.client, &test.app.messages);
    let sent = send(&test, thread, *client, hello()).await;
    let known = test.log_length().await;
    let edited = messages.edit(client, sent.id, sent.text.clone()).await;
    assert_eq!(edited.expect("edited"), sent);
    assert_eq!(test.told_after(known).await, [""; 0]);
    // The rules of an edit hold for it all the same.
    test.clock.advance(EDIT_WINDOW + INSTANT);
    let late = messages.edit(client, sent.id, sent.text.clone()).await;
    assert_eq!(
        word(late),
        "the time in which this message could be changed is over"
    );
}

#[tokio::test]
async fn a_deleted_message_keeps_its_place_and_nothing_else() {
    let (test, thread) = test().await;
    let (fixture, messages) = (&test.fixture, &test.app.messages);
    let upload = test
        .upload(fixture.client, UploadTarget::Thread(thread))
        .await;
    let file = NewMessage {
        text: MessageText::empty(),
        kind: MessageKind::File,
        ..hello()
    };
    let sent = messages
        .send(fixture.client, thread, file, Some(upload))
        .await
        .expect("sent");
    let download = messages
        .attachment(&fixture.writer, sent.id)
        .await
        .expect("readable");
    assert_eq!(download.file.name.as_str(), "plan.txt");
    assert_eq!(
        word(test.app.downloads.open(&download.permit, None).await),
        "ok"
    );
    assert_eq!(
        word(messages.attachment(&fixture.other_writer, sent.id).await),
        "not found"
    );
    let emptied = messages
        .edit(&fixture.client, sent.id, MessageText::empty())
        .await;
    assert_eq!(word(emptied), "ok", "the file says enough");

    let known = test.log_length().await;
    for _ in 0..2 {
        assert_eq!(word(messages.delete(&fixture.client, sent.id).await), "ok");
    }
    assert_eq!(test.told_after(known).await, ["message.deleted"]);
    let left = messages
        .get(&fixture.writer, sent.id)
        .await
        .expect("in its place");
    assert!(left.is_deleted && left.text.is_empty() && left.attachment.is_none());
    assert_eq!(
        word(messages.attachment(&fixture.writer, sent.id).await),
        "not found"
    );
    let edited = messages.edit(&fixture.client, sent.id, words("Back")).await;
    assert_eq!(word(edited), "the message is deleted");

    let text = send(&test, thread, fixture.client, hello()).await;
    let blank = messages
        .edit(&fixture.client, text.id, MessageText::empty())
        .await;
    assert_eq!(word(blank), "message:blank");
}

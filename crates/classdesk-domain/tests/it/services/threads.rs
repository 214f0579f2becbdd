//! Threads.

use classdesk_conformance::fixture::words;
use classdesk_domain::ids::{MessageId, ThreadId, UserId};
use classdesk_domain::paging::PageRequest;
use classdesk_domain::people::{Actor, UserChange};
use classdesk_domain::text::SubjectLine;
use classdesk_domain::threads::{NewMessage, NewThread, ThreadChange, ThreadFilter, ThreadView};

use super::support::{AppFixture, word};

fn ids(view: &ThreadView) -> Vec<UserId> {
    view.participants.iter().map(|person| person.id).collect()
}

async fn open(test: &AppFixture, by: Actor, with: Actor) -> ThreadId {
    let new = NewThread::with(with.id);
    let opened = test
        .app
        .threads
        .open(by, &test.fixture.subject(), new)
        .await;
    opened.expect("opened").thread.id
}

fn line(text: &str) -> ThreadChange {
    ThreadChange {
        subject: SubjectLine::parse(text).ok(),
        ..ThreadChange::default()
    }
}

const fn active(is_active: bool) -> ThreadChange {
    ThreadChange {
        subject: None,
        is_active: Some(is_active),
    }
}

/// contract: bundles.create-thread.participants, bundles.create-thread.private
/// contract: bundles.create-thread.subject, perm.thread.create
#[tokio::test]
async fn in_a_thread_are_parties_recipient_and_creator_and_in_a_private_one_two() {
    let test = AppFixture::open().await;
    let (fixture, threads) = (&test.fixture, &test.app.threads);
    let mut new = NewThread::with(fixture.editor.id);
    new.initial_message = Some(words("Hello"));
    let known = test.log_length().await;
    let view = threads
        .open(fixture.admin, &fixture.subject(), new.clone())
        .await
        .expect("opened");
    let all = [
        fixture.admin,
        fixture.editor,
        fixture.client,
        fixture.writer,
    ]
    .map(|actor| actor.id);
    assert_eq!(ids(&view), all);
    assert_eq!(
        view.thread.subject.as_str(),
        "Class bundle #1: Spring semester"
    );
    let message = view.last_message.expect("the first message");
    assert_eq!(message.text.as_str(), "Hello");
    assert_eq!(message.recipient.expect("named").id, fixture.editor.id);
    assert_eq!(
        test.told_after(known).await,
        ["thread.created", "message.sent"]
    );

    new.is_private = true;
    new.subject = SubjectLine::parse("Between us").ok();
    new.initial_message = None;
    let view = threads
        .open(fixture.client, &fixture.subject(), new)
        .await
        .expect("opened");
    assert_eq!(ids(&view), [fixture.editor.id, fixture.client.id]);
    assert_eq!(
        (view.thread.subject.as_str(), view.message_count),
        ("Between us", 0)
    );
    assert_eq!(
        word(threads.get(&fixture.writer, view.thread.id).await),
        "not found"
    );
}

/// contract: perm.recipient, perm.thread.create
#[tokio::test]
async fn a_recipient_is_another_active_person_who_can_see_the_subject() {
    let test = AppFixture::open().await;
    let (fixture, app) = (&test.fixture, &test.app);
    let open = async |by, with| {
        let new = NewThread::with(with);
        word(app.threads.open(by, &fixture.subject(), new).await)
    };
    assert_eq!(
        open(fixture.client, fixture.client.id).await,
        "recipient_id:recipient_is_sender"
    );
    assert_eq!(
        open(fixture.client, fixture.other_writer.id).await,
        "recipient_id:not_eligible"
    );
    assert_eq!(
        open(fixture.client, UserId::new(999)).await,
        "recipient_id:not_eligible"
    );
    assert_eq!(
        open(fixture.other_client, fixture.client.id).await,
        "not found"
    );
    let off = UserChange {
        is_active: Some(false),
        ..UserChange::default()
    };
    app.users
        .change(&fixture.admin, fixture.writer.id, off)
        .await
        .expect("changed");
    assert_eq!(
        open(fixture.client, fixture.writer.id).await,
        "recipient_id:not_eligible"
    );
    let new = NewThread::with(fixture.editor.id);
    let view = app
        .threads
        .open(fixture.client, &fixture.subject(), new)
        .await
        .expect("opened");
    let parties = app.subjects.get(&fixture.admin, &fixture.subject()).await;
    let writer = parties.expect("seen").parties.assigned_writer;
    assert_eq!(writer, Some(fixture.writer.id), "assigned still");
    assert!(
        !ids(&view).contains(&fixture.writer.id),
        "but not there now"
    );
}

/// contract: perm.thread.change
#[tokio::test]
async fn the_creator_and_staff_change_it_and_repeating_changes_nothing() {
    let test = AppFixture::open().await;
    let (fixture, threads) = (&test.fixture, &test.app.threads);
    let id = open(&test, fixture.writer, fixture.client).await;
    assert_eq!(
        word(threads.change(&fixture.client, id, line("Mine")).await),
        "not allowed"
    );
    assert_eq!(
        word(
            threads
                .change(&fixture.other_client, id, line("Mine"))
                .await
        ),
        "not found"
    );
    let known = test.log_length().await;
    let changed = threads
        .change(&fixture.writer, id, line("Ours"))
        .await
        .expect("changed");
    assert_eq!(changed.thread.subject.as_str(), "Ours");
    for _ in 0..2 {
        assert_eq!(
            word(threads.change(&fixture.editor, id, active(false)).await),
            "ok"
        );
    }
    let send = async || {
        let text = NewMessage::text(words("Hello"));
        word(test.app.messages.send(fixture.client, id, text, None).await)
    };
    assert_eq!(send().await, "the thread is closed");
    assert_eq!(
        word(threads.change(&fixture.writer, id, active(true)).await),
        "ok"
    );
    assert_eq!(
        word(threads.change(&fixture.writer, id, line("Ours")).await),
        "ok"
    );
    assert_eq!(send().await, "ok");
    assert_eq!(
        test.told_after(known).await,
        [
            "thread.changed",
            "thread.closed",
            "thread.reopened",
            "message.sent"
        ]
    );
}

/// contract: perm.thread.participants, perm.thread.see, perm.thread.post
#[tokio::test]
async fn staff_add_and_remove_participants_themselves_too() {
    let test = AppFixture::open().await;
    let (fixture, threads) = (&test.fixture, &test.app.threads);
    let id = open(&test, fixture.writer, fixture.client).await;
    let add = async |by: &Actor, user: Actor| word(threads.add_participant(by, id, user.id).await);
    assert_eq!(add(&fixture.writer, fixture.editor).await, "not allowed");
    assert_eq!(
        add(&fixture.other_writer, fixture.editor).await,
        "not found"
    );
    assert_eq!(
        add(&fixture.editor, fixture.other_client).await,
        "user_id:not_eligible"
    );
    let send = async || {
        let text = NewMessage::text(words("Hello"));
        word(test.app.messages.send(fixture.editor, id, text, None).await)
    };
    assert_eq!(send().await, "not allowed", "not yet in it");
    let known = test.log_length().await;
    for _ in 0..2 {
        assert_eq!(add(&fixture.editor, fixture.editor).await, "ok");
    }
    assert_eq!(send().await, "ok");
    let remove =
        async |by: &Actor, user: Actor| word(threads.remove_participant(by, id, user.id).await);
    assert_eq!(remove(&fixture.client, fixture.editor).await, "not allowed");
    assert_eq!(remove(&fixture.admin, fixture.client).await, "ok");
    assert_eq!(remove(&fixture.admin, fixture.client).await, "not found");
    assert_eq!(
        test.told_after(known).await,
        [
            "thread.participant_added",
            "message.sent",
            "thread.participant_removed"
        ]
    );
    // A party who was taken off knows nothing of the thread any more.
    assert_eq!(word(threads.get(&fixture.client, id).await), "not found");
    assert_eq!(
        word(threads.mark_read(&fixture.client, id, None).await),
        "not found"
    );
    assert_eq!(
        word(threads.change(&fixture.client, id, active(false)).await),
        "not found"
    );
}

/// contract: perm.thread.post
#[tokio::test]
async fn reading_moves_the_mark_of_participants() {
    let test = AppFixture::open().await;
    let (fixture, app) = (&test.fixture, &test.app);
    let id = open(&test, fixture.writer, fixture.client).await;
    let mut sent = Vec::new();
    for _ in 0..3 {
        let text = NewMessage::text(words("Hello"));
        sent.push(
            app.messages
                .send(fixture.writer, id, text, None)
                .await
                .expect("sent")
                .id,
        );
    }
    let unread = async |actor: &Actor| app.threads.get(actor, id).await.expect("seen").unread_count;
    assert_eq!(
        (unread(&fixture.client).await, unread(&fixture.writer).await),
        (3, 0)
    );
    let read = async |actor: &Actor, up_to| word(app.threads.mark_read(actor, id, up_to).await);
    assert_eq!(read(&fixture.client, Some(sent[1])).await, "ok");
    assert_eq!(unread(&fixture.client).await, 1);
    assert_eq!(read(&fixture.client, Some(sent[0])).await, "ok");
    assert_eq!(unread(&fixture.client).await, 1, "never back");
    assert_eq!(
        read(&fixture.client, Some(MessageId::new(999))).await,
        "up_to:not_in_thread"
    );
    assert_eq!(read(&fixture.client, None).await, "ok");
    assert_eq!(unread(&fixture.client).await, 0);
    assert_eq!(read(&fixture.editor, None).await, "not allowed");
    let unread_only = ThreadFilter {
        unread: Some(true),
        ..ThreadFilter::default()
    };
    let listed = app
        .threads
        .list(&fixture.client, unread_only, PageRequest::default())
        .await;
    assert!(listed.expect("listed").items.is_empty());
}

//! Read marks, unread counts and receipts.

use classdesk_domain::clock::Timestamp;
use classdesk_domain::ids::{MessageId, ThreadId, UserId};
use classdesk_domain::people::{Actor, Role};
use classdesk_domain::store::{Commit, Store};
use classdesk_domain::threads::{
    MessageDeletion, ParticipantRemoval, ReadMark, ThreadFilter, ThreadQuery,
};

use super::support::{all, scope};
use crate::Fixture;

async fn mark(
    store: &dyn Store,
    fixture: &Fixture,
    thread: ThreadId,
    by: Actor,
    up_to: Option<MessageId>,
) -> bool {
    let mark = ReadMark {
        thread,
        user: by.id,
        up_to,
        at: fixture.tick(),
    };
    store.mark_read(Commit::new(mark)).await.expect("answered")
}

async fn unread(store: &dyn Store, thread: ThreadId, by: Actor) -> i64 {
    let view = store.thread(thread, scope(by)).await;
    view.expect("readable").expect("in scope").unread_count
}

async fn receipts(
    store: &dyn Store,
    message: MessageId,
    by: Actor,
) -> (Vec<(UserId, Timestamp)>, bool) {
    let message = store.message(message, scope(by)).await;
    let message = message.expect("readable").expect("there");
    let read_by = message.read_by.into_iter();
    let read_by = read_by.map(|receipt| (receipt.user.id, receipt.read_at));
    (read_by.collect(), message.is_read)
}

/// Unread is what others sent beyond the mark, for participants and everybody else alike.
pub async fn unread_messages_are_counted(store: &dyn Store) {
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
    assert_eq!(unread(store, thread, fixture.client).await, 0);
    let first = fixture.add_message(store, thread, fixture.client).await;
    let second = fixture.add_message(store, thread, fixture.writer).await;
    let third = fixture.add_message(store, thread, fixture.writer).await;
    fixture.add_message(store, other, fixture.writer).await;
    let counts = async || {
        let mut counts = Vec::new();
        for who in [fixture.client, fixture.writer, fixture.editor] {
            counts.push(unread(store, thread, who).await);
        }
        counts
    };
    assert_eq!(counts().await, [2, 1, 3]);
    assert!(mark(store, &fixture, thread, fixture.client, Some(second)).await);
    assert_eq!(counts().await, [1, 1, 3]);
    assert!(mark(store, &fixture, thread, fixture.writer, Some(first)).await);
    assert_eq!(counts().await, [1, 0, 3]);
    assert!(mark(store, &fixture, thread, fixture.client, None).await);
    assert_eq!(counts().await, [0, 0, 3]);
    let deletion = MessageDeletion {
        message: third,
        at: fixture.tick(),
    };
    store
        .delete_message(Commit::new(deletion))
        .await
        .expect("deleted");
    assert_eq!(counts().await, [0, 0, 2], "unread for nobody");
    let view = store.thread(thread, scope(fixture.client)).await;
    assert_eq!(view.expect("readable").expect("in scope").message_count, 3);
    fixture.add_message(store, thread, fixture.client).await;
    assert_eq!(counts().await, [0, 1, 3]);
    assert_eq!(
        unread(store, other, fixture.client).await,
        1,
        "another thread was marked"
    );
}

/// Deleted messages are unread for nobody, in whatever order people send, mark and delete: counts
/// and the filter agree with a recount of the messages.
///
/// contract: threads.unread
pub async fn deleted_messages_are_unread_for_nobody(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let (client, writer, editor) = (fixture.client, fixture.writer, fixture.editor);
    let people = [client, writer, editor];
    let thread = fixture.add_thread(store, &people[..2]).await.thread.id;
    let mut dice = fastrand::Rng::with_seed(14);
    // Each message with its sender, while it stands; and the place up to which each person has read.
    let (mut sent, mut marks) = (Vec::new(), [0; 3]);
    for step in 0..120 {
        let who = dice.usize(0..people.len());
        match dice.u32(0..3) {
            0 => {
                let id = fixture.add_message(store, thread, people[who]).await;
                sent.push((id, Some(who)));
            }
            1 if !sent.is_empty() => {
                let place = dice.usize(0..sent.len());
                let (up_to, _) = sent[place];
                let up_to = dice.bool().then_some(up_to);
                let reached = up_to.map_or(sent.len(), |_| place + 1);
                assert!(mark(store, &fixture, thread, people[who], up_to).await);
                marks[who] = reached.max(marks[who]);
            }
            _ => {
                let standing: Vec<_> = (0..sent.len()).filter(|n| sent[*n].1.is_some()).collect();
                let Some(place) = dice.choice(standing) else {
                    continue;
                };
                let deletion = MessageDeletion {
                    message: sent[place].0,
                    at: fixture.tick(),
                };
                let deleted = store.delete_message(Commit::new(deletion)).await;
                deleted.expect("deleted");
                sent[place].1 = None;
            }
        }
        for (who, person) in people.iter().enumerate() {
            let beyond = sent[marks[who]..].iter().filter_map(|(_, sender)| *sender);
            let expected = beyond.filter(|sender| *sender != who).count();
            let count = unread(store, thread, *person).await;
            assert_eq!(
                usize::try_from(count),
                Ok(expected),
                "step {step}, {person:?}"
            );
            let query = |unread| ThreadQuery {
                scope: scope(*person),
                filter: ThreadFilter {
                    unread: Some(unread),
                    ..ThreadFilter::default()
                },
            };
            for unread in [true, false] {
                let found = store.list_threads(query(unread), all()).await;
                let is_found = !found.expect("readable").items.is_empty();
                assert_eq!(
                    is_found,
                    unread == (expected > 0),
                    "step {step}, {person:?}"
                );
            }
        }
    }
}

/// The mark moves forward alone, and only to messages of its thread.
pub async fn a_mark_never_moves_back(store: &dyn Store) {
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
    assert!(
        mark(store, &fixture, thread, fixture.client, None).await,
        "nothing to mark"
    );
    let early = fixture.add_message(store, thread, fixture.writer).await;
    assert_eq!(
        unread(store, thread, fixture.client).await,
        1,
        "an empty thread leaves no mark"
    );
    let foreign = fixture.add_message(store, other, fixture.writer).await;
    let late = fixture.add_message(store, thread, fixture.writer).await;
    assert!(!mark(store, &fixture, thread, fixture.client, Some(foreign)).await);
    assert!(
        !mark(
            store,
            &fixture,
            thread,
            fixture.client,
            Some(MessageId::new(9_999))
        )
        .await
    );
    assert_eq!(unread(store, thread, fixture.client).await, 2);
    assert!(mark(store, &fixture, thread, fixture.client, Some(late)).await);
    let before = receipts(store, late, fixture.admin).await;
    assert!(mark(store, &fixture, thread, fixture.client, Some(early)).await);
    assert_eq!(unread(store, thread, fixture.client).await, 0);
    assert_eq!(receipts(store, late, fixture.admin).await, before);
}

/// A receipt keeps the time at which the mark first reached its message.
pub async fn a_receipt_keeps_its_time(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let people = [fixture.client, fixture.writer, fixture.editor];
    let thread = fixture.add_thread(store, &people).await.thread.id;
    let first = fixture.add_message(store, thread, fixture.client).await;
    let second = fixture.add_message(store, thread, fixture.writer).await;
    mark(store, &fixture, thread, fixture.writer, Some(first)).await;
    let early = fixture.now();
    let third = fixture.add_message(store, thread, fixture.client).await;
    mark(store, &fixture, thread, fixture.editor, None).await;
    let middle = fixture.now();
    mark(store, &fixture, thread, fixture.writer, None).await;
    let late = fixture.now();
    mark(store, &fixture, thread, fixture.client, None).await;
    let by_client = fixture.now();
    let read_by = async |message| receipts(store, message, fixture.admin).await.0;
    let (editor, writer) = (fixture.editor.id, fixture.writer.id);
    assert_eq!(read_by(first).await, [(editor, middle), (writer, early)]);
    assert_eq!(
        read_by(second).await,
        [(editor, middle), (fixture.client.id, by_client)]
    );
    assert_eq!(read_by(third).await, [(editor, middle), (writer, late)]);
}

/// Receipts are shown to the sender and to staff; `is_read` is the sender's about others, and
/// everybody else's about themselves.
pub async fn receipts_follow_the_access_scope(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let colleague = fixture.add_user(store, "colleague", Role::Editor).await;
    let thread = fixture
        .add_thread(store, &[fixture.client, fixture.writer])
        .await
        .thread
        .id;
    let message = fixture.add_message(store, thread, fixture.client).await;
    let seen = async |who| {
        let (read_by, is_read) = receipts(store, message, who).await;
        (read_by.len(), is_read)
    };
    assert_eq!(seen(fixture.client).await, (0, false));
    mark(store, &fixture, thread, fixture.client, None).await;
    assert_eq!(
        seen(fixture.client).await,
        (0, false),
        "nobody else has read it"
    );
    mark(store, &fixture, thread, colleague, None).await;
    assert_eq!(seen(fixture.client).await, (1, true));
    assert_eq!(seen(fixture.writer).await, (0, false));
    assert_eq!(seen(fixture.editor).await, (1, false));
    assert_eq!(seen(colleague).await, (1, true));
    mark(store, &fixture, thread, fixture.writer, None).await;
    assert_eq!(seen(fixture.client).await, (2, true));
    assert_eq!(
        seen(fixture.writer).await,
        (0, true),
        "not the sender, and no staff"
    );
    assert_eq!(seen(fixture.editor).await, (2, false));
    let view = store.thread(thread, scope(fixture.writer)).await;
    let last = view
        .expect("readable")
        .expect("in scope")
        .last_message
        .expect("there");
    assert_eq!(
        (last.read_by.len(), last.is_read),
        (0, true),
        "the thread shows it alike"
    );
    let view = store.thread(thread, scope(fixture.client)).await;
    let last = view
        .expect("readable")
        .expect("in scope")
        .last_message
        .expect("there");
    assert_eq!((last.read_by.len(), last.is_read), (2, true));
}

/// Who leaves a thread keeps their mark, and others the receipts.
pub async fn leaving_keeps_the_mark(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let thread = fixture
        .add_thread(store, &[fixture.client, fixture.editor])
        .await
        .thread
        .id;
    let message = fixture.add_message(store, thread, fixture.client).await;
    mark(store, &fixture, thread, fixture.editor, None).await;
    let removal = ParticipantRemoval {
        thread,
        user: fixture.editor.id,
    };
    store
        .remove_participant(Commit::new(removal))
        .await
        .expect("left");
    assert_eq!(unread(store, thread, fixture.editor).await, 0);
    let (read_by, is_read) = receipts(store, message, fixture.client).await;
    assert_eq!((read_by.len(), is_read), (1, true));
}

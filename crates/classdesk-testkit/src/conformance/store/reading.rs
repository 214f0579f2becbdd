//! Read marks, unread counts and receipts.

use classdesk_domain::clock::Timestamp;
use classdesk_domain::ids::{MessageId, ThreadId, UserId};
use classdesk_domain::people::{Actor, Role};
use classdesk_domain::store::{Commit, Store};
use classdesk_domain::threads::{MessageDeletion, ParticipantRemoval, ReadMark};

use super::support::sight;
use crate::World;

async fn mark(
    store: &dyn Store,
    world: &World,
    thread: ThreadId,
    by: Actor,
    up_to: Option<MessageId>,
) -> bool {
    let mark = ReadMark {
        thread,
        user: by.id,
        up_to,
        at: world.tick(),
    };
    store.mark_read(Commit::new(mark)).await.expect("answered")
}

async fn unread(store: &dyn Store, thread: ThreadId, by: Actor) -> i64 {
    let view = store.thread(thread, sight(by)).await;
    view.expect("readable").expect("in sight").unread_count
}

async fn receipts(
    store: &dyn Store,
    message: MessageId,
    by: Actor,
) -> (Vec<(UserId, Timestamp)>, bool) {
    let message = store.message(message, sight(by)).await;
    let message = message.expect("readable").expect("there");
    let read_by = message.read_by.into_iter();
    let read_by = read_by.map(|receipt| (receipt.user.id, receipt.read_at));
    (read_by.collect(), message.is_read)
}

/// Unread is what others sent beyond the mark, for participants and everybody else alike.
pub async fn unread_messages_are_counted(store: &dyn Store) {
    let world = World::create(store).await;
    let thread = world
        .add_thread(store, &[world.client, world.writer])
        .await
        .thread
        .id;
    let other = world
        .add_thread(store, &[world.client, world.writer])
        .await
        .thread
        .id;
    assert_eq!(unread(store, thread, world.client).await, 0);
    let first = world.add_message(store, thread, world.client).await;
    let second = world.add_message(store, thread, world.writer).await;
    let third = world.add_message(store, thread, world.writer).await;
    world.add_message(store, other, world.writer).await;
    let counts = async || {
        let mut counts = Vec::new();
        for who in [world.client, world.writer, world.editor] {
            counts.push(unread(store, thread, who).await);
        }
        counts
    };
    assert_eq!(counts().await, [2, 1, 3]);
    assert!(mark(store, &world, thread, world.client, Some(second)).await);
    assert_eq!(counts().await, [1, 1, 3]);
    assert!(mark(store, &world, thread, world.writer, Some(first)).await);
    assert_eq!(counts().await, [1, 0, 3]);
    assert!(mark(store, &world, thread, world.client, None).await);
    assert_eq!(counts().await, [0, 0, 3]);
    let deletion = MessageDeletion {
        message: third,
        at: world.tick(),
    };
    store
        .delete_message(Commit::new(deletion))
        .await
        .expect("deleted");
    assert_eq!(counts().await, [0, 0, 3], "deleting changes no count");
    let view = store.thread(thread, sight(world.client)).await;
    assert_eq!(view.expect("readable").expect("in sight").message_count, 3);
    world.add_message(store, thread, world.client).await;
    assert_eq!(counts().await, [0, 1, 4]);
    assert_eq!(
        unread(store, other, world.client).await,
        1,
        "another thread was marked"
    );
}

/// The mark moves forward alone, and only to messages of its thread.
pub async fn a_mark_never_moves_back(store: &dyn Store) {
    let world = World::create(store).await;
    let thread = world
        .add_thread(store, &[world.client, world.writer])
        .await
        .thread
        .id;
    let other = world
        .add_thread(store, &[world.client, world.writer])
        .await
        .thread
        .id;
    assert!(
        mark(store, &world, thread, world.client, None).await,
        "nothing to mark"
    );
    let early = world.add_message(store, thread, world.writer).await;
    assert_eq!(
        unread(store, thread, world.client).await,
        1,
        "an empty thread leaves no mark"
    );
    let foreign = world.add_message(store, other, world.writer).await;
    let late = world.add_message(store, thread, world.writer).await;
    assert!(!mark(store, &world, thread, world.client, Some(foreign)).await);
    assert!(
        !mark(
            store,
            &world,
            thread,
            world.client,
            Some(MessageId::new(9_999))
        )
        .await
    );
    assert_eq!(unread(store, thread, world.client).await, 2);
    assert!(mark(store, &world, thread, world.client, Some(late)).await);
    let before = receipts(store, late, world.admin).await;
    assert!(mark(store, &world, thread, world.client, Some(early)).await);
    assert_eq!(unread(store, thread, world.client).await, 0);
    assert_eq!(receipts(store, late, world.admin).await, before);
}

/// A receipt keeps the time at which the mark first reached its message.
pub async fn a_receipt_keeps_its_time(store: &dyn Store) {
    let world = World::create(store).await;
    let people = [world.client, world.writer, world.editor];
    let thread = world.add_thread(store, &people).await.thread.id;
    let first = world.add_message(store, thread, world.client).await;
    let second = world.add_message(store, thread, world.writer).await;
    mark(store, &world, thread, world.writer, Some(first)).await;
    let early = world.now();
    let third = world.add_message(store, thread, world.client).await;
    mark(store, &world, thread, world.editor, None).await;
    let middle = world.now();
    mark(store, &world, thread, world.writer, None).await;
    let late = world.now();
    mark(store, &world, thread, world.client, None).await;
    let by_client = world.now();
    let read_by = async |message| receipts(store, message, world.admin).await.0;
    let (editor, writer) = (world.editor.id, world.writer.id);
    assert_eq!(read_by(first).await, [(editor, middle), (writer, early)]);
    assert_eq!(
        read_by(second).await,
        [(editor, middle), (world.client.id, by_client)]
    );
    assert_eq!(read_by(third).await, [(editor, middle), (writer, late)]);
}

/// Receipts are shown to the sender and to staff; `is_read` is the sender's about others, and
/// everybody else's about themselves.
pub async fn receipts_follow_sight(store: &dyn Store) {
    let world = World::create(store).await;
    let colleague = world.add_user(store, "colleague", Role::Editor).await;
    let thread = world
        .add_thread(store, &[world.client, world.writer])
        .await
        .thread
        .id;
    let message = world.add_message(store, thread, world.client).await;
    let seen = async |who| {
        let (read_by, is_read) = receipts(store, message, who).await;
        (read_by.len(), is_read)
    };
    assert_eq!(seen(world.client).await, (0, false));
    mark(store, &world, thread, world.client, None).await;
    assert_eq!(
        seen(world.client).await,
        (0, false),
        "nobody else has read it"
    );
    mark(store, &world, thread, colleague, None).await;
    assert_eq!(seen(world.client).await, (1, true));
    assert_eq!(seen(world.writer).await, (0, false));
    assert_eq!(seen(world.editor).await, (1, false));
    assert_eq!(seen(colleague).await, (1, true));
    mark(store, &world, thread, world.writer, None).await;
    assert_eq!(seen(world.client).await, (2, true));
    assert_eq!(
        seen(world.writer).await,
        (0, true),
        "not the sender, and no staff"
    );
    assert_eq!(seen(world.editor).await, (2, false));
    let view = store.thread(thread, sight(world.writer)).await;
    let last = view
        .expect("readable")
        .expect("in sight")
        .last_message
        .expect("there");
    assert_eq!(
        (last.read_by.len(), last.is_read),
        (0, true),
        "the thread shows it alike"
    );
    let view = store.thread(thread, sight(world.client)).await;
    let last = view
        .expect("readable")
        .expect("in sight")
        .last_message
        .expect("there");
    assert_eq!((last.read_by.len(), last.is_read), (2, true));
}

/// Who leaves a thread keeps their mark, and others the receipts.
pub async fn leaving_keeps_the_mark(store: &dyn Store) {
    let world = World::create(store).await;
    let thread = world
        .add_thread(store, &[world.client, world.editor])
        .await
        .thread
        .id;
    let message = world.add_message(store, thread, world.client).await;
    mark(store, &world, thread, world.editor, None).await;
    let removal = ParticipantRemoval {
        thread,
        user: world.editor.id,
    };
    store
        .remove_participant(Commit::new(removal))
        .await
        .expect("left");
    assert_eq!(unread(store, thread, world.editor).await, 0);
    let (read_by, is_read) = receipts(store, message, world.client).await;
    assert_eq!((read_by.len(), is_read), (1, true));
}

//! Threads and who is in them.

use classdesk_domain::bundles::WriterAssignment;
use classdesk_domain::events::DomainEvent;
use classdesk_domain::ids::{ThreadId, UserId};
use classdesk_domain::people::{Actor, Release, Role, UserUpdate};
use classdesk_domain::store::{Commit, Store};
use classdesk_domain::subjects::{Parties, Subject, SubjectKind, SubjectPut, SubjectRef};
use classdesk_domain::text::SubjectLine;
use classdesk_domain::threads::{
    ParticipantAddition, ParticipantRemoval, Thread, ThreadFilter, ThreadQuery, ThreadUpdate,
    ThreadView,
};

use super::support::{all, event, log, scope};
use crate::Fixture;
use crate::fixture::{ids, title, words};

async fn view(store: &dyn Store, fixture: &Fixture, id: ThreadId) -> ThreadView {
    let view = store.thread(id, scope(fixture.admin)).await;
    view.expect("readable").expect("there")
}

fn participants(view: &ThreadView) -> Vec<UserId> {
    view.participants.iter().map(|user| user.id).collect()
}

/// A thread is kept whole, and its participants come by ascending id.
pub async fn a_thread_is_kept(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let mut row = fixture.new_thread(&[fixture.writer, fixture.editor, fixture.client]);
    row.subject = SubjectLine::cut("Über 'alles' 100 %");
    row.is_private = true;
    let opened = store
        .open_thread(Commit::new(row.clone()))
        .await
        .expect("opened");
    assert_eq!(opened.thread.about, fixture.subject());
    assert_eq!(opened.thread.subject, row.subject);
    assert!(opened.thread.is_active);
    assert!(opened.thread.is_private);
    assert_eq!(opened.thread.created_at, row.created_at);
    assert_eq!(opened.thread.updated_at, row.created_at);
    assert_eq!(opened.created_by.id, fixture.writer.id);
    assert_eq!(opened.created_by.username.as_str(), "writer");
    let everybody = ids(&[fixture.editor, fixture.client, fixture.writer]);
    assert_eq!(participants(&opened), everybody);
    assert_eq!((opened.message_count, opened.unread_count), (0, 0));
    assert_eq!(opened.last_message, None);
    assert_eq!(view(store, &fixture, opened.thread.id).await, opened);
    let missing = store
        .thread(ThreadId::new(9_999), scope(fixture.admin))
        .await;
    assert_eq!(missing.expect("readable"), None);
}

/// The first message comes with the thread, as its creator sees it.
pub async fn a_thread_begins_with_a_message(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let mut row = fixture.new_thread(&[fixture.client, fixture.writer]);
    row.first_message = Some((words("Hello"), fixture.writer.id));
    let opened = store
        .open_thread(Commit::new(row.clone()))
        .await
        .expect("opened");
    assert_eq!((opened.message_count, opened.unread_count), (1, 0));
    let first = opened.last_message.expect("something was said");
    assert_eq!(first.text, words("Hello"));
    assert_eq!(
        (first.sender.id, first.sender_role),
        (fixture.client.id, fixture.client.role)
    );
    assert_eq!(first.recipient.map(|user| user.id), Some(fixture.writer.id));
    assert_eq!(
        (first.sent_at, first.thread),
        (row.created_at, opened.thread.id)
    );
    assert!(!first.is_read);
    let seen = store.thread(opened.thread.id, scope(fixture.writer)).await;
    assert_eq!(seen.expect("readable").expect("in scope").unread_count, 1);
}

/// What decisions rest on, seen from one person and another.
pub async fn thread_facts_are_personal(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let thread = fixture
        .add_thread(store, &[fixture.client, fixture.editor])
        .await
        .thread
        .id;
    for (person, participates) in [(fixture.client, true), (fixture.writer, false)] {
        let facts = store.thread_context(thread, person.id).await;
        let facts = facts.expect("readable").expect("there");
        assert_eq!((facts.id, &facts.about), (thread, &fixture.subject()));
        assert_eq!(facts.parties, fixture.parties());
        assert_eq!(facts.created_by, fixture.client.id);
        assert_eq!(facts.subject.as_str(), "Questions");
        assert!(facts.is_active);
        assert_eq!(facts.participates, participates, "{person:?}");
    }
    let missing = store
        .thread_context(ThreadId::new(9_999), fixture.client.id)
        .await;
    assert_eq!(missing.expect("readable"), None);
}

/// A change writes what it names and is the latest activity.
pub async fn a_thread_is_changed(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let opened = fixture
        .add_thread(store, &[fixture.client, fixture.writer])
        .await;
    let id = opened.thread.id;
    let other = fixture
        .add_thread(store, &[fixture.client, fixture.writer])
        .await;
    fixture.add_message(store, id, fixture.client).await;
    let update = |subject, is_active, viewer| ThreadUpdate {
        thread: id,
        subject,
        is_active,
        at: fixture.tick(),
        viewer,
    };
    let line = SubjectLine::cut("Another line");
    let change = update(Some(line.clone()), None, fixture.writer.id);
    let changed = store
        .update_thread(Commit::new(change))
        .await
        .expect("changed");
    assert_eq!(changed.thread.subject, line);
    assert!(changed.thread.is_active);
    assert_eq!(changed.thread.updated_at, fixture.now());
    assert_eq!(changed.thread.created_at, opened.thread.created_at);
    assert_eq!(changed.unread_count, 1, "as the viewer sees it");
    let change = update(None, Some(false), fixture.client.id);
    let changed = store
        .update_thread(Commit::new(change))
        .await
        .expect("changed");
    assert_eq!(changed.thread.subject, line);
    assert!(!changed.thread.is_active);
    assert_eq!(changed.thread.version, 3);
    assert_eq!(changed.unread_count, 0);
    assert_eq!(view(store, &fixture, id).await.thread, changed.thread);
    assert_eq!(
        view(store, &fixture, other.thread.id).await,
        other,
        "another thread changed"
    );
}

/// Joining twice is no error, emits no event and leaves the activity.
pub async fn joining_twice_changes_nothing(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let opened = fixture
        .add_thread(store, &[fixture.client, fixture.writer])
        .await;
    let thread = opened.thread.id;
    let join = async || {
        let addition = ParticipantAddition {
            thread,
            user: fixture.editor.id,
            at: fixture.tick(),
            viewer: fixture.editor.id,
        };
        let told = event(
            &fixture,
            DomainEvent::ParticipantAdded {
                thread: fixture.event_thread(thread),
                user: fixture.editor.id,
            },
        );
        let commit = Commit::new(addition).with_event(told);
        store.add_participant(commit).await.expect("joined")
    };
    let together = ids(&[fixture.editor, fixture.client, fixture.writer]);
    let after = Thread {
        version: 2,
        ..opened.thread
    };
    for attempt in ["first", "second"] {
        let joined = join().await;
        assert_eq!(participants(&joined), together, "{attempt}");
        assert_eq!(joined.thread, after, "{attempt}");
        assert_eq!(log(store).await.len(), 1, "{attempt}");
    }
    assert_eq!(log(store).await[0].object_id, thread.get());
}

/// Leaving emits an event; leaving when one is not in it is `false` and emits none.
pub async fn leaving_twice_changes_nothing(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let opened = fixture
        .add_thread(store, &[fixture.client, fixture.writer])
        .await;
    let other = fixture
        .add_thread(store, &[fixture.client, fixture.writer])
        .await;
    let leave = async || {
        let removal = ParticipantRemoval {
            thread: opened.thread.id,
            user: fixture.writer.id,
        };
        let told = event(
            &fixture,
            DomainEvent::ParticipantRemoved {
                thread: fixture.event_thread(opened.thread.id),
                user: fixture.writer.id,
            },
        );
        let commit = Commit::new(removal).with_event(told);
        store.remove_participant(commit).await.expect("answered")
    };
    assert!(leave().await);
    assert!(!leave().await);
    assert_eq!(log(store).await.len(), 1);
    let left = view(store, &fixture, opened.thread.id).await;
    assert_eq!(participants(&left), ids(&[fixture.client]));
    let after = Thread {
        version: 2,
        ..opened.thread
    };
    assert_eq!(left.thread, after, "leaving is no activity");
    let together = ids(&[fixture.client, fixture.writer]);
    assert_eq!(
        participants(&view(store, &fixture, other.thread.id).await),
        together
    );
}

/// Other parties of a subject are a change of all its threads, and of no others.
pub async fn other_parties_are_a_change_of_the_threads(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let kind = SubjectKind::parse("order").expect("a kind");
    let order = SubjectRef::new(kind, fixture.bundle.get());
    let put = async |before: Option<Subject>, client: Actor, writer: Actor, label: &str| {
        let subject = Subject {
            external_id: None,
            reference: order.clone(),
            parties: Parties {
                client: client.id,
                assigned_writer: Some(writer.id),
            },
            label: title(label),
            version: 1,
        };
        let put = SubjectPut {
            subject,
            before,
            joins: Some(writer.id),
            at: fixture.tick(),
        };
        store.put_subject(Commit::new(put)).await.expect("put")
    };
    let registered = put(None, fixture.client, fixture.writer, "Order").await;
    let open = async |about: &SubjectRef, is_private| {
        let mut row = fixture.new_thread(&[fixture.client, fixture.writer]);
        row.about = about.clone();
        row.is_private = is_private;
        let opened = store.open_thread(Commit::new(row)).await;
        opened.expect("opened").thread.id
    };
    let bundle = fixture.subject();
    let threads = [
        open(&bundle, false).await,
        open(&bundle, true).await,
        open(&order, false).await,
    ];
    let versions = async || {
        let mut versions = Vec::new();
        for thread in threads {
            versions.push(view(store, &fixture, thread).await.thread.version);
        }
        versions
    };
    let assign = async |writer: Option<Actor>| {
        let assignment = WriterAssignment {
            bundle: fixture.bundle,
            writer: writer.map(|writer| writer.id),
            at: fixture.tick(),
        };
        let assigned = store.assign_writer(Commit::new(assignment)).await;
        assigned.expect("assigned");
    };
    assert_eq!(versions().await, [1, 1, 1]);
    assign(Some(fixture.other_writer)).await;
    assert_eq!(versions().await, [2, 2, 1], "another writer");
    assign(None).await;
    assert_eq!(versions().await, [3, 3, 1], "none");
    let (client, writer) = (fixture.other_client, fixture.writer);
    let other = put(Some(registered), client, writer, "Order").await;
    assert_eq!(versions().await, [3, 3, 2], "another client");
    put(Some(other), client, writer, "Second order").await;
    assert_eq!(versions().await, [3, 3, 2], "another label");

    let last = open(&bundle, false).await;
    let release = UserUpdate {
        release: Some(Release {
            tickets: None,
            subjects: Some(vec![order.clone()]),
            at: fixture.tick(),
        }),
        ..UserUpdate::of(writer.id)
    };
    let released = store.update_user(Commit::new(release)).await;
    released.expect("released");
    assert_eq!(versions().await, [3, 3, 3], "a writer who is taken off");
    assert_eq!(view(store, &fixture, last).await.thread.version, 1);
}

/// Participants are those who take part now: active, and parties of the subject or staff. The list,
/// a change and a join show the same.
///
/// contract: threads.take-part
pub async fn participants_take_part_now(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let everybody = [fixture.editor, fixture.client, fixture.writer];
    let id = fixture.add_thread(store, &everybody).await.thread.id;
    let now = async || {
        let seen = view(store, &fixture, id).await;
        let query = ThreadQuery {
            scope: scope(fixture.admin),
            filter: ThreadFilter::default(),
        };
        let listed = store.list_threads(query, all()).await.expect("readable");
        assert_eq!(listed.items[0].participants, seen.participants);
        let update = ThreadUpdate {
            thread: id,
            subject: None,
            is_active: None,
            at: fixture.tick(),
            viewer: fixture.admin.id,
        };
        let changed = store.update_thread(Commit::new(update)).await;
        assert_eq!(changed.expect("changed").participants, seen.participants);
        participants(&seen)
    };
    let assign = async |writer: Actor| {
        let assignment = WriterAssignment {
            bundle: fixture.bundle,
            writer: Some(writer.id),
            at: fixture.tick(),
        };
        let assigned = store.assign_writer(Commit::new(assignment)).await;
        assigned.expect("assigned");
    };
    let change = async |update: UserUpdate| {
        let changed = store.update_user(Commit::new(update)).await;
        changed.expect("changed");
    };
    assert_eq!(now().await, ids(&everybody));
    assign(fixture.other_writer).await;
    let replaced = [fixture.editor, fixture.client, fixture.other_writer];
    assert_eq!(now().await, ids(&replaced));
    assign(fixture.writer).await;
    assert_eq!(
        now().await,
        ids(&everybody),
        "the other one is replaced now"
    );
    let activity = |is_active| UserUpdate {
        is_active: Some(is_active),
        ..UserUpdate::of(fixture.editor.id)
    };
    change(activity(false)).await;
    assert_eq!(now().await, ids(&[fixture.client, fixture.writer]));
    change(activity(true)).await;
    assert_eq!(now().await, ids(&everybody));
    change(UserUpdate {
        role: Some(Role::Writer),
        ..UserUpdate::of(fixture.client.id)
    })
    .await;
    assert_eq!(now().await, ids(&[fixture.editor, fixture.writer]));
}

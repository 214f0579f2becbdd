//! What happens when the facts change between load and commit.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use classdesk_conformance::fixture::{description, words};
use classdesk_domain::Ports;
use classdesk_domain::blobs::{BlobRepository, BlobState, UploadTarget};
use classdesk_domain::bundles::{BundleRepository, WriterAssignment};
use classdesk_domain::error::Error;
use classdesk_domain::files::{
    FileChange, FileRepository, FileUpdate, MockFileRepository, NewFile, Visibility,
};
use classdesk_domain::ids::{BundleId, FileId, MessageId, ThreadId};
use classdesk_domain::paging::PageRequest;
use classdesk_domain::people::{Actor, MockUserRepository, Role, UserRepository, UserUpdate};
use classdesk_domain::policy::AccessScope;
use classdesk_domain::store::{Commit, Outage, StoreError};
use classdesk_domain::subjects::{MockSubjectRepository, SubjectKind, SubjectRef};
use classdesk_domain::threads::{
    MessageRepository, MockMessageRepository, MockThreadRepository, NewMessage, NewThread,
    ParticipantRemoval, ThreadChange, ThreadRepository,
};
use classdesk_memory::MemoryStore;
use futures_util::FutureExt;

use super::support::{AppFixture, word};

/// The answer of the store in memory, which never waits.
fn now<T>(answer: impl Future<Output = T>) -> T {
    answer.now_or_never().expect("memory never waits")
}

/// Does something to the store, once.
struct Once<F>(F, AtomicU32);

impl<F: Fn(&MemoryStore)> Once<F> {
    const fn new(meddle: F) -> Self {
        Self(meddle, AtomicU32::new(0))
    }

    fn call(&self, store: &MemoryStore) {
        if self.1.fetch_add(1, Ordering::SeqCst) == 0 {
            (self.0)(store);
        }
    }
}

/// Messages pass through, but after the first look at a thread somebody meddles.
fn meddled_messages(
    store: &Arc<MemoryStore>,
    commits: &Arc<AtomicU32>,
    meddle: impl Fn(&MemoryStore) + Send + Sync + 'static,
) -> MockMessageRepository {
    let mut messages = MockMessageRepository::new();
    let (inner, meddle) = (store.clone(), Once::new(meddle));
    messages
        .expect_post_context()
        .returning(move |thread, sender, recipient, reply_to| {
            let facts = now(inner.post_context(thread, sender, recipient, reply_to));
            meddle.call(&inner);
            facts
        });
    let (inner, commits) = (store.clone(), commits.clone());
    messages.expect_post_message().returning(move |commit| {
        commits.fetch_add(1, Ordering::SeqCst);
        now(inner.post_message(commit))
    });
    let inner = store.clone();
    messages
        .expect_list_messages()
        .returning(move |query| now(inner.list_messages(query)));
    messages
}

/// Takes the writer off the first bundle.
fn take_the_writer_off(store: &MemoryStore) {
    let assignment = WriterAssignment {
        bundle: BundleId::new(1),
        writer: None,
        at: classdesk_domain::clock::Timestamp::from_micros(1),
    };
    now(store.assign_writer(Commit::new(assignment))).expect("assigned");
}

/// An test in which `meddle` happens while the first message is decided, with a thread of client
/// and writer, and a count of the commits that were tried.
async fn meddled(
    meddle: impl Fn(&MemoryStore) + Send + Sync + 'static,
) -> (AppFixture, ThreadId, Arc<AtomicU32>) {
    let commits = Arc::new(AtomicU32::new(0));
    let exchange = |store: &Arc<MemoryStore>, ports: &mut Ports| {
        ports.messages = Arc::new(meddled_messages(store, &commits, meddle));
    };
    let test = AppFixture::open_with(exchange).await;
    let (fixture, app) = (&test.fixture, &test.app);
    let new = NewThread::with(fixture.writer.id);
    let opened = app
        .threads
        .open(fixture.client, &fixture.subject(), new)
        .await;
    let thread = opened.expect("opened").thread.id;
    (test, thread, commits)
}

async fn send(test: &AppFixture, by: Actor, thread: ThreadId) -> String {
    let hello = NewMessage::text(words("Hello"));
    word(test.app.messages.send(by, thread, hello, None).await)
}

async fn count(test: &AppFixture, thread: ThreadId) -> usize {
    let (messages, admin) = (&test.app.messages, &test.fixture.admin);
    let listed = messages.list(admin, thread, PageRequest::default()).await;
    listed.expect("listed").items.len()
}

/// contract: perm.replaced-writer
#[tokio::test]
async fn a_message_decided_on_stale_parties_is_refused_and_never_committed() {
    let (test, thread, commits) = meddled(take_the_writer_off).await;
    let known = test.log_length().await;
    assert_eq!(send(&test, test.fixture.writer, thread).await, "not found");
    assert_eq!(
        commits.load(Ordering::SeqCst),
        1,
        "one commit was tried, and refused"
    );
    assert_eq!(count(&test, thread).await, 0);
    assert!(test.told_after(known).await.is_empty());
}

#[tokio::test]
async fn who_still_has_the_right_is_decided_anew_and_sends_once() {
    let (test, thread, commits) = meddled(take_the_writer_off).await;
    assert_eq!(send(&test, test.fixture.client, thread).await, "ok");
    assert_eq!(commits.load(Ordering::SeqCst), 2);
    assert_eq!(count(&test, thread).await, 1);
}

/// contract: perm.message.change
#[tokio::test]
async fn an_edit_that_was_stored_is_answered_though_its_author_is_replaced_right_after() {
    let exchange = |store: &Arc<MemoryStore>, ports: &mut Ports| {
        let mut messages = MockMessageRepository::new();
        let inner = store.clone();
        messages
            .expect_post_context()
            .returning(move |thread, sender, recipient, reply_to| {
                now(inner.post_context(thread, sender, recipient, reply_to))
            });
        let inner = store.clone();
        messages
            .expect_post_message()
            .returning(move |commit| now(inner.post_message(commit)));
        let inner = store.clone();
        messages
            .expect_message_context()
            .returning(move |id, person| now(inner.message_context(id, person)));
        let inner = store.clone();
        messages.expect_edit_message().returning(move |commit| {
            let edited = now(inner.edit_message(commit));
            take_the_writer_off(&inner);
            edited
        });
        ports.messages = Arc::new(messages);
    };
    let test = AppFixture::open_with(exchange).await;
    let (fixture, app) = (&test.fixture, &test.app);
    let new = NewThread::with(fixture.writer.id);
    let opened = app
        .threads
        .open(fixture.client, &fixture.subject(), new)
        .await;
    let thread = opened.expect("opened").thread.id;
    let hello = NewMessage::text(words("Hello"));
    let sent = app.messages.send(fixture.writer, thread, hello, None).await;
    let sent = sent.expect("sent");
    let edited = app
        .messages
        .edit(&fixture.writer, sent.id, words("Changed"))
        .await
        .expect("stored, and answered so");
    let stored = test
        .store
        .message(sent.id, AccessScope::of(&fixture.writer))
        .await;
    assert_eq!(stored.expect("readable"), Some(edited.clone()));
    assert_eq!(edited.text, words("Changed"));
    assert_eq!(
        word(
            app.messages
                .edit(&fixture.writer, sent.id, words("Again"))
                .await
        ),
        "not found"
    );
}

/// contract: perm.replaced-writer
#[tokio::test]
async fn the_file_of_a_message_that_was_refused_late_is_given_up() {
    let (test, thread, _) = meddled(take_the_writer_off).await;
    let writer = test.fixture.writer;
    let upload = test.upload(writer, UploadTarget::Thread(thread)).await;
    let hello = NewMessage::text(words("Hello"));
    let sent = test
        .app
        .messages
        .send(writer, thread, hello, Some(upload))
        .await;
    assert_eq!(word(sent), "not found");
    let rows = test.store.list_blobs(None, 9).await.expect("readable");
    assert_eq!(rows[0].state, BlobState::Deleted);
}

/// contract: perm.inactive
#[tokio::test]
async fn an_actor_who_was_deactivated_or_got_another_role_is_nobody() {
    for (is_active, role) in [(Some(false), None), (None, Some(Role::Writer))] {
        let change = move |store: &MemoryStore| {
            let found = now(store.credentials(&classdesk_domain::people::LoginName::new("client")));
            let client = found.expect("readable").expect("there").user.id;
            let update = UserUpdate {
                is_active,
                role,
                ..UserUpdate::of(client)
            };
            now(store.update_user(Commit::new(update))).expect("changed");
        };
        let (test, thread, commits) = meddled(change).await;
        let client = test.fixture.client;
        let upload = test.upload(client, UploadTarget::Thread(thread)).await;
        let (messages, hello) = (&test.app.messages, NewMessage::text(words("Hello")));
        let sent = messages.send(client, thread, hello, Some(upload)).await;
        assert_eq!(word(sent), "no valid session");
        assert_eq!(commits.load(Ordering::SeqCst), 1);
        let rows = test.store.list_blobs(None, 9).await.expect("readable");
        assert_eq!(rows[0].state, BlobState::Deleted, "the file is given up");
    }
}

#[tokio::test]
async fn a_creator_who_was_taken_off_the_thread_changes_nothing_more() {
    let exchange = |store: &Arc<MemoryStore>, ports: &mut Ports| {
        let mut threads = MockThreadRepository::new();
        let inner = store.clone();
        let meddle = Once::new(|store: &MemoryStore| {
            let thread = ThreadId::new(1);
            let facts = now(store.thread_context(thread, classdesk_domain::ids::UserId::new(1)));
            let user = facts.expect("readable").expect("there").created_by;
            let removal = ParticipantRemoval { thread, user };
            assert!(now(store.remove_participant(Commit::new(removal))).expect("removed"));
        });
        threads
            .expect_thread_context()
            .returning(move |id, person| {
                let facts = now(inner.thread_context(id, person));
                meddle.call(&inner);
                facts
            });
        let inner = store.clone();
        threads
            .expect_open_thread()
            .returning(move |commit| now(inner.open_thread(commit)));
        let inner = store.clone();
        threads
            .expect_update_thread()
            .times(1)
            .returning(move |commit| now(inner.update_thread(commit)));
        ports.threads = Arc::new(threads);
    };
    let test = AppFixture::open_with(exchange).await;
    let (fixture, threads) = (&test.fixture, &test.app.threads);
    let new = NewThread::with(fixture.writer.id);
    let opened = threads
        .open(fixture.client, &fixture.subject(), new)
        .await
        .expect("opened");
    let close = ThreadChange {
        is_active: Some(false),
        ..ThreadChange::default()
    };
    let changed = threads
        .change(&fixture.client, opened.thread.id, close)
        .await;
    assert_eq!(word(changed), "not found");
    let after = test
        .store
        .thread(opened.thread.id, AccessScope::of(&fixture.admin))
        .await;
    assert!(after.expect("readable").expect("there").thread.is_active);
}

/// contract: perm.file.see
#[tokio::test]
async fn a_file_that_was_hidden_a_moment_ago_stays_hidden() {
    let exchange = |store: &Arc<MemoryStore>, ports: &mut Ports| {
        let mut files = MockFileRepository::new();
        let inner = store.clone();
        let meddle = Once::new(|store: &MemoryStore| {
            let update = FileUpdate {
                file: FileId::new(1),
                description: None,
                visibility: Some(Visibility {
                    to_client: false,
                    to_writer: true,
                }),
            };
            now(store.update_file(Commit::new(update))).expect("changed");
        });
        files.expect_file().returning(move |bundle, file| {
            let facts = now(inner.file(bundle, file));
            meddle.call(&inner);
            facts
        });
        let inner = store.clone();
        files
            .expect_add_file()
            .returning(move |commit| now(inner.add_file(commit)));
        let inner = store.clone();
        files
            .expect_update_file()
            .times(1)
            .returning(move |commit| now(inner.update_file(commit)));
        ports.files = Arc::new(files);
    };
    let test = AppFixture::open_with(exchange).await;
    let (fixture, files) = (&test.fixture, &test.app.files);
    let upload = test
        .upload(fixture.client, UploadTarget::Bundle(fixture.bundle))
        .await;
    let added = files
        .add(fixture.client, fixture.bundle, upload, NewFile::default())
        .await;
    let describe = FileChange {
        description: Some(description("Mine")),
        ..FileChange::default()
    };
    let id = added.expect("added").id;
    let changed = files
        .change(&fixture.client, fixture.bundle, id, describe)
        .await;
    assert_eq!(word(changed), "not found");
    let facts = test
        .store
        .file(fixture.bundle, id)
        .await
        .expect("readable")
        .expect("there");
    assert!(!facts.file.visibility.to_client);
    assert_eq!(facts.file.description.as_str(), "");
}

/// An test whose messages answer every commit like this.
async fn answering(
    answer: impl Fn() -> StoreError + Send + Sync + 'static,
    times: usize,
) -> (AppFixture, ThreadId) {
    let exchange = |store: &Arc<MemoryStore>, ports: &mut Ports| {
        let mut messages = MockMessageRepository::new();
        let inner = store.clone();
        messages
            .expect_post_context()
            .returning(move |thread, sender, recipient, reply_to| {
                now(inner.post_context(thread, sender, recipient, reply_to))
            });
        messages
            .expect_post_message()
            .times(times)
            .returning(move |_| Err(answer()));
        ports.messages = Arc::new(messages);
    };
    let test = AppFixture::open_with(exchange).await;
    let (fixture, app) = (&test.fixture, &test.app);
    let new = NewThread::with(fixture.writer.id);
    let opened = app
        .threads
        .open(fixture.client, &fixture.subject(), new)
        .await;
    let thread = opened.expect("opened").thread.id;
    (test, thread)
}

#[tokio::test]
async fn what_never_holds_still_is_given_up_after_sixteen_attempts() {
    let (test, thread) = answering(|| StoreError::Stale, 16).await;
    assert_eq!(
        send(&test, test.fixture.client, thread).await,
        "too many concurrent changes"
    );
}

#[tokio::test]
async fn an_outage_passes_through_and_is_not_tried_again() {
    let (test, thread) = answering(|| StoreError::unavailable(Outage::Busy), 1).await;
    let hello = NewMessage::text(words("Hello"));
    let sent = test
        .app
        .messages
        .send(test.fixture.client, thread, hello, None)
        .await;
    let Err(Error::Store(StoreError::Unavailable { outage, .. })) = sent else {
        panic!("another outcome");
    };
    assert_eq!(outage, Outage::Busy);
}

#[tokio::test]
async fn an_outage_while_loading_or_looking_at_the_actor_passes_through_too() {
    let exchange = |_: &Arc<MemoryStore>, ports: &mut Ports| {
        let mut subjects = MockSubjectRepository::new();
        subjects.expect_subject().returning(|_| {
            Err(StoreError::Corrupt {
                what: "subject",
                source: None,
            })
        });
        ports.subjects = Arc::new(subjects);
    };
    let test = AppFixture::open_with(exchange).await;
    let order = SubjectRef::new(SubjectKind::parse("order").expect("a kind"), 1);
    let found = test.app.subjects.get(&test.fixture.admin, &order).await;
    assert_eq!(word(found), "the store failed");

    let exchange = |_: &Arc<MemoryStore>, ports: &mut Ports| {
        let mut users = MockUserRepository::new();
        users
            .expect_user()
            .returning(|_| Err(StoreError::unavailable(Outage::TimedOut)));
        ports.users = Arc::new(users);
        let mut messages = MockMessageRepository::new();
        messages
            .expect_message_context()
            .times(1)
            .returning(|_, _| Err(StoreError::Stale));
        ports.messages = Arc::new(messages);
    };
    let test = AppFixture::open_with(exchange).await;
    let deleted = test
        .app
        .messages
        .delete(&test.fixture.admin, MessageId::new(1))
        .await;
    assert_eq!(word(deleted), "the store failed");
}

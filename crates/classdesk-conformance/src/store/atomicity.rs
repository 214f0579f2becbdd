//! The commit as a whole: it becomes true entirely or not at all.

use std::fmt::Debug;

use classdesk_domain::blobs::{BlobPurpose, BlobState};
use classdesk_domain::bundles::{BundleUpdate, InsertBundle, NewBundle, WriterAssignment};
use classdesk_domain::files::{FileDeletion, FileUpdate, InsertBundleFile, Visibility};
use classdesk_domain::idempotency::Reservation;
use classdesk_domain::ids::{BlobId, BundleId, FileId, MessageId, ThreadId, TicketId, UserId};
use classdesk_domain::people::{Role, UserUpdate};
use classdesk_domain::store::{Commit, Store, StoreError, Versioned};
use classdesk_domain::subjects::SubjectRef;
use classdesk_domain::text::{Description, SubjectLine};
use classdesk_domain::threads::{
    MessageDeletion, MessageEdit, ParticipantAddition, ParticipantRemoval, ReadMark, ThreadUpdate,
};
use classdesk_domain::tickets::{InsertTicketAttachment, TicketUpdate};
use futures_util::future::join_all;

use super::preconditions::NEVER;
use super::support::{
    all, assert_stale, completion, event, key_scope, log, message_sent, reserve, scope,
    user_changed,
};
use crate::Fixture;
use crate::fixture::{title, words};

/// A commit whose preconditions fail changes nothing, emits no event and completes nothing: for every
/// kind of commit that creates something.
pub async fn a_failed_commit_leaves_nothing(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let thread = fixture
        .add_thread(store, &[fixture.client, fixture.writer])
        .await
        .thread
        .id;
    let ticket = fixture.add_ticket(store, fixture.client, None).await.id;
    let upload = fixture
        .add_upload(store, fixture.client, BlobPurpose::BundleFile)
        .await;
    let lease = reserve(store, &fixture, "a key").await;
    let before = footprint(store, &fixture, thread, ticket).await;

    let told = || event(&fixture, user_changed(fixture.client));
    let completes = || completion(lease);

    macro_rules! refused {
        ($method:ident, $change:expr) => {
            let commit = Commit::new($change)
                .with_event(told())
                .completing(completes());
            assert_stale(
                &store.$method(commit.require(NEVER)).await,
                stringify!($method),
            );
            assert_eq!(
                footprint(store, &fixture, thread, ticket).await,
                before,
                "{} left something behind",
                stringify!($method)
            );
        };
    }

    let user = crate::fixture::new_user("newcomer", Role::Client, fixture.now());
    refused!(create_user, user);
    let bundle = InsertBundle {
        bundle: NewBundle::new(fixture.client.id, title("Autumn")),
        created_by: fixture.admin.id,
        created_at: fixture.now(),
        completed_at: None,
    };
    refused!(create_bundle, bundle);
    refused!(
        open_thread,
        fixture.new_thread(&[fixture.client, fixture.writer])
    );
    let mut message = fixture.new_message(thread, fixture.client);
    message.attachment = Some(upload.clone());
    refused!(post_message, message);
    refused!(create_ticket, fixture.new_ticket(fixture.client, None));
    refused!(
        add_ticket_message,
        fixture.new_note(ticket, fixture.client, false)
    );
    let attachment = InsertTicketAttachment {
        ticket,
        upload: upload.clone(),
        is_internal: false,
        uploaded_at: fixture.now(),
    };
    refused!(attach_to_ticket, attachment);
    let file = InsertBundleFile {
        bundle: fixture.bundle,
        upload,
        description: Description::empty(),
        visibility: Visibility::default(),
        uploaded_at: fixture.now(),
    };
    refused!(add_file, file);

    let scope = key_scope(&fixture, "a key");
    let found = store
        .reserve(&scope, fixture.now())
        .await
        .expect("readable");
    assert_eq!(found, Reservation::Running, "the key was completed");
}

/// All that the failed commits could have left behind.
async fn footprint(
    store: &dyn Store,
    fixture: &Fixture,
    thread: ThreadId,
    ticket: TicketId,
) -> impl PartialEq + Debug + use<> {
    let scope = scope(fixture.superadmin);
    let people = store.list_users(Default::default(), all()).await;
    let bundles = store.list_bundles(scope, Default::default(), all()).await;
    let thread = store.thread(thread, scope).await;
    let ticket = store.ticket(ticket, scope).await;
    let blobs = store.list_blobs(None, 100).await.expect("readable");
    let detail = store.bundle_detail(fixture.bundle, scope).await;
    (
        people.expect("readable"),
        bundles.expect("readable"),
        thread.expect("readable"),
        ticket.expect("readable"),
        blobs,
        detail.expect("readable"),
        log(store).await,
    )
}

/// A commit that fails after its first statements (its lease is lost) is undone as a whole.
pub async fn a_lost_lease_undoes_the_change(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let thread = fixture
        .add_thread(store, &[fixture.client, fixture.writer])
        .await
        .thread
        .id;
    let ticket = fixture.add_ticket(store, fixture.client, None).await.id;
    let upload = fixture
        .add_upload(store, fixture.client, BlobPurpose::MessageAttachment)
        .await;
    let lease = reserve(store, &fixture, "a key").await;
    store.release(lease).await.expect("the lease is given back");
    let before = footprint(store, &fixture, thread, ticket).await;
    let mut message = fixture.new_message(thread, fixture.client);
    message.attachment = Some(upload);
    let commit = Commit::new(message)
        .with_event(event(&fixture, message_sent(&fixture, thread)))
        .completing(completion(lease));
    assert_stale(
        &store.post_message(commit).await,
        "a completion without a lease",
    );
    assert_eq!(footprint(store, &fixture, thread, ticket).await, before);
    let blobs = store.list_blobs(None, 10).await.expect("readable");
    assert_eq!(blobs[0].state, BlobState::Pending, "the blob was taken");
}

/// A change of a row, or a link to one, that is not there is stale.
pub async fn missing_rows_are_stale(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let at = fixture.tick();
    let nobody = UserId::new(9_999);
    let no_thread = ThreadId::new(9_999);
    let no_message = MessageId::new(9_999);
    let no_ticket = TicketId::new(9_999);

    macro_rules! stale {
        ($method:ident, $change:expr) => {
            let told = log(store).await.len();
            let commit =
                Commit::new($change).with_event(event(&fixture, user_changed(fixture.client)));
            assert_stale(&store.$method(commit).await, stringify!($method));
            assert_eq!(log(store).await.len(), told, "{}", stringify!($method));
        };
    }

    stale!(update_user, UserUpdate::of(nobody));
    let mut bundle = fixture.add_bundle(store, fixture.client, None).await;
    bundle.id = BundleId::new(9_999);
    stale!(
        update_bundle,
        BundleUpdate {
            bundle,
            writer: None
        }
    );
    let assignment = |bundle, writer| WriterAssignment { bundle, writer, at };
    stale!(assign_writer, assignment(BundleId::new(9_999), None));
    stale!(assign_writer, assignment(fixture.bundle, Some(nobody)));
    let mut row = fixture.new_thread(&[fixture.client, fixture.writer]);
    row.about = SubjectRef::bundle(BundleId::new(9_999));
    stale!(open_thread, row);
    let mut row = fixture.new_thread(&[fixture.client, fixture.writer]);
    row.participants.push(nobody);
    stale!(open_thread, row);
    let update = ThreadUpdate {
        thread: no_thread,
        subject: None,
        is_active: Some(false),
        at,
        viewer: fixture.admin.id,
    };
    stale!(update_thread, update);
    let thread = fixture
        .add_thread(store, &[fixture.client, fixture.writer])
        .await
        .thread
        .id;
    let addition = |thread, user| ParticipantAddition {
        thread,
        user,
        at,
        viewer: fixture.admin.id,
    };
    stale!(add_participant, addition(no_thread, fixture.editor.id));
    stale!(add_participant, addition(thread, nobody));
    let removal = ParticipantRemoval {
        thread: no_thread,
        user: fixture.client.id,
    };
    stale!(remove_participant, removal);
    let mark = ReadMark {
        thread: no_thread,
        user: fixture.client.id,
        up_to: None,
        at,
    };
    stale!(mark_read, mark);
    stale!(post_message, fixture.new_message(no_thread, fixture.client));
    let mut message = fixture.new_message(thread, fixture.client);
    message.recipient = Some(nobody);
    stale!(post_message, message);
    let mut message = fixture.new_message(thread, fixture.client);
    message.reply_to = Some(no_message);
    stale!(post_message, message);
    let edit = MessageEdit {
        message: no_message,
        text: words("New"),
        at,
        scope: scope(fixture.client),
    };
    stale!(edit_message, edit);
    let deletion = MessageDeletion {
        message: no_message,
        at,
    };
    stale!(delete_message, deletion);
    let about = Some(SubjectRef::bundle(BundleId::new(9_999)));
    stale!(create_ticket, fixture.new_ticket(fixture.client, about));
    let mut ticket = fixture.add_ticket(store, fixture.client, None).await;
    let id = ticket.id;
    let update = |ticket, assigned_to| TicketUpdate {
        ticket,
        assigned_to,
        at,
        scope: scope(fixture.admin),
    };
    stale!(update_ticket, update(ticket.clone(), Some(Some(nobody))));
    ticket.id = no_ticket;
    stale!(update_ticket, update(ticket, None));
    stale!(
        add_ticket_message,
        fixture.new_note(no_ticket, fixture.client, false)
    );
    let mut upload = fixture
        .add_upload(store, fixture.client, BlobPurpose::TicketAttachment)
        .await;
    let attachment = |ticket, upload| InsertTicketAttachment {
        ticket,
        upload,
        is_internal: false,
        uploaded_at: at,
    };
    stale!(attach_to_ticket, attachment(no_ticket, upload.clone()));
    upload.blob = BlobId::new(9_999);
    stale!(attach_to_ticket, attachment(id, upload));
    let file = FileUpdate {
        file: FileId::new(9_999),
        description: Some(Description::empty()),
        visibility: None,
    };
    stale!(update_file, file);
    stale!(
        delete_file,
        FileDeletion {
            file: FileId::new(9_999),
            at,
        }
    );
}

/// Of commits that rest on the same version at the same time one goes through.
///
/// contract: conv.concurrency
pub async fn one_of_many_wins(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let found = store.bundle(fixture.bundle, scope(fixture.admin)).await;
    let bundle = found.expect("readable").expect("there").bundle;
    let attempts = (0..8).map(|n| {
        let mut bundle = bundle.clone();
        bundle.title = title(&format!("Title {n}"));
        bundle.updated_at = fixture.tick();
        let commit = Commit::new(BundleUpdate {
            bundle,
            writer: None,
        })
        .require(Versioned::Bundle(fixture.bundle).at(1))
        .with_event(event(&fixture, user_changed(fixture.client)));
        store.update_bundle(commit)
    });
    let results = join_all(attempts).await;
    let won: Vec<_> = results
        .iter()
        .filter_map(|result| result.as_ref().ok())
        .collect();
    assert_eq!(won.len(), 1, "exactly one has the version it decided on");
    assert_eq!(won[0].version, 2);
    for result in &results {
        assert!(
            matches!(result, Ok(_) | Err(StoreError::Stale)),
            "{result:?}"
        );
    }
    let found = store.bundle(fixture.bundle, scope(fixture.admin)).await;
    let now = found.expect("readable").expect("there").bundle;
    assert_eq!(now, *won[0]);
    assert_eq!(log(store).await.len(), 1);
}

/// The same of everything else that counts its changes, and of a deletion among them.
///
/// contract: conv.concurrency
pub async fn one_of_many_has_the_version(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let (client, at) = (fixture.client, fixture.now());
    let thread = fixture.add_thread(store, &[client, fixture.writer]).await;
    let thread = thread.thread.id;
    let message = fixture.add_message(store, thread, client).await;
    let file = fixture
        .add_file(store, client, Visibility::default())
        .await
        .id;
    /// How many of these attempts of one kind go through.
    macro_rules! won {
        ($commit:ident, $of:expr, $change:expr) => {{
            let attempts =
                (0..8).map(|n| store.$commit(Commit::new($change(n)).require($of.at(1))));
            let results = join_all(attempts).await;
            for refused in results.iter().filter(|result| result.is_err()) {
                assert_stale(refused, stringify!($commit));
            }
            results.iter().filter(|result| result.is_ok()).count()
        }};
    }
    let users = won!(update_user, Versioned::User(client.id), |n: i32| {
        UserUpdate {
            is_active: Some(n % 2 == 0),
            ..UserUpdate::of(client.id)
        }
    });
    let threads = won!(update_thread, Versioned::Thread(thread), |n: i32| {
        ThreadUpdate {
            thread,
            subject: Some(SubjectLine::cut(&format!("Line {n}"))),
            is_active: None,
            at,
            viewer: client.id,
        }
    });
    let deletion = Commit::new(MessageDeletion { message, at });
    let deletion = deletion.require(Versioned::Message(message).at(1));
    let edits = async {
        won!(edit_message, Versioned::Message(message), |n: i32| {
            MessageEdit {
                message,
                text: words(&format!("Text {n}")),
                at,
                scope: scope(client),
            }
        })
    };
    let (edits, deleted) = futures_util::future::join(edits, store.delete_message(deletion)).await;
    let files = won!(update_file, Versioned::File(file), |n: i32| FileUpdate {
        file,
        description: Some(Description::from_stored(format!("File {n}"))),
        visibility: None,
    });
    assert_eq!((users, threads, files), (1, 1, 1));
    assert_eq!(
        edits + usize::from(deleted.is_ok()),
        1,
        "edits and a deletion"
    );
}

//! The preconditions of a commit.

use classdesk_domain::bundles::WriterAssignment;
use classdesk_domain::files::{FileDeletion, Visibility};
use classdesk_domain::ids::{BundleId, FileId, MessageId, ThreadId, TicketId, UserId};
use classdesk_domain::people::{Role, UserUpdate};
use classdesk_domain::store::{Commit, Precondition, Store, StoreError};
use classdesk_domain::subjects::{Parties, SubjectKind, SubjectRef};
use classdesk_domain::text::DisplayName;
use classdesk_domain::threads::{MessageDeletion, ParticipantRemoval, ThreadUpdate};
use classdesk_domain::tickets::TicketUpdate;

use super::support::{assert_stale, event, log, scope, user_changed};
use crate::Fixture;

/// A fact that never holds.
pub(super) const NEVER: Precondition = Precondition::ActiveUser {
    user: UserId::new(i64::MAX),
    role: Role::Admin,
};

/// Whether a commit that rests on `fact` goes through; if not, that it left nothing behind.
async fn holds(store: &dyn Store, fixture: &Fixture, fact: Precondition) -> bool {
    let before = store.user(fixture.admin.id).await.expect("readable");
    let told = log(store).await.len();
    let name = DisplayName::from_stored(format!("Admin {}", fixture.tick()));
    let update = UserUpdate {
        display_name: Some(name.clone()),
        ..UserUpdate::of(fixture.admin.id)
    };
    let commit = Commit::new(update)
        .require(fact.clone())
        .with_event(event(fixture, user_changed(fixture.admin)));
    match store.update_user(commit).await {
        Ok(user) => {
            assert_eq!(user.display_name, name);
            assert_eq!(log(store).await.len(), told + 1);
            true
        }
        Err(StoreError::Stale) => {
            let after = store.user(fixture.admin.id).await.expect("readable");
            assert_eq!(after, before, "a stale commit changed something");
            assert_eq!(
                log(store).await.len(),
                told,
                "a stale commit told something"
            );
            false
        }
        Err(other) => panic!("{fact:?}: {other}"),
    }
}

/// [`Precondition::ActiveUser`]: existence, role and activity are all checked.
///
/// contract: perm.inactive
pub async fn an_active_user_is_checked(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let fact = |user, role| Precondition::ActiveUser { user, role };
    let client = fixture.client.id;
    assert!(holds(store, &fixture, fact(client, Role::Client)).await);
    assert!(!holds(store, &fixture, fact(client, Role::Writer)).await);
    assert!(!holds(store, &fixture, fact(UserId::new(9_999), Role::Client)).await);
    let update = UserUpdate {
        is_active: Some(false),
        ..UserUpdate::of(client)
    };
    store
        .update_user(Commit::new(update))
        .await
        .expect("change");
    assert!(!holds(store, &fixture, fact(client, Role::Client)).await);
}

/// [`Precondition::HasRole`]: existence and role are checked, activity is not.
pub async fn a_role_is_checked(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let fact = |user, role| Precondition::HasRole { user, role };
    let client = fixture.client.id;
    assert!(holds(store, &fixture, fact(client, Role::Client)).await);
    assert!(!holds(store, &fixture, fact(client, Role::Writer)).await);
    assert!(!holds(store, &fixture, fact(UserId::new(9_999), Role::Client)).await);
    let update = UserUpdate {
        is_active: Some(false),
        ..UserUpdate::of(client)
    };
    store
        .update_user(Commit::new(update))
        .await
        .expect("change");
    assert!(holds(store, &fixture, fact(client, Role::Client)).await);
}

/// [`Precondition::OtherSuperadmin`]: another person, their role and activity are all checked.
pub async fn another_superadmin_is_checked(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let fact = |than| Precondition::OtherSuperadmin { than };
    let (superadmin, admin) = (fixture.superadmin.id, fixture.admin.id);
    assert!(holds(store, &fixture, fact(admin)).await);
    assert!(!holds(store, &fixture, fact(superadmin)).await);
    let second = fixture.add_user(store, "second", Role::Superadmin).await.id;
    assert!(holds(store, &fixture, fact(superadmin)).await);
    assert!(holds(store, &fixture, fact(second)).await);
    for (role, is_active) in [(Role::Superadmin, false), (Role::Admin, true)] {
        let update = UserUpdate {
            role: Some(role),
            is_active: Some(is_active),
            ..UserUpdate::of(second)
        };
        store
            .update_user(Commit::new(update))
            .await
            .expect("change");
        assert!(!holds(store, &fixture, fact(superadmin)).await);
    }
}

/// [`Precondition::Parties`]: existence, client and writer are all checked.
///
/// contract: perm.replaced-writer
pub async fn parties_are_checked(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let fact = |subject: SubjectRef, parties| Precondition::Parties { subject, parties };
    let parties = fixture.parties();
    assert!(holds(store, &fixture, fact(fixture.subject(), parties)).await);
    let other_client = Parties {
        client: fixture.other_client.id,
        ..parties
    };
    assert!(!holds(store, &fixture, fact(fixture.subject(), other_client)).await);
    let no_writer = Parties {
        assigned_writer: None,
        ..parties
    };
    assert!(!holds(store, &fixture, fact(fixture.subject(), no_writer)).await);
    let missing = SubjectRef::bundle(BundleId::new(9_999));
    assert!(!holds(store, &fixture, fact(missing, parties)).await);
    let other_kind = SubjectKind::parse("order").expect("a kind");
    let other_kind = SubjectRef::new(other_kind, fixture.bundle.get());
    assert!(!holds(store, &fixture, fact(other_kind, parties)).await);
    let assignment = WriterAssignment {
        bundle: fixture.bundle,
        writer: None,
        at: fixture.tick(),
    };
    store
        .assign_writer(Commit::new(assignment))
        .await
        .expect("change");
    assert!(!holds(store, &fixture, fact(fixture.subject(), parties)).await);
    assert!(holds(store, &fixture, fact(fixture.subject(), no_writer)).await);
}

/// [`Precondition::Participant`].
pub async fn a_participant_is_checked(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let thread = fixture
        .add_thread(store, &[fixture.client, fixture.writer])
        .await
        .thread
        .id;
    let fact = |thread, user| Precondition::Participant { thread, user };
    assert!(holds(store, &fixture, fact(thread, fixture.writer.id)).await);
    assert!(!holds(store, &fixture, fact(thread, fixture.editor.id)).await);
    assert!(
        !holds(
            store,
            &fixture,
            fact(ThreadId::new(9_999), fixture.writer.id)
        )
        .await
    );
    let removal = ParticipantRemoval {
        thread,
        user: fixture.writer.id,
    };
    store
        .remove_participant(Commit::new(removal))
        .await
        .expect("change");
    assert!(!holds(store, &fixture, fact(thread, fixture.writer.id)).await);
}

/// [`Precondition::ThreadActive`].
pub async fn an_open_thread_is_checked(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let thread = fixture
        .add_thread(store, &[fixture.client, fixture.writer])
        .await
        .thread
        .id;
    let fact = |thread, active| Precondition::ThreadActive { thread, active };
    assert!(holds(store, &fixture, fact(thread, true)).await);
    assert!(!holds(store, &fixture, fact(thread, false)).await);
    assert!(!holds(store, &fixture, fact(ThreadId::new(9_999), true)).await);
    let update = ThreadUpdate {
        thread,
        subject: None,
        is_active: Some(false),
        at: fixture.tick(),
        viewer: fixture.client.id,
    };
    store
        .update_thread(Commit::new(update))
        .await
        .expect("change");
    assert!(!holds(store, &fixture, fact(thread, true)).await);
    assert!(holds(store, &fixture, fact(thread, false)).await);
}

/// [`Precondition::BundleVersion`].
///
/// contract: conv.concurrency
pub async fn a_bundle_version_is_checked(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let fact = |bundle, version| Precondition::BundleVersion { bundle, version };
    assert!(holds(store, &fixture, fact(fixture.bundle, 1)).await);
    assert!(!holds(store, &fixture, fact(fixture.bundle, 2)).await);
    assert!(!holds(store, &fixture, fact(BundleId::new(9_999), 1)).await);
    let assignment = WriterAssignment {
        bundle: fixture.bundle,
        writer: Some(fixture.other_writer.id),
        at: fixture.tick(),
    };
    store
        .assign_writer(Commit::new(assignment))
        .await
        .expect("change");
    assert!(!holds(store, &fixture, fact(fixture.bundle, 1)).await);
    assert!(holds(store, &fixture, fact(fixture.bundle, 2)).await);
}

/// [`Precondition::TicketVersion`].
///
/// contract: conv.concurrency
pub async fn a_ticket_version_is_checked(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let ticket = fixture.add_ticket(store, fixture.client, None).await;
    let fact = |ticket, version| Precondition::TicketVersion { ticket, version };
    assert!(holds(store, &fixture, fact(ticket.id, 1)).await);
    assert!(!holds(store, &fixture, fact(ticket.id, 2)).await);
    assert!(!holds(store, &fixture, fact(TicketId::new(9_999), 1)).await);
    let id = ticket.id;
    let update = TicketUpdate {
        ticket,
        assigned_to: None,
        at: fixture.tick(),
        scope: scope(fixture.admin),
    };
    store
        .update_ticket(Commit::new(update))
        .await
        .expect("change");
    assert!(!holds(store, &fixture, fact(id, 1)).await);
    assert!(holds(store, &fixture, fact(id, 2)).await);
}

/// [`Precondition::MessageNotDeleted`].
pub async fn a_standing_message_is_checked(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let thread = fixture
        .add_thread(store, &[fixture.client, fixture.writer])
        .await
        .thread
        .id;
    let message = fixture.add_message(store, thread, fixture.client).await;
    let fact = |message| Precondition::MessageNotDeleted { message };
    assert!(holds(store, &fixture, fact(message)).await);
    assert!(!holds(store, &fixture, fact(MessageId::new(9_999))).await);
    let deletion = MessageDeletion {
        message,
        at: fixture.tick(),
    };
    store
        .delete_message(Commit::new(deletion))
        .await
        .expect("change");
    assert!(!holds(store, &fixture, fact(message)).await);
}

/// [`Precondition::FileVisibleTo`].
pub async fn a_standing_file_is_checked(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let file = fixture
        .add_file(store, fixture.client, Visibility::default())
        .await
        .id;
    let fact = |file, to_client, to_writer| {
        let visibility = Visibility {
            to_client,
            to_writer,
        };
        Precondition::FileVisibleTo { file, visibility }
    };
    assert!(holds(store, &fixture, fact(file, true, true)).await);
    assert!(!holds(store, &fixture, fact(file, false, true)).await);
    assert!(!holds(store, &fixture, fact(file, true, false)).await);
    assert!(!holds(store, &fixture, fact(FileId::new(9_999), true, true)).await);
    store
        .delete_file(Commit::new(FileDeletion {
            file,
            at: fixture.now(),
        }))
        .await
        .expect("change");
    assert!(!holds(store, &fixture, fact(file, true, true)).await);
}

/// One fact that does not hold is enough, wherever it stands.
pub async fn every_fact_has_to_hold(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let good = Precondition::BundleVersion {
        bundle: fixture.bundle,
        version: 1,
    };
    for facts in [[good.clone(), NEVER], [NEVER, good.clone()], [NEVER, NEVER]] {
        let commit = Commit::new(UserUpdate::of(fixture.client.id)).require_all(facts);
        assert_stale(&store.update_user(commit).await, "a false precondition");
    }
    let commit = Commit::new(UserUpdate::of(fixture.client.id)).require_all([good.clone(), good]);
    store.update_user(commit).await.expect("all facts hold");
}

//! The guard of a commit.

use classdesk_domain::bundles::WriterAssignment;
use classdesk_domain::events::EventAction;
use classdesk_domain::files::Visibility;
use classdesk_domain::ids::{BundleId, FileId, MessageId, ThreadId, TicketId, UserId};
use classdesk_domain::people::{Role, UserUpdate};
use classdesk_domain::store::{Commit, Fact, Store, StoreError};
use classdesk_domain::subjects::{Parties, SubjectKind, SubjectRef};
use classdesk_domain::text::DisplayName;
use classdesk_domain::threads::{MessageDeletion, ParticipantRemoval, ThreadUpdate};
use classdesk_domain::tickets::TicketUpdate;

use super::support::{assert_stale, event, log, sight};
use crate::World;

/// A fact that never holds.
pub(super) const NEVER: Fact = Fact::ActiveUser {
    user: UserId::new(i64::MAX),
    role: Role::Admin,
};

/// Whether a commit that rests on `fact` goes through; if not, that it left nothing behind.
async fn holds(store: &dyn Store, world: &World, fact: Fact) -> bool {
    let before = store.user(world.admin.id).await.expect("readable");
    let told = log(store).await.len();
    let name = DisplayName::from_stored(format!("Admin {}", world.tick()));
    let update = UserUpdate {
        display_name: Some(name.clone()),
        ..UserUpdate::of(world.admin.id)
    };
    let commit = Commit::new(update).resting_on(fact.clone()).telling(event(
        world,
        EventAction::UserChanged,
        "user",
    ));
    match store.update_user(commit).await {
        Ok(user) => {
            assert_eq!(user.display_name, name);
            assert_eq!(log(store).await.len(), told + 1);
            true
        }
        Err(StoreError::Stale) => {
            let after = store.user(world.admin.id).await.expect("readable");
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

/// [`Fact::ActiveUser`]: existence, role and activity are all checked.
///
/// contract: perm.inactive
pub async fn an_active_user_is_checked(store: &dyn Store) {
    let world = World::create(store).await;
    let fact = |user, role| Fact::ActiveUser { user, role };
    let client = world.client.id;
    assert!(holds(store, &world, fact(client, Role::Client)).await);
    assert!(!holds(store, &world, fact(client, Role::Writer)).await);
    assert!(!holds(store, &world, fact(UserId::new(9_999), Role::Client)).await);
    let update = UserUpdate {
        is_active: Some(false),
        ..UserUpdate::of(client)
    };
    store
        .update_user(Commit::new(update))
        .await
        .expect("change");
    assert!(!holds(store, &world, fact(client, Role::Client)).await);
}

/// [`Fact::HasRole`]: existence and role are checked, activity is not.
pub async fn a_role_is_checked(store: &dyn Store) {
    let world = World::create(store).await;
    let fact = |user, role| Fact::HasRole { user, role };
    let client = world.client.id;
    assert!(holds(store, &world, fact(client, Role::Client)).await);
    assert!(!holds(store, &world, fact(client, Role::Writer)).await);
    assert!(!holds(store, &world, fact(UserId::new(9_999), Role::Client)).await);
    let update = UserUpdate {
        is_active: Some(false),
        ..UserUpdate::of(client)
    };
    store
        .update_user(Commit::new(update))
        .await
        .expect("change");
    assert!(holds(store, &world, fact(client, Role::Client)).await);
}

/// [`Fact::Parties`]: existence, client and writer are all checked.
///
/// contract: perm.replaced-writer
pub async fn parties_are_checked(store: &dyn Store) {
    let world = World::create(store).await;
    let fact = |subject: SubjectRef, parties| Fact::Parties { subject, parties };
    let parties = world.parties();
    assert!(holds(store, &world, fact(world.subject(), parties)).await);
    let other_client = Parties {
        client: world.other_client.id,
        ..parties
    };
    assert!(!holds(store, &world, fact(world.subject(), other_client)).await);
    let no_writer = Parties {
        assigned_writer: None,
        ..parties
    };
    assert!(!holds(store, &world, fact(world.subject(), no_writer)).await);
    let missing = SubjectRef::bundle(BundleId::new(9_999));
    assert!(!holds(store, &world, fact(missing, parties)).await);
    let other_kind = SubjectKind::parse("order").expect("a kind");
    let other_kind = SubjectRef::new(other_kind, world.bundle.get());
    assert!(!holds(store, &world, fact(other_kind, parties)).await);
    let assignment = WriterAssignment {
        bundle: world.bundle,
        writer: None,
        at: world.tick(),
    };
    store
        .assign_writer(Commit::new(assignment))
        .await
        .expect("change");
    assert!(!holds(store, &world, fact(world.subject(), parties)).await);
    assert!(holds(store, &world, fact(world.subject(), no_writer)).await);
}

/// [`Fact::Participant`].
pub async fn a_participant_is_checked(store: &dyn Store) {
    let world = World::create(store).await;
    let thread = world
        .add_thread(store, &[world.client, world.writer])
        .await
        .thread
        .id;
    let fact = |thread, user| Fact::Participant { thread, user };
    assert!(holds(store, &world, fact(thread, world.writer.id)).await);
    assert!(!holds(store, &world, fact(thread, world.editor.id)).await);
    assert!(!holds(store, &world, fact(ThreadId::new(9_999), world.writer.id)).await);
    let removal = ParticipantRemoval {
        thread,
        user: world.writer.id,
    };
    store
        .remove_participant(Commit::new(removal))
        .await
        .expect("change");
    assert!(!holds(store, &world, fact(thread, world.writer.id)).await);
}

/// [`Fact::ThreadActive`].
pub async fn an_open_thread_is_checked(store: &dyn Store) {
    let world = World::create(store).await;
    let thread = world
        .add_thread(store, &[world.client, world.writer])
        .await
        .thread
        .id;
    let fact = |thread, active| Fact::ThreadActive { thread, active };
    assert!(holds(store, &world, fact(thread, true)).await);
    assert!(!holds(store, &world, fact(thread, false)).await);
    assert!(!holds(store, &world, fact(ThreadId::new(9_999), true)).await);
    let update = ThreadUpdate {
        thread,
        subject: None,
        is_active: Some(false),
        at: world.tick(),
        viewer: world.client.id,
    };
    store
        .update_thread(Commit::new(update))
        .await
        .expect("change");
    assert!(!holds(store, &world, fact(thread, true)).await);
    assert!(holds(store, &world, fact(thread, false)).await);
}

/// [`Fact::BundleVersion`].
///
/// contract: conv.concurrency
pub async fn a_bundle_version_is_checked(store: &dyn Store) {
    let world = World::create(store).await;
    let fact = |bundle, version| Fact::BundleVersion { bundle, version };
    assert!(holds(store, &world, fact(world.bundle, 1)).await);
    assert!(!holds(store, &world, fact(world.bundle, 2)).await);
    assert!(!holds(store, &world, fact(BundleId::new(9_999), 1)).await);
    let assignment = WriterAssignment {
        bundle: world.bundle,
        writer: Some(world.other_writer.id),
        at: world.tick(),
    };
    store
        .assign_writer(Commit::new(assignment))
        .await
        .expect("change");
    assert!(!holds(store, &world, fact(world.bundle, 1)).await);
    assert!(holds(store, &world, fact(world.bundle, 2)).await);
}

/// [`Fact::TicketVersion`].
///
/// contract: conv.concurrency
pub async fn a_ticket_version_is_checked(store: &dyn Store) {
    let world = World::create(store).await;
    let ticket = world.add_ticket(store, world.client, None).await;
    let fact = |ticket, version| Fact::TicketVersion { ticket, version };
    assert!(holds(store, &world, fact(ticket.id, 1)).await);
    assert!(!holds(store, &world, fact(ticket.id, 2)).await);
    assert!(!holds(store, &world, fact(TicketId::new(9_999), 1)).await);
    let id = ticket.id;
    let update = TicketUpdate {
        ticket,
        assigned_to: None,
        at: world.tick(),
        sight: sight(world.admin),
    };
    store
        .update_ticket(Commit::new(update))
        .await
        .expect("change");
    assert!(!holds(store, &world, fact(id, 1)).await);
    assert!(holds(store, &world, fact(id, 2)).await);
}

/// [`Fact::MessageStands`].
pub async fn a_standing_message_is_checked(store: &dyn Store) {
    let world = World::create(store).await;
    let thread = world
        .add_thread(store, &[world.client, world.writer])
        .await
        .thread
        .id;
    let message = world.add_message(store, thread, world.client).await;
    let fact = |message| Fact::MessageStands { message };
    assert!(holds(store, &world, fact(message)).await);
    assert!(!holds(store, &world, fact(MessageId::new(9_999))).await);
    let deletion = MessageDeletion {
        message,
        at: world.tick(),
    };
    store
        .delete_message(Commit::new(deletion))
        .await
        .expect("change");
    assert!(!holds(store, &world, fact(message)).await);
}

/// [`Fact::FileStands`].
pub async fn a_standing_file_is_checked(store: &dyn Store) {
    let world = World::create(store).await;
    let file = world
        .add_file(store, world.client, Visibility::default())
        .await
        .id;
    let fact = |file, to_client, to_writer| {
        let visibility = Visibility {
            to_client,
            to_writer,
        };
        Fact::FileStands { file, visibility }
    };
    assert!(holds(store, &world, fact(file, true, true)).await);
    assert!(!holds(store, &world, fact(file, false, true)).await);
    assert!(!holds(store, &world, fact(file, true, false)).await);
    assert!(!holds(store, &world, fact(FileId::new(9_999), true, true)).await);
    store.delete_file(Commit::new(file)).await.expect("change");
    assert!(!holds(store, &world, fact(file, true, true)).await);
}

/// One fact that does not hold is enough, wherever it stands.
pub async fn every_fact_has_to_hold(store: &dyn Store) {
    let world = World::create(store).await;
    let good = Fact::BundleVersion {
        bundle: world.bundle,
        version: 1,
    };
    for guard in [[good.clone(), NEVER], [NEVER, good.clone()], [NEVER, NEVER]] {
        let commit = Commit::new(UserUpdate::of(world.client.id)).resting_on_all(guard);
        assert_stale(
            &store.update_user(commit).await,
            "a guard with a false fact",
        );
    }
    let commit = Commit::new(UserUpdate::of(world.client.id)).resting_on_all([good.clone(), good]);
    store.update_user(commit).await.expect("all facts hold");
}

//! The preconditions of a commit.

use classdesk_domain::bundles::WriterAssignment;
use classdesk_domain::files::{FileDeletion, FileUpdate, Visibility};
use classdesk_domain::ids::{BundleId, FileId, MessageId, ThreadId, TicketId, UserId};
use classdesk_domain::people::{Role, UserUpdate};
use classdesk_domain::store::{Commit, Precondition, Store, StoreError, Versioned};
use classdesk_domain::subjects::{Parties, Subject, SubjectKind, SubjectPut, SubjectRef};
use classdesk_domain::text::DisplayName;
use classdesk_domain::threads::{MessageDeletion, ParticipantRemoval, ThreadUpdate};
use classdesk_domain::tickets::TicketUpdate;

use super::support::{assert_stale, event, log, scope, user_changed};
use crate::Fixture;
use crate::fixture::title;

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

/// [`Precondition::Version`]: each thing that counts its changes has to be there, in this version. Its
/// own changes count it up, and those of others do not.
///
/// contract: conv.concurrency
pub async fn versions_are_checked(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let (bundle, client) = (fixture.bundle, fixture.client);
    let thread = fixture.add_thread(store, &[client, fixture.writer]).await;
    let thread = thread.thread.id;
    let message = fixture.add_message(store, thread, client).await;
    let ticket = fixture.add_ticket(store, client, None).await;
    let file = fixture
        .add_file(store, client, Visibility::default())
        .await
        .id;
    let subject = |reference: &SubjectRef| Versioned::Subject(reference.clone());
    let order = SubjectRef::new(SubjectKind::parse("order").expect("a kind"), 7);
    let put = |before: Option<&Subject>| SubjectPut {
        subject: Subject {
            external_id: None,
            reference: order.clone(),
            parties: fixture.parties(),
            label: title("An order"),
            version: 1,
        },
        before: before.cloned(),
        joins: None,
        at: fixture.tick(),
    };
    let registered = store.put_subject(Commit::new(put(None))).await;
    let registered = registered.expect("registered");
    let all = [
        Versioned::User(client.id),
        subject(&order),
        Versioned::Bundle(bundle),
        subject(&fixture.subject()),
        Versioned::Thread(thread),
        Versioned::Ticket(ticket.id),
        Versioned::Message(message),
        Versioned::File(file),
    ];
    let versions = async || {
        let mut found = Vec::new();
        for one in &all {
            let mut version = 1;
            while !holds(store, &fixture, one.clone().at(version)).await {
                version += 1;
                assert!(version < 9, "{one:?} is in no version");
            }
            let next = one.clone().at(version + 1);
            assert!(!holds(store, &fixture, next).await, "{one:?}");
            found.push(version);
        }
        found
    };
    assert_eq!(versions().await, [1; 8]);
    let update = UserUpdate {
        is_active: Some(true),
        ..UserUpdate::of(client.id)
    };
    store
        .update_user(Commit::new(update))
        .await
        .expect("changed");
    let put = store.put_subject(Commit::new(put(Some(&registered))));
    put.await.expect("changed");
    let assignment = WriterAssignment {
        bundle,
        writer: None,
        at: fixture.tick(),
    };
    let assigned = store.assign_writer(Commit::new(assignment)).await;
    assigned.expect("changed");
    // Another writer is a change of the thread too: other people take part.
    assert_eq!(versions().await, [2, 2, 2, 2, 2, 1, 1, 1]);
    let update = ThreadUpdate {
        thread,
        subject: None,
        is_active: Some(false),
        at: fixture.tick(),
        viewer: client.id,
    };
    let changed = store.update_thread(Commit::new(update)).await;
    changed.expect("changed");
    fixture.add_message(store, thread, client).await;
    let update = TicketUpdate {
        ticket,
        assigned_to: None,
        at: fixture.tick(),
        scope: scope(fixture.admin),
    };
    let changed = store.update_ticket(Commit::new(update)).await;
    changed.expect("changed");
    let at = fixture.tick();
    let deleted = store.delete_message(Commit::new(MessageDeletion { message, at }));
    deleted.await.expect("deleted");
    let update = FileUpdate {
        file,
        description: None,
        visibility: Some(Visibility {
            to_client: false,
            to_writer: true,
        }),
    };
    store
        .update_file(Commit::new(update))
        .await
        .expect("changed");
    assert_eq!(versions().await, [2, 2, 2, 2, 3, 2, 2, 2]);
    for missing in [
        Versioned::User(UserId::new(9_999)),
        subject(&SubjectRef::bundle(BundleId::new(9_999))),
        Versioned::Bundle(BundleId::new(9_999)),
        Versioned::Thread(ThreadId::new(9_999)),
        Versioned::Ticket(TicketId::new(9_999)),
        Versioned::Message(MessageId::new(9_999)),
        Versioned::File(FileId::new(9_999)),
    ] {
        assert!(!holds(store, &fixture, missing.at(1)).await);
    }
    let deletion = FileDeletion { file, at };
    store
        .delete_file(Commit::new(deletion))
        .await
        .expect("deleted");
    assert!(!holds(store, &fixture, Versioned::File(file).at(2)).await);
}

/// One fact that does not hold is enough, wherever it stands.
pub async fn every_fact_has_to_hold(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let good = Versioned::Bundle(fixture.bundle).at(1);
    for facts in [[good.clone(), NEVER], [NEVER, good.clone()], [NEVER, NEVER]] {
        let commit = Commit::new(UserUpdate::of(fixture.client.id)).require_all(facts);
        assert_stale(&store.update_user(commit).await, "a false precondition");
    }
    let commit = Commit::new(UserUpdate::of(fixture.client.id)).require_all([good.clone(), good]);
    store.update_user(commit).await.expect("all facts hold");
}

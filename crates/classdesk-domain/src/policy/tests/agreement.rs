//! What is in sight in a list is what a single decision allows, and nothing else.

use super::cells::{CLIENT, SOMEBODY, WRITER, actors, pairs, parties};
use crate::files::model::Visibility;
use crate::people::model::{Actor, Role};
use crate::policy::{
    AccessScope, BundleAction, BundleScope, FileAccess, FileAction, FileScope, NoteScope,
    Permission, ReceiptScope, ThreadAccess, ThreadAction, ThreadScope, TicketAccess, TicketAction,
    TicketScope, authorize,
};
use crate::subjects::model::Parties;

fn sees_bundle(scope: &AccessScope, parties: &Parties) -> bool {
    match scope.bundles {
        BundleScope::All => true,
        BundleScope::OwnedBy(client) => parties.client == client,
        BundleScope::AssignedTo(writer) => parties.assigned_writer == Some(writer),
    }
}

fn sees_thread(scope: &AccessScope, parties: &Parties, participates: bool) -> bool {
    match scope.threads {
        ThreadScope::All => true,
        ThreadScope::OwnedAndJoined(client) => parties.client == client && participates,
        ThreadScope::AssignedAndJoined(writer) => {
            parties.assigned_writer == Some(writer) && participates
        }
    }
}

fn sees_ticket(scope: &AccessScope, access: &TicketAccess) -> bool {
    let writer = access.parties.and_then(|parties| parties.assigned_writer);
    match scope.tickets {
        TicketScope::All => true,
        TicketScope::RequestedBy(user) => access.requester == user,
        TicketScope::RequestedByUnlessAssigned(user) => {
            access.requester == user && writer != Some(user)
        }
    }
}

const fn sees_file(scope: &AccessScope, visibility: Visibility) -> bool {
    match scope.files {
        FileScope::All => true,
        FileScope::VisibleToClient => visibility.to_client,
        FileScope::VisibleToWriter => visibility.to_writer,
    }
}

fn allowed(actor: &Actor, ask: &Permission) -> bool {
    authorize(actor, ask).is_allowed()
}

/// contract: perm.policy, perm.counts
#[test]
fn bundles() {
    for (actor, parties) in pairs(&actors(), &parties()) {
        let ask = Permission::Bundle(BundleAction::See, parties);
        let seen = sees_bundle(&AccessScope::of(&actor), &parties);
        assert_eq!(seen, allowed(&actor, &ask), "{actor:?} {ask:?}");
    }
}

/// contract: perm.policy, perm.counts, perm.participant-party
#[test]
fn threads() {
    let facts = pairs(
        &[CLIENT, WRITER, SOMEBODY],
        &pairs(&parties(), &[true, false]),
    );
    for (actor, (created_by, (parties, participates))) in pairs(&actors(), &facts) {
        let ask = Permission::Thread(
            ThreadAction::See,
            ThreadAccess {
                parties,
                participates,
                created_by,
            },
        );
        let seen = sees_thread(&AccessScope::of(&actor), &parties, participates);
        assert_eq!(seen, allowed(&actor, &ask), "{actor:?} {ask:?}");
    }
}

/// contract: perm.policy, perm.counts
#[test]
fn tickets_and_what_is_on_them() {
    let [with_writer, without] = parties();
    let subjects = [Some(with_writer), Some(without), None];
    let facts = pairs(&subjects, &[CLIENT, WRITER, SOMEBODY]);
    for (actor, (parties, requester)) in pairs(&actors(), &facts) {
        let access = TicketAccess { parties, requester };
        let scope = AccessScope::of(&actor);
        let ask = Permission::Ticket(TicketAction::See, access);
        let seen = sees_ticket(&scope, &access);
        assert_eq!(seen, allowed(&actor, &ask), "{actor:?} {ask:?}");
        if seen {
            let ask = Permission::Ticket(TicketAction::SeeInternal, access);
            let internal = scope.notes == NoteScope::All;
            assert_eq!(internal, allowed(&actor, &ask), "{actor:?} {ask:?}");
        }
    }
}

/// contract: perm.policy, perm.counts
#[test]
fn files_of_a_bundle_in_sight() {
    let flags = pairs(&[true, false], &[true, false]);
    let facts = pairs(&parties(), &pairs(&[CLIENT, WRITER, SOMEBODY], &flags));
    for (actor, (parties, (uploaded_by, (to_client, to_writer)))) in pairs(&actors(), &facts) {
        let visibility = Visibility {
            to_client,
            to_writer,
        };
        let access = FileAccess {
            parties,
            uploaded_by,
            visibility,
        };
        let ask = Permission::File(FileAction::See, access);
        let scope = AccessScope::of(&actor);
        let seen = sees_bundle(&scope, &parties) && sees_file(&scope, visibility);
        assert_eq!(seen, allowed(&actor, &ask), "{actor:?} {ask:?}");
    }
}

#[test]
fn receipts_are_for_senders_and_staff_and_the_viewer_is_the_actor() {
    for actor in actors() {
        let scope = AccessScope::of(&actor);
        let expected = match actor.role {
            Role::Client | Role::Writer => ReceiptScope::OwnMessages,
            Role::Editor | Role::Admin | Role::Superadmin => ReceiptScope::All,
        };
        assert_eq!((scope.receipts, scope.viewer), (expected, actor.id));
    }
}

//! What is in sight in a list is what a single decision allows, and nothing else.

use super::super::{
    Ask, BundleAction, BundleSight, FileAction, FileSight, FileStanding, NoteSight, ReceiptSight,
    Sight, ThreadAction, ThreadSight, ThreadStanding, TicketAction, TicketSight, TicketStanding,
    decide,
};
use super::cells::{CLIENT, SOMEBODY, WRITER, actors, pairs, parties};
use crate::files::Visibility;
use crate::people::{Actor, Role};
use crate::subjects::Parties;

fn sees_bundle(sight: &Sight, parties: &Parties) -> bool {
    match sight.bundles {
        BundleSight::All => true,
        BundleSight::OwnedBy(client) => parties.client == client,
        BundleSight::AssignedTo(writer) => parties.assigned_writer == Some(writer),
    }
}

fn sees_thread(sight: &Sight, parties: &Parties, participates: bool) -> bool {
    match sight.threads {
        ThreadSight::All => true,
        ThreadSight::OwnedAndJoined(client) => parties.client == client && participates,
        ThreadSight::AssignedAndJoined(writer) => {
            parties.assigned_writer == Some(writer) && participates
        }
    }
}

fn sees_ticket(sight: &Sight, standing: &TicketStanding) -> bool {
    let writer = standing.parties.and_then(|parties| parties.assigned_writer);
    match sight.tickets {
        TicketSight::All => true,
        TicketSight::RequestedBy(user) => standing.requester == user,
        TicketSight::RequestedByUnlessAssigned(user) => {
            standing.requester == user && writer != Some(user)
        }
    }
}

const fn sees_file(sight: &Sight, visibility: Visibility) -> bool {
    match sight.files {
        FileSight::All => true,
        FileSight::VisibleToClient => visibility.to_client,
        FileSight::VisibleToWriter => visibility.to_writer,
    }
}

fn allowed(actor: &Actor, ask: &Ask) -> bool {
    decide(actor, ask).is_allowed()
}

/// contract: perm.policy, perm.counts
#[test]
fn bundles() {
    for (actor, parties) in pairs(&actors(), &parties()) {
        let ask = Ask::Bundle(BundleAction::See, parties);
        let seen = sees_bundle(&Sight::of(&actor), &parties);
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
        let ask = Ask::Thread(
            ThreadAction::See,
            ThreadStanding {
                parties,
                participates,
                created_by,
            },
        );
        let seen = sees_thread(&Sight::of(&actor), &parties, participates);
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
        let standing = TicketStanding { parties, requester };
        let sight = Sight::of(&actor);
        let ask = Ask::Ticket(TicketAction::See, standing);
        let seen = sees_ticket(&sight, &standing);
        assert_eq!(seen, allowed(&actor, &ask), "{actor:?} {ask:?}");
        if seen {
            let ask = Ask::Ticket(TicketAction::SeeInternal, standing);
            let internal = sight.notes == NoteSight::All;
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
        let standing = FileStanding {
            parties,
            uploaded_by,
            visibility,
        };
        let ask = Ask::File(FileAction::See, standing);
        let sight = Sight::of(&actor);
        let seen = sees_bundle(&sight, &parties) && sees_file(&sight, visibility);
        assert_eq!(seen, allowed(&actor, &ask), "{actor:?} {ask:?}");
    }
}

#[test]
fn receipts_are_for_senders_and_staff_and_the_viewer_is_the_actor() {
    for actor in actors() {
        let sight = Sight::of(&actor);
        let expected = match actor.role {
            Role::Client | Role::Writer => ReceiptSight::OwnMessages,
            Role::Editor | Role::Admin | Role::Superadmin => ReceiptSight::All,
        };
        assert_eq!((sight.receipts, sight.viewer), (expected, actor.id));
    }
}

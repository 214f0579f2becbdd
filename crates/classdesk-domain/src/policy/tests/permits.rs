//! A permit to read is made only by a question about seeing, and only when it is allowed.

use super::super::{
    Ask, BundleAction, FileAction, FileStanding, MessageAction, ReadPermit, SubjectAction,
    ThreadAction, ThreadStanding, TicketAction, TicketStanding, UserAction, permit_read,
};
use super::cells::{CLIENT, SOMEBODY, WRITER};
use crate::blobs::{BlobInfo, BlobPurpose, ContentType, Sha256Digest, StorageKey, StoredBlob};
use crate::error::Error;
use crate::files::Visibility;
use crate::ids::BlobId;
use crate::people::{Actor, Role};
use crate::subjects::Parties;

const PARTIES: Parties = Parties {
    client: CLIENT,
    assigned_writer: Some(WRITER),
};
const THREAD: ThreadStanding = ThreadStanding {
    parties: PARTIES,
    participates: true,
    created_by: CLIENT,
};
const TICKET: TicketStanding = TicketStanding {
    parties: Some(PARTIES),
    requester: CLIENT,
};
const FILE: FileStanding = FileStanding {
    parties: PARTIES,
    uploaded_by: CLIENT,
    visibility: Visibility {
        to_client: true,
        to_writer: false,
    },
};

fn blob() -> StoredBlob {
    StoredBlob {
        id: BlobId::new(7),
        key: StorageKey::fresh(BlobPurpose::BundleFile, [9; 32]),
        info: BlobInfo {
            size: 3,
            sha256: Sha256Digest::from_bytes([1; 32]),
            content_type: ContentType::unknown(),
        },
    }
}

fn permit(actor: &Actor, ask: &Ask) -> Result<ReadPermit, Error> {
    permit_read(actor, ask, blob())
}

#[test]
fn seeing_permits_reading() {
    let superadmin = Actor::new(SOMEBODY, Role::Superadmin);
    for ask in [
        Ask::Thread(ThreadAction::See, THREAD),
        Ask::Ticket(TicketAction::See, TICKET),
        Ask::Ticket(TicketAction::SeeInternal, TICKET),
        Ask::File(FileAction::See, FILE),
    ] {
        let permit = permit(&superadmin, &ask).expect("staff see everything");
        assert_eq!(permit.key(), &blob().key);
        assert_eq!(permit.info(), &blob().info);
    }
}

/// contract: conv.downloads.policy
#[test]
fn what_may_not_be_seen_may_not_be_read() {
    let stranger = Actor::new(SOMEBODY, Role::Client);
    let writer = Actor::new(WRITER, Role::Writer);
    let client = Actor::new(CLIENT, Role::Client);
    for (actor, ask) in [
        (stranger, Ask::Thread(ThreadAction::See, THREAD)),
        (stranger, Ask::Ticket(TicketAction::See, TICKET)),
        (writer, Ask::Ticket(TicketAction::See, TICKET)),
        (writer, Ask::File(FileAction::See, FILE)),
    ] {
        assert!(
            matches!(permit(&actor, &ask), Err(Error::NotFound)),
            "{ask:?}"
        );
    }
    let internal = Ask::Ticket(TicketAction::SeeInternal, TICKET);
    assert!(matches!(permit(&client, &internal), Err(Error::Forbidden)));
    assert!(permit(&client, &Ask::File(FileAction::See, FILE)).is_ok());
}

/// contract: conv.downloads.policy
#[test]
fn no_other_right_permits_reading() {
    let superadmin = Actor::new(SOMEBODY, Role::Superadmin);
    for ask in [
        Ask::CreateBundle,
        Ask::Bundle(BundleAction::See, PARTIES),
        Ask::Bundle(BundleAction::Upload, PARTIES),
        Ask::Subject(SubjectAction::See, Some(PARTIES)),
        Ask::OpenThread(PARTIES),
        Ask::Thread(ThreadAction::Change, THREAD),
        Ask::Thread(ThreadAction::Post, THREAD),
        Ask::Message(MessageAction::Delete, THREAD, CLIENT),
        Ask::OpenTicket(Some(PARTIES)),
        Ask::Ticket(TicketAction::Write, TICKET),
        Ask::Ticket(TicketAction::WriteInternal, TICKET),
        Ask::File(FileAction::Change, FILE),
        Ask::File(FileAction::SetVisibility, FILE),
        Ask::ListUsers,
        Ask::CreateUser(Role::Client),
        Ask::User(UserAction::See, CLIENT, Role::Client),
        Ask::ReadAudit,
    ] {
        assert!(
            matches!(permit(&superadmin, &ask), Err(Error::NotFound)),
            "{ask:?}"
        );
    }
}

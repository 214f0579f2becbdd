//! A permit to read is made only by a question about seeing, and only when it is allowed.

use super::cells::{CLIENT, SOMEBODY, WRITER};
use crate::blobs::model::{
    BlobInfo, BlobPurpose, ContentType, Sha256Digest, StorageKey, StoredBlob,
};
use crate::error::Error;
use crate::files::model::Visibility;
use crate::ids::BlobId;
use crate::people::model::{Actor, Role};
use crate::policy::{
    BundleAction, FileAccess, FileAction, MessageAction, Permission, ReadPermit, SubjectAction,
    ThreadAccess, ThreadAction, TicketAccess, TicketAction, UserAction, permit_read,
};
use crate::subjects::model::Parties;

const PARTIES: Parties = Parties {
    client: CLIENT,
    assigned_writer: Some(WRITER),
};
const THREAD: ThreadAccess = ThreadAccess {
    parties: PARTIES,
    participates: true,
    created_by: CLIENT,
};
const TICKET: TicketAccess = TicketAccess {
    parties: Some(PARTIES),
    requester: CLIENT,
};
const FILE: FileAccess = FileAccess {
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

fn permit(actor: &Actor, ask: &Permission) -> Result<ReadPermit, Error> {
    Ok(permit_read(actor, ask, blob())?)
}

#[test]
fn seeing_permits_reading() {
    let superadmin = Actor::new(SOMEBODY, Role::Superadmin);
    for ask in [
        Permission::Thread(ThreadAction::See, THREAD),
        Permission::Ticket(TicketAction::See, TICKET),
        Permission::Ticket(TicketAction::SeeInternal, TICKET),
        Permission::File(FileAction::See, FILE),
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
        (stranger, Permission::Thread(ThreadAction::See, THREAD)),
        (stranger, Permission::Ticket(TicketAction::See, TICKET)),
        (writer, Permission::Ticket(TicketAction::See, TICKET)),
        (writer, Permission::File(FileAction::See, FILE)),
    ] {
        assert!(
            matches!(permit(&actor, &ask), Err(Error::NotFound)),
            "{ask:?}"
        );
    }
    let internal = Permission::Ticket(TicketAction::SeeInternal, TICKET);
    assert!(matches!(
        permit(&client, &internal),
        Err(Error::Forbidden(_))
    ));
    assert!(permit(&client, &Permission::File(FileAction::See, FILE)).is_ok());
}

/// contract: conv.downloads.policy
#[test]
fn no_other_right_permits_reading() {
    let superadmin = Actor::new(SOMEBODY, Role::Superadmin);
    for ask in [
        Permission::CreateBundle,
        Permission::Bundle(BundleAction::See, PARTIES),
        Permission::Bundle(BundleAction::Upload, PARTIES),
        Permission::Subject(SubjectAction::See, Some(PARTIES)),
        Permission::OpenThread(PARTIES),
        Permission::Thread(ThreadAction::Change, THREAD),
        Permission::Thread(ThreadAction::Post, THREAD),
        Permission::Message(MessageAction::Delete, THREAD, CLIENT),
        Permission::OpenTicket(Some(PARTIES)),
        Permission::Ticket(TicketAction::Write, TICKET),
        Permission::Ticket(TicketAction::WriteInternal, TICKET),
        Permission::File(FileAction::Change, FILE),
        Permission::File(FileAction::SetVisibility, FILE),
        Permission::ListUsers,
        Permission::CreateUser(Role::Client),
        Permission::User(UserAction::See, CLIENT, Role::Client),
        Permission::ManageWebhooks,
        Permission::ReadAudit,
    ] {
        assert!(
            matches!(permit(&superadmin, &ask), Err(Error::NotFound)),
            "{ask:?}"
        );
    }
}

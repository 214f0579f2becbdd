//! The questions to the policy, and the facts that they carry.

use crate::files::model::Visibility;
use crate::ids::UserId;
use crate::people::model::{Actor, Role};
use crate::subjects::model::Parties;
use crate::tickets::model::Ticket;

/// What an actor is to a subject: exactly one of these (docs/contract.md#2-relations).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Relation {
    /// A client, and the subject's client.
    Owner,
    /// A writer, and the subject's writer.
    AssignedWriter,
    /// Of a staff role.
    Staff,
    /// None of these.
    None,
}

impl Relation {
    /// What `actor` is to a subject with these parties.
    #[must_use]
    pub fn of(actor: &Actor, parties: &Parties) -> Self {
        match actor.role {
            Role::Client if parties.client == actor.id => Self::Owner,
            Role::Writer if parties.assigned_writer == Some(actor.id) => Self::AssignedWriter,
            Role::Editor | Role::Admin | Role::Superadmin => Self::Staff,
            Role::Client | Role::Writer => Self::None,
        }
    }

    pub(super) fn of_maybe(actor: &Actor, parties: Option<&Parties>) -> Self {
        match parties {
            Some(parties) => Self::of(actor, parties),
            None if actor.role.is_staff() => Self::Staff,
            None => Self::None,
        }
    }
}

/// What can be done with a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BundleAction {
    /// See it, its members, and that there are lists below it.
    See,
    /// Change its fields or assign its writer.
    Change,
    /// Put a file on it.
    Upload,
}

/// What can be done with a registered subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SubjectAction {
    /// See it.
    See,
    /// Register, change or remove it.
    Manage,
}

/// What can be done with a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ThreadAction {
    /// See it, its messages and their files.
    See,
    /// Send a message, or mark what is there as read.
    Post,
    /// Change its subject line, close or reopen it.
    Change,
    /// Add or remove participants.
    ManageParticipants,
}

/// What can be done with a message in a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessageAction {
    /// Change its text.
    Edit,
    /// Delete it.
    Delete,
}

/// What can be done with a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TicketAction {
    /// See it, what is public on it, and its history.
    See,
    /// See what is internal on it.
    SeeInternal,
    /// Add a public message or file.
    Write,
    /// Add an internal message or file.
    WriteInternal,
    /// Close or reopen it.
    CloseOrReopen,
    /// Move it to any other state.
    Move,
    /// Change its priority, category or assignee.
    Triage,
    /// Change its title.
    Retitle,
    /// Delete a message or a file of it.
    DeleteContent,
}

/// What can be done with a bundle file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileAction {
    /// See it and download its bytes.
    See,
    /// Change its description, or delete it.
    Change,
    /// Set which party sees it.
    SetVisibility,
}

/// What can be done with a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UserAction {
    /// See them.
    See,
    /// Change their display name, email address, language or time zone.
    ChangeProfile,
    /// Change their username, role, activation or external id.
    Manage,
    /// Give them a password. One's own is changed with the present one instead.
    SetPassword,
    /// Do things with their rights, by a key.
    ActFor,
}

/// What can be done with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyAction {
    /// List it with the others of its owner.
    List,
    /// End it.
    End,
}

/// How an actor stands to a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ThreadAccess {
    /// The parties of the thread's subject.
    pub parties: Parties,
    /// Whether the actor is a participant.
    pub participates: bool,
    /// The creator of the thread.
    pub created_by: UserId,
}

/// What decisions about a ticket rest on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TicketAccess {
    /// The parties of the ticket's subject, if it has one.
    pub parties: Option<Parties>,
    /// The requester.
    pub requester: UserId,
}

/// What decisions about a bundle file rest on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileAccess {
    /// The parties of the file's bundle.
    pub parties: Parties,
    /// The uploader.
    pub uploaded_by: UserId,
    /// Which party sees it.
    pub visibility: Visibility,
}

/// What decisions about an event rest on: the thing that it is about, as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventAccess {
    /// A subject with these parties, or one that is gone.
    Subject(Option<Parties>),
    /// A thread or a message in it.
    Thread(ThreadAccess),
    /// A ticket.
    Ticket(TicketAccess),
    /// What is for staff alone on a ticket.
    Internal(TicketAccess),
    /// A bundle file with this visibility. Of a file that was deleted, it is the last one for the
    /// event of the deletion, and none for those before.
    File(Parties, Visibility),
    /// Nothing but what the audit log is for.
    AuditOnly,
}

/// A question to the policy: what shall be done, and all it depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Create a bundle.
    CreateBundle,
    /// Do something with a bundle.
    Bundle(BundleAction, Parties),
    /// Do something with a registered subject, or with one that is not registered.
    Subject(SubjectAction, Option<Parties>),
    /// Open a thread on a subject.
    OpenThread(Parties),
    /// Do something with a thread.
    Thread(ThreadAction, ThreadAccess),
    /// Do something with a message that this person sent.
    Message(MessageAction, ThreadAccess, UserId),
    /// Create a ticket on a subject, or on nothing.
    OpenTicket(Option<Parties>),
    /// Do something with a ticket.
    Ticket(TicketAction, TicketAccess),
    /// Do something with a bundle file.
    File(FileAction, FileAccess),
    /// List people.
    ListUsers,
    /// Create a person in a role.
    CreateUser(Role),
    /// Do something with a person of a role.
    User(UserAction, UserId, Role),
    /// Make a key for oneself, which acts for others or does not.
    MakeApiKey(bool),
    /// Do something with a key of this person.
    ApiKey(KeyAction, UserId),
    /// Be told of an event.
    SeeEvent(EventAccess),
    /// Manage webhooks, and read what is sent to them.
    ManageWebhooks,
    /// Read the audit log.
    ReadAudit,
}

impl Permission {
    /// The right that it asks for, as a stable word for programs.
    #[must_use]
    pub const fn right(&self) -> &'static str {
        match self {
            Self::CreateBundle => "create_bundle",
            Self::Bundle(BundleAction::See, _) => "see_bundle",
            Self::Bundle(BundleAction::Change, _) => "change_bundle",
            Self::Bundle(BundleAction::Upload, _) => "upload_file",
            Self::Subject(SubjectAction::See, _) => "see_subject",
            Self::Subject(SubjectAction::Manage, _) => "manage_subject",
            Self::OpenThread(_) => "create_thread",
            Self::Thread(ThreadAction::See, _) => "see_thread",
            Self::Thread(ThreadAction::Post, _) => "participate",
            Self::Thread(ThreadAction::Change, _) => "change_thread",
            Self::Thread(ThreadAction::ManageParticipants, _) => "manage_participants",
            Self::Message(MessageAction::Edit, ..) => "edit_message",
            Self::Message(MessageAction::Delete, ..) => "delete_message",
            Self::OpenTicket(_) => "create_ticket",
            Self::Ticket(action, _) => action.right(),
            Self::File(FileAction::See, _) => "see_file",
            Self::File(FileAction::Change, _) => "change_file",
            Self::File(FileAction::SetVisibility, _) => SET_VISIBILITY,
            Self::ListUsers => "list_users",
            Self::CreateUser(_) => MANAGE_ROLE,
            Self::User(UserAction::See, ..) => "see_user",
            Self::User(UserAction::ChangeProfile, ..) => "change_profile",
            Self::User(UserAction::Manage, ..) => "manage_user",
            Self::User(UserAction::SetPassword, ..) => "set_password",
            Self::User(UserAction::ActFor, ..) => ACT_AS,
            Self::MakeApiKey(_) => ACT_AS,
            Self::ApiKey(..) => "manage_keys",
            Self::SeeEvent(_) => "see_event",
            Self::ManageWebhooks => "manage_webhooks",
            Self::ReadAudit => "read_audit",
        }
    }
}

/// The right to say who sees a file.
pub(crate) const SET_VISIBILITY: &str = "set_visibility";

/// The right to act for others.
pub(crate) const ACT_AS: &str = "act_as";

/// The right to manage people in a role.
pub(crate) const MANAGE_ROLE: &str = "manage_role";

impl TicketAction {
    const fn right(self) -> &'static str {
        match self {
            Self::See => "see_ticket",
            Self::SeeInternal => "see_internal",
            Self::Write => "write_to_ticket",
            Self::WriteInternal => "write_internal",
            Self::CloseOrReopen => "close_ticket",
            Self::Move => "move_ticket",
            Self::Triage => "triage_ticket",
            Self::Retitle => "retitle_ticket",
            Self::DeleteContent => "delete_from_ticket",
        }
    }
}

impl Ticket {
    /// The question whether something may be done with this ticket.
    #[must_use]
    pub const fn permission(&self, action: TicketAction) -> Permission {
        Permission::Ticket(action, self.access())
    }

    /// The facts for a decision about this ticket.
    #[must_use]
    pub const fn access(&self) -> TicketAccess {
        TicketAccess {
            parties: self.parties,
            requester: self.requester.id,
        }
    }
}

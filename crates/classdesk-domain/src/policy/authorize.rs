//! Every permission rule.

use crate::ids::UserId;

use super::decision::{Decision, Denied};
use super::permission::{
    BundleAction, EventAccess, FileAccess, FileAction, KeyAction, MessageAction, Permission,
    Relation, SubjectAction, ThreadAccess, ThreadAction, TicketAccess, TicketAction, UserAction,
};
use crate::people::model::{Actor, Role};
use crate::subjects::model::Parties;

/// Decides (`docs/permissions.md`).
#[must_use]
pub fn authorize(actor: &Actor, ask: &Permission) -> Decision {
    match *ask {
        Permission::CreateBundle => Decision::allowed_if(is_admin(actor.role)),
        Permission::Bundle(action, parties) => bundle(actor, action, &parties),
        Permission::Subject(action, parties) => subject(actor, action, parties.as_ref()),
        Permission::OpenThread(parties) => {
            Decision::hidden_unless(Relation::of(actor, &parties) != Relation::None)
        }
        Permission::Thread(action, access) => thread(actor, action, &access),
        Permission::Message(action, access, sender) => message(actor, action, &access, sender),
        Permission::OpenTicket(parties) => open_ticket(actor, parties.as_ref()),
        Permission::Ticket(action, access) => ticket(actor, action, &access),
        Permission::File(action, access) => file(actor, action, &access),
        Permission::ListUsers => Decision::allowed_if(actor.role.is_staff()),
        Permission::CreateUser(role) => Decision::allowed_if(manages(actor.role, role)),
        Permission::User(action, user, role) => person(actor, action, user, role),
        Permission::MakeApiKey(act_as) => Decision::allowed_if(!act_as || is_admin(actor.role)),
        Permission::ApiKey(action, owner) => api_key(actor, action, owner),
        Permission::SeeEvent(access) => event(actor, &access),
        Permission::ManageWebhooks => Decision::allowed_if(is_admin(actor.role)),
        Permission::ReadAudit => Decision::allowed_if(actor.role == Role::Superadmin),
    }
}

impl Actor {
    /// Puts a question to the policy and turns a refusal into an error.
    ///
    /// # Errors
    /// Why it is not allowed.
    pub fn require(&self, ask: Permission) -> Result<(), Denied> {
        authorize(self, &ask).require(ask.right())
    }
}

const fn is_admin(role: Role) -> bool {
    matches!(role, Role::Admin | Role::Superadmin)
}

/// Whether people of `role` are managed by people in the role `by` (docs/contract.md#1-people).
const fn manages(by: Role, role: Role) -> bool {
    match role {
        Role::Client | Role::Writer | Role::Editor => is_admin(by),
        Role::Admin | Role::Superadmin => matches!(by, Role::Superadmin),
    }
}

fn bundle(actor: &Actor, action: BundleAction, parties: &Parties) -> Decision {
    let sees = Decision::hidden_unless(Relation::of(actor, parties) != Relation::None);
    match action {
        BundleAction::See | BundleAction::Upload => sees,
        BundleAction::Change => sees.and_then(Decision::allowed_if(is_admin(actor.role))),
    }
}

fn subject(actor: &Actor, action: SubjectAction, parties: Option<&Parties>) -> Decision {
    let sees = Decision::hidden_unless(Relation::of_maybe(actor, parties) != Relation::None);
    match action {
        SubjectAction::See => sees,
        SubjectAction::Manage => sees.and_then(Decision::allowed_if(is_admin(actor.role))),
    }
}

fn thread(actor: &Actor, action: ThreadAction, access: &ThreadAccess) -> Decision {
    let staff = match Relation::of(actor, &access.parties) {
        Relation::Staff => true,
        Relation::Owner | Relation::AssignedWriter if access.participates => false,
        Relation::Owner | Relation::AssignedWriter | Relation::None => return Decision::Hidden,
    };
    match action {
        ThreadAction::See => Decision::Allowed,
        ThreadAction::Post => Decision::allowed_if(access.participates),
        ThreadAction::Change => Decision::allowed_if(staff || access.created_by == actor.id),
        ThreadAction::ManageParticipants => Decision::allowed_if(staff),
    }
}

fn message(
    actor: &Actor,
    action: MessageAction,
    access: &ThreadAccess,
    sender: UserId,
) -> Decision {
    let own = sender == actor.id;
    let may = match action {
        MessageAction::Edit => own,
        MessageAction::Delete => own || actor.role.is_staff(),
    };
    thread(actor, ThreadAction::See, access).and_then(Decision::allowed_if(may))
}

fn open_ticket(actor: &Actor, parties: Option<&Parties>) -> Decision {
    match (parties, Relation::of_maybe(actor, parties)) {
        (_, Relation::Owner | Relation::Staff) => Decision::Allowed,
        (_, Relation::AssignedWriter) => Decision::Forbidden,
        (Some(_), Relation::None) => Decision::Hidden,
        (None, Relation::None) => Decision::allowed_if(actor.role == Role::Client),
    }
}

fn ticket(actor: &Actor, action: TicketAction, access: &TicketAccess) -> Decision {
    match Relation::of_maybe(actor, access.parties.as_ref()) {
        Relation::Staff => Decision::Allowed,
        Relation::Owner | Relation::None if access.requester == actor.id => match action {
            TicketAction::See
            | TicketAction::Write
            | TicketAction::CloseOrReopen
            | TicketAction::Retitle => Decision::Allowed,
            TicketAction::SeeInternal
            | TicketAction::WriteInternal
            | TicketAction::Move
            | TicketAction::Triage
            | TicketAction::DeleteContent => Decision::Forbidden,
        },
        Relation::Owner | Relation::AssignedWriter | Relation::None => Decision::Hidden,
    }
}

fn file(actor: &Actor, action: FileAction, access: &FileAccess) -> Decision {
    let (staff, sees) = match Relation::of(actor, &access.parties) {
        Relation::Staff => (true, true),
        Relation::Owner => (false, access.visibility.to_client),
        Relation::AssignedWriter => (false, access.visibility.to_writer),
        Relation::None => (false, false),
    };
    let may = match action {
        FileAction::See => true,
        FileAction::Change => staff || access.uploaded_by == actor.id,
        FileAction::SetVisibility => staff,
    };
    Decision::hidden_unless(sees).and_then(Decision::allowed_if(may))
}

/// An event is seen by those who see what it is about.
fn event(actor: &Actor, access: &EventAccess) -> Decision {
    match *access {
        EventAccess::Subject(parties) => subject(actor, SubjectAction::See, parties.as_ref()),
        EventAccess::Thread(access) => thread(actor, ThreadAction::See, &access),
        EventAccess::Ticket(access) => ticket(actor, TicketAction::See, &access),
        EventAccess::Internal(access) => {
            let may = ticket(actor, TicketAction::SeeInternal, &access);
            Decision::hidden_unless(may.is_allowed())
        }
        EventAccess::File(parties, visibility) => {
            let access = FileAccess {
                parties,
                uploaded_by: actor.id,
                visibility,
            };
            file(actor, FileAction::See, &access)
        }
        EventAccess::AuditOnly => Decision::Hidden,
    }
}

fn person(actor: &Actor, action: UserAction, user: UserId, role: Role) -> Decision {
    let own = user == actor.id;
    let may = match action {
        UserAction::See => true,
        UserAction::ChangeProfile => own || manages(actor.role, role),
        UserAction::Manage | UserAction::ActFor => manages(actor.role, role),
        UserAction::SetPassword => !own && manages(actor.role, role),
    };
    Decision::hidden_unless(own || actor.role.is_staff()).and_then(Decision::allowed_if(may))
}

fn api_key(actor: &Actor, action: KeyAction, owner: UserId) -> Decision {
    let may = owner == actor.id || actor.role == Role::Superadmin;
    match action {
        KeyAction::List => Decision::allowed_if(may),
        KeyAction::End => Decision::hidden_unless(may),
    }
}

/// Whether the rights of this actor depend on their relation to a subject or thread. Staff may do
/// the same things whatever the parties are.
#[must_use]
pub const fn depends_on_relation(actor: &Actor) -> bool {
    !actor.role.is_staff()
}

/// Whether an actor sees every event of the feed, whatever it is about.
#[must_use]
pub const fn sees_every_event(actor: &Actor) -> bool {
    actor.role.is_staff()
}

/// Whether the time in which a message can be changed binds this actor when they delete one.
#[must_use]
pub const fn deletes_within_window(actor: &Actor) -> bool {
    !actor.role.is_staff()
}

/// Whether a person may create people in at least one role.
#[must_use]
pub fn may_create_users(actor: &Actor) -> Decision {
    let may = Role::ALL.iter().any(|role| manages(actor.role, *role));
    Decision::allowed_if(may)
}

/// Whether a person may set the visibility of a file that they put on a bundle. (They may put it
/// there; that is [`BundleAction::Upload`].)
#[must_use]
pub fn may_set_visibility_at_upload(actor: &Actor) -> Decision {
    Decision::allowed_if(actor.role.is_staff())
}

/// Whether a person may open a ticket for the subject's client.
#[must_use]
pub fn may_open_ticket_for_client(actor: &Actor) -> Decision {
    Decision::allowed_if(actor.role.is_staff())
}

/// Whether an active person in this role can be a recipient on a subject, that is, can see it.
#[must_use]
pub fn can_receive(person: &Actor, parties: &Parties) -> bool {
    Relation::of(person, parties) != Relation::None
}

/// Whether a participant takes part in a thread now: active, and able to see the subject. Others are
/// shown neither as participants nor as recipients.
#[must_use]
pub fn takes_part(participant: &Actor, is_active: bool, parties: &Parties) -> bool {
    is_active && can_receive(participant, parties)
}

/// Whether an active person in this role can have a ticket.
#[must_use]
pub const fn can_be_assignee(role: Role) -> bool {
    role.is_staff()
}

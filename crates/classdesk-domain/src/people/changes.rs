//! What a change of a person takes with it.

use crate::api_keys::ports::KeysEnd;
use crate::clock::Timestamp;
use crate::error::{Conflict, Error};
use crate::events::facts::EventTicket;
use crate::events::model::{DomainEvent, UserChanges};
use crate::ids::UserId;
use crate::paging::{Limit, PageRequest};
use crate::policy::authorize::can_be_assignee;
use crate::store::commit::Precondition;
use crate::subjects::model::{Parties, SubjectRef};

use super::model::{Role, User, UserFilter};
use super::ports::{AssignedTicket, Release, UserRepository, UserUpdate};
use super::sessions::WhichSessions;

/// How many tickets and subjects a person is taken off in one change.
pub const MAX_RELEASED: usize = 4_000;

/// A change of a person as it is committed.
pub(super) struct Decided {
    pub(super) update: UserUpdate,
    pub(super) events: Vec<DomainEvent>,
    pub(super) requires: Vec<Precondition>,
}

/// Decides what an update really changes, what the log says of it, what follows from it, and what it
/// rests on.
///
/// # Errors
/// [`Conflict::LastSuperadmin`], [`Conflict::TooManyAssignments`].
pub(super) async fn decide(
    users: &dyn UserRepository,
    user: &User,
    wish: UserUpdate,
    at: Timestamp,
) -> Result<Decided, Error> {
    let mut update = UserUpdate {
        username: wish.username.filter(|name| *name != user.username),
        external_id: wish.external_id.filter(|id| *id != user.external_id),
        display_name: wish.display_name.filter(|name| *name != user.display_name),
        email: wish.email.filter(|email| *email != user.email),
        language: wish.language.filter(|language| *language != user.language),
        time_zone: wish.time_zone.filter(|zone| *zone != user.time_zone),
        role: wish.role.filter(|role| *role != user.role),
        is_active: wish.is_active.filter(|active| *active != user.is_active),
        ..wish
    };
    let changes = UserChanges {
        username: update.username.is_some(),
        external_id: update.external_id.is_some(),
        display_name: update.display_name.is_some(),
        email: update.email.is_some(),
        language: update.language.is_some(),
        time_zone: update.time_zone.is_some(),
        role: update.role,
        is_active: update.is_active,
    };
    let mut events = Vec::new();
    if changes != UserChanges::default() {
        let user = user.id;
        events.push(DomainEvent::UserChanged { user, changes });
    }
    if update.password.is_some() {
        events.push(DomainEvent::PasswordChanged { user: user.id });
        update.forgets_failures = Some(user.login_keys());
    }
    if update.is_active == Some(false) || update.password.is_some() {
        update.ends = Some(WhichSessions::All);
    }
    let mut requires = vec![Precondition::HasRole {
        user: user.id,
        role: user.role,
    }];
    if update.role.is_some() || update.is_active.is_some() {
        let role = update.role.unwrap_or(user.role);
        let is_active = update.is_active.unwrap_or(user.is_active);
        if user.role == Role::Superadmin && !(role == Role::Superadmin && is_active) {
            another_superadmin(users, user.id).await?;
            requires.push(Precondition::OtherSuperadmin { than: user.id });
        }
        update.ends_keys = match (is_active, role.is_staff()) {
            (false, _) => Some(KeysEnd::All),
            (true, false) => Some(KeysEnd::Acting),
            (true, true) => None,
        };
        let release = release(users, user, role, is_active, at).await?;
        update.release = Some(release.0);
        events.extend(release.1);
    }
    Ok(Decided {
        update,
        events,
        requires,
    })
}

async fn another_superadmin(users: &dyn UserRepository, than: UserId) -> Result<(), Error> {
    let superadmins = UserFilter {
        role: Some(Role::Superadmin),
        is_active: Some(true),
        q: None,
    };
    let two = PageRequest {
        limit: Limit::new(2).expect("two is a limit"),
        after: None,
    };
    let found = users.list_users(superadmins, two).await?.items;
    if found.iter().any(|other| other.id != than) {
        Ok(())
    } else {
        Err(Conflict::LastSuperadmin.into())
    }
}

/// What a person is taken off who will be this: open tickets unless they are active staff, and
/// subjects unless they are a writer.
async fn release(
    users: &dyn UserRepository,
    user: &User,
    role: Role,
    is_active: bool,
    at: Timestamp,
) -> Result<(Release, Vec<DomainEvent>), Error> {
    let assigned = users.assignments(user.id, MAX_RELEASED + 1).await?;
    let keeps_tickets = is_active && can_be_assignee(role);
    let keeps_subjects = role == Role::Writer;
    let tickets = Some(assigned.tickets).filter(|_| !keeps_tickets);
    let subjects = Some(assigned.subjects).filter(|_| !keeps_subjects);
    let left_tickets = tickets.iter().flatten();
    let left_subjects = subjects.iter().flatten();
    let events: Vec<_> = left_tickets
        .map(|ticket| ticket_left(ticket, user.id))
        .chain(left_subjects.map(|(subject, parties)| subject_left(subject, *parties, user.id)))
        .collect();
    if events.len() > MAX_RELEASED {
        return Err(Conflict::TooManyAssignments.into());
    }
    let ids = |tickets: Vec<AssignedTicket>| tickets.iter().map(|ticket| ticket.id).collect();
    let references = |subjects: Vec<(SubjectRef, Parties)>| {
        let references = subjects.into_iter();
        references.map(|(reference, _)| reference).collect()
    };
    let release = Release {
        tickets: tickets.map(ids),
        subjects: subjects.map(references),
        at,
    };
    Ok((release, events))
}

fn ticket_left(ticket: &AssignedTicket, user: UserId) -> DomainEvent {
    DomainEvent::TicketAssigned {
        ticket: EventTicket {
            id: ticket.id.into(),
            requester: ticket.requester,
            subject: ticket.about.clone(),
        },
        from: Some(user),
        to: None,
    }
}

fn subject_left(subject: &SubjectRef, parties: Parties, user: UserId) -> DomainEvent {
    match subject.as_bundle() {
        Some(bundle) => DomainEvent::WriterAssigned {
            bundle,
            from: Some(user),
            to: None,
        },
        None => DomainEvent::SubjectChanged {
            subject: subject.clone(),
            parties: Parties {
                assigned_writer: None,
                ..parties
            },
        },
    }
}

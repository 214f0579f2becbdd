//! The facts that a decision rested on, checked and held until the transaction ends.
//!
//! Rows are taken in one order (people, subjects, bundles, threads, tickets, messages, files, webhooks; by
//! id within each), so that commits which share some of them queue up and never lock in a circle.
//! Each row is read by a statement of its own that locks it: on PostgreSQL a join would show the
//! other table as it was before the wait.

use classdesk_domain::ids::UserId;
use classdesk_domain::people::Role;
use classdesk_domain::store::{Precondition, Versioned};
use classdesk_domain::subjects::{Parties, SubjectRef};
use diesel::prelude::*;

use super::Conn;
use super::dialect::{for_update, id_set};
use super::rows::schema::{
    bundle_files, bundles, messages, subjects, thread_participants, threads, tickets, users,
    webhooks,
};
use super::rows::subjects::PartiesRow;
use super::webhooks::there;
use crate::error::Failure;
use crate::outcome::LockTarget;

/// What a query finds in the row with this id, which is held for a change.
macro_rules! locked {
    ($conn:expr, $table:ident, $id:expr, $columns:expr) => {
        super::dialect::for_update!($table::table.filter($table::id.eq($id)).select($columns))
            .first($conn)
            .optional()?
    };
}
pub(super) use locked;

/// Where a fact's row stands in the order of locks.
fn rank(fact: &Precondition) -> (u8, i64) {
    match fact {
        Precondition::ActiveUser { user, .. } | Precondition::HasRole { user, .. } => {
            (0, user.get())
        }
        Precondition::OtherSuperadmin { .. } => (0, 0),
        Precondition::Parties { subject, .. } => (1, subject.object_id),
        Precondition::ThreadActive { thread, .. } => (3, thread.get()),
        Precondition::Participant { thread, .. } => (4, thread.get()),
        Precondition::Version { of, .. } => match of {
            Versioned::User(user) => (0, user.get()),
            Versioned::Subject(subject) => (1, subject.object_id),
            Versioned::Bundle(bundle) => (2, bundle.get()),
            Versioned::Thread(thread) => (3, thread.get()),
            Versioned::Ticket(ticket) => (5, ticket.get()),
            Versioned::Message(message) => (6, message.get()),
            Versioned::File(file) => (7, file.get()),
            Versioned::Webhook(webhook) => (8, webhook.get()),
        },
    }
}

/// Checks every fact and holds it, or answers that one is stale.
pub(super) fn lock_and_check(
    conn: &mut Conn,
    required: &[Precondition],
    target: Option<LockTarget>,
) -> Result<(), Failure> {
    let mut facts: Vec<&Precondition> = required.iter().collect();
    facts.sort_by_key(|fact| rank(fact));
    let (user, subject) = match target {
        None => (None, None),
        Some(LockTarget::User(user)) => (Some(user), None),
        Some(LockTarget::Subject(subject)) => (None, Some(subject)),
    };
    lock_people(conn, &facts, user)?;
    if let Some(subject) = subject {
        // Held whether or not it is there.
        lock_parties(conn, &subject)?;
    }
    let mut locked_thread = None;
    for fact in facts {
        let holds = match fact {
            Precondition::ActiveUser { .. }
            | Precondition::HasRole { .. }
            | Precondition::OtherSuperadmin { .. } => true,
            Precondition::Parties { subject, parties } => {
                lock_parties(conn, subject)? == Some(*parties)
            }
            Precondition::ThreadActive { thread, active } => {
                locked_thread = Some(*thread);
                lock_thread(conn, thread.get())? == Some(*active)
            }
            Precondition::Participant { thread, user } => {
                // A change of participants holds the thread, so it is held here too.
                if locked_thread != Some(*thread) {
                    lock_thread(conn, thread.get())?;
                    locked_thread = Some(*thread);
                }
                participates(conn, thread.get(), user.get())?
            }
            Precondition::Version { of, version } => lock_version(conn, of)? == Some(*version),
        };
        if !holds {
            return Err(Failure::STALE);
        }
    }
    Ok(())
}

/// Holds a thing for a change and says in which version it is; `None` when it is not there.
fn lock_version(conn: &mut Conn, of: &Versioned) -> Result<Option<i64>, Failure> {
    Ok(match of {
        Versioned::User(user) => locked!(conn, users, user.get(), users::version),
        Versioned::Subject(subject) => for_update!(
            subjects::table
                .find((subject.content_type.as_str(), subject.object_id))
                .select(subjects::version)
        )
        .first(conn)
        .optional()?,
        Versioned::Bundle(bundle) => locked!(conn, bundles, bundle.get(), bundles::version),
        Versioned::Thread(thread) => locked!(conn, threads, thread.get(), threads::version),
        Versioned::Ticket(ticket) => locked!(conn, tickets, ticket.get(), tickets::version),
        Versioned::Message(message) => {
            // A deletion counts in the thread, which is held before the message.
            let of = messages::table.filter(messages::id.eq(message.get()));
            let thread: Option<i64> = of.select(messages::thread_id).first(conn).optional()?;
            if let Some(thread) = thread {
                lock_thread(conn, thread)?;
            }
            locked!(conn, messages, message.get(), messages::version)
        }
        Versioned::Webhook(webhook) => for_update!(there!(webhook).select(webhooks::version))
            .first(conn)
            .optional()?,
        Versioned::File(file) => locked!(conn, bundle_files, file.get(), bundle_files::version),
    })
}

/// Holds a thread's row for a change and says whether it is active; `None` when it is not there.
pub(super) fn lock_thread(conn: &mut Conn, thread: i64) -> Result<Option<bool>, Failure> {
    Ok(locked!(conn, threads, thread, threads::is_active))
}

/// Whether a person is a participant. The caller holds the thread.
pub(super) fn participates(conn: &mut Conn, thread: i64, user: i64) -> Result<bool, Failure> {
    Ok(thread_participants::table
        .filter(thread_participants::thread_id.eq(thread))
        .filter(thread_participants::user_id.eq(user))
        .select(thread_participants::participates)
        .first(conn)
        .optional()?
        .unwrap_or(false))
}

fn lock_people(
    conn: &mut Conn,
    facts: &[&Precondition],
    changed: Option<UserId>,
) -> Result<(), Failure> {
    let mut ids: Vec<i64> = changed.into_iter().map(UserId::get).collect();
    let mut superadmins = false;
    for fact in facts {
        match fact {
            Precondition::ActiveUser { user, .. }
            | Precondition::HasRole { user, .. }
            | Precondition::Version {
                of: Versioned::User(user),
                ..
            } => {
                ids.push(user.get());
            }
            Precondition::OtherSuperadmin { .. } => superadmins = true,
            _ => {}
        }
    }
    if ids.is_empty() && !superadmins {
        return Ok(());
    }
    let wanted = users::id.eq_any(id_set(&ids));
    let columns = (users::id, users::role, users::is_active);
    // Not shared, for the same reason as the parties below.
    let found: Vec<(i64, String, bool)> = if superadmins {
        let superadmin = users::role.eq(Role::Superadmin.as_str());
        let other = superadmin.and(users::is_active.eq(true));
        let people = users::table.filter(wanted.or(other));
        for_update!(people.select(columns).order(users::id)).load(conn)?
    } else {
        let people = users::table.filter(wanted);
        for_update!(people.select(columns).order(users::id)).load(conn)?
    };
    let is_there = |user: &UserId, role: &Role, must_be_active: bool| {
        found.iter().any(|(id, found, is_active)| {
            *id == user.get() && found == role.as_str() && (*is_active || !must_be_active)
        })
    };
    let holds = facts.iter().all(|fact| match fact {
        Precondition::ActiveUser { user, role } => is_there(user, role, true),
        Precondition::HasRole { user, role } => is_there(user, role, false),
        Precondition::OtherSuperadmin { than } => found.iter().any(|(id, role, is_active)| {
            *id != than.get() && role == Role::Superadmin.as_str() && *is_active
        }),
        _ => true,
    });
    if holds { Ok(()) } else { Err(Failure::STALE) }
}

/// Holds a subject's row for a change and names its parties; `None` when it is not there.
fn lock_parties(conn: &mut Conn, subject: &SubjectRef) -> Result<Option<Parties>, Failure> {
    // Not shared: on PostgreSQL a stream of posts that share the row would keep a change of the
    // parties waiting for ever, while those that take it alone queue up.
    let found = for_update!(
        subjects::table
            .find((subject.content_type.as_str(), subject.object_id))
            .select(PartiesRow::as_select())
    )
    .first(conn)
    .optional()?;
    Ok(found.map(Parties::from))
}

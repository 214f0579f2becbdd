//! What another system says of a person, as it is written.

use crate::clock::Timestamp;
use crate::events::facts::RowId;
use crate::events::model::DomainEvent;
use crate::external_id::ExternalId;
use crate::text::DisplayName;

use super::model::{DisplayUpdate, PutUser, UserChange};
use super::names::Username;
use super::ports::InsertUser;

/// The person to be inserted.
pub(super) fn insert_of(external_id: &ExternalId, put: &PutUser, now: Timestamp) -> InsertUser {
    InsertUser {
        external_id: Some(external_id.clone()),
        username: put.username.clone(),
        email: put.email.clone(),
        display_name: name_of(put),
        role: put.role,
        password: None,
        is_active: put.is_active,
        language: put.language,
        time_zone: put.time_zone.clone(),
        created_at: now,
        link: None,
    }
}

/// The change that makes somebody what it says.
pub(super) fn change_of(put: PutUser) -> UserChange {
    UserChange {
        own: DisplayUpdate {
            display_name: Some(name_of(&put)),
            email: Some(put.email),
            language: Some(put.language),
            time_zone: Some(put.time_zone),
        },
        username: Some(put.username),
        role: Some(put.role),
        is_active: Some(put.is_active),
        ..UserChange::default()
    }
}

/// What the log says of a new person.
pub(super) fn user_created(row: &InsertUser) -> DomainEvent {
    DomainEvent::UserCreated {
        user: RowId::Created,
        username: row.username.clone(),
        role: row.role,
    }
}

/// The name for others.
pub(super) fn name_of(put: &PutUser) -> DisplayName {
    named(put.display_name.as_ref(), &put.username)
}

/// This name for others, or the username where there is none.
pub(super) fn named(name: Option<&DisplayName>, username: &Username) -> DisplayName {
    let name = name.cloned().unwrap_or_default();
    name.or_username(username.as_str())
}

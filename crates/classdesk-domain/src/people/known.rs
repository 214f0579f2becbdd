//! People for whom another system vouches: no right is asked, and their events have no actor.

use crate::clock::{Clock, Timestamp};
use crate::error::Error;
use crate::events::model::NewEvent;
use crate::external_id::ExternalId;
use crate::request_context::Put;
use crate::store::commit::Commit;
use crate::store::error::StoreError;
use crate::use_case::ATTEMPTS;

use super::changes::decide;
use super::model::{PutUser, User};
use super::ports::{UserRepository, UserUpdate};
use super::put::{insert_of, name_of, user_created};

/// Creates the person whom another system knows by this id, or makes them what it says. One look is
/// enough when nothing changes.
pub(super) async fn ensure_known(
    users: &dyn UserRepository,
    clock: &dyn Clock,
    external_id: &ExternalId,
    person: &PutUser,
) -> Result<Put<User>, Error> {
    for _ in 0..ATTEMPTS {
        let now = clock.now();
        let Some(user) = users.user_by_external_id(external_id).await? else {
            let row = insert_of(external_id, person, now);
            let event = NewEvent::new(now, None, user_created(&row));
            match users.create_user(Commit::new(row).with_event(event)).await {
                // The same call at the same time took the names: then it is there by now.
                Err(StoreError::Duplicate(_))
                    if users.user_by_external_id(external_id).await?.is_some() => {}
                created => return Ok(Put::Created(created?)),
            }
            continue;
        };
        let wish = UserUpdate {
            username: Some(person.username.clone()),
            display_name: Some(name_of(person)),
            email: Some(person.email.clone()),
            language: Some(person.language),
            time_zone: Some(person.time_zone.clone()),
            role: Some(person.role),
            is_active: Some(person.is_active),
            ..UserUpdate::of(user.id)
        };
        if let Some(put) = try_change(users, user, wish, now).await? {
            return Ok(put);
        }
    }
    Err(Error::Contended)
}

/// Changes a person for whom no other person asks.
///
/// # Errors
/// [`Error::NotFound`] when there is no such person; a conflict as in
/// [`Users::change`](super::Users::change).
pub(super) async fn change_unasked(
    users: &dyn UserRepository,
    clock: &dyn Clock,
    wish: &UserUpdate,
) -> Result<User, Error> {
    for _ in 0..ATTEMPTS {
        let user = users.user(wish.user).await?.ok_or(Error::NotFound)?;
        if let Some(put) = try_change(users, user, wish.clone(), clock.now()).await? {
            return Ok(put.into_inner());
        }
    }
    Err(Error::Contended)
}

/// Changes a person who was just read; `None` when something else changed meanwhile.
async fn try_change(
    users: &dyn UserRepository,
    user: User,
    wish: UserUpdate,
    now: Timestamp,
) -> Result<Option<Put<User>>, Error> {
    let decided = decide(users, &user, wish, now).await?;
    if decided.events.is_empty() {
        return Ok(Some(Put::Unchanged(user)));
    }
    let events = decided.events.into_iter();
    let commit = Commit::new(decided.update)
        .with_events(events.map(|event| NewEvent::new(now, None, event)))
        .require_all(decided.requires);
    match users.update_user(commit).await {
        Err(StoreError::Stale) => Ok(None),
        changed => Ok(Some(Put::Changed(changed?))),
    }
}

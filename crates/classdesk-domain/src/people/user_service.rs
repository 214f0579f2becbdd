//! People, as they and the staff see them.

use std::sync::Arc;

use crate::clock::{Clock, Timestamp};
use crate::error::Error;
use crate::events::facts::RowId;
use crate::events::model::DomainEvent;
use crate::ids::UserId;
use crate::paging::{Page, PageRequest};
use crate::policy::authorize::may_create_users;
use crate::policy::permission::{MANAGE_ROLE, Permission, UserAction};
use crate::request_context::RequestContext;
use crate::store::commit::{Commit, Versioned};
use crate::use_case::{ensure_actor_active, retry_on_stale};
use crate::validation::{Invalid, Validated};

use super::changes::decide;
use super::hasher::{HashRequester, PasswordHasher};
use super::model::{Actor, NewUser, User, UserChange, UserFilter};
use super::names::Username;
use super::passwords::{NewPassword, PasswordHash};
use super::ports::{InsertUser, UserRepository, UserUpdate};

/// People, as they and the staff see them (docs/contract.md#users).
#[derive(Clone)]
pub struct Users {
    pub(crate) users: Arc<dyn UserRepository>,
    pub(crate) hasher: Arc<dyn PasswordHasher>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Users {
    /// Lists people; for staff.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub async fn list(
        &self,
        actor: &Actor,
        filter: UserFilter,
        page: PageRequest,
    ) -> Result<Page<User>, Error> {
        self.authorize_list(actor)?;
        Ok(self.users.list_users(filter, page).await?)
    }

    /// Checks the right to list people, for adapters that check rights before parameters.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub fn authorize_list(&self, actor: &Actor) -> Result<(), Error> {
        Ok(actor.require(Permission::ListUsers)?)
    }

    /// One person: oneself, or any person for staff.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn get(&self, actor: &Actor, id: UserId) -> Result<User, Error> {
        let user = self.users.user(id).await?.ok_or(Error::NotFound)?;
        actor.require(Permission::User(UserAction::See, user.id, user.role))?;
        Ok(user)
    }

    /// Creates a person in a role that the actor manages.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::Invalid`], and a conflict that names the taken field.
    pub async fn create(
        &self,
        by: impl Into<RequestContext>,
        draft: impl Into<Validated<NewUser>>,
    ) -> Result<User, Error> {
        let (by, draft) = (by.into(), draft.into());
        // Before the body: the right to create people at all.
        may_create_users(&by.actor).require(MANAGE_ROLE)?;
        let new = draft.as_result()?;
        let manages = by.actor.require(Permission::CreateUser(new.role));
        manages.map_err(|denied| denied.in_field("role"))?;
        by.check_unversioned()?;
        let requester = HashRequester::Person(by.actor.id);
        let (row, created) = new_user(&*self.hasher, requester, new, self.clock.now()).await?;
        let commit = Commit::by(&by, row.created_at, row, [created]);
        match self.users.create_user(commit).await.map_err(Error::from) {
            Err(Error::Contended) => {
                ensure_actor_active(&*self.users, &by.actor).await?;
                Err(Error::Contended)
            }
            outcome => outcome,
        }
    }

    /// Changes a person: what is shown of them by themselves; role, activation and password by
    /// managers of the role. Deactivating and a new password end the person's sessions. A role and an
    /// activation that do not go with it take the person off open tickets and off their subjects.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Invalid`],
    /// [`Error::PreconditionFailed`], and a conflict when the email address is taken, for the last
    /// active superadmin, and for a person who is assigned to more than
    /// [`MAX_RELEASED`](super::changes::MAX_RELEASED) things.
    pub async fn change(
        &self,
        by: impl Into<RequestContext>,
        id: UserId,
        draft: impl Into<Validated<UserChange>>,
    ) -> Result<User, Error> {
        let (by, draft) = (by.into(), draft.into());
        let actor = &by.actor;
        retry_on_stale!(self.users, actor, async {
            let user = self.get(actor, id).await?;
            let ask = |action| actor.require(Permission::User(action, id, user.role));
            let (own, manage) = (ask(UserAction::ChangeOwn), ask(UserAction::Manage));
            own.or(manage)?;
            let change = draft.as_result()?;
            for (is_asked, right, field) in [
                (change.own.display_name.is_some(), own, "display_name"),
                (change.own.email.is_some(), own, "email"),
                (change.role.is_some(), manage, "role"),
                (change.is_active.is_some(), manage, "is_active"),
                (
                    change.password.is_some(),
                    ask(UserAction::SetPassword),
                    "password",
                ),
            ] {
                if is_asked {
                    right.map_err(|denied| denied.in_field(field))?;
                }
            }
            if let Some(role) = change.role {
                let manages = actor.require(Permission::CreateUser(role));
                manages.map_err(|denied| denied.in_field("role"))?;
            }
            if let Some(password) = &change.password {
                check_fits(password, &user.username)?;
            }
            by.check_version(user.version)?;
            let password = match &change.password {
                Some(password) => Some(self.hash(actor, password).await?),
                None => None,
            };
            let name = change.own.display_name.clone();
            let wish = UserUpdate {
                display_name: name.map(|name| name.or_username(user.username.as_str())),
                email: change.own.email.clone(),
                role: change.role,
                is_active: change.is_active,
                password,
                ..UserUpdate::of(id)
            };
            let now = self.clock.now();
            let decided = decide(&*self.users, &user, wish, now).await?;
            if decided.events.is_empty() {
                return Ok(user);
            }
            let commit = Commit::by(actor, now, decided.update, decided.events)
                .require_all(decided.requires)
                .require_all(
                    by.is_conditional()
                        .then(|| Versioned::User(id).at(user.version)),
                );
            Ok(self.users.update_user(commit).await?)
        })
    }

    async fn hash(&self, actor: &Actor, password: &NewPassword) -> Result<PasswordHash, Error> {
        let requester = HashRequester::Person(actor.id);
        let hashed = self.hasher.hash(requester, password.expose().to_owned());
        Ok(hashed.await?)
    }
}

/// A new person as they are inserted, with the password hashed, and what the log says of it.
pub(super) async fn new_user(
    hasher: &dyn PasswordHasher,
    requester: HashRequester,
    new: &NewUser,
    now: Timestamp,
) -> Result<(InsertUser, DomainEvent), Error> {
    let password = match &new.password {
        Some(password) => {
            check_fits(password, &new.username)?;
            Some((hasher.hash(requester, password.expose().to_owned())).await?)
        }
        None => None,
    };
    let display_name = new
        .display_name
        .clone()
        .unwrap_or_default()
        .or_username(new.username.as_str());
    let row = InsertUser {
        username: new.username.clone(),
        email: new.email.clone(),
        display_name,
        role: new.role,
        password,
        created_at: now,
    };
    let created = DomainEvent::UserCreated {
        user: RowId::Created,
        username: new.username.clone(),
        role: new.role,
    };
    Ok((row, created))
}

/// Checks that a password does not contain the username.
pub(super) fn check_fits(password: &NewPassword, username: &Username) -> Result<(), Invalid> {
    let fits = password.fits(username);
    fits.map_err(|fault| Invalid::field("password", fault))
}

//! People, as they and the staff see them.

use std::sync::Arc;

use crate::clock::{Clock, Timestamp};
use crate::error::Error;
use crate::events::model::DomainEvent;
use crate::external_id::ExternalId;
use crate::ids::UserId;
use crate::paging::{Page, PageRequest};
use crate::policy::authorize::may_create_users;
use crate::policy::permission::{MANAGE_ROLE, Permission, UserAction};
use crate::request_context::{Present, Put, RequestContext};
use crate::store::commit::{Commit, Versioned};
use crate::store::error::StoreError;
use crate::use_case::{ensure_actor_active, retry_on_stale};
use crate::validation::{Invalid, Validated};

use super::changes::decide;
use super::hasher::{HashRequester, PasswordHasher};
use super::known::ensure_known;
use super::model::{Actor, NewUser, PutUser, User, UserChange, UserFilter};
use super::names::Username;
use super::passwords::{NewPassword, PasswordHash};
use super::ports::{InsertUser, UserRepository, UserUpdate};
use super::put::{change_of, insert_of, named, user_created};

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

    /// Whose external id this is. It asks no right: what is then done with the person does.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn with_external_id(&self, id: &ExternalId) -> Result<UserId, Error> {
        let found = self.users.user_by_external_id(id).await?;
        found.map(|user| user.id).ok_or(Error::NotFound)
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

    /// Changes a person: what is theirs to change by themselves and by managers of the role, all else
    /// by these alone. Deactivating and a new password end the person's sessions. A role and an
    /// activation that do not go with it take the person off open tickets and off their subjects.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Invalid`],
    /// [`Error::PreconditionFailed`], and a conflict that names the taken field, for the last
    /// active superadmin, and for a person who is assigned to more than
    /// [`MAX_RELEASED`](super::changes::MAX_RELEASED) things.
    pub async fn change(
        &self,
        by: impl Into<RequestContext>,
        id: UserId,
        draft: impl Into<Validated<UserChange>>,
    ) -> Result<User, Error> {
        let (by, draft) = (by.into(), draft.into());
        retry_on_stale!(self.users, &by.actor, async {
            let user = self.get(&by.actor, id).await?;
            self.try_change(&by, user, &draft).await
        })
    }

    /// Creates the person whom another system knows by this id, or makes them what it says. Doing
    /// so again changes nothing.
    ///
    /// # Errors
    /// As [`Users::create`] and [`Users::change`].
    pub async fn put(
        &self,
        by: impl Into<RequestContext>,
        external_id: &ExternalId,
        draft: impl Into<Validated<PutUser>>,
    ) -> Result<Put<User>, Error> {
        let (by, draft) = (by.into(), draft.into());
        // Before the look: whether there is somebody is nothing for who manages nobody.
        self.authorize_put(&by.actor)?;
        retry_on_stale!(self.users, &by.actor, async {
            match self.users.user_by_external_id(external_id).await? {
                Some(user) => {
                    let (change, before) = (draft.clone().map(change_of), user.version);
                    let user = self.try_change(&by, user, &change).await?;
                    Ok(if user.version == before {
                        Put::Unchanged(user)
                    } else {
                        Put::Changed(user)
                    })
                }
                None => {
                    let created = self.try_put_new(&by, external_id, &draft).await;
                    created.map(Put::Created)
                }
            }
        })
    }

    /// Makes a person of the host application known, without a password, or makes them what the host
    /// says. Doing so again changes nothing and takes one look. The host vouches for it: no right is
    /// asked, and its events have no actor.
    ///
    /// # Errors
    /// A conflict as in [`Users::change`].
    pub async fn ensure_known(
        &self,
        external_id: &ExternalId,
        person: &PutUser,
    ) -> Result<User, Error> {
        let put = ensure_known(&*self.users, &*self.clock, external_id, person).await?;
        Ok(put.into_inner())
    }

    /// Checks the right to create and change people of other systems, for adapters that check rights
    /// before bodies.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub fn authorize_put(&self, actor: &Actor) -> Result<(), Error> {
        Ok(may_create_users(actor).require(MANAGE_ROLE)?)
    }

    async fn try_put_new(
        &self,
        by: &RequestContext,
        external_id: &ExternalId,
        draft: &Validated<PutUser>,
    ) -> Result<User, Error> {
        let put = draft.as_result()?;
        let manages = by.actor.require(Permission::CreateUser(put.role));
        manages.map_err(|denied| denied.in_field("role"))?;
        by.conditions.check(Present::Nothing)?;
        let row = insert_of(external_id, put, self.clock.now());
        let created = user_created(&row);
        let commit = Commit::by(by, row.created_at, row, [created]);
        match self.users.create_user(commit).await {
            // The same request at the same time took the names: then it is there by now.
            Err(StoreError::Duplicate(_))
                if self.users.user_by_external_id(external_id).await?.is_some() =>
            {
                Err(Error::Contended)
            }
            outcome => Ok(outcome?),
        }
    }

    /// Changes a person who was just read.
    async fn try_change(
        &self,
        by: &RequestContext,
        user: User,
        draft: &Validated<UserChange>,
    ) -> Result<User, Error> {
        let (actor, id) = (&by.actor, user.id);
        let ask = |action| actor.require(Permission::User(action, id, user.role));
        let (profile, manage) = (ask(UserAction::ChangeProfile), ask(UserAction::Manage));
        profile.or(manage)?;
        let change = draft.as_result()?;
        let own = &change.own;
        let set_password = ask(UserAction::SetPassword);
        for (is_asked, right, field) in [
            (own.display_name.is_some(), profile, "display_name"),
            (own.email.is_some(), profile, "email"),
            (own.language.is_some(), profile, "language"),
            (own.time_zone.is_some(), profile, "time_zone"),
            (change.username.is_some(), manage, "username"),
            (change.external_id.is_some(), manage, "external_id"),
            (change.role.is_some(), manage, "role"),
            (change.is_active.is_some(), manage, "is_active"),
            (change.password.is_some(), set_password, "password"),
            (
                change.password.is_some(),
                by.require_own_sign_in(),
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
        let username = change.username.as_ref().unwrap_or(&user.username);
        if let Some(password) = &change.password {
            check_fits(password, username)?;
        }
        by.check_version(user.version)?;
        let password = match &change.password {
            Some(password) => Some(self.hash(actor, password).await?),
            None => None,
        };
        let name = own.display_name.as_ref();
        let wish = UserUpdate {
            username: change.username.clone(),
            external_id: change.external_id.clone(),
            display_name: name.map(|name| named(Some(name), username)),
            email: own.email.clone(),
            language: own.language,
            time_zone: own.time_zone.clone(),
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
        let commit = Commit::by(by, now, decided.update, decided.events)
            .require_all(decided.requires)
            .require_all(
                by.is_conditional()
                    .then(|| Versioned::User(id).at(user.version)),
            );
        Ok(self.users.update_user(commit).await?)
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
    let row = InsertUser {
        external_id: new.external_id.clone(),
        username: new.username.clone(),
        email: new.email.clone(),
        display_name: named(new.display_name.as_ref(), &new.username),
        role: new.role,
        password,
        is_active: true,
        language: new.language,
        time_zone: new.time_zone.clone(),
        created_at: now,
        link: None,
    };
    let created = user_created(&row);
    Ok((row, created))
}

/// Checks that a password does not contain the username.
pub(super) fn check_fits(password: &NewPassword, username: &Username) -> Result<(), Invalid> {
    let fits = password.fits(username);
    fits.map_err(|fault| Invalid::field("password", fault))
}

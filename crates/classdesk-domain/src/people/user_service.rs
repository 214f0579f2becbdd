//! People, as they and the staff see them.

use std::sync::Arc;

use crate::clock::{Clock, Timestamp};
use crate::error::Error;
use crate::events::model::{DomainEvent, NewEvent, RowId, UserChanges};
use crate::ids::UserId;
use crate::paging::{Page, PageRequest};
use crate::policy::authorize::{authorize, may_create_users};
use crate::policy::permission::{Permission, UserAction};
use crate::request_context::RequestContext;
use crate::store::commit::{Commit, Precondition};
use crate::text::DisplayName;
use crate::use_case::{actor_is_active, retry_on_stale};
use crate::validation::{Invalid, Validated};

use super::hasher::PasswordHasher;
use super::model::{Actor, NewUser, User, UserChange, UserFilter};
use super::ports::{InsertUser, UserRepository, UserUpdate};
use super::sessions::WhichSessions;

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
        authorize(actor, &Permission::ListUsers).require()?;
        Ok(self.users.list_users(filter, page).await?)
    }

    /// Checks the right to list people, for adapters that check rights before parameters.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub fn authorize_list(&self, actor: &Actor) -> Result<(), Error> {
        Ok(authorize(actor, &Permission::ListUsers).require()?)
    }

    /// One person: oneself, or anybody for staff.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn get(&self, actor: &Actor, id: UserId) -> Result<User, Error> {
        let user = self.users.user(id).await?.ok_or(Error::NotFound)?;
        authorize(
            actor,
            &Permission::User(UserAction::See, user.id, user.role),
        )
        .require()?;
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
        // Before the body: the right to create anybody at all.
        may_create_users(&by.actor).require()?;
        let new = draft.as_result()?;
        authorize(&by.actor, &Permission::CreateUser(new.role)).require()?;
        let now = self.clock.now();
        let commit = new_user(&*self.hasher, new, Some(by.actor.id), now)
            .await?
            .require(actor_is_active(&by.actor))
            .completing(by.completes);
        match self.users.create_user(commit).await.map_err(Error::from) {
            Err(Error::Contended) => {
                crate::use_case::ensure_actor_active(&*self.users, &by.actor).await?;
                Err(Error::Contended)
            }
            outcome => outcome,
        }
    }

    /// Changes a person: what is shown of them by themselves; role, activation and password by
    /// managers of the role. Deactivating and a new password end the person's sessions.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Invalid`], and a conflict when the
    /// email address is taken.
    pub async fn change(
        &self,
        actor: &Actor,
        id: UserId,
        draft: impl Into<Validated<UserChange>>,
    ) -> Result<User, Error> {
        let draft = draft.into();
        retry_on_stale!(self.users, actor, self.try_change(actor, id, &draft))
    }

    async fn try_change(
        &self,
        actor: &Actor,
        id: UserId,
        draft: &Validated<UserChange>,
    ) -> Result<User, Error> {
        let user = self.users.user(id).await?.ok_or(Error::NotFound)?;
        authorize(
            actor,
            &Permission::User(UserAction::See, user.id, user.role),
        )
        .require()?;
        let own = || {
            authorize(
                actor,
                &Permission::User(UserAction::ChangeOwn, user.id, user.role),
            )
        };
        let manage = || {
            authorize(
                actor,
                &Permission::User(UserAction::Manage, user.id, user.role),
            )
        };
        if !own().is_allowed() && !manage().is_allowed() {
            return Err(Error::Forbidden);
        }
        let change = draft.as_result()?;
        if change.own.display_name.is_some() || change.own.email.is_some() {
            own().require()?;
        }
        if change.role.is_some() || change.is_active.is_some() || change.password.is_some() {
            manage().require()?;
        }
        if let Some(role) = change.role {
            authorize(actor, &Permission::CreateUser(role)).require()?;
        }
        if let Some(password) = &change.password {
            password
                .fits(&user.username)
                .map_err(|fault| Invalid::field("password", fault))?;
        }
        let now = self.clock.now();
        let Some((update, events)) = self.update_of(actor, &user, change, now).await? else {
            return Ok(user);
        };
        let commit = Commit::new(update)
            .require(actor_is_active(actor))
            .require(Precondition::HasRole {
                user: user.id,
                role: user.role,
            })
            .with_events(events);
        Ok(self.users.update_user(commit).await?)
    }

    /// What really changes, or `None`.
    async fn update_of(
        &self,
        actor: &Actor,
        user: &User,
        change: &UserChange,
        now: Timestamp,
    ) -> Result<Option<(UserUpdate, Vec<NewEvent>)>, Error> {
        let event = |event| NewEvent::new(now, Some(actor.id), event);
        let differs =
            |name: &Option<DisplayName>| name.clone().filter(|name| *name != user.display_name);
        let mut update = UserUpdate {
            display_name: differs(&change.own.display_name),
            email: change
                .own
                .email
                .clone()
                .filter(|email| *email != user.email),
            role: change.role.filter(|role| *role != user.role),
            is_active: change.is_active.filter(|active| *active != user.is_active),
            ..UserUpdate::of(user.id)
        };
        let changes = UserChanges {
            display_name: update.display_name.is_some(),
            email: update.email.is_some(),
            role: update.role,
            is_active: update.is_active,
        };
        let mut events = Vec::new();
        if changes != UserChanges::default() {
            events.push(event(DomainEvent::UserChanged {
                user: user.id,
                changes,
            }));
        }
        if let Some(password) = &change.password {
            update.password = Some(self.hasher.hash(password.expose().to_owned()).await?);
            events.push(event(DomainEvent::PasswordChanged { user: user.id }));
        }
        if update.is_active == Some(false) || update.password.is_some() {
            update.ends = Some(WhichSessions::All);
        }
        Ok((!events.is_empty()).then_some((update, events)))
    }
}

/// The commit that creates a person, with the password hashed.
pub(super) async fn new_user(
    hasher: &dyn PasswordHasher,
    new: &NewUser,
    by: Option<UserId>,
    now: Timestamp,
) -> Result<Commit<InsertUser>, Error> {
    new.password
        .fits(&new.username)
        .map_err(|fault| Invalid::field("password", fault))?;
    let display_name = new
        .display_name
        .clone()
        .filter(|name| !name.as_str().is_empty())
        .unwrap_or_else(|| DisplayName::from_stored(new.username.to_string()));
    let row = InsertUser {
        username: new.username.clone(),
        email: new.email.clone(),
        display_name,
        role: new.role,
        password: hasher.hash(new.password.expose().to_owned()).await?,
        created_at: now,
    };
    let created = DomainEvent::UserCreated {
        user: RowId::Created,
        username: new.username.clone(),
        role: new.role,
    };
    let event = NewEvent::new(now, by, created);
    Ok(Commit::new(row).with_event(event))
}

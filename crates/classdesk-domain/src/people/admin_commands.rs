//! What the program's command line does, outside of any session.

use std::sync::Arc;

use crate::clock::{Clock, SecretSource, Timestamp};
use crate::error::{Conflict, Error};
use crate::events::facts::RowId;
use crate::events::model::{DomainEvent, NewEvent};
use crate::external_id::ExternalId;
use crate::ids::UserId;
use crate::paging::{Page, PageRequest};
use crate::request_context::Put;
use crate::store::commit::{Commit, Versioned};
use crate::store::error::{StoreError, Unique};
use crate::use_case::ATTEMPTS;

use super::hasher::{HashRequester, PasswordHasher};
use super::known::{change_unasked, ensure_known};
use super::model::{NewUser, PutUser, Role, User, UserFilter};
use super::names::LoginName;
use super::password_links::{INVITATION_TTL, NewPasswordLink};
use super::passwords::NewPassword;
use super::ports::{InsertUser, UserRepository, UserUpdate};
use super::sessions::AccessToken;
use super::user_service::{check_fits, new_user};

/// What came of an invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invited {
    /// The person has a link. They are created unless they were there before.
    Link {
        /// The link's token. It is shown once and kept nowhere.
        token: AccessToken,
        /// When it ends.
        expires_at: Timestamp,
    },
    /// The person is there and has a password, which an invitation does not replace.
    HasPassword,
    /// The person is there and was deactivated.
    Inactive,
}

/// The use cases of the command line: running the program on its store is the only right they need.
/// Their events have no actor.
#[derive(Clone)]
pub struct AdminCommands {
    pub(crate) users: Arc<dyn UserRepository>,
    pub(crate) hasher: Arc<dyn PasswordHasher>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) secrets: Arc<dyn SecretSource>,
}

impl AdminCommands {
    /// The commands on these ports, for a program that does nothing else.
    #[must_use]
    pub fn new(
        users: Arc<dyn UserRepository>,
        hasher: Arc<dyn PasswordHasher>,
        clock: Arc<dyn Clock>,
        secrets: Arc<dyn SecretSource>,
    ) -> Self {
        Self {
            users,
            hasher,
            clock,
            secrets,
        }
    }

    /// Whether any person exists.
    ///
    /// # Errors
    /// Only failures of the store.
    pub async fn any_user(&self) -> Result<bool, Error> {
        Ok(self.users.any_user().await?)
    }

    /// Creates a person in any role.
    ///
    /// # Errors
    /// [`Error::Invalid`], or a conflict that names the taken field.
    pub async fn create_user(&self, new: &NewUser) -> Result<User, Error> {
        let requester = HashRequester::Operator;
        let (row, created) = new_user(&*self.hasher, requester, new, self.clock.now()).await?;
        let event = NewEvent::new(row.created_at, None, created);
        let commit = Commit::new(row).with_event(event);
        Ok(self.users.create_user(commit).await?)
    }

    /// Creates a person without a password and makes a link by which they give themselves one. Who is
    /// there already with this username, address and role, and has no password, gets a new link in
    /// the place of the one before.
    ///
    /// # Errors
    /// A conflict that names the taken field.
    pub async fn invite(&self, new: NewUser) -> Result<Invited, Error> {
        let new = NewUser {
            password: None,
            ..new
        };
        for _ in 0..ATTEMPTS {
            let now = self.clock.now();
            let token = AccessToken::from_bytes(self.secrets.bytes());
            let expires_at = now.plus(INVITATION_TTL);
            let link = Some(NewPasswordLink {
                token: token.hash(),
                expires_at,
            });
            let invited =
                |user: RowId<UserId>| NewEvent::new(now, None, DomainEvent::UserInvited { user });
            let (row, created) =
                new_user(&*self.hasher, HashRequester::Operator, &new, now).await?;
            let commit = Commit::new(InsertUser { link, ..row })
                .with_event(NewEvent::new(now, None, created))
                .with_event(invited(RowId::Created));
            let made = match self.users.create_user(commit).await {
                Err(StoreError::Duplicate(Unique::Username)) => {
                    let name = LoginName::new(new.username.as_str());
                    let Some(known) = self.users.credentials(&name).await? else {
                        continue;
                    };
                    let user = known.user;
                    if (&user.username, &user.email, user.role)
                        != (&new.username, &new.email, new.role)
                    {
                        return Err(Conflict::UsernameTaken.into());
                    }
                    if !user.is_active {
                        return Ok(Invited::Inactive);
                    }
                    if known.password.is_some() {
                        return Ok(Invited::HasPassword);
                    }
                    let update = UserUpdate {
                        link,
                        ..UserUpdate::of(user.id)
                    };
                    let commit = Commit::new(update)
                        .require(Versioned::User(user.id).at(user.version))
                        .with_event(invited(user.id.into()));
                    self.users.update_user(commit).await
                }
                made => made,
            };
            match made {
                // Somebody changed the person meanwhile.
                Err(StoreError::Stale) => {}
                made => {
                    made?;
                    return Ok(Invited::Link { token, expires_at });
                }
            }
        }
        Err(Error::Contended)
    }

    /// Creates the person whom another system knows by this id, or makes them what it says.
    ///
    /// # Errors
    /// As [`Users::ensure_known`](super::Users::ensure_known).
    pub async fn put_user(
        &self,
        external_id: &ExternalId,
        person: &PutUser,
    ) -> Result<Put<User>, Error> {
        ensure_known(&*self.users, &*self.clock, external_id, person).await
    }

    /// Lists all people.
    ///
    /// # Errors
    /// Only failures of the store.
    pub async fn list_users(&self, page: PageRequest) -> Result<Page<User>, Error> {
        Ok(self.users.list_users(UserFilter::default(), page).await?)
    }

    /// Gives a person a new password, ends their sessions and clears their failed sign-ins.
    ///
    /// # Errors
    /// [`Error::NotFound`] when no person signs in with this name; [`Error::Invalid`].
    pub async fn set_password(
        &self,
        name: &LoginName,
        password: &NewPassword,
    ) -> Result<User, Error> {
        let user = self.user(name).await?;
        check_fits(password, &user.username)?;
        let requester = HashRequester::Operator;
        let hashed = self.hasher.hash(requester, password.expose().to_owned());
        let update = UserUpdate {
            password: Some(hashed.await?),
            ..UserUpdate::of(user.id)
        };
        change_unasked(&*self.users, &*self.clock, &update).await
    }

    /// Activates or deactivates a person.
    ///
    /// # Errors
    /// [`Error::NotFound`] when no person signs in with this name; a conflict as in
    /// [`Users::change`](super::Users::change).
    pub async fn set_active(&self, name: &LoginName, is_active: bool) -> Result<User, Error> {
        let update = UserUpdate {
            is_active: Some(is_active),
            ..UserUpdate::of(self.user(name).await?.id)
        };
        change_unasked(&*self.users, &*self.clock, &update).await
    }

    /// Gives a person a role.
    ///
    /// # Errors
    /// [`Error::NotFound`] when no person signs in with this name; a conflict as in
    /// [`Users::change`](super::Users::change).
    pub async fn set_role(&self, name: &LoginName, role: Role) -> Result<User, Error> {
        let update = UserUpdate {
            role: Some(role),
            ..UserUpdate::of(self.user(name).await?.id)
        };
        change_unasked(&*self.users, &*self.clock, &update).await
    }

    /// Clears the failed sign-ins of a person.
    ///
    /// # Errors
    /// [`Error::NotFound`] when no person signs in with this name.
    pub async fn unlock(&self, name: &LoginName) -> Result<User, Error> {
        let user = self.user(name).await?;
        let update = UserUpdate {
            forgets_failures: Some(user.login_keys()),
            ..UserUpdate::of(user.id)
        };
        let unlocked = DomainEvent::UserUnlocked { user: user.id };
        let event = NewEvent::new(self.clock.now(), None, unlocked);
        let commit = Commit::new(update).with_event(event);
        Ok(self.users.update_user(commit).await?)
    }

    async fn user(&self, name: &LoginName) -> Result<User, Error> {
        let found = self.users.credentials(name).await?;
        Ok(found.ok_or(Error::NotFound)?.user)
    }
}

//! What the program's command line does, outside of any session.

use std::sync::Arc;

use crate::clock::Clock;
use crate::error::Error;
use crate::events::model::{DomainEvent, NewEvent};
use crate::paging::{Page, PageRequest};
use crate::store::commit::Commit;

use super::hasher::PasswordHasher;
use super::model::{NewUser, User, UserFilter};
use super::names::LoginName;
use super::passwords::NewPassword;
use super::ports::{UserRepository, UserUpdate};
use super::sessions::WhichSessions;
use super::user_service::{check_fits, new_user};

/// The use cases of the command line: running the program on its store is the only right they need.
/// Their events have no actor.
#[derive(Clone)]
pub struct AdminCommands {
    pub(crate) users: Arc<dyn UserRepository>,
    pub(crate) hasher: Arc<dyn PasswordHasher>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl AdminCommands {
    /// The commands on these ports, for a program that does nothing else.
    #[must_use]
    pub fn new(
        users: Arc<dyn UserRepository>,
        hasher: Arc<dyn PasswordHasher>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            users,
            hasher,
            clock,
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
        let (row, created) = new_user(&*self.hasher, new, self.clock.now()).await?;
        let event = NewEvent::new(row.created_at, None, created);
        let commit = Commit::new(row).with_event(event);
        Ok(self.users.create_user(commit).await?)
    }

    /// Lists all people.
    ///
    /// # Errors
    /// Only failures of the store.
    pub async fn list_users(&self, page: PageRequest) -> Result<Page<User>, Error> {
        Ok(self.users.list_users(UserFilter::default(), page).await?)
    }

    /// Gives a person a new password and ends their sessions.
    ///
    /// # Errors
    /// [`Error::NotFound`] when no person signs in with this name; [`Error::Invalid`].
    pub async fn set_password(
        &self,
        name: &LoginName,
        password: &NewPassword,
    ) -> Result<User, Error> {
        let known = self.users.credentials(name).await?.ok_or(Error::NotFound)?;
        let user = known.user.id;
        check_fits(password, &known.user.username)?;
        let update = UserUpdate {
            password: Some(self.hasher.hash(password.expose().to_owned()).await?),
            ends: Some(WhichSessions::All),
            ..UserUpdate::of(user)
        };
        let changed = DomainEvent::PasswordChanged { user };
        let event = NewEvent::new(self.clock.now(), None, changed);
        let commit = Commit::new(update).with_event(event);
        Ok(self.users.update_user(commit).await?)
    }
}

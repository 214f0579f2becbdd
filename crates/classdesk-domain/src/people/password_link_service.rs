//! Giving oneself a password by a link.

use std::sync::Arc;

use crate::clock::Clock;
use crate::error::Error;
use crate::events::model::{DomainEvent, NewEvent};
use crate::store::commit::Commit;
use crate::store::error::StoreError;
use crate::use_case::{ATTEMPTS, user_is_active};
use crate::validation::Invalid;

use super::hasher::{HashRequester, PasswordHashError, PasswordHasher};
use super::model::User;
use super::passwords::NewPassword;
use super::ports::{UserRepository, UserUpdate};
use super::sessions::{AccessToken, TokenHash, WhichSessions};

/// A link in exchange for a password.
#[derive(Clone)]
pub struct PasswordReset {
    /// The link's token as it was sent.
    pub token: String,
    /// The new password as it was typed.
    pub new_password: String,
}

/// Giving oneself a password by a link (docs/contract.md#invitations).
#[derive(Clone)]
pub struct PasswordLinks {
    pub(crate) users: Arc<dyn UserRepository>,
    pub(crate) hasher: Arc<dyn PasswordHasher>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl PasswordLinks {
    /// Sets the password of the person whose link this is, and ends their sessions. The link works
    /// once; a password that is refused leaves it as it is.
    ///
    /// Nothing is hashed without a live link, and for one person one password at a time.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such link or it has ended, before all others;
    /// [`Error::Invalid`] on `new_password`; [`Error::Password`] with [`PasswordHashError::Busy`].
    pub async fn redeem(&self, reset: PasswordReset) -> Result<(), Error> {
        let token = AccessToken::parse(&reset.token).ok_or(Error::NotFound)?;
        let token = token.hash();
        let mut hash = None;
        for _ in 0..ATTEMPTS {
            let user = self.owner(&token).await?;
            let password = checked(&reset.new_password, &user)?;
            let requester = HashRequester::Person(user.id);
            if hash.is_none() {
                if self.hasher.is_busy(requester) {
                    return Err(PasswordHashError::Busy.into());
                }
                hash = Some((self.hasher.hash(requester, password)).await?);
            }
            let now = self.clock.now();
            let update = UserUpdate {
                password: hash.clone(),
                redeems: Some(token),
                ends: Some(WhichSessions::All),
                forgets_failures: Some(user.login_keys()),
                ..UserUpdate::of(user.id)
            };
            let changed = DomainEvent::PasswordChanged { user: user.id };
            let commit = Commit::new(update)
                .require(user_is_active(&user))
                .with_event(NewEvent::new(now, Some(user.id), changed));
            match self.users.update_user(commit).await {
                // Used at the same time, or the person was changed: look again.
                Err(StoreError::Stale) => {}
                changed => return Ok(changed.map(drop)?),
            }
        }
        Err(Error::Contended)
    }

    /// Whose live link this is.
    async fn owner(&self, token: &TokenHash) -> Result<User, Error> {
        let link = self.users.password_link(token).await?;
        let now = self.clock.now();
        link.filter(|link| now < link.expires_at && link.user.is_active)
            .map(|link| link.user)
            .ok_or(Error::NotFound)
    }
}

/// The password, if it may be this person's.
fn checked(password: &str, user: &User) -> Result<String, Invalid> {
    let fits = NewPassword::parse(password).and_then(|new| {
        new.fits(&user.username)?;
        Ok(new.expose().to_owned())
    });
    fits.map_err(|fault| Invalid::field("new_password", fault))
}

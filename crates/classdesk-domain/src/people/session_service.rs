//! Signing in and out.

use std::net::IpAddr;
use std::sync::Arc;

use crate::client_network::ClientNetwork;
use crate::clock::{Clock, SecretSource};
use crate::error::Error;
use crate::events::model::{DomainEvent, NewEvent};
use crate::ids::{SessionId, UserId};
use crate::paging::{Page, PageRequest};
use crate::store::commit::Commit;
use crate::use_case::retry_on_stale;
use crate::validation::{ErrorCollector, FieldError, Validated};

use super::hasher::{PasswordHashError, PasswordHasher, Verification};
use super::model::{Actor, User};
use super::names::LoginName;
use super::passwords::NewPassword;
use super::ports::{Credentials, SessionRepository, UserRepository, UserUpdate};
use super::sessions::{
    AccessToken, EndSessions, LoginAttempt, LoginLimits, LoginThrottle, NewSession, Session,
    SessionLimits, WhichSessions,
};

/// A request to sign in.
#[derive(Clone)]
pub struct Login {
    /// The username or email address.
    pub name: LoginName,
    /// The password as it was typed.
    pub password: String,
    /// The address that the request came from.
    pub address: IpAddr,
    /// What the client calls itself.
    pub user_agent: Option<String>,
}

/// What signing in yields. The token is shown once and kept nowhere.
#[derive(Debug, Clone)]
pub struct LoggedIn {
    /// The token to act with.
    pub token: AccessToken,
    /// The session.
    pub session: Session,
    /// The person.
    pub user: User,
}

/// The session and the person of a valid token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthenticatedSession {
    /// The person.
    pub user: User,
    /// The session.
    pub session: Session,
}

impl AuthenticatedSession {
    /// The person as the policy knows them.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor::from(&self.user)
    }
}

/// A change of one's own password.
#[derive(Clone)]
pub struct PasswordChange {
    /// The present password as it was typed.
    pub current: String,
    /// The new one.
    pub new: NewPassword,
}

/// Signing in and out (docs/contract.md#sessions).
#[derive(Clone)]
pub struct Sessions {
    pub(crate) sessions: Arc<dyn SessionRepository>,
    pub(crate) users: Arc<dyn UserRepository>,
    pub(crate) hasher: Arc<dyn PasswordHasher>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) secrets: Arc<dyn SecretSource>,
    pub(crate) limits: SessionLimits,
    pub(crate) login_limits: LoginLimits,
}

impl Sessions {
    /// Signs a person in.
    ///
    /// An unknown name, a wrong password and a deactivated account get the same answer after the
    /// same work. A request that finds the hasher busy at once counts as no attempt. One that finds
    /// it busy only after admission counts.
    ///
    /// # Errors
    /// [`Error::Password`] with [`PasswordHashError::Busy`] before all others, [`Error::Throttled`]
    /// after too many failures, [`Error::WrongCredentials`].
    pub async fn login(&self, login: Login) -> Result<LoggedIn, Error> {
        if self.hasher.is_busy() {
            return Err(PasswordHashError::Busy.into());
        }
        let mut credentials = self.users.credentials(&login.name).await?;
        let known = credentials.as_ref().map(|known| known.user.id);
        let account = match known {
            Some(user) => format!("user:{user}"),
            None => format!("name:{}", login.name.as_str()),
        };
        self.admit(&account, known, login.address).await?;
        // A second round only if the password or the person changed between check and commit.
        for _ in 0..2 {
            match self.enter(&login, credentials, &account).await {
                Err(Error::Contended) => {
                    credentials = self.users.credentials(&login.name).await?;
                }
                outcome => return outcome,
            }
        }
        Err(Error::Contended)
    }

    async fn admit(
        &self,
        account: &str,
        known: Option<UserId>,
        address: IpAddr,
    ) -> Result<(), Error> {
        let at = self.clock.now();
        let attempt = LoginAttempt {
            account: account.to_owned(),
            address: ClientNetwork::of(address).to_string(),
            at,
            limits: self.login_limits,
        };
        match self.sessions.admit_login(attempt).await? {
            LoginThrottle::Admitted => Ok(()),
            LoginThrottle::Throttled { until } => Err(Error::Throttled {
                retry_after: until.since(at),
                account: known,
            }),
        }
    }

    async fn enter(
        &self,
        login: &Login,
        credentials: Option<Credentials>,
        account: &str,
    ) -> Result<LoggedIn, Error> {
        let hash = credentials.as_ref().map(|known| known.password.clone());
        let wrong = Error::WrongCredentials {
            account: credentials.as_ref().map(|known| known.user.id),
        };
        let verdict = self.hasher.verify(login.password.clone(), hash).await?;
        let (known, outdated) = match (credentials, verdict) {
            (Some(known), Verification::Right { outdated }) if known.user.is_active => {
                (known, outdated)
            }
            _ => return Err(wrong),
        };
        let upgraded_hash = if outdated {
            Some(self.hasher.hash(login.password.clone()).await?)
        } else {
            None
        };
        let now = self.clock.now();
        let token = AccessToken::from_bytes(self.secrets.bytes());
        let user = known.user;
        let new = NewSession {
            user: user.id,
            token: token.hash(),
            created_at: now,
            expires_at: now.plus(self.limits.lifetime),
            address: Some(login.address.to_canonical().to_string()),
            user_agent: login.user_agent.clone(),
            upgraded_hash,
            verified_hash: known.password,
            clears_failures_of: account.to_owned(),
        };
        let started = DomainEvent::SessionStarted { user: user.id };
        let commit = Commit::by(Actor::from(&user), now, new, [started]);
        let session = self.sessions.start_session(commit).await?;
        Ok(LoggedIn {
            token,
            session,
            user: User {
                last_login_at: Some(now),
                ..user
            },
        })
    }

    /// Authenticates a token, and notes the use.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] when the token is unknown, past its end or idle for too long, or
    /// its person was deactivated.
    pub async fn authenticate(&self, token: &AccessToken) -> Result<AuthenticatedSession, Error> {
        let found = self.sessions.session(&token.hash()).await?;
        let owner = found.ok_or(Error::Unauthenticated)?;
        let now = self.clock.now();
        if !owner.user.is_active || !owner.session.holds(now, &self.limits) {
            return Err(Error::Unauthenticated);
        }
        if owner.session.wants_touch(now, &self.limits) {
            self.sessions.touch_session(owner.session.id, now).await?;
        }
        Ok(AuthenticatedSession {
            user: owner.user,
            session: owner.session,
        })
    }

    /// Ends this session.
    ///
    /// # Errors
    /// Only failures of the store.
    pub async fn logout(&self, who: &AuthenticatedSession) -> Result<(), Error> {
        let which = WhichSessions::One(who.session.id);
        self.end(who, which).await.map(drop)
    }

    /// Ends every session of this person.
    ///
    /// # Errors
    /// Only failures of the store.
    pub async fn logout_all(&self, who: &AuthenticatedSession) -> Result<(), Error> {
        self.end(who, WhichSessions::All).await.map(drop)
    }

    /// Lists the sessions of this person that hold, newest first.
    ///
    /// # Errors
    /// Only failures of the store.
    pub async fn list(
        &self,
        who: &AuthenticatedSession,
        page: PageRequest,
    ) -> Result<Page<Session>, Error> {
        let now = self.clock.now();
        let idle_since = now.minus(self.limits.idle);
        let user = who.user.id;
        let found = self.sessions.list_sessions(user, now, idle_since, page);
        Ok(found.await?)
    }

    /// Ends one session of this person.
    ///
    /// # Errors
    /// [`Error::NotFound`] when this person has no such session.
    pub async fn end_one(
        &self,
        who: &AuthenticatedSession,
        session: SessionId,
    ) -> Result<(), Error> {
        match self.end(who, WhichSessions::One(session)).await? {
            0 => Err(Error::NotFound),
            _ => Ok(()),
        }
    }

    async fn end(&self, who: &AuthenticatedSession, which: WhichSessions) -> Result<u64, Error> {
        let user = who.user.id;
        let ended = DomainEvent::SessionEnded { user };
        let event = NewEvent::new(self.clock.now(), Some(user), ended);
        let commit = Commit::new(EndSessions { user, which }).with_event(event);
        Ok(self.sessions.end_sessions(commit).await?)
    }

    /// Changes one's own password and ends one's other sessions.
    ///
    /// # Errors
    /// [`Error::Invalid`] on `current_password` when it is wrong, on `new_password` when it does
    /// not fit the person.
    pub async fn change_password(
        &self,
        who: &AuthenticatedSession,
        draft: impl Into<Validated<PasswordChange>>,
    ) -> Result<(), Error> {
        let draft = draft.into();
        let actor = &who.actor();
        retry_on_stale!(self.users, actor, async {
            let change = draft.as_result()?;
            let found = self.users.credentials_of(actor.id).await?;
            let known = found.ok_or(Error::Unauthenticated)?;
            let hash = Some(known.password.clone());
            let verdict = self.hasher.verify(change.current.clone(), hash).await?;
            let mut faults = ErrorCollector::default();
            if verdict == Verification::Wrong {
                faults.add("current_password", FieldError::WrongPassword);
            }
            faults.check("new_password", change.new.fits(&who.user.username));
            faults.into_result()?;
            let update = UserUpdate {
                password: Some(self.hasher.hash(change.new.expose().to_owned()).await?),
                verified_hash: Some(known.password),
                ends: Some(WhichSessions::AllBut(who.session.id)),
                ..UserUpdate::of(actor.id)
            };
            let changed = DomainEvent::PasswordChanged { user: actor.id };
            let commit = Commit::by(actor, self.clock.now(), update, [changed]);
            self.users.update_user(commit).await?;
            Ok(())
        })
    }
}

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

use super::hasher::{HashRequester, PasswordHashError, PasswordHasher, Verification};
use super::model::{Actor, User};
use super::names::LoginName;
use super::passwords::{NewPassword, PasswordHash};
use super::ports::{SessionRepository, UserRepository, UserUpdate};
use super::principal::AuthenticatedSession;
use super::sessions::{
    AccessToken, EndSessions, NewSession, Session, SessionLimits, SessionWithUser, WhichSessions,
};
use super::throttling::{LoginAttempt, LoginKey, LoginLimits, LoginThrottle};

/// How often the password is looked at anew when it changes meanwhile.
const LOGIN_ROUNDS: usize = 3;

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
    /// An unknown name, a wrong password, an account without one and a deactivated account get the
    /// same answer after the same work, and each is a failure. An attempt that was not looked at to its end is none.
    ///
    /// # Errors
    /// [`Error::Password`] with [`PasswordHashError::Busy`] before all others, [`Error::Throttled`]
    /// after too many failures, [`Error::WrongCredentials`].
    pub async fn login(&self, login: Login) -> Result<LoggedIn, Error> {
        let requester = HashRequester::SignIn {
            name: LoginKey::of(&login.name),
            network: ClientNetwork::of(login.address),
        };
        if self.hasher.is_busy(requester) {
            return Err(PasswordHashError::Busy.into());
        }
        // A further round only if the password, the person or the count changed between check and
        // commit.
        for _ in 0..LOGIN_ROUNDS {
            match self.try_login(&login, requester).await {
                Err(Error::Contended) => {}
                outcome => return outcome,
            }
        }
        Err(Error::Contended)
    }

    async fn try_login(&self, login: &Login, requester: HashRequester) -> Result<LoggedIn, Error> {
        let credentials = self.users.credentials(&login.name).await?;
        let account = credentials.as_ref().map(|known| known.user.id);
        let attempt = self.attempt(&login.name, account, login.address);
        not_throttled(&attempt, self.sessions.login_throttle(attempt).await?)?;
        let password = login.password.clone();
        let (user, hash) = credentials
            .map(|known| (known.user, known.password))
            .unzip();
        let hash = hash.flatten();
        let verdict = self
            .hasher
            .verify(requester, password, hash.clone())
            .await?;
        match (user, hash, verdict) {
            (Some(user), Some(hash), Verification::Right { outdated }) if user.is_active => {
                let account = (user, hash);
                self.start(login, requester, account, outdated, attempt)
                    .await
            }
            _ => {
                self.count_failure(attempt).await?;
                Err(Error::WrongCredentials { account })
            }
        }
    }

    fn attempt(&self, name: &LoginName, user: Option<UserId>, address: IpAddr) -> LoginAttempt {
        LoginAttempt {
            name: LoginKey::of(name),
            user,
            network: ClientNetwork::of(address),
            at: self.clock.now(),
            limits: self.login_limits,
        }
    }

    /// Counts a failure at the time at which it is known.
    async fn count_failure(&self, attempt: LoginAttempt) -> Result<(), Error> {
        let at = self.clock.now();
        let attempt = LoginAttempt { at, ..attempt };
        let counted = self.sessions.count_failure(attempt).await?;
        not_throttled(&attempt, counted)
    }

    async fn start(
        &self,
        login: &Login,
        requester: HashRequester,
        (user, verified_hash): (User, PasswordHash),
        outdated: bool,
        attempt: LoginAttempt,
    ) -> Result<LoggedIn, Error> {
        let upgraded_hash = if outdated {
            match self.hasher.hash(requester, login.password.clone()).await {
                // The password is right. A later sign-in makes the hash anew.
                Err(PasswordHashError::Busy) => None,
                hash => Some(hash?),
            }
        } else {
            None
        };
        let now = self.clock.now();
        let token = AccessToken::from_bytes(self.secrets.bytes());
        let new = NewSession {
            user: user.id,
            token: token.hash(),
            created_at: now,
            expires_at: now.plus(self.limits.lifetime),
            address: Some(login.address.to_canonical().to_string()),
            user_agent: login.user_agent.clone(),
            upgraded_hash,
            verified_hash,
            attempt: LoginAttempt { at: now, ..attempt },
        };
        let started = DomainEvent::SessionStarted { user: user.id };
        let commit = Commit::by(&Actor::from(&user).into(), now, new, [started]);
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
        let found = self.find_valid(token).await?;
        let now = self.clock.now();
        if found.session.wants_touch(now, &self.limits) {
            self.sessions.touch_session(found.session.id, now).await?;
        }
        Ok(found)
    }

    /// Finds the session of a token that holds. This is no use of it, so that an answer that goes on
    /// keeps no session alive.
    ///
    /// # Errors
    /// As [`Sessions::authenticate`].
    pub async fn find_valid(&self, token: &AccessToken) -> Result<AuthenticatedSession, Error> {
        let found = self.sessions.session(&token.hash()).await?;
        let SessionWithUser { session, user } = found.ok_or(Error::Unauthenticated)?;
        if !user.is_active || !session.holds(self.clock.now(), &self.limits) {
            return Err(Error::Unauthenticated);
        }
        Ok(AuthenticatedSession { user, session })
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

    /// Changes one's own password and ends one's other sessions. A wrong present one is a failed
    /// sign-in of the account.
    ///
    /// # Errors
    /// [`Error::Invalid`] on `current_password` when it is wrong, on `new_password` when it does
    /// not fit the person; [`Error::Throttled`] after too many failures, which ends no session.
    pub async fn change_password(
        &self,
        who: &AuthenticatedSession,
        address: IpAddr,
        draft: impl Into<Validated<PasswordChange>>,
    ) -> Result<(), Error> {
        let draft = draft.into();
        let actor = &who.actor();
        let requester = HashRequester::Person(actor.id);
        retry_on_stale!(self.users, actor, async {
            let change = draft.as_result()?;
            let found = self.users.credentials_of(actor.id).await?;
            let known = found.ok_or(Error::Unauthenticated)?;
            let name = LoginName::new(known.user.username.as_str());
            let attempt = self.attempt(&name, Some(actor.id), address);
            not_throttled(&attempt, self.sessions.login_throttle(attempt).await?)?;
            let (current, hash) = (change.current.clone(), known.password.clone());
            let verdict = self.hasher.verify(requester, current, hash).await?;
            let mut faults = ErrorCollector::default();
            if verdict == Verification::Wrong {
                self.count_failure(attempt).await?;
                faults.add("current_password", FieldError::WrongPassword);
            } else {
                // Others may have failed meanwhile, and an error of the new password says that the
                // present one is right.
                not_throttled(&attempt, self.sessions.login_throttle(attempt).await?)?;
            }
            faults.check("new_password", change.new.fits(&who.user.username));
            faults.into_result()?;
            let new = change.new.expose().to_owned();
            let update = UserUpdate {
                password: Some(self.hasher.hash(requester, new).await?),
                verified_hash: known.password,
                attempt: Some(attempt),
                ends: Some(WhichSessions::AllBut(who.session.id)),
                forgets_failures: Some(Vec::new()),
                ..UserUpdate::of(actor.id)
            };
            let changed = DomainEvent::PasswordChanged { user: actor.id };
            let commit = Commit::by(&actor.into(), self.clock.now(), update, [changed]);
            self.users.update_user(commit).await?;
            Ok(())
        })
    }
}

/// An error when the attempt is throttled.
fn not_throttled(attempt: &LoginAttempt, throttle: LoginThrottle) -> Result<(), Error> {
    match throttle {
        LoginThrottle::Open => Ok(()),
        LoginThrottle::Throttled { until } => Err(Error::Throttled {
            retry_after: until.since(attempt.at),
            account: attempt.user,
        }),
    }
}

//! What people need of a store.

use async_trait::async_trait;

use crate::api_keys::ports::KeysEnd;
use crate::clock::Timestamp;
use crate::external_id::ExternalId;
use crate::ids::{SessionId, TicketId, UserId};
use crate::paging::{Page, PageRequest};
use crate::text::DisplayName;

use super::locale::{Language, TimeZone};
use super::model::{Role, User, UserFilter};
use super::names::{Email, LoginName, Username};
use super::password_links::{NewPasswordLink, PasswordLink};
use super::passwords::PasswordHash;
use super::sessions::{
    EndSessions, NewSession, Session, SessionWithUser, TokenHash, WhichSessions,
};
use super::throttling::{LoginAttempt, LoginKey, LoginThrottle};
use crate::store::commit::Commit;
use crate::store::error::StoreError;
use crate::subjects::model::{Parties, SubjectRef};

/// A person with their password hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The person, active or not.
    pub user: User,
    /// Their hash, if they have a password.
    pub password: Option<PasswordHash>,
}

/// A person as they are inserted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InsertUser {
    /// Their id in the system that they come from.
    pub external_id: Option<ExternalId>,
    /// Their username.
    pub username: Username,
    /// Their email address.
    pub email: Email,
    /// Their name for others.
    pub display_name: DisplayName,
    /// What they are.
    pub role: Role,
    /// Their hash, if they have a password.
    pub password: Option<PasswordHash>,
    /// Whether they may sign in and act.
    pub is_active: bool,
    /// The language that they read.
    pub language: Language,
    /// Their time zone.
    pub time_zone: TimeZone,
    /// Since when they exist.
    pub created_at: Timestamp,
    /// A link by which they give themselves a password, if they get one.
    pub link: Option<NewPasswordLink>,
}

/// A ticket that is not closed, as its assignee's change needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssignedTicket {
    /// The ticket.
    pub id: TicketId,
    /// Whom it is for.
    pub requester: UserId,
    /// The subject it is on, if it is on one.
    pub about: Option<SubjectRef>,
}

/// What a person is assigned to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Assignments {
    /// Tickets that are not closed, by ascending id.
    pub tickets: Vec<AssignedTicket>,
    /// Subjects of which they are the writer, and whose they are, by kind and id.
    pub subjects: Vec<(SubjectRef, Parties)>,
}

/// What a person is taken off. The store MUST answer `Stale` when the person is assigned to others by
/// now, more or fewer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// All their tickets that are not closed, by ascending id; `None` when they keep them. Each
    /// counts its version up.
    pub tickets: Option<Vec<TicketId>>,
    /// All the subjects of which they are the writer, by kind and id; `None` when they keep them.
    /// Each bundle among them counts its version up.
    pub subjects: Option<Vec<SubjectRef>>,
    /// When.
    pub at: Timestamp,
}

/// A change to a person's row; what is `None` stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserUpdate {
    /// The user.
    pub user: UserId,
    /// A new username.
    pub username: Option<Username>,
    /// A new id in another system, or none.
    pub external_id: Option<Option<ExternalId>>,
    /// A new name for others.
    pub display_name: Option<DisplayName>,
    /// A new email address.
    pub email: Option<Email>,
    /// A new language.
    pub language: Option<Language>,
    /// A new time zone.
    pub time_zone: Option<TimeZone>,
    /// A new role.
    pub role: Option<Role>,
    /// Active or not.
    pub is_active: Option<bool>,
    /// A new hash.
    pub password: Option<PasswordHash>,
    /// The hash that was checked before the change, if it was. The store MUST answer `Stale` when
    /// it is no longer the person's, since an old password must not undo a new one.
    pub verified_hash: Option<PasswordHash>,
    /// The link by which the password is set, if it is. The store MUST answer `Stale` when it is no
    /// longer the person's, so that it works once.
    pub redeems: Option<TokenHash>,
    /// A link by which they give themselves a password. It takes the place of the one before.
    pub link: Option<NewPasswordLink>,
    /// The attempt by which the present password was confirmed, if it was. The store MUST answer
    /// `Stale` when it is throttled by then, so that guesses at the same time gain nothing.
    pub attempt: Option<LoginAttempt>,
    /// The sessions that end with the change.
    pub ends: Option<WhichSessions>,
    /// The keys that end with the change.
    pub ends_keys: Option<KeysEnd>,
    /// The failed sign-ins that no longer count: those of the person, and those under these keys.
    pub forgets_failures: Option<Vec<LoginKey>>,
    /// What the person is taken off with the change.
    pub release: Option<Release>,
}

impl UserUpdate {
    /// A change of nothing, to be filled.
    #[must_use]
    pub fn of(user: UserId) -> Self {
        Self {
            user,
            username: None,
            external_id: None,
            display_name: None,
            email: None,
            language: None,
            time_zone: None,
            role: None,
            is_active: None,
            password: None,
            verified_hash: None,
            redeems: None,
            link: None,
            attempt: None,
            ends: None,
            ends_keys: None,
            forgets_failures: None,
            release: None,
        }
    }

    /// Whether it changes the person, and not only what is kept about them.
    #[must_use]
    pub const fn counts_version(&self) -> bool {
        self.username.is_some()
            || self.external_id.is_some()
            || self.display_name.is_some()
            || self.email.is_some()
            || self.language.is_some()
            || self.time_zone.is_some()
            || self.role.is_some()
            || self.is_active.is_some()
            || self.password.is_some()
    }
}

/// Keeping people.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait UserRepository: Send + Sync {
    /// The person with this id, active or not.
    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError>;

    /// The person whom another system knows by this id, active or not.
    async fn user_by_external_id(&self, id: &ExternalId) -> Result<Option<User>, StoreError>;

    /// The people with these ids, in any order; ids without a person are left out.
    async fn users(&self, ids: &[UserId]) -> Result<Vec<User>, StoreError>;

    /// Whether there is any person at all.
    async fn any_user(&self) -> Result<bool, StoreError>;

    /// The person who signs in with this name: it MUST match the username or the email address,
    /// and the username wins if two people would match.
    async fn credentials(&self, login: &LoginName) -> Result<Option<Credentials>, StoreError>;

    /// The person with this id and their hash.
    async fn credentials_of(&self, id: UserId) -> Result<Option<Credentials>, StoreError>;

    /// Matching people, by ascending id.
    async fn list_users(
        &self,
        filter: UserFilter,
        page: PageRequest,
    ) -> Result<Page<User>, StoreError>;

    /// The link with this token and its person. Whether it still holds is the domain's to say.
    async fn password_link(&self, token: &TokenHash) -> Result<Option<PasswordLink>, StoreError>;

    /// Creates a person. A taken username, email or external id MUST answer `Duplicate` with the first
    /// of these that is taken.
    async fn create_user(&self, commit: Commit<InsertUser>) -> Result<User, StoreError>;

    /// What a person is assigned to, at most `limit` tickets and as many subjects.
    async fn assignments(&self, user: UserId, limit: usize) -> Result<Assignments, StoreError>;

    /// Changes a person, and counts their version up if the change
    /// [counts](UserUpdate::counts_version). A taken name answers as in
    /// [`create_user`](Self::create_user), or `Stale` when it was taken at the same time. In the same transaction it ends the named sessions and keys, forgets the named
    /// failures and takes the person off the named tickets and subjects.
    ///
    /// A new password and a deactivation MUST end the person's link.
    async fn update_user(&self, commit: Commit<UserUpdate>) -> Result<User, StoreError>;
}

/// Keeping sessions and failed logins.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait SessionRepository: Send + Sync {
    /// The session with this token and its person. Whether it still holds is the domain's to say.
    async fn session(&self, token: &TokenHash) -> Result<Option<SessionWithUser>, StoreError>;

    /// Notes a use. It MUST never move `last_used_at` back, and a missing session is no error.
    async fn touch_session(&self, id: SessionId, at: Timestamp) -> Result<(), StoreError>;

    /// A person's sessions that end after `now` and were used after `idle_since`, newest first
    /// (descending id).
    async fn list_sessions(
        &self,
        user: UserId,
        now: Timestamp,
        idle_since: Timestamp,
        page: PageRequest,
    ) -> Result<Page<Session>, StoreError>;

    /// Starts a session: in one transaction it MUST check `verified_hash` against the person's hash,
    /// store the session, set `last_login_at`, store the new hash if there is one, remember the
    /// network of the attempt, and remove the person's failures. It MUST answer `Stale` when the
    /// attempt is throttled by then, so that nothing is learnt from guesses at the same time.
    async fn start_session(&self, commit: Commit<NewSession>) -> Result<Session, StoreError>;

    /// Ends sessions of a person and says how many there were. Sessions of others MUST stay. When
    /// there were none, the events MUST NOT be written.
    async fn end_sessions(&self, commit: Commit<EndSessions>) -> Result<u64, StoreError>;

    /// Whether an attempt is throttled, as [`LoginLimits::opens_at`](super::LoginLimits::opens_at)
    /// says for the failures within the window that count under
    /// [`LoginAttempt::counts_under`], and those from its network. It counts nothing.
    async fn login_throttle(&self, attempt: LoginAttempt) -> Result<LoginThrottle, StoreError>;

    /// Counts a failure, or counts nothing and answers until when attempts are throttled. Of any
    /// number at the same time no more than the limit MUST be counted.
    ///
    /// A failure counts for its account and its network alike, and is removed for both.
    async fn count_failure(&self, attempt: LoginAttempt) -> Result<LoginThrottle, StoreError>;
}

//! People, passwords and sessions.

pub(crate) mod access;
pub(crate) mod admin_commands;
pub(crate) mod changes;
pub(crate) mod hasher;
pub(crate) mod identity;
pub(crate) mod known;
pub(crate) mod locale;
pub(crate) mod model;
pub(crate) mod names;
pub(crate) mod password_link_service;
pub(crate) mod password_links;
pub(crate) mod passwords;
pub(crate) mod ports;
pub(crate) mod principal;
pub(crate) mod put;
pub(crate) mod session_service;
pub(crate) mod sessions;
pub(crate) mod throttling;
pub(crate) mod token_service;
pub(crate) mod user_service;

pub use access::Access;
pub use admin_commands::{AdminCommands, Invited};
pub use changes::MAX_RELEASED;
#[cfg(feature = "mocks")]
pub use hasher::MockPasswordHasher;
pub use hasher::{HashRequester, PasswordHashError, PasswordHasher, Verification};
pub use identity::{Identity, TokenError, TokenRefusal, TokenVerifier};
pub use locale::{Language, TimeZone};
pub use model::{
    Actor, DisplayUpdate, NewUser, PutUser, Role, User, UserChange, UserFilter, UserRef,
};
pub use names::{Email, LoginName, Username};
pub use password_link_service::{PasswordLinks, PasswordReset};
pub use password_links::{INVITATION_TTL, NewPasswordLink, PasswordLink};
pub use passwords::{NewPassword, PasswordHash};
pub use ports::{
    AssignedTicket, Assignments, Credentials, InsertUser, Release, SessionRepository,
    UserRepository, UserUpdate,
};
#[cfg(feature = "mocks")]
pub use ports::{MockSessionRepository, MockUserRepository};
pub use principal::{AuthenticatedSession, Principal, WayIn};
pub use session_service::{LoggedIn, Login, PasswordChange, Sessions};
pub use sessions::{
    AccessToken, EndSessions, NewSession, Session, SessionLimits, SessionWithUser, TokenHash,
    WhichSessions,
};
pub use throttling::{LoginAttempt, LoginKey, LoginLimits, LoginThrottle};
pub use token_service::{Provisioning, TokenSignIn, TrustedTokens};
pub use user_service::Users;

//! People, passwords and sessions.

pub(crate) mod admin_commands;
pub(crate) mod hasher;
pub(crate) mod model;
pub(crate) mod names;
pub(crate) mod passwords;
pub(crate) mod ports;
pub(crate) mod session_service;
pub(crate) mod sessions;
pub(crate) mod user_service;

pub use admin_commands::AdminCommands;
#[cfg(feature = "mocks")]
pub use hasher::MockPasswordHasher;
pub use hasher::{PasswordHashError, PasswordHasher, Verification};
pub use model::{Actor, DisplayUpdate, NewUser, Role, User, UserChange, UserFilter, UserRef};
pub use names::{Email, LoginName, Username};
pub use passwords::{NewPassword, PasswordHash};
pub use ports::{Credentials, InsertUser, SessionRepository, UserRepository, UserUpdate};
#[cfg(feature = "mocks")]
pub use ports::{MockSessionRepository, MockUserRepository};
pub use session_service::{AuthenticatedSession, LoggedIn, Login, PasswordChange, Sessions};
pub use sessions::{
    AccessToken, EndSessions, LoginAttempt, LoginLimits, LoginThrottle, NewSession, Session,
    SessionLimits, SessionWithUser, TokenHash, WhichSessions,
};
pub use user_service::Users;

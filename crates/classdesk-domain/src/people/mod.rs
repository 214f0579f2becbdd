//! People: who they are, how they prove it, and how long it holds.

mod model;
mod operator;
mod passwords;
mod ports;
mod session_service;
mod sessions;
mod user_service;

pub use model::{
    Actor, DisplayUpdate, Email, LoginName, NewUser, Role, User, UserChange, UserFilter, UserRef,
    Username,
};
pub use operator::AdminCommands;
#[cfg(feature = "mocks")]
pub use passwords::MockPasswordHasher;
pub use passwords::{NewPassword, PasswordHash, PasswordHashError, PasswordHasher, Verification};
pub use ports::{Credentials, InsertUser, SessionRepository, UserRepository, UserUpdate};
#[cfg(feature = "mocks")]
pub use ports::{MockSessionRepository, MockUserRepository};
pub use session_service::{AuthenticatedSession, LoggedIn, Login, PasswordChange, Sessions};
pub use sessions::{
    AccessToken, EndSessions, LoginAttempt, LoginLimits, LoginThrottle, NewSession, Session,
    SessionLimits, SessionWithUser, TokenHash, WhichSessions,
};
pub use user_service::Users;

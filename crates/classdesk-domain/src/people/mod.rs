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
pub use operator::Operator;
#[cfg(feature = "mocks")]
pub use passwords::MockPasswordHasher;
pub use passwords::{NewPassword, PasswordHash, PasswordHashError, PasswordHasher, Verification};
pub use ports::{Credentials, NewUserRow, SessionRepository, UserRepository, UserUpdate};
#[cfg(feature = "mocks")]
pub use ports::{MockSessionRepository, MockUserRepository};
pub use session_service::{Authenticated, LoggedIn, Login, PasswordChange, Sessions};
pub use sessions::{
    AccessToken, Admission, EndSessions, LoginAttempt, LoginLimits, NewSession, Session,
    SessionLimits, SessionOwner, TokenHash, WhichSessions,
};
pub use user_service::Users;

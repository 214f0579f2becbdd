//! People: who they are, how they prove it, and how long it holds.

mod model;
mod passwords;
mod ports;
mod sessions;

pub use model::{
    Actor, DisplayUpdate, Email, LoginName, NewUser, Role, User, UserChange, UserFilter, UserRef,
    Username,
};
#[cfg(feature = "mocks")]
pub use passwords::MockPasswordHasher;
pub use passwords::{NewPassword, PasswordHash, PasswordHashError, PasswordHasher, Verification};
pub use ports::{Credentials, NewUserRow, SessionRepository, UserRepository, UserUpdate};
#[cfg(feature = "mocks")]
pub use ports::{MockSessionRepository, MockUserRepository};
pub use sessions::{
    AccessToken, Admission, EndSessions, LoginAttempt, LoginLimits, NewSession, Session,
    SessionLimits, SessionOwner, TokenHash, WhichSessions,
};

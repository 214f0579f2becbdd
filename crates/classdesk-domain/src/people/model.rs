//! People and their roles.

use crate::clock::Timestamp;
use crate::external_id::ExternalId;
use crate::ids::UserId;
use crate::search::SearchText;
use crate::string_enum::string_enum;
use crate::text::DisplayName;

use super::locale::{Language, TimeZone};
use super::names::{Email, Username};
use super::passwords::NewPassword;

string_enum! {
    /// What a person is (docs/contract.md#1-people).
    Role {
        /// Owns bundles.
        Client = "client",
        /// Is assigned to bundles.
        Writer = "writer",
        /// Sees every bundle, answers threads and tickets, manages files.
        Editor = "editor",
        /// An editor who also creates and changes bundles and manages clients, writers and editors.
        Admin = "admin",
        /// An admin who also manages admins and superadmins and reads the audit log.
        Superadmin = "superadmin",
    }
}

impl Role {
    /// Whether this is a staff role.
    #[must_use]
    pub const fn is_staff(self) -> bool {
        matches!(self, Self::Editor | Self::Admin | Self::Superadmin)
    }
}

/// A person as they and the staff see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Their id.
    pub id: UserId,
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
    /// Whether they may sign in and act.
    pub is_active: bool,
    /// The language that they read.
    pub language: Language,
    /// Their time zone.
    pub time_zone: TimeZone,
    /// Since when they exist.
    pub created_at: Timestamp,
    /// When they last signed in.
    pub last_login_at: Option<Timestamp>,
    /// Counts the changes to them, from 1. Signing in is none.
    pub version: i64,
}

impl User {
    /// What other people see of them.
    #[must_use]
    pub fn to_ref(&self) -> UserRef {
        UserRef {
            id: self.id,
            username: self.username.clone(),
            display_name: self.display_name.clone(),
            role: self.role,
        }
    }
}

/// What other people see of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRef {
    /// Their id.
    pub id: UserId,
    /// Their username.
    pub username: Username,
    /// Their name for others.
    pub display_name: DisplayName,
    /// What they are.
    pub role: Role,
}

/// A signed-in and active person, as the policy knows them.
///
/// Sessions make actors; a host service with its own sign-in makes its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Actor {
    /// The user.
    pub id: UserId,
    /// In which role.
    pub role: Role,
}

impl Actor {
    /// An actor. The caller vouches that the person exists, is active and has this role; every
    /// commit checks it once more.
    #[must_use]
    pub const fn new(id: UserId, role: Role) -> Self {
        Self { id, role }
    }
}

impl From<&User> for Actor {
    fn from(user: &User) -> Self {
        Self::new(user.id, user.role)
    }
}

/// A person to be created.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Their id in the system that they come from.
    pub external_id: Option<ExternalId>,
    /// Their username.
    pub username: Username,
    /// Their email address.
    pub email: Email,
    /// Their name for others; the username when `None`.
    pub display_name: Option<DisplayName>,
    /// What they are.
    pub role: Role,
    /// Their first password. Whoever has none can't sign in with one.
    pub password: Option<NewPassword>,
    /// The language that they read.
    pub language: Language,
    /// Their time zone.
    pub time_zone: TimeZone,
}

impl NewUser {
    /// A person without a password, of whom only the essentials are known.
    #[must_use]
    pub fn new(username: Username, email: Email, role: Role) -> Self {
        Self {
            external_id: None,
            username,
            email,
            display_name: None,
            role,
            password: None,
            language: Language::default(),
            time_zone: TimeZone::default(),
        }
    }
}

/// A person as another system knows them, to be created or made the same. The password stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutUser {
    /// Their username.
    pub username: Username,
    /// Their email address.
    pub email: Email,
    /// Their name for others; the username when `None`.
    pub display_name: Option<DisplayName>,
    /// What they are.
    pub role: Role,
    /// Whether they may sign in and act.
    pub is_active: bool,
    /// The language that they read.
    pub language: Language,
    /// Their time zone.
    pub time_zone: TimeZone,
}

impl PutUser {
    /// An active person of whom only the essentials are known.
    #[must_use]
    pub fn new(username: Username, email: Email, role: Role) -> Self {
        Self {
            username,
            email,
            display_name: None,
            role,
            is_active: true,
            language: Language::default(),
            time_zone: TimeZone::default(),
        }
    }
}

/// What a person changes about themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DisplayUpdate {
    /// The new name for others.
    pub display_name: Option<DisplayName>,
    /// The new email address.
    pub email: Option<Email>,
    /// The language that they read from now on.
    pub language: Option<Language>,
    /// The new time zone.
    pub time_zone: Option<TimeZone>,
}

/// A change to a person; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct UserChange {
    /// By themselves, or by who manages their role.
    pub own: DisplayUpdate,
    /// A new username; needs management of the role.
    pub username: Option<Username>,
    /// A new id in another system, or none; needs management of the role.
    pub external_id: Option<Option<ExternalId>>,
    /// A new role; needs management of the old and the new one.
    pub role: Option<Role>,
    /// Activation or deactivation; needs management of the role.
    pub is_active: Option<bool>,
    /// A new password; needs management of the role, and is never one's own.
    pub password: Option<NewPassword>,
}

/// Which people are listed. Every given filter has to match.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserFilter {
    /// In this role.
    pub role: Option<Role>,
    /// Active or not.
    pub is_active: Option<bool>,
    /// Its words are in the username, the email address or the display name.
    pub q: Option<SearchText>,
}

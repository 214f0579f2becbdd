//! Who a person is.

use std::fmt;

use crate::clock::Timestamp;
use crate::error::FieldError;
use crate::ids::UserId;
use crate::string_enum::string_enum;
use crate::text::{DisplayName, SearchText};

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

/// A username: 3 to 64 characters of `a-z 0-9 . _ -`, case-folded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Username(String);

impl Username {
    /// The least number of characters.
    pub const MIN: usize = 3;
    /// The greatest number of characters.
    pub const MAX: usize = 64;

    /// Folds and checks what a user wrote.
    ///
    /// # Errors
    /// A [`FieldError`] that says which rule it breaks.
    pub fn parse(raw: &str) -> Result<Self, FieldError> {
        let folded = raw.trim().to_ascii_lowercase();
        if folded.contains('\0') {
            return Err(FieldError::NulCharacter);
        }
        match folded.chars().count() {
            0 => return Err(FieldError::Blank),
            1..Self::MIN => return Err(FieldError::TooShort { min: Self::MIN }),
            Self::MIN..=Self::MAX => {}
            _ => return Err(FieldError::TooLong { max: Self::MAX }),
        }
        let allowed = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '.' | '_' | '-');
        if folded.chars().all(allowed) {
            Ok(Self(folded))
        } else {
            Err(FieldError::rule(
                "username",
                "A username has only a-z, 0-9, '.', '_' and '-'.",
            ))
        }
    }

    /// Takes back what a store kept.
    #[must_use]
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The username itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An email address, case-folded, at most 254 characters (RFC 5321).
///
/// Only the shape is checked: one `@`, something before it, a domain after it. Whether mail
/// arrives there nobody can know from the text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Email(String);

impl Email {
    /// The greatest number of characters.
    pub const MAX: usize = 254;

    /// Folds and checks what a user wrote.
    ///
    /// # Errors
    /// A [`FieldError`] that says which rule it breaks.
    pub fn parse(raw: &str) -> Result<Self, FieldError> {
        let folded = raw.trim().to_lowercase();
        if folded.contains('\0') {
            return Err(FieldError::NulCharacter);
        }
        if folded.is_empty() {
            return Err(FieldError::Blank);
        }
        if folded.chars().count() > Self::MAX {
            return Err(FieldError::TooLong { max: Self::MAX });
        }
        let shape = folded.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty()
                && local.len() <= 64
                && !domain.contains('@')
                && !domain.starts_with(['.', '-'])
                && !domain.ends_with(['.', '-'])
                && !domain.contains("..")
                && !domain.is_empty()
        });
        if shape && !folded.chars().any(|c| c.is_whitespace() || c.is_control()) {
            Ok(Self(folded))
        } else {
            Err(FieldError::rule("email", "This is not an email address."))
        }
    }

    /// Takes back what a store kept.
    #[must_use]
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The address itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What somebody types to sign in: a username or an email address. Anything at all is accepted
/// here, since a name that can't exist has to be answered like one that does not.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LoginName(String);

impl LoginName {
    /// Folds what was typed.
    #[must_use]
    pub fn new(raw: &str) -> Self {
        Self(
            raw.trim()
                .chars()
                .filter(|c| *c != '\0')
                .take(254)
                .collect::<String>()
                .to_lowercase(),
        )
    }

    /// The folded name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A person as they and the staff see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Their id.
    pub id: UserId,
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
    /// Since when they exist.
    pub created_at: Timestamp,
    /// When they last signed in.
    pub last_login_at: Option<Timestamp>,
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

/// Somebody who is signed in and active, as the policy knows them.
///
/// Sessions make actors; a host service with its own sign-in makes its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Actor {
    /// Who.
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
    /// Their username.
    pub username: Username,
    /// Their email address.
    pub email: Email,
    /// Their name for others; the username when `None`.
    pub display_name: Option<DisplayName>,
    /// What they are.
    pub role: Role,
    /// Their first password.
    pub password: NewPassword,
}

/// What somebody changes about their own appearance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DisplayUpdate {
    /// The new name for others.
    pub display_name: Option<DisplayName>,
    /// The new email address.
    pub email: Option<Email>,
}

/// A change to a person; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct UserChange {
    /// By themselves only.
    pub own: DisplayUpdate,
    /// A new role, by who manages the old and the new one.
    pub role: Option<Role>,
    /// Activation or deactivation, by who manages the role.
    pub is_active: Option<bool>,
    /// A new password, by who manages the role.
    pub password: Option<NewPassword>,
}

/// Which people are listed. Every given filter has to match.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserFilter {
    /// In this role.
    pub role: Option<Role>,
    /// Active or not.
    pub is_active: Option<bool>,
    /// Username, email or display name contains this, whatever the (ASCII) case.
    pub q: Option<SearchText>,
}

//! What a request brings beside what it asks for: its actor, the reservation that it completes, and
//! its preconditions.

use crate::error::Error;
use crate::idempotency::model::Completion;
use crate::ids::ApiKeyId;
use crate::people::model::Actor;
use crate::people::principal::{Principal, lacks};
use crate::policy::decision::Denied;

/// The actor of a request, their key, the idempotency reservation that it completes, and its preconditions.
///
/// An [`Actor`] alone becomes one by [`From`].
#[derive(Debug, Clone)]
pub struct RequestContext {
    /// The user.
    pub actor: Actor,
    /// By which key, if a program asks.
    pub key: Option<ApiKeyId>,
    /// Which reservation, if the request came with an idempotency key.
    pub completes: Option<Completion>,
    /// Which versions the request is made for.
    pub conditions: VersionConditions,
}

/// The versions that a request names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Versions {
    /// Any version, as long as the thing is there.
    Any,
    /// These versions.
    OneOf(Vec<i64>),
}

/// For which versions of a thing a request is made (RFC 9110, section 13.1). Both have to hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VersionConditions {
    /// It has to be in one of these.
    pub if_match: Option<Versions>,
    /// It must be in none of these.
    pub if_none_match: Option<Versions>,
}

/// What a request finds in the place that it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Present {
    /// Nothing.
    Nothing,
    /// Something that counts no changes, such as a list. No version is its own.
    Unversioned,
    /// Something in this version.
    Version(i64),
}

/// What came of putting something in a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put<T> {
    /// Nothing was there before.
    Created(T),
    /// It was there, and is now like this.
    Changed(T),
    /// It was there like this.
    Unchanged(T),
}

impl<T> Put<T> {
    /// What is there now.
    #[must_use]
    pub fn into_inner(self) -> T {
        match self {
            Self::Created(it) | Self::Changed(it) | Self::Unchanged(it) => it,
        }
    }
}

impl VersionConditions {
    /// Only for exactly this version.
    #[must_use]
    pub fn exactly(version: i64) -> Self {
        Self {
            if_match: Some(Versions::OneOf(vec![version])),
            if_none_match: None,
        }
    }

    /// Checks what is there.
    ///
    /// # Errors
    /// [`Error::PreconditionFailed`].
    pub fn check(&self, present: Present) -> Result<(), Error> {
        let named = |versions: &Versions| match (present, versions) {
            (Present::Nothing, _) | (Present::Unversioned, Versions::OneOf(_)) => false,
            (_, Versions::Any) => true,
            (Present::Version(version), Versions::OneOf(all)) => all.contains(&version),
        };
        let holds = self.if_match.as_ref().is_none_or(named)
            && !self.if_none_match.as_ref().is_some_and(named);
        holds.then_some(()).ok_or(Error::PreconditionFailed)
    }
}

impl RequestContext {
    /// A request that came with an idempotency key.
    #[must_use]
    pub fn completing(self, completes: Option<Completion>) -> Self {
        Self { completes, ..self }
    }

    /// A request that is made for some versions alone.
    #[must_use]
    pub fn on(self, conditions: VersionConditions) -> Self {
        Self { conditions, ..self }
    }

    /// Refuses programs, for what only somebody may do who came in by themselves.
    ///
    /// # Errors
    /// The lacking right is `own_sign_in`.
    pub(crate) const fn require_own_sign_in(&self) -> Result<(), Denied> {
        match self.key {
            Some(_) => Err(lacks("own_sign_in")),
            None => Ok(()),
        }
    }

    /// Whether it names versions at all. Then the commit rests on the one that was checked.
    pub(crate) fn is_conditional(&self) -> bool {
        self.conditions != VersionConditions::default()
    }

    /// Checks the present version of what is changed.
    pub(crate) fn check_version(&self, version: i64) -> Result<(), Error> {
        self.conditions.check(Present::Version(version))
    }

    /// The same where something is created, or done to what counts no changes. The request is then
    /// about a place that has no version of its own, such as a list.
    pub(crate) fn check_unversioned(&self) -> Result<(), Error> {
        self.conditions.check(Present::Unversioned)
    }
}

impl From<Actor> for RequestContext {
    fn from(actor: Actor) -> Self {
        Self {
            actor,
            key: None,
            completes: None,
            conditions: VersionConditions::default(),
        }
    }
}

impl From<&Principal> for RequestContext {
    fn from(principal: &Principal) -> Self {
        Self {
            key: principal.key(),
            ..principal.actor.into()
        }
    }
}

impl From<&Actor> for RequestContext {
    fn from(actor: &Actor) -> Self {
        (*actor).into()
    }
}

impl From<&Self> for RequestContext {
    fn from(context: &Self) -> Self {
        context.clone()
    }
}

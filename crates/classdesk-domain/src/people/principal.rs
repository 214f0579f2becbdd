//! Who asks, and how they came in.
//!
//! Every way in ends here. The policy takes the [`Actor`] alone and never learns of the rest.

use crate::api_keys::model::ApiKey;
use crate::ids::ApiKeyId;
use crate::policy::decision::{Denied, Refusal};
use crate::policy::permission::ACT_AS;

use super::access::Access;
use super::model::{Actor, User};
use super::sessions::Session;

/// The session and the person of a valid token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthenticatedSession {
    /// The person.
    pub user: User,
    /// The session.
    pub session: Session,
}

impl AuthenticatedSession {
    /// The person as the policy knows them.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor::from(&self.user)
    }
}

/// How somebody came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WayIn {
    /// By signing in here.
    Session(Box<AuthenticatedSession>),
    /// By the sign-in of a host.
    Host,
    /// By a key.
    Key(Box<ApiKey>),
}

/// An authenticated sender of requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// With whose rights everything is decided.
    pub actor: Actor,
    /// Whether they may change things.
    pub access: Access,
    /// How they came in.
    pub way_in: WayIn,
}

impl Principal {
    /// Refuses those who may only look at things. It comes before any other question of a change.
    ///
    /// # Errors
    /// The lacking right is `write_access`.
    pub const fn require_write(&self) -> Result<(), Denied> {
        match self.access {
            Access::Read => Err(lacks("write_access")),
            Access::Write => Ok(()),
        }
    }

    /// By which key they came in, if by one.
    #[must_use]
    pub fn key(&self) -> Option<ApiKeyId> {
        match &self.way_in {
            WayIn::Key(key) => Some(key.id),
            WayIn::Session(_) | WayIn::Host => None,
        }
    }

    /// Their key, for what only keys may do that act for others.
    ///
    /// # Errors
    /// The lacking right is `act_as`.
    pub fn acting_key(&self) -> Result<&ApiKey, Denied> {
        match &self.way_in {
            WayIn::Key(key) if key.act_as => Ok(key),
            WayIn::Session(_) | WayIn::Host | WayIn::Key(_) => Err(lacks(ACT_AS)),
        }
    }

    /// Their session, for what only somebody may do who signed in here.
    ///
    /// # Errors
    /// The lacking right is `own_session`.
    pub const fn session(&self) -> Result<&AuthenticatedSession, Denied> {
        match &self.way_in {
            WayIn::Session(session) => Ok(session),
            WayIn::Host | WayIn::Key(_) => Err(lacks("own_session")),
        }
    }
}

/// Somebody whom a host vouches for. They may change things.
impl From<Actor> for Principal {
    fn from(actor: Actor) -> Self {
        Self {
            actor,
            access: Access::Write,
            way_in: WayIn::Host,
        }
    }
}

impl From<AuthenticatedSession> for Principal {
    fn from(session: AuthenticatedSession) -> Self {
        Self {
            actor: session.actor(),
            access: Access::Write,
            way_in: WayIn::Session(Box::new(session)),
        }
    }
}

/// A program with the rights of the key's owner.
impl From<ApiKey> for Principal {
    fn from(key: ApiKey) -> Self {
        Self {
            actor: Actor::new(key.owner.id, key.owner.role),
            access: key.access,
            way_in: WayIn::Key(Box::new(key)),
        }
    }
}

pub(crate) const fn lacks(right: &'static str) -> Denied {
    Denied::Forbidden(Refusal { right, field: None })
}

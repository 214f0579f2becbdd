//! The actor of a request, and the reservation that it completes.

use crate::idempotency::model::Completion;
use crate::people::model::Actor;

/// Who asks for something to be created, and which idempotency reservation is completed by it.
///
/// An [`Actor`] alone becomes one by [`From`].
#[derive(Debug, Clone, Copy)]
pub struct RequestContext {
    /// Who.
    pub actor: Actor,
    /// Which reservation, if the request came with an idempotency key.
    pub completes: Option<Completion>,
}

impl RequestContext {
    /// A request that came with an idempotency key.
    #[must_use]
    pub const fn completing(actor: Actor, completes: Option<Completion>) -> Self {
        Self { actor, completes }
    }
}

impl From<Actor> for RequestContext {
    fn from(actor: Actor) -> Self {
        Self {
            actor,
            completes: None,
        }
    }
}

impl From<&Actor> for RequestContext {
    fn from(actor: &Actor) -> Self {
        (*actor).into()
    }
}

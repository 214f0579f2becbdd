//! The actor of a request, and the reservation that it completes.

use crate::idempotency::model::Completion;
use crate::people::model::Actor;

/// The actor of a creating request, and the idempotency reservation that it completes.
///
/// An [`Actor`] alone becomes one by [`From`].
#[derive(Debug, Clone, Copy)]
pub struct RequestContext {
    /// The user.
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

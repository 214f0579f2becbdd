//! The authenticated caller.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use classdesk_domain::people::{Actor, AuthenticatedSession};
use classdesk_http::problem::{Problem, ProblemKind};

use crate::authenticator::Principal;

/// The caller, authenticated before the handler's other arguments are read.
pub(crate) struct Caller(Principal);

impl Caller {
    /// The person as the policy knows them.
    pub(crate) const fn actor(&self) -> &Actor {
        &self.0.actor
    }

    /// Their session. Only a host's own sign-in has none, and then the routes that need one are
    /// not there.
    pub(crate) fn session(&self) -> Result<&AuthenticatedSession, Problem> {
        self.0
            .session
            .as_ref()
            .ok_or_else(|| Problem::of(ProblemKind::Unauthenticated))
    }
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let principal = request.extensions_mut().remove::<Principal>();
        ready(
            principal
                .map(Self)
                .ok_or_else(|| Problem::of(ProblemKind::Unauthenticated)),
        )
    }
}

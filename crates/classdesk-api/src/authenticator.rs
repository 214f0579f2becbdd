//! Authentication of requests: the port through which a host brings its own sign-in.

use actix_web::dev::RequestHead;
use actix_web::http::header::{self, HeaderMap};
use async_trait::async_trait;
use classdesk_domain::error::Error;
use classdesk_domain::people::{AccessToken, Principal, Sessions};
use classdesk_http::single_header;

/// Authenticates requests.
#[async_trait]
pub trait Authenticator: Send + Sync {
    /// The sender of a request with this head.
    ///
    /// # Errors
    /// It MUST answer [`Error::Unauthenticated`] unless the sender is an active person of the store,
    /// and others only to refuse them or when it can't find out.
    async fn authenticate(&self, head: &RequestHead) -> Result<Principal, Error>;

    /// The same again for an answer that goes on, such as a stream of events. It is no use of a
    /// session.
    ///
    /// # Errors
    /// As [`Authenticator::authenticate`].
    async fn reauthenticate(&self, head: &RequestHead) -> Result<Principal, Error> {
        self.authenticate(head).await
    }
}

/// Sign-in by Classdesk's own sessions: `Authorization: Bearer TOKEN`.
#[async_trait]
impl Authenticator for Sessions {
    async fn authenticate(&self, head: &RequestHead) -> Result<Principal, Error> {
        let token = bearer_token(head.headers()).ok_or(Error::Unauthenticated)?;
        Ok(Self::authenticate(self, &token).await?.into())
    }

    async fn reauthenticate(&self, head: &RequestHead) -> Result<Principal, Error> {
        let token = bearer_token(head.headers()).ok_or(Error::Unauthenticated)?;
        Ok(self.find_valid(&token).await?.into())
    }
}

/// The token of the one `Authorization` header, if it can be one.
fn bearer_token(headers: &HeaderMap) -> Option<AccessToken> {
    let (scheme, token) = single_header(headers, header::AUTHORIZATION)?.split_once(' ')?;
    let is_bearer = scheme.eq_ignore_ascii_case("Bearer");
    AccessToken::parse(token.trim()).filter(|_| is_bearer)
}

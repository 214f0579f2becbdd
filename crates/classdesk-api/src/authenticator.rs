//! Authentication of requests: the port through which a host brings its own sign-in.

use std::sync::Arc;

use actix_web::dev::RequestHead;
use actix_web::http::header::{self, HeaderMap};
use async_trait::async_trait;
use classdesk_domain::error::Error;
use classdesk_domain::people::{AccessToken, Actor, Principal, Sessions, TokenSignIn};
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

/// Sign-in by tokens of another system, beside another sign-in. They have dots, and ours have none.
pub(crate) struct WithTokens {
    pub(crate) tokens: TokenSignIn,
    pub(crate) others: Arc<dyn Authenticator>,
}

impl WithTokens {
    async fn by_token(&self, head: &RequestHead) -> Option<Result<Principal, Error>> {
        let token = bearer(head.headers()).filter(|token| token.contains('.'))?;
        let found = self.tokens.authenticate(token).await;
        Some(found.map(|user| Actor::from(&user).into()))
    }
}

#[async_trait]
impl Authenticator for WithTokens {
    async fn authenticate(&self, head: &RequestHead) -> Result<Principal, Error> {
        match self.by_token(head).await {
            Some(found) => found,
            None => self.others.authenticate(head).await,
        }
    }

    async fn reauthenticate(&self, head: &RequestHead) -> Result<Principal, Error> {
        match self.by_token(head).await {
            Some(found) => found,
            None => self.others.reauthenticate(head).await,
        }
    }
}

/// What the one `Authorization` header has as a token.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = single_header(headers, header::AUTHORIZATION)?.split_once(' ')?;
    let is_bearer = scheme.eq_ignore_ascii_case("Bearer");
    is_bearer.then_some(token.trim())
}

/// The token of a session, if it can be one.
fn bearer_token(headers: &HeaderMap) -> Option<AccessToken> {
    bearer(headers).and_then(AccessToken::parse)
}

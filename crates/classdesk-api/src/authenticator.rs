//! Authentication of requests: the port through which a host brings its own sign-in.

use actix_web::dev::RequestHead;
use actix_web::http::header::{self, HeaderMap};
use async_trait::async_trait;
use classdesk_domain::App;
use classdesk_domain::api_keys::{ApiKeys, KeyToken};
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

/// The sign-in that Classdesk brings: its own sessions and keys, and tokens of another system where
/// those are trusted. Those have dots, keys begin with `cdk_`, and tokens of sessions do neither.
pub(crate) struct SignIn {
    sessions: Sessions,
    api_keys: ApiKeys,
    tokens: Option<TokenSignIn>,
}

impl SignIn {
    pub(crate) fn of(app: &App) -> Self {
        Self {
            sessions: app.sessions.clone(),
            api_keys: app.api_keys.clone(),
            tokens: app.tokens.clone(),
        }
    }

    async fn find(&self, head: &RequestHead, is_use: bool) -> Result<Principal, Error> {
        let text = bearer(head.headers()).ok_or(Error::Unauthenticated)?;
        if let Some(tokens) = self.tokens.as_ref().filter(|_| text.contains('.')) {
            return Ok(Actor::from(&tokens.authenticate(text).await?).into());
        }
        if let Some(key) = KeyToken::parse(text) {
            return Ok(if is_use {
                self.api_keys.authenticate(&key).await?
            } else {
                self.api_keys.find_valid(&key).await?.into()
            });
        }
        let token = AccessToken::parse(text).ok_or(Error::Unauthenticated)?;
        let session = if is_use {
            self.sessions.authenticate(&token).await?
        } else {
            self.sessions.find_valid(&token).await?
        };
        Ok(session.into())
    }
}

#[async_trait]
impl Authenticator for SignIn {
    async fn authenticate(&self, head: &RequestHead) -> Result<Principal, Error> {
        self.find(head, true).await
    }

    async fn reauthenticate(&self, head: &RequestHead) -> Result<Principal, Error> {
        self.find(head, false).await
    }
}

/// What the one `Authorization` header has as a token.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = single_header(headers, header::AUTHORIZATION)?.split_once(' ')?;
    let is_bearer = scheme.eq_ignore_ascii_case("Bearer");
    is_bearer.then_some(token.trim())
}

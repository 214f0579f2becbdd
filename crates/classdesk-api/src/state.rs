//! What all handlers share.

use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::web::{Bytes, Data};
use classdesk_domain::App;
use classdesk_http::PublicUrl;

use crate::authenticator::Authenticator;

/// The use cases and what the handlers need besides.
pub(crate) struct AppState {
    pub(crate) app: App,
    pub(crate) public_url: PublicUrl,
    pub(crate) authenticator: Arc<dyn Authenticator>,
    pub(crate) has_sessions: bool,
    pub(crate) serves_metrics: bool,
    /// The OpenAPI document.
    pub(crate) openapi: Bytes,
}

impl AppState {
    /// Whether sign-in and sessions are served here.
    pub(crate) const fn has_sessions(&self) -> bool {
        self.has_sessions
    }

    /// Whether metrics are served here.
    pub(crate) const fn serves_metrics(&self) -> bool {
        self.serves_metrics
    }
}

/// The state that serves a request.
pub(crate) fn state_of(request: &HttpRequest) -> &AppState {
    request
        .app_data::<Data<AppState>>()
        .expect("every route is mounted together with its state")
}

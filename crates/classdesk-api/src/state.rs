//! What all handlers share.

use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::web::{Bytes, Data};
use classdesk_domain::App;
use classdesk_http::PublicUrl;

use crate::authenticator::Authenticator;
use crate::event_streams::Follower;
use crate::readiness::Readiness;

/// The use cases and what the handlers need besides.
pub(crate) struct AppState {
    pub(crate) app: App,
    pub(crate) public_url: PublicUrl,
    pub(crate) authenticator: Arc<dyn Authenticator>,
    pub(crate) has_sessions: bool,
    pub(crate) serves_metrics: bool,
    pub(crate) readiness: Readiness,
    pub(crate) follower: Arc<Follower>,
    /// The OpenAPI document.
    pub(crate) openapi: Bytes,
}

/// The state that serves a request.
pub(crate) fn state_of(request: &HttpRequest) -> &Data<AppState> {
    request
        .app_data()
        .expect("every route is mounted together with its state")
}

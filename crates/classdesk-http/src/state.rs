//! What all requests share.

use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::web::Data;

use crate::limits::Limits;
use crate::metrics::{Gauge, Metrics};
use crate::request_id::RequestIds;
use crate::settings::Settings;

/// Settings, limits and metrics of one server. It belongs into the app data of a scope.
pub struct HttpState {
    settings: Settings,
    pub(crate) limits: Arc<Limits>,
    pub(crate) metrics: Metrics,
    pub(crate) request_ids: RequestIds,
    unlimited: &'static [&'static str],
}

impl HttpState {
    /// A state with these figures of the host in its metrics. Requests below the `unlimited` paths
    /// are served under any load.
    #[must_use]
    pub fn new(settings: Settings, gauges: Vec<Gauge>, unlimited: &'static [&'static str]) -> Self {
        let limits = Arc::new(Limits::new(
            settings.max_concurrent_requests,
            settings.max_arriving_bodies,
        ));
        Self {
            metrics: Metrics::new(gauges, &limits),
            settings,
            limits,
            request_ids: RequestIds::new(),
            unlimited,
        }
    }

    /// The settings.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The figures as text, of the media type [`METRICS_MEDIA_TYPE`](crate::METRICS_MEDIA_TYPE).
    #[must_use]
    pub fn metrics_text(&self) -> String {
        self.metrics.text()
    }

    pub(crate) fn is_unlimited(&self, path: &str) -> bool {
        self.unlimited.iter().any(|prefix| path.starts_with(prefix))
    }
}

/// The state that serves a request.
///
/// # Panics
/// When the scope of the request has none.
#[must_use]
pub fn http_state(request: &HttpRequest) -> &HttpState {
    request
        .app_data::<Data<HttpState>>()
        .expect("every scope brings its state along")
}

//! The API put together: the domain's use cases, ready to be mounted.

use std::sync::{Arc, LazyLock};

use actix_web::dev::HttpServiceFactory;
use actix_web::middleware::from_fn;
use actix_web::web::{self, Bytes, Data, ServiceConfig};
use classdesk_domain::App;
use classdesk_http::middleware::{self, no_such_path};
use classdesk_http::{Gauge, HttpState, Settings};

use crate::authenticator::Authenticator;
use crate::openapi::document_of;
use crate::readiness::Readiness;
use crate::routes;
use crate::state::AppState;

/// Paths that are served under any load.
const UNLIMITED: &[&str] = &["/healthz/", "/metrics"];

/// The document of everything, written once.
static OPENAPI: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(openapi()));

/// The OpenAPI 3.1 document of everything that an [`Api`] serves, as JSON.
#[must_use]
pub fn openapi() -> String {
    document_of(routes::documents())
}

/// The JSON API over an [`App`]. Clones share everything.
#[derive(Clone)]
pub struct Api {
    state: Data<AppState>,
    http: Data<HttpState>,
}

/// What an [`Api`] is made of.
pub struct ApiBuilder {
    app: App,
    settings: Settings,
    authenticator: Option<Arc<dyn Authenticator>>,
    gauges: Vec<Gauge>,
    serves_metrics: bool,
}

impl ApiBuilder {
    /// Authenticates requests by a host's own sign-in. Classdesk's sign-in and its sessions are not
    /// served then.
    #[must_use]
    pub fn authenticator(mut self, authenticator: Arc<dyn Authenticator>) -> Self {
        self.authenticator = Some(authenticator);
        self
    }

    /// Adds a figure of the host to the metrics, for example of a pool or a queue.
    #[must_use]
    pub fn gauge(mut self, gauge: Gauge) -> Self {
        self.gauges.push(gauge);
        self
    }

    /// Whether `/metrics` is served here, as it is by default; `false` when it has an address of
    /// its own.
    #[must_use]
    pub const fn serves_metrics(mut self, serves_metrics: bool) -> Self {
        self.serves_metrics = serves_metrics;
        self
    }

    /// Puts the API together.
    #[must_use]
    pub fn build(self) -> Api {
        let has_sessions = self.authenticator.is_none();
        let sessions = || Arc::new(self.app.sessions.clone()) as Arc<dyn Authenticator>;
        let authenticator = self.authenticator.unwrap_or_else(sessions);
        let state = AppState {
            app: self.app,
            public_url: self.settings.public_url.clone(),
            authenticator,
            has_sessions,
            serves_metrics: self.serves_metrics,
            readiness: Readiness::default(),
            openapi: OPENAPI.clone(),
        };
        Api {
            state: Data::new(state),
            http: Data::new(HttpState::new(self.settings, self.gauges, UNLIMITED)),
        }
    }
}

impl Api {
    /// An API to be made over these use cases.
    #[must_use]
    pub fn builder(app: App, settings: Settings) -> ApiBuilder {
        ApiBuilder {
            app,
            settings,
            authenticator: None,
            gauges: Vec::new(),
            serves_metrics: true,
        }
    }

    /// Everything that is served, below `prefix` (`""` for the root), with all middleware.
    pub fn scope(&self, prefix: &str) -> impl HttpServiceFactory + use<> {
        let state = self.state.clone();
        web::scope(prefix)
            .app_data(self.state.clone())
            .app_data(self.http.clone())
            .configure(move |config| routes::configure(&state, config))
            .default_service(web::to(no_such_path))
            .wrap(from_fn(middleware::serve))
    }

    /// Mounts everything into a host's application or scope:
    /// `App::new().configure(|config| api.configure(config))`.
    pub fn configure(&self, config: &mut ServiceConfig) {
        config.service(self.scope(""));
    }

    /// Settings, limits and metrics, for [`classdesk_http::serve`] and for a host that serves the
    /// metrics elsewhere.
    #[must_use]
    pub fn http_state(&self) -> Data<HttpState> {
        self.http.clone()
    }
}

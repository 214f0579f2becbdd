//! The API put together: the domain's use cases, ready to be mounted.

use std::sync::{Arc, LazyLock};

use actix_web::dev::HttpServiceFactory;
use actix_web::middleware::from_fn;
use actix_web::web::{self, Bytes, Data, ServiceConfig};
use classdesk_domain::App;
use classdesk_http::middleware::{self, no_such_path};
use classdesk_http::{Gauge, HttpState, Settings};

use crate::authenticator::{Authenticator, SignIn};
use crate::event_streams::{Follower, StreamLimits};
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
    streams: StreamLimits,
}

impl ApiBuilder {
    /// Authenticates requests by a host's own sign-in. Classdesk's sign-in, its sessions and its
    /// keys are not served then.
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

    /// How many streams of events there are, and for how long.
    #[must_use]
    pub const fn streams(mut self, limits: StreamLimits) -> Self {
        self.streams = limits;
        self
    }

    /// Puts the API together.
    #[must_use]
    pub fn build(mut self) -> Api {
        let follower = Arc::new(Follower::new(self.app.feed.clone(), self.streams));
        self.gauges.extend(gauges_of(&follower));
        let has_sessions = self.authenticator.is_none();
        let own = || Arc::new(SignIn::of(&self.app)) as Arc<dyn Authenticator>;
        let authenticator = self.authenticator.unwrap_or_else(own);
        let state = AppState {
            app: self.app,
            public_url: self.settings.public_url.clone(),
            authenticator,
            has_sessions,
            serves_metrics: self.serves_metrics,
            readiness: Readiness::default(),
            follower,
            openapi: OPENAPI.clone(),
        };
        Api {
            state: Data::new(state),
            http: Data::new(HttpState::new(self.settings, self.gauges, UNLIMITED)),
        }
    }
}

fn gauges_of(follower: &Arc<Follower>) -> [Gauge; 2] {
    let gauge = |name, help, read: fn(&Follower) -> f64| {
        let follower = follower.clone();
        Gauge::new(name, help, move || read(&follower))
    };
    [
        gauge(
            "classdesk_event_streams",
            "Clients that follow the events with a stream or wait for one",
            |follower| follower.count() as f64,
        ),
        gauge(
            "classdesk_event_horizon_lag_seconds",
            "For how long a transaction has kept later events from those who follow",
            |follower| follower.lag().as_secs_f64(),
        ),
    ]
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
            streams: StreamLimits::default(),
        }
    }

    /// Ends all streams of events and all waits for one, and lets no other begin. A server that stops
    /// does so first, since streams don't end by themselves.
    pub fn end_streams(&self) {
        self.state.follower.stop();
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

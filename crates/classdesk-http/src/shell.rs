//! The shell: the domain's use cases with an HTTP face, ready to be mounted.

use std::sync::Arc;
use std::time::Duration;

use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, Scope};
use classdesk_domain::App;

use crate::authenticator::{Authenticator, SessionAuthenticator};
use crate::limits::{Limits, ShedReason};
use crate::metrics::{Gauge, Metrics};
use crate::middleware::{self, RequestIds};
use crate::problem::{Problem, ProblemKind};
use crate::routes;
use crate::routing::not_found;
use crate::settings::Settings;

/// When a request that was shed may come again.
const COME_AGAIN: Duration = Duration::from_secs(1);

/// The HTTP API over a [`App`]. Clones share everything.
#[derive(Clone)]
pub struct Shell {
    inner: Arc<Inner>,
}

struct Inner {
    classdesk: App,
    settings: Settings,
    authenticator: Arc<dyn Authenticator>,
    has_sessions: bool,
    metrics: Metrics,
    limits: Arc<Limits>,
    request_ids: RequestIds,
}

/// What a [`Shell`] is made of.
pub struct ShellBuilder {
    classdesk: App,
    settings: Settings,
    authenticator: Option<Arc<dyn Authenticator>>,
    gauges: Vec<Gauge>,
}

impl ShellBuilder {
    /// Lets a host's own sign-in find out who asks. Classdesk's sign-in and its sessions are not
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

    /// Puts the shell together.
    #[must_use]
    pub fn build(self) -> Shell {
        let has_sessions = self.authenticator.is_none();
        let authenticator = self.authenticator.unwrap_or_else(|| {
            Arc::new(SessionAuthenticator::new(self.classdesk.sessions.clone()))
        });
        let limits = Arc::new(Limits::new(
            self.settings.max_concurrent_requests,
            self.settings.max_arriving_bodies,
        ));
        Shell {
            inner: Arc::new(Inner {
                classdesk: self.classdesk,
                settings: self.settings,
                authenticator,
                has_sessions,
                metrics: Metrics::new(self.gauges, &limits),
                limits,
                request_ids: RequestIds::new(),
            }),
        }
    }
}

impl Shell {
    /// A shell to be made over these use cases.
    #[must_use]
    pub fn builder(classdesk: App, settings: Settings) -> ShellBuilder {
        ShellBuilder {
            classdesk,
            settings,
            authenticator: None,
            gauges: Vec::new(),
        }
    }

    /// Everything that is served, below `prefix` (`""` for the root), with all middleware.
    pub fn scope(
        &self,
        prefix: &str,
    ) -> Scope<
        impl actix_web::dev::ServiceFactory<
            actix_web::dev::ServiceRequest,
            Config = (),
            Response = actix_web::dev::ServiceResponse,
            Error = actix_web::Error,
            InitError = (),
        > + use<>,
    > {
        let shell = self.clone();
        web::scope(prefix)
            .app_data(Data::new(self.clone()))
            .configure(move |config| routes::configure(&shell, config))
            .default_service(web::to(not_found))
            .wrap(actix_web::middleware::from_fn(middleware::serve))
    }

    /// Mounts everything into a host's application or scope:
    /// `App::new().configure(|config| shell.configure(config))`.
    pub fn configure(&self, config: &mut ServiceConfig) {
        config.service(self.scope(""));
    }

    /// What the shell was told.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// The figures, for a host that serves them elsewhere. Their media type is
    /// [`METRICS_MEDIA_TYPE`](crate::METRICS_MEDIA_TYPE).
    #[must_use]
    pub fn metrics_text(&self) -> String {
        self.inner.metrics.text()
    }

    /// The use cases.
    pub(crate) fn app(&self) -> &App {
        &self.inner.classdesk
    }

    pub(crate) fn authenticator(&self) -> &dyn Authenticator {
        &*self.inner.authenticator
    }

    /// Whether metrics are served here.
    pub(crate) fn serves_metrics(&self) -> bool {
        self.inner.settings.serves_metrics
    }

    /// Whether sign-in and sessions are served here.
    pub(crate) fn has_sessions(&self) -> bool {
        self.inner.has_sessions
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.inner.metrics
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    /// Counts a request that is shed, and says when to come again.
    pub(crate) fn shed(&self, reason: ShedReason) -> Problem {
        self.inner.metrics.shed(reason);
        Problem::of(ProblemKind::Overloaded).retry_after(COME_AGAIN)
    }

    pub(crate) fn request_ids(&self) -> &RequestIds {
        &self.inner.request_ids
    }
}

/// The shell that serves a request.
pub(crate) fn shell_of(request: &HttpRequest) -> &Shell {
    request
        .app_data::<Data<Shell>>()
        .expect("every route is mounted by the shell, which brings itself along")
}

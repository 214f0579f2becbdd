//! Figures for Prometheus.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::Method;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::limits::{Limits, ShedReason};

/// What [`HttpState::metrics_text`](crate::HttpState::metrics_text) is written in: Prometheus reads
/// it, whatever it asks for.
pub const METRICS_MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Upper bounds of the latency buckets, in seconds.
const LATENCY_BUCKETS: [f64; 11] = [
    0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 2.5, 10.0,
];

/// A figure that the host knows, read each time the metrics are.
#[derive(Clone)]
pub struct Gauge {
    name: String,
    help: String,
    read: Arc<dyn Fn() -> f64 + Send + Sync>,
}

impl Gauge {
    /// A gauge. `name` follows Prometheus' rules and names the unit, for example
    /// `classdesk_write_queue_jobs`; `read` must not block.
    pub fn new(
        name: impl Into<String>,
        help: impl Into<String>,
        read: impl Fn() -> f64 + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            help: help.into(),
            read: Arc::new(read),
        }
    }
}

impl fmt::Debug for Gauge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gauge({})", self.name)
    }
}

impl Collector for Gauge {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let gauge = ConstGauge::new((self.read)());
        let metric =
            encoder.encode_descriptor(&self.name, &self.help, None, gauge.metric_type())?;
        gauge.encode(metric)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    #[prometheus(flatten)]
    operation: Operation,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Operation {
    method: &'static str,
    route: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Shed {
    limit: &'static str,
}

/// The figures of one server.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Outcome, Counter>,
    latency: Family<Operation, Histogram>,
    shed: Family<Shed, Counter>,
}

impl Metrics {
    /// Figures about requests, and those of the host.
    pub(crate) fn new(gauges: Vec<Gauge>, limits: &Arc<Limits>) -> Self {
        let mut registry = Registry::default();
        let requests = Family::<Outcome, Counter>::default();
        let latency = Family::<Operation, Histogram>::new_with_constructor(|| {
            Histogram::new(LATENCY_BUCKETS)
        });
        registry.register(
            "classdesk_http_requests",
            "Requests that were answered",
            requests.clone(),
        );
        registry.register(
            "classdesk_http_request_duration_seconds",
            "Time from the end of a request's headers to the beginning of its answer",
            latency.clone(),
        );
        let shed = Family::<Shed, Counter>::default();
        registry.register(
            "classdesk_requests_shed",
            "Requests that were answered 503 because of a limit",
            shed.clone(),
        );
        for gauge in gauges_of(limits).into_iter().chain(gauges) {
            registry.register_collector(Box::new(gauge));
        }
        Self {
            registry,
            requests,
            latency,
            shed,
        }
    }

    /// Notes a request that was shed.
    pub(crate) fn shed(&self, reason: ShedReason) {
        let limit = reason.label();
        self.shed.get_or_create(&Shed { limit }).inc();
    }

    /// Notes an answer, and how long it took without sending the body. The route is the path as the
    /// contract writes it; paths as such would be without number.
    pub(crate) fn observe(
        &self,
        method: &Method,
        route: &'static str,
        status: u16,
        elapsed: Duration,
    ) {
        let method = method_label(method);
        let operation = Operation { method, route };
        let latency = self.latency.get_or_create(&operation);
        latency.observe(elapsed.as_secs_f64());
        let outcome = Outcome { operation, status };
        self.requests.get_or_create(&outcome).inc();
    }

    /// All figures as text.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("writing to a string succeeds");
        text
    }
}

/// How much of the limits is used.
fn gauges_of(limits: &Arc<Limits>) -> [Gauge; 4] {
    let gauge = |name: &str, help: &str, read: fn(&Limits) -> usize| {
        let limits = limits.clone();
        Gauge::new(name, help, move || read(&limits) as f64)
    };
    [
        gauge(
            "classdesk_requests_in_progress",
            "Requests that the server works on",
            Limits::requests_in_progress,
        ),
        gauge(
            "classdesk_bodies_arriving",
            "Requests whose body has not arrived yet",
            Limits::bodies_arriving,
        ),
        gauge(
            "classdesk_unsent_answer_bytes",
            "Bytes of answers that wait for their client to read",
            Limits::unsent_bytes,
        ),
        gauge(
            "classdesk_open_connections",
            "Connections of clients",
            Limits::open_connections,
        ),
    ]
}

/// Clients can make up methods, so unknown ones share a label.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}

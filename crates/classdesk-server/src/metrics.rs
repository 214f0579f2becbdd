//! Figures for Prometheus: those of the store, and a server of their own for all of them.

use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::dev::Server;
use actix_web::{App, HttpResponse, HttpServer, web};
use classdesk_diesel::{DieselStore, PoolStats, WriterStats};
use classdesk_http::{Gauge, HttpState, METRICS_MEDIA_TYPE};

use crate::error::CliError;

/// The end of a gauge's name, its help, and what it reads.
type Figure<S> = (&'static str, &'static str, fn(S) -> f64);

macro_rules! figures {
    ($($name:literal: $help:literal => $field:ident,)+) => {
        [$(($name, $help, |stats| stats.$field as f64)),+]
    };
}

const POOL: [Figure<PoolStats>; 4] = figures! {
    "threads": "Threads with a connection to the database" => threads,
    "busy_threads": "Threads at work on the database" => busy,
    "queued_jobs": "Jobs that wait for a thread" => queued,
    "queue_length": "Jobs that may wait for a thread" => queue_length,
};

/// Of the writer, which PostgreSQL does not have.
const WRITER: [Figure<WriterStats>; 4] = figures! {
    "queued_commits": "Commits that wait for the writer" => queued,
    "queue_length": "Commits that may wait for the writer" => queue_length,
    "commits": "Commits made durable since the start" => commits,
    "transactions": "Transactions that those commits took" => groups,
};

/// The figures of the store.
pub(crate) fn gauges(store: &Arc<DieselStore>) -> Vec<Gauge> {
    let pool = POOL.map(|(name, help, read)| {
        let store = store.clone();
        Gauge::new(format!("classdesk_database_{name}"), help, move || {
            read(store.stats().pool)
        })
    });
    let writer = WRITER.map(|(name, help, read)| {
        let store = store.clone();
        Gauge::new(format!("classdesk_writer_{name}"), help, move || {
            store.stats().writer.map_or(0.0, read)
        })
    });
    let has_writer = store.stats().writer.is_some();
    let writer = writer.into_iter().filter(|_| has_writer);
    pool.into_iter().chain(writer).collect()
}

/// Serves `/metrics` and nothing else on an address of its own.
pub(crate) fn serve(state: web::Data<HttpState>, bind: SocketAddr) -> Result<Server, CliError> {
    let app = move || {
        App::new()
            .app_data(state.clone())
            .route("/metrics", web::get().to(text))
    };
    let server = HttpServer::new(app)
        .workers(1)
        .disable_signals()
        .bind(bind)
        .map_err(|error| {
            CliError::while_doing(&format!("can't serve metrics on {bind}"), &error)
        })?;
    Ok(server.run())
}

async fn text(state: web::Data<HttpState>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(METRICS_MEDIA_TYPE)
        .body(state.metrics_text())
}

//! Figures for Prometheus: those of the store, and a server of their own for all of them.

use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::dev::Server;
use actix_web::{App, HttpResponse, HttpServer, web};
use classdesk_diesel::{DieselStore, PoolStats, WriterStats};
use classdesk_http::{Gauge, HttpState, METRICS_MEDIA_TYPE};

use crate::error::CliError;

/// The figures of [`PoolStats`]: the end of each name, and its help.
const POOL: [(&str, &str); 4] = [
    ("threads", "Threads with a connection to the database"),
    ("busy_threads", "Threads at work on the database"),
    ("queued_jobs", "Jobs that wait for a thread"),
    ("queue_length", "Jobs that may wait for a thread"),
];

/// The figures of [`WriterStats`], which PostgreSQL does not have.
const WRITER: [(&str, &str); 4] = [
    ("queued_commits", "Commits that wait for the writer"),
    ("queue_length", "Commits that may wait for the writer"),
    ("commits", "Commits made durable since the start"),
    ("transactions", "Transactions that those commits took"),
];

/// The figures of the store.
pub(crate) fn gauges(store: &Arc<DieselStore>) -> Vec<Gauge> {
    let pool = POOL.into_iter().enumerate().map(|(at, (name, help))| {
        let store = store.clone();
        Gauge::new(format!("classdesk_database_{name}"), help, move || {
            pool_figures(store.stats().pool)[at] as f64
        })
    });
    let writer = WRITER.into_iter().enumerate().map(|(at, (name, help))| {
        let store = store.clone();
        Gauge::new(format!("classdesk_writer_{name}"), help, move || {
            store
                .stats()
                .writer
                .map_or(0.0, |it| writer_figures(it)[at])
        })
    });
    let has_writer = store.stats().writer.is_some();
    pool.chain(writer.filter(|_| has_writer)).collect()
}

const fn pool_figures(pool: PoolStats) -> [usize; 4] {
    [pool.threads, pool.busy, pool.queued, pool.queue_length]
}

const fn writer_figures(writer: WriterStats) -> [f64; 4] {
    let (queued, most) = (writer.queued as f64, writer.queue_length as f64);
    [queued, most, writer.commits as f64, writer.groups as f64]
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

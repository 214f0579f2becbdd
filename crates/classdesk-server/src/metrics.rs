//! Figures for Prometheus: those of the store, and a server of their own for all of them.

use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::dev::Server;
use actix_web::{App, HttpResponse, HttpServer, web};
use classdesk_diesel::{DieselStore, PoolStats, WriterStats};
use classdesk_http::{Gauge, HttpState, METRICS_MEDIA_TYPE};

use crate::error::CliError;

/// What is told of the store.
pub(crate) fn gauges(store: &Arc<DieselStore>) -> Vec<Gauge> {
    let mut gauges = vec![
        pool(
            store,
            "threads",
            "Threads with a connection to the database",
            |pool| pool.threads,
        ),
        pool(
            store,
            "busy_threads",
            "Threads at work on the database",
            |pool| pool.busy,
        ),
        pool(
            store,
            "queued_jobs",
            "Jobs that wait for a thread",
            |pool| pool.queued,
        ),
        pool(
            store,
            "queue_length",
            "Jobs that may wait for a thread",
            |pool| pool.queue_length,
        ),
    ];
    if store.stats().writer.is_some() {
        gauges.extend([
            writer(
                store,
                "queued_commits",
                "Commits that wait for the writer",
                |writer| writer.queued as f64,
            ),
            writer(
                store,
                "queue_length",
                "Commits that may wait for the writer",
                |writer| writer.queue_length as f64,
            ),
            writer(
                store,
                "commits",
                "Commits made durable since the start",
                |writer| writer.commits as f64,
            ),
            writer(
                store,
                "transactions",
                "Transactions that those commits took",
                |writer| writer.groups as f64,
            ),
        ]);
    }
    gauges
}

fn pool(store: &Arc<DieselStore>, name: &str, help: &str, read: fn(PoolStats) -> usize) -> Gauge {
    let store = store.clone();
    Gauge::new(format!("classdesk_database_{name}"), help, move || {
        read(store.stats().pool) as f64
    })
}

fn writer(store: &Arc<DieselStore>, name: &str, help: &str, read: fn(WriterStats) -> f64) -> Gauge {
    let store = store.clone();
    Gauge::new(format!("classdesk_writer_{name}"), help, move || {
        store.stats().writer.map_or(0.0, read)
    })
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

//! `classdesk serve`: from settings to a server, and from a signal to a clean end.

use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;
use std::sync::Arc;

use actix_web::dev::{Server, ServerHandle};
use actix_web::web::ServiceConfig;
use classdesk_api::Api;
use classdesk_diesel::DieselStore;
use classdesk_http::PublicUrl;
use tokio::net::TcpSocket;

use crate::bootstrap::{ensure_superadmin, superadmin_password};
use crate::cli::ServeArgs;
use crate::error::CliError;
use crate::jobs::{Jobs, RunningJobs};
use crate::report::{Entry, Report};
use crate::stop::StopSignals;
use crate::wiring::{
    Assembly, Schema, hasher, open_storage, open_store, trusted_tokens, webhook_sender,
};
use crate::{demo, jobs, metrics, open_files};

/// How many connections may wait to be accepted.
const BACKLOG: u32 = 1024;

/// Serves until a signal.
pub(crate) async fn run(args: Box<ServeArgs>) -> Result<ExitCode, CliError> {
    let mut stop = StopSignals::listen()?;
    let running = tokio::select! {
        started = start(*args) => started?,
        signal = stop.next() => {
            tracing::info!(signal, "stopped before it was ready");
            return Ok(ExitCode::SUCCESS);
        }
    };
    running.until(stop).await
}

/// A server that serves.
struct Running {
    server: Server,
    api: Api,
    metrics: Option<ServerHandle>,
    jobs: RunningJobs,
    store: Arc<DieselStore>,
}

async fn start(args: ServeArgs) -> Result<Running, CliError> {
    let chosen = args.superadmin_password.as_deref();
    let chosen = chosen.map(superadmin_password).transpose()?;
    // The address comes first: of two servers by mistake, the second stops before it has touched
    // anything.
    let (listener, address) = bind(args.bind)?;
    let public_url = match &args.public_url {
        Some(url) => url.clone(),
        None => own_url(address)?,
    };
    let (database_url, storage_url) = if args.demo {
        (demo::database_url(), demo::storage_url())
    } else {
        (
            args.store.database_url.clone(),
            args.files.storage_url.clone(),
        )
    };
    let fills_demo = args.demo && demo::begin()?;
    let schema = if args.no_migrate {
        Schema::Known
    } else {
        Schema::Migrated
    };
    let hasher = hasher(Some(&args.hashing))?;
    let tokens = trusted_tokens(&args.tokens)?;
    // The storage comes before the database, which is migrated only by a server that can serve.
    let blobs = open_storage(&storage_url).await?;
    let store = open_store(database_url.clone(), args.store.options(), schema).await?;
    let sender = webhook_sender(&args.webhooks)?;
    let settings = args.limits.settings();
    let assembly = Assembly::new(store, blobs, hasher, settings, sender, tokens);
    let entry = if args.demo {
        if fills_demo {
            demo::fill(&assembly.app).await?;
        }
        Entry::Demo
    } else {
        Entry::Own(ensure_superadmin(&assembly.app, chosen).await?)
    };

    let jobs = jobs::all(
        &assembly.app,
        args.limits.sweep_interval,
        args.webhooks.slots(),
    );
    let jobs = Jobs::new(jobs);
    let api = api(&args, &assembly, &jobs, public_url.clone());
    let state = api.http_state();
    let metrics = match args.metrics_bind {
        Some(bind) => Some(metrics::serve(state.clone(), bind)?),
        None => None,
    };
    let mounted = api.clone();
    let configure = move |config: &mut ServiceConfig| mounted.configure(config);
    let mut limits = args.connections.server_limits();
    limits.max_connections =
        open_files::connections_of_worker(limits.max_connections, limits.workers, args.demo);
    let server = classdesk_http::serve(state, configure, listener, limits)
        .map_err(|error| CliError::while_doing(&format!("can't serve on {address}"), &error))?;
    let report = Report {
        address: format!("http://{address}"),
        public_url: &public_url,
        database: &database_url,
        storage: &storage_url,
        entry,
    };
    // Standard output may be closed.
    let _ = write!(std::io::stdout(), "{report}");
    Ok(Running {
        server,
        api,
        metrics: metrics.map(|server| {
            let handle = server.handle();
            actix_web::rt::spawn(server);
            handle
        }),
        jobs: jobs.start(),
        store: assembly.store,
    })
}

fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), CliError> {
    let bound = || {
        let socket = if address.is_ipv4() {
            TcpSocket::new_v4()?
        } else {
            TcpSocket::new_v6()?
        };
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        let listener = socket.listen(BACKLOG)?.into_std()?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    };
    bound().map_err(|error: std::io::Error| {
        CliError::while_doing(&format!("can't serve on {address}"), &error)
    })
}

/// Where clients on this machine reach the server.
fn own_url(address: SocketAddr) -> Result<PublicUrl, CliError> {
    let url = if address.ip().is_unspecified() {
        tracing::warn!("no --public-url: file URLs in answers will begin with http://localhost");
        format!("http://localhost:{}", address.port())
    } else {
        format!("http://{address}")
    };
    PublicUrl::parse(&url).map_err(|error| CliError::while_doing("no public URL", &error))
}

fn api(args: &ServeArgs, assembly: &Assembly, jobs: &Jobs, public_url: PublicUrl) -> Api {
    let settings = args.connections.http_settings(public_url);
    let builder =
        Api::builder(assembly.app.clone(), settings).serves_metrics(args.metrics_bind.is_none());
    let builder = builder.streams(args.connections.stream_limits());
    metrics::gauges(&assembly.store)
        .into_iter()
        .chain(jobs.gauges(jobs::SWEEP))
        .chain(jobs.gauges(jobs::WEBHOOKS))
        .chain(jobs.lag(jobs::WEBHOOKS))
        .fold(builder, |builder, gauge| builder.gauge(gauge))
        .build()
}

impl Running {
    /// Serves until a signal, then finishes what is in flight. A second signal ends the program
    /// at once.
    async fn until(self, mut stop: StopSignals) -> Result<ExitCode, CliError> {
        let handle = self.server.handle();
        let mut server = actix_web::rt::spawn(self.server);
        let signal = tokio::select! {
            signal = stop.next() => signal,
            ended = &mut server => return Err(ended_early(ended)),
        };
        tracing::info!(
            signal,
            "stopping: no new connections, finishing what is in flight"
        );
        self.api.end_streams();
        let finish = async {
            handle.stop(true).await;
            if let Some(metrics) = self.metrics {
                metrics.stop(true).await;
            }
            self.jobs.stop().await;
            self.store.close().await;
        };
        tokio::select! {
            () = finish => {
                tracing::info!("stopped");
                Ok(ExitCode::SUCCESS)
            }
            signal = stop.next() => {
                tracing::warn!(signal, "stopped at once");
                Ok(ExitCode::FAILURE)
            }
        }
    }
}

fn ended_early(ended: Result<std::io::Result<()>, tokio::task::JoinError>) -> CliError {
    match ended {
        Ok(Err(error)) => CliError::while_doing("the server failed", &error),
        Err(died) => CliError::while_doing("the server died", &died),
        Ok(Ok(())) => CliError::new("the server ended by itself"),
    }
}

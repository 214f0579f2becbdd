//! A server for the shell alone, with the limits that keep slow and greedy clients in bounds.

use std::io;
use std::net::TcpListener;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::{App, HttpServer};

use crate::Shell;

/// How connections are treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerLimits {
    /// Threads that serve requests.
    pub workers: usize,
    /// Connections of one worker at once; further ones wait.
    pub max_connections: usize,
    /// How long the headers of a request may take to arrive.
    pub header_timeout: Duration,
    /// How long an unused connection is kept.
    pub keep_alive: Duration,
    /// How long a client may take nothing of its answer; then its connection is closed. Only
    /// Linux does so: elsewhere the system decides how long it waits.
    pub write_timeout: Duration,
    /// How long a client may take to close its side.
    pub disconnect_timeout: Duration,
    /// How long requests in flight may take to end once the server stops.
    pub shutdown_timeout: Duration,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            workers: std::thread::available_parallelism().map_or(2, std::num::NonZero::get),
            max_connections: 10_000,
            header_timeout: Duration::from_secs(10),
            keep_alive: Duration::from_secs(75),
            write_timeout: Duration::from_secs(60),
            disconnect_timeout: Duration::from_secs(5),
            shutdown_timeout: Duration::from_secs(30),
        }
    }
}

/// Serves the shell at the root of a listener. The future ends when the server has stopped;
/// signals are the host's business, who stops it by [`Server::handle`].
///
/// # Errors
/// When the listener can't be used.
pub fn serve(shell: Shell, listener: TcpListener, limits: ServerLimits) -> io::Result<Server> {
    limit_writes(&listener, limits.write_timeout)?;
    let server = HttpServer::new(move || App::new().configure(|config| shell.configure(config)))
        .workers(limits.workers)
        .max_connections(limits.max_connections)
        .client_request_timeout(limits.header_timeout)
        .client_disconnect_timeout(limits.disconnect_timeout)
        .keep_alive(limits.keep_alive)
        .shutdown_timeout(limits.shutdown_timeout.as_secs())
        .disable_signals()
        .listen(listener)?
        .run();
    Ok(server)
}

/// Connections inherit this from their listener. It is the system that has to notice who takes
/// nothing: while a socket is full, actix-web waits for it alone, without a timer and without
/// asking the body for more.
#[cfg(target_os = "linux")]
fn limit_writes(listener: &TcpListener, patience: Duration) -> io::Result<()> {
    socket2::SockRef::from(listener).set_tcp_user_timeout(Some(patience))
}

#[cfg(not(target_os = "linux"))]
fn limit_writes(_: &TcpListener, _: Duration) -> io::Result<()> {
    Ok(())
}

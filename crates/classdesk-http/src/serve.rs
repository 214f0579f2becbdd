//! A server for the shell alone, with the limits that keep slow and greedy clients in bounds.

use std::io;
use std::net::TcpListener;
use std::rc::Rc;
use std::time::Duration;

use actix_http::HttpService;
use actix_service::{ServiceFactoryExt as _, fn_service, map_config};
use actix_web::App;
use actix_web::dev::{AppConfig, Server};
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data};
use tokio::net::TcpStream;

use crate::Shell;
use crate::connection::{Limits, PacedStream};
use crate::discard::Bins;
use crate::door::Door;
use crate::middleware;
use crate::routing::not_found;

/// How much of an answer is kept for a connection before it is sent. Answers come in
/// [pieces](crate::render::pieces) that fit in.
const WRITE_BUFFER: usize = 4 * 1024;

/// The shortest time. actix-web measures with a clock that it sets twice a second, and does not
/// notice by itself that a time was over before it began to look.
const SHORTEST: Duration = Duration::from_secs(1);

/// The longest time, more than which clocks can't count.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// The longest time that Linux takes for writes, some 24 days.
#[cfg(target_os = "linux")]
const LONGEST_WRITE: Duration = Duration::from_millis(i32::MAX as u64);

/// How connections are treated. Times are from a second to ten years.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerLimits {
    /// Threads that serve requests.
    pub workers: usize,
    /// Connections of one worker at once; further ones wait.
    pub max_connections: usize,
    /// How long the headers of a request may take to arrive.
    pub header_timeout: Duration,
    /// How long an unused connection is kept, and one whose client has yet to send the rest of a
    /// body without an announced length though it was answered.
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

impl ServerLimits {
    fn check(&self) -> io::Result<()> {
        let times = [
            ("header_timeout", self.header_timeout),
            ("keep_alive", self.keep_alive),
            ("write_timeout", self.write_timeout),
            ("disconnect_timeout", self.disconnect_timeout),
            ("shutdown_timeout", self.shutdown_timeout),
        ];
        let possible = SHORTEST..=LONGEST;
        match times.iter().find(|(_, time)| !possible.contains(time)) {
            Some((name, time)) => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("{name} is {time:?}, and has to be from a second to ten years"),
            )),
            None => Ok(()),
        }
    }
}

/// Serves the shell at the root of a listener. The future ends when the server has stopped;
/// signals are the host's business, who stops it by [`Server::handle`].
///
/// # Errors
/// When the listener can't be used, and [`io::ErrorKind::InvalidInput`] for a time that is
/// too short or too long.
pub fn serve(shell: Shell, listener: TcpListener, limits: ServerLimits) -> io::Result<Server> {
    limits.check()?;
    limit_writes(&listener, limits.write_timeout)?;
    let address = listener.local_addr()?;
    let builder = Server::build()
        .workers(limits.workers)
        .max_concurrent_connections(limits.max_connections)
        .shutdown_timeout(limits.shutdown_timeout.as_secs())
        .disable_signals();
    let stopping = builder.graceful_shutdown_signal();
    // As `HttpServer` does it, but for the stream, which it does not let anybody choose.
    let service = move || {
        let (shell, stopping) = (shell.clone(), stopping.clone());
        let app = App::new()
            .app_data(Data::new(shell.clone()))
            .configure(|config| shell.configure(config))
            .default_service(web::to(not_found).wrap(from_fn(middleware::serve)));
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .keep_alive(limits.keep_alive)
            .client_request_timeout(limits.header_timeout)
            .client_disconnect_timeout(limits.disconnect_timeout)
            .h1_write_buffer_size(WRITE_BUFFER)
            .local_addr(address)
            .on_connect_ext(|stream: &PacedStream, data| {
                data.insert(stream.pace().clone());
            })
            .h1(map_config(app, |()| AppConfig::default()));
        let waiting = Limits {
            head: limits.header_timeout,
            rest: limits.keep_alive,
        };
        let door = Rc::new(Door::new());
        let bins = Bins::new();
        fn_service(move |stream: TcpStream| {
            let door = Rc::clone(&door);
            let bins = bins.clone();
            async move {
                // Later it could not be told any more of a client that has gone away.
                let peer = stream.peer_addr().ok();
                door.pass().await;
                // An answer goes out in pieces, and none waits until the client has confirmed the
                // one before. Without it, they only take longer.
                let _ = stream.set_nodelay(true);
                Ok((PacedStream::new(stream, bins, waiting), peer))
            }
        })
        .and_then(http)
    };
    Ok(builder.listen("classdesk", listener, service)?.run())
}

/// Connections inherit this from their listener. It is the system that has to notice who takes
/// nothing: while a socket is full, actix-web waits for it alone, without a timer and without
/// asking the body for more.
#[cfg(target_os = "linux")]
fn limit_writes(listener: &TcpListener, patience: Duration) -> io::Result<()> {
    socket2::SockRef::from(listener).set_tcp_user_timeout(Some(patience.min(LONGEST_WRITE)))
}

#[cfg(not(target_os = "linux"))]
fn limit_writes(_: &TcpListener, _: Duration) -> io::Result<()> {
    Ok(())
}

//! A server with the limits that keep slow and greedy clients in bounds.

use std::io;
use std::net::TcpListener;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{App, HttpServer};

use crate::middleware::{self, no_such_path};
use crate::state::HttpState;

/// The shortest time. actix-web measures with a clock that it sets twice a second, and does not
/// notice by itself that a time was over before it began to look.
const SHORTEST: Duration = Duration::from_secs(1);

/// The longest time, more than which clocks can't count.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// The longest time that Linux takes for writes, some 24 days.
#[cfg(target_os = "linux")]
const LONGEST_WRITE: Duration = Duration::from_millis(i32::MAX as u64);

/// How many bytes the system keeps of what a client has not taken. Linux would let it grow to some
/// megabytes, and doubles what is asked for.
#[cfg(target_os = "linux")]
const SEND_BUFFER: usize = 128 * 1024;

/// How connections are treated. Times are from a second to ten years.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerLimits {
    /// Threads that serve requests.
    pub workers: usize,
    /// Connections of one worker at once; further ones wait.
    pub max_connections: usize,
    /// How long the headers of a connection's first request may take to arrive. A later request of
    /// the same connection has no limit: actix-web sets the timer once.
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

/// Serves what `configure` mounts, at the root of a listener. The future ends when the server has
/// stopped; signals are the host's business, which stops it by [`Server::handle`].
///
/// # Errors
/// When the listener can't be used, and [`io::ErrorKind::InvalidInput`] for a time that is
/// too short or too long.
pub fn serve(
    state: Data<HttpState>,
    configure: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
    listener: TcpListener,
    limits: ServerLimits,
) -> io::Result<Server> {
    limits.check()?;
    limit_writes(&listener, limits.write_timeout)?;
    let counted = state.limits.clone();
    let app = move || {
        App::new()
            .app_data(state.clone())
            .configure(&configure)
            .default_service(web::to(no_such_path).wrap(from_fn(middleware::serve)))
    };
    let server = HttpServer::new(app)
        .workers(limits.workers)
        .max_connections(limits.max_connections)
        .keep_alive(limits.keep_alive)
        .client_request_timeout(limits.header_timeout)
        .client_disconnect_timeout(limits.disconnect_timeout)
        .shutdown_timeout(limits.shutdown_timeout.as_secs())
        .on_connect(move |_, data| {
            data.insert(counted.begin_connection());
        })
        .disable_signals()
        .listen(listener)?;
    Ok(server.run())
}

/// Connections inherit this from their listener. The system has to notice a client that takes
/// nothing: while a socket is full, actix-web waits for it alone, without a timer and without
/// asking the body for more.
#[cfg(target_os = "linux")]
fn limit_writes(listener: &TcpListener, longest: Duration) -> io::Result<()> {
    let socket = socket2::SockRef::from(listener);
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.set_tcp_user_timeout(Some(longest.min(LONGEST_WRITE)))
}

#[cfg(not(target_os = "linux"))]
fn limit_writes(_: &TcpListener, _: Duration) -> io::Result<()> {
    Ok(())
}

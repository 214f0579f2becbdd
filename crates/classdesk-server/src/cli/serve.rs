//! Options of `classdesk serve`.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Args;
use classdesk_api::StreamLimits;
use classdesk_domain::Settings;
use classdesk_domain::people::{LoginLimits, SessionLimits};
use classdesk_http::{
    AllowedOrigin, InvalidOrigin, PublicUrl, ServerLimits, Settings as HttpSettings,
};
use ipnet::IpNet;

use super::networks::network;
use super::redacted_parser::RedactedParser;
use super::stores::{FilesArgs, HashingArgs, StoreArgs, some_time};
use super::tokens::JwtArgs;
use super::webhooks::WebhookArgs;

/// `classdesk serve`
#[derive(Args)]
pub(crate) struct ServeArgs {
    /// The address to serve on
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:8080")]
    pub(crate) bind: SocketAddr,
    /// Where clients reach this server from outside; file URLs begin with it [default: the address
    /// it serves on]
    #[arg(long, value_name = "URL", value_parser = RedactedParser(PublicUrl::parse))]
    pub(crate) public_url: Option<PublicUrl>,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    #[command(flatten)]
    pub(crate) files: FilesArgs,
    /// Try it out: a store of its own under `classdesk-data/demo`, with people, bundles and
    /// conversations. Serves on loopback only
    #[arg(
        long,
        conflicts_with_all = ["database_url", "storage_url", "superadmin_password", "no_migrate"]
    )]
    pub(crate) demo: bool,
    /// Leave the database's schema alone; refuses to serve when it is not up to date
    #[arg(long)]
    pub(crate) no_migrate: bool,
    /// The password of `superadmin`, who is created on a database without users. Better given as
    /// a variable than as a flag [default: one is generated and printed once]
    #[arg(long, hide_env_values = true, value_name = "PASSWORD")]
    pub(crate) superadmin_password: Option<String>,
    #[command(flatten)]
    pub(crate) hashing: HashingArgs,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
    #[command(flatten)]
    pub(crate) connections: ConnectionArgs,
    #[command(flatten)]
    pub(crate) webhooks: WebhookArgs,
    #[command(flatten)]
    pub(crate) tokens: JwtArgs,
    /// Serve /metrics on this address instead of beside the API
    #[arg(long, value_name = "IP:PORT")]
    pub(crate) metrics_bind: Option<SocketAddr>,
}

/// Limits of what clients may do.
#[derive(Args)]
pub(crate) struct LimitArgs {
    /// The greatest upload, in bytes
    #[arg(
        long,
        value_name = "BYTES",
        default_value_t = Settings::default().max_upload_bytes,
        value_parser = clap::value_parser!(u64).range(1..=1024 * 1024 * 1024 * 1024)
    )]
    pub(crate) max_upload_bytes: u64,
    /// How long a session lasts at most
    #[arg(long, value_name = "TIME", default_value = "14d", value_parser = some_time)]
    pub(crate) session_lifetime: Duration,
    /// How long a session lasts without use
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = some_time)]
    pub(crate) session_idle: Duration,
    /// Failed logins with one name within the window before further ones are refused
    #[arg(
        long,
        value_name = "N",
        default_value_t = LoginLimits::default().per_name,
        value_parser = clap::value_parser!(u32).range(1..=1000)
    )]
    pub(crate) login_failures_per_name: u32,
    /// Failed logins from one address, or one IPv6 /64, within the window before further ones are refused
    #[arg(
        long,
        value_name = "N",
        default_value_t = LoginLimits::default().per_network,
        value_parser = clap::value_parser!(u32).range(1..=1000)
    )]
    pub(crate) login_failures_per_network: u32,
    /// The window in which failed logins are counted
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = some_time)]
    pub(crate) login_window: Duration,
    /// How often bytes without an owner and rows that have outlived their use are removed
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = some_time)]
    pub(crate) sweep_interval: Duration,
}

impl LimitArgs {
    /// As the domain takes them.
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            sessions: SessionLimits {
                lifetime: self.session_lifetime,
                idle: self.session_idle,
            },
            logins: LoginLimits {
                per_name: self.login_failures_per_name,
                per_network: self.login_failures_per_network,
                window: self.login_window,
            },
            max_upload_bytes: self.max_upload_bytes,
        }
    }
}

/// How connections and requests are treated.
#[derive(Args)]
pub(crate) struct ConnectionArgs {
    /// Threads that serve requests [default: one for each processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) workers: Option<u16>,
    /// Connections of one worker at once; further ones wait
    #[arg(
        long,
        value_name = "N",
        default_value_t = 10_000,
        value_parser = clap::value_parser!(u32).range(1..=1_000_000)
    )]
    pub(crate) max_connections: u32,
    /// Requests worked on at once. Further ones wait for a second and are then answered 503; those
    /// that wait for their body or send a stream do not count [default: 16 for each worker]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) max_concurrent_requests: Option<u32>,
    /// Bodies of people who have signed in that arrive at once, and as many of others. A person or,
    /// without a sign-in, a network has a quarter. At the limit the one that has been arriving for
    /// longest is answered 503
    #[arg(
        long,
        value_name = "N",
        default_value_t = 512,
        value_parser = clap::value_parser!(u32).range(1..=1_000_000)
    )]
    pub(crate) max_arriving_bodies: u32,
    /// Streams of events at once, and requests that wait for one. One more is answered 503
    #[arg(
        long,
        value_name = "N",
        default_value_t = as_number(StreamLimits::default().max),
        value_parser = clap::value_parser!(u32).range(1..=1_000_000)
    )]
    pub(crate) max_streams: u32,
    /// The same of one person. One more is answered 429
    #[arg(
        long,
        value_name = "N",
        default_value_t = as_number(StreamLimits::default().max_of_person),
        value_parser = clap::value_parser!(u32).range(1..=1_000_000)
    )]
    pub(crate) max_streams_per_person: u32,
    /// How long a stream of events lasts, a tenth more or less, before its client comes again
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = some_time)]
    pub(crate) stream_lifetime: Duration,
    /// How long an unused connection is kept
    #[arg(long, value_name = "TIME", default_value = "75s", value_parser = some_time)]
    pub(crate) keep_alive: Duration,
    /// How long the headers of a connection's first request may take to arrive
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = some_time)]
    pub(crate) header_timeout: Duration,
    /// How long a JSON body may take to arrive, and an upload may stand still
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = some_time)]
    pub(crate) body_timeout: Duration,
    /// How long a client may take nothing of its answer before its connection is closed (Linux)
    #[arg(long, value_name = "TIME", default_value = "1m", value_parser = some_time)]
    pub(crate) write_timeout: Duration,
    /// Networks and addresses of proxies whose X-Forwarded-For is believed, for example
    /// `10.0.0.0/8,192.0.2.7,::1`
    #[arg(long, value_name = "NETWORKS", value_delimiter = ',', value_parser = network)]
    pub(crate) trusted_proxies: Vec<IpNet>,
    /// Origins whose pages may use the API from a browser, for example
    /// `https://app.example,http://localhost:3000`, or `*` for every origin [default: the own one alone]
    #[arg(long, value_name = "ORIGINS", value_delimiter = ',', value_parser = cors_origin)]
    pub(crate) cors_origins: Vec<AllowedOrigin>,
}

impl ConnectionArgs {
    fn workers(&self) -> usize {
        let usual = ServerLimits::default().workers;
        self.workers.map_or(usual, usize::from)
    }

    /// As the server takes them.
    pub(crate) fn server_limits(&self) -> ServerLimits {
        let usual = ServerLimits::default();
        ServerLimits {
            workers: self.workers(),
            max_connections: as_size(self.max_connections),
            header_timeout: self.header_timeout,
            write_timeout: self.write_timeout,
            keep_alive: self.keep_alive,
            ..usual
        }
    }

    /// As the API takes them.
    pub(crate) fn stream_limits(&self) -> StreamLimits {
        StreamLimits {
            max: as_size(self.max_streams),
            max_of_person: as_size(self.max_streams_per_person),
            lifetime: self.stream_lifetime,
            ..StreamLimits::default()
        }
    }

    /// As the plumbing takes them.
    pub(crate) fn http_settings(&self, public_url: PublicUrl) -> HttpSettings {
        let usual = HttpSettings::CONCURRENT_REQUESTS_OF_A_WORKER * self.workers();
        HttpSettings {
            max_concurrent_requests: self.max_concurrent_requests.map_or(usual, as_size),
            max_arriving_bodies: as_size(self.max_arriving_bodies),
            body_timeout: self.body_timeout,
            trusted_proxies: self.trusted_proxies.clone(),
            cors_origins: self.cors_origins.clone(),
            ..HttpSettings::new(public_url)
        }
    }
}

fn as_number(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}

fn as_size(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

impl ServeArgs {
    /// Checks that options go together, and says which do not.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.demo && !self.bind.ip().is_loopback() {
            return Err(format!(
                "--demo serves well-known passwords, so it binds loopback only, not {}",
                self.bind
            ));
        }
        Ok(())
    }
}

fn cors_origin(text: &str) -> Result<AllowedOrigin, InvalidOrigin> {
    AllowedOrigin::parse(text.trim())
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        connections: ConnectionArgs,
    }

    fn concurrent_requests(options: &[&str]) -> usize {
        let line = ["line", "--workers", "2"].iter().chain(options);
        let connections = Line::try_parse_from(line).unwrap().connections;
        let url = PublicUrl::parse("https://desk.example").unwrap();
        connections.http_settings(url).max_concurrent_requests
    }

    #[test]
    fn concurrent_requests_follow_the_workers_unless_they_are_named() {
        assert_eq!(concurrent_requests(&[]), 32);
        assert_eq!(
            concurrent_requests(&["--max-concurrent-requests", "40"]),
            40
        );
    }
}

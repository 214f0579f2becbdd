//! Options that several commands share: where rows and bytes are, and what a password costs.

use std::time::Duration;

use clap::Args;
use classdesk_argon2::{Cost, Limits};
use classdesk_diesel::{DatabaseUrl, StoreOptions};
use classdesk_object_store::StorageLocation;

use super::redacted_parser::RedactedParser;

/// Where the database is, and how much of it is used at once.
#[derive(Args)]
pub(crate) struct StoreArgs {
    /// The database: `sqlite://PATH`, or `postgres://USER:PASSWORD@HOST/DATABASE?sslmode=verify-full`
    #[arg(
        long,
        hide_env_values = true,
        value_name = "URL",
        default_value = "sqlite://classdesk-data/classdesk.db",
        value_parser = RedactedParser(database_url)
    )]
    pub(crate) database_url: DatabaseUrl,
    /// Connections to the database, with a thread each. SQLite has one more, for writing [default:
    /// 8 to PostgreSQL; on SQLite one for each processor and one besides]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    pub(crate) database_connections: Option<u16>,
    /// Requests to the database that may wait for a connection; one more is answered 503
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1024,
        value_parser = clap::value_parser!(u32).range(1..=1_000_000)
    )]
    pub(crate) database_queue: u32,
    /// How long a statement may run on PostgreSQL
    #[arg(long, value_name = "TIME", default_value = "15s", value_parser = some_time)]
    pub(crate) database_statement_timeout: Duration,
}

impl StoreArgs {
    /// As the store takes them.
    pub(crate) fn options(&self) -> StoreOptions {
        StoreOptions {
            connections: self
                .database_connections
                .map_or_else(|| self.database_url.default_connections(), usize::from),
            queue_length: usize::try_from(self.database_queue).unwrap_or(usize::MAX),
            statement_timeout: self.database_statement_timeout,
            ..StoreOptions::default()
        }
    }
}

fn database_url(text: &str) -> Result<DatabaseUrl, String> {
    text.parse::<DatabaseUrl>()
        .map_err(|error| crate::error::chain(&error))
}

/// Where files are.
#[derive(Args)]
pub(crate) struct FilesArgs {
    /// Where files are stored: `file://FOLDER`, or `s3://BUCKET/PREFIX` with the usual AWS_*
    /// variables (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_ENDPOINT_URL)
    #[arg(
        long,
        hide_env_values = true,
        value_name = "URL",
        default_value = "file://classdesk-data/files",
        value_parser = RedactedParser(storage_url)
    )]
    pub(crate) storage_url: StorageLocation,
}

fn storage_url(text: &str) -> Result<StorageLocation, String> {
    text.parse::<StorageLocation>()
        .map_err(|error| crate::error::chain(&error))
}

/// What a password hash costs.
#[derive(Args)]
pub(crate) struct HashingArgs {
    /// Memory of one password hash (Argon2id), in KiB
    #[arg(
        long,
        value_name = "KIB",
        default_value_t = Cost::MIN_MEMORY_KIB,
        value_parser = clap::value_parser!(u32).range(i64::from(Cost::MIN_MEMORY_KIB)..=4 * 1024 * 1024)
    )]
    pub(crate) argon2_memory_kib: u32,
    /// Passes of one password hash over its memory
    #[arg(
        long,
        value_name = "N",
        default_value_t = Cost::MIN_PASSES,
        value_parser = clap::value_parser!(u32).range(i64::from(Cost::MIN_PASSES)..=64)
    )]
    pub(crate) argon2_passes: u32,
    /// Password hashes computed at the same time; each takes its memory, and a processor at low
    /// priority [default: 2, or 1 on one or two processors]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) password_hash_concurrency: Option<u16>,
}

impl HashingArgs {
    /// What one hash costs.
    pub(crate) fn cost(&self) -> Cost {
        Cost {
            memory_kib: self.argon2_memory_kib,
            passes: self.argon2_passes,
            ..Cost::default()
        }
    }

    /// How many are computed at the same time.
    pub(crate) fn limits(&self) -> Limits {
        let default = Limits::default();
        Limits {
            concurrency: self
                .password_hash_concurrency
                .map_or(default.concurrency, usize::from),
            ..default
        }
    }
}

/// A span of time such as `30s`, `15m` or `14d`, at least a second and at most ten years.
pub(super) fn some_time(text: &str) -> Result<Duration, String> {
    const MOST: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);
    let time = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if time < Duration::from_secs(1) || time > MOST {
        return Err("expected from 1s to 10years".to_owned());
    }
    Ok(time)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        store: StoreArgs,
        #[command(flatten)]
        hashing: HashingArgs,
    }

    fn connections(options: &[&str]) -> usize {
        let line = ["line"].iter().chain(options);
        Line::parse_from(line).store.options().connections
    }

    #[test]
    fn the_number_of_hashes_at_once_can_be_set() {
        assert_eq!(
            Line::parse_from(["line"]).hashing.limits(),
            Limits::default()
        );
        let said = Line::parse_from(["line", "--password-hash-concurrency", "5"]);
        assert_eq!(said.hashing.limits().concurrency, 5);
    }

    #[test]
    fn connections_follow_the_database_unless_they_are_set() {
        let postgres = ["--database-url", "postgres://desk@db.example/desk"];
        let processors = std::thread::available_parallelism().unwrap().get();
        assert_eq!(connections(&[]), processors + 1);
        assert_eq!(connections(&postgres), 8);
        assert_eq!(connections(&["--database-connections", "5"]), 5);
    }

    #[test]
    fn times_are_read_with_their_units() {
        assert_eq!(some_time("14d"), Ok(Duration::from_secs(14 * 86_400)));
        assert!(some_time("0s").is_err());
        assert!(some_time("15").is_err());
        assert!(some_time("11years").is_err());
    }
}

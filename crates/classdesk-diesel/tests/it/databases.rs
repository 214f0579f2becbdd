//! A database of its own for every test.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use classdesk_diesel::{DatabaseHandle, DatabaseUrl, DieselStore, StoreOptions};
use classdesk_domain::store::Store;
use tempfile::TempDir;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

/// A store on a database that goes away with it.
pub(crate) struct Fresh<D> {
    store: Arc<dyn Store>,
    // Held after the store, so that the database is removed last.
    _database: D,
}

impl<D> Deref for Fresh<D> {
    type Target = dyn Store;

    fn deref(&self) -> &Self::Target {
        &*self.store
    }
}

impl<D: TestDatabase> Fresh<D> {
    pub(crate) fn on(database: D, options: &StoreOptions) -> Self {
        let running = DieselStore::connect(&database.url(), options).unwrap();
        Self {
            store: running.store(),
            _database: database,
        }
    }
}

impl<D> Fresh<D> {
    /// The store for tasks of their own, which have to end before this does.
    pub(crate) fn shared(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store)
    }
}

/// Something to connect to.
pub(crate) trait TestDatabase {
    fn url(&self) -> DatabaseUrl;
}

/// Few threads, because many tests run at once.
pub(crate) fn options() -> StoreOptions {
    StoreOptions {
        connections: 4,
        ..StoreOptions::default()
    }
}

/// A SQLite file in a folder of its own.
pub(crate) struct SqliteFile {
    folder: TempDir,
}

impl SqliteFile {
    pub(crate) fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
        }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("classdesk.db")
    }
}

impl TestDatabase for SqliteFile {
    fn url(&self) -> DatabaseUrl {
        format!("sqlite://{}", self.path().display())
            .parse()
            .unwrap()
    }
}

/// A PostgreSQL database, made from a migrated template.
pub(crate) struct PostgresDatabase {
    admin: String,
    name: String,
}

impl PostgresDatabase {
    /// A database with the present schema.
    pub(crate) fn new() -> Self {
        let admin = admin_url();
        let template = template(&admin);
        Self::create(admin, &format!("TEMPLATE {template}"))
    }

    /// A database with nothing in it.
    pub(crate) fn empty() -> Self {
        Self::create(admin_url(), "TEMPLATE template0")
    }

    /// Its URL, for asking it beside the adapter.
    pub(crate) fn address(&self) -> String {
        with_database(&self.admin, &self.name)
    }

    fn create(admin: String, how: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("classdesk_test_{}_{number}", std::process::id());
        beside(&admin, async |client| {
            let old = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
            client.batch_execute(&old).await.unwrap();
            let new = format!("CREATE DATABASE {name} {how}");
            client.batch_execute(&new).await.unwrap();
        })
        .unwrap();
        Self { admin, name }
    }
}

/// Asks a server: the first column of every row.
pub(crate) fn ask(url: &str, sql: &str) -> Vec<String> {
    beside(url, async |client| first_column(client, sql).await)
        .and_then(|rows| rows)
        .unwrap()
}

/// Does something on a connection of a thread of its own, so that also a test in a runtime can wait
/// for it.
fn beside<T: Send>(
    url: &str,
    work: impl AsyncFnOnce(&Client) -> T + Send,
) -> Result<T, tokio_postgres::Error> {
    let connected = || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
            tokio::spawn(connection);
            Ok(work(&client).await)
        })
    };
    std::thread::scope(|scope| scope.spawn(connected).join().unwrap())
}

async fn first_column(client: &Client, sql: &str) -> Result<Vec<String>, tokio_postgres::Error> {
    let messages = client.simple_query(sql).await?;
    let rows = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    Ok(rows.map(ToOwned::to_owned).collect())
}

impl TestDatabase for PostgresDatabase {
    fn url(&self) -> DatabaseUrl {
        self.address().parse().unwrap()
    }
}

impl Drop for PostgresDatabase {
    fn drop(&mut self) {
        // A cluster that is gone has no database left to remove.
        let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        let _ = beside(&self.admin, async |client| {
            client.batch_execute(&drop).await
        });
    }
}

/// The cluster that the tests may use.
#[expect(clippy::disallowed_methods, reason = "a test has no argument parser")]
pub(crate) fn admin_url() -> String {
    std::env::var("CLASSDESK_TEST_POSTGRES").expect(
        "CLASSDESK_TEST_POSTGRES names no PostgreSQL: run the tests with `cargo xtask test`, \
         which starts one, or leave these out with `cargo xtask test --sqlite`",
    )
}

/// The same cluster's URL for another database.
fn with_database(url: &str, name: &str) -> String {
    let (base, parameters) = url.split_once('?').unwrap_or((url, ""));
    let scheme = base.find("://").map_or(0, |at| at + 3);
    let end = base[scheme..]
        .find('/')
        .map_or(base.len(), |at| scheme + at);
    let mut url = format!("{}/{name}", &base[..end]);
    if !parameters.is_empty() {
        url.push('?');
        url.push_str(parameters);
    }
    url
}

/// The name of a database with the present schema, which is made once for each cluster.
fn template(admin: &str) -> String {
    let name = format!("classdesk_template_{:x}", schema_digest());
    beside(admin, async |client| {
        let run = async |sql: String| client.batch_execute(&sql).await.unwrap();
        // The lock ends with the connection.
        run("SELECT pg_advisory_lock(7365)".to_owned()).await;
        let search = format!("SELECT 1 FROM pg_database WHERE datname = '{name}'");
        if !first_column(client, &search).await.unwrap().is_empty() {
            return;
        }
        let half_done = format!("{name}_unfinished");
        run(format!("DROP DATABASE IF EXISTS {half_done} WITH (FORCE)")).await;
        run(format!("CREATE DATABASE {half_done} TEMPLATE template0")).await;
        let url: DatabaseUrl = with_database(admin, &half_done).parse().unwrap();
        DatabaseHandle::open(&url, &options())
            .unwrap()
            .migrate()
            .unwrap();
        run(format!("ALTER DATABASE {half_done} RENAME TO {name}")).await;
    })
    .unwrap();
    name
}

/// The folder with the migrations of one database.
pub(crate) fn migrations(database: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../migrations")
        .join(database)
}

fn schema_digest() -> u64 {
    let mut folders: Vec<PathBuf> = std::fs::read_dir(migrations("postgres"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    let mut hasher = DefaultHasher::new();
    for folder in folders {
        std::fs::read_to_string(folder.join("up.sql"))
            .unwrap()
            .hash(&mut hasher);
    }
    hasher.finish()
}

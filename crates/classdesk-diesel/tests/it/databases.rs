//! A database of its own for every test.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use classdesk_diesel::{DatabaseUrl, DieselDatabase, DieselStore, StoreOptions};
use classdesk_domain::store::Store;
use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection, QueryableByName, RunQueryDsl};
use tempfile::TempDir;

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

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = diesel::sql_types::Bool)]
    found: bool,
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

    /// A connection beside the adapter's.
    pub(crate) fn connection(&self) -> PgConnection {
        PgConnection::establish(&with_database(&self.admin, &self.name)).unwrap()
    }

    fn create(admin: String, how: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("classdesk_test_{}_{number}", std::process::id());
        let mut conn = PgConnection::establish(&admin).unwrap();
        conn.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
            .unwrap();
        conn.batch_execute(&format!("CREATE DATABASE {name} {how}"))
            .unwrap();
        Self { admin, name }
    }
}

impl TestDatabase for PostgresDatabase {
    fn url(&self) -> DatabaseUrl {
        with_database(&self.admin, &self.name).parse().unwrap()
    }
}

impl Drop for PostgresDatabase {
    fn drop(&mut self) {
        // A cluster that is gone has no database left to remove.
        if let Ok(mut conn) = PgConnection::establish(&self.admin) {
            let _ = conn.batch_execute(&format!(
                "DROP DATABASE IF EXISTS {} WITH (FORCE)",
                self.name
            ));
        }
    }
}

/// The cluster that the tests may use.
#[expect(clippy::disallowed_methods, reason = "a test has no argument parser")]
fn admin_url() -> String {
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
    let mut conn = PgConnection::establish(admin).unwrap();
    // The lock ends with the connection.
    conn.batch_execute("SELECT pg_advisory_lock(7365)").unwrap();
    let found: Found = diesel::sql_query(format!(
        "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = '{name}') AS found"
    ))
    .get_result(&mut conn)
    .unwrap();
    if !found.found {
        let half_done = format!("{name}_unfinished");
        conn.batch_execute(&format!("DROP DATABASE IF EXISTS {half_done} WITH (FORCE)"))
            .unwrap();
        conn.batch_execute(&format!("CREATE DATABASE {half_done} TEMPLATE template0"))
            .unwrap();
        let url: DatabaseUrl = with_database(admin, &half_done).parse().unwrap();
        DieselDatabase::open(&url, &options())
            .unwrap()
            .migrate()
            .unwrap();
        conn.batch_execute(&format!("ALTER DATABASE {half_done} RENAME TO {name}"))
            .unwrap();
    }
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

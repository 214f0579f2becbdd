//! Where a test's program keeps what it stores: each test has a fixture of its own.

use std::sync::atomic::{AtomicU32, Ordering};

use classdesk_s3_test_server::S3TestServer;
use reqwest::Url;
use tempfile::TempDir;
use tokio_postgres::NoTls;

/// A folder to run in, and the variables that name the stores.
pub(crate) struct Fixture {
    /// The folder that programs run in.
    pub(crate) folder: TempDir,
    /// The variables that programs are given.
    pub(crate) variables: Vec<(&'static str, String)>,
    _stores: Option<(Database, S3TestServer)>,
}

impl Fixture {
    /// SQLite and a folder, as they are when nothing is set.
    pub(crate) fn local() -> Self {
        Self {
            folder: TempDir::new().expect("a temporary folder"),
            variables: Vec::new(),
            _stores: None,
        }
    }

    /// A fresh database on PostgreSQL and a fresh bucket.
    pub(crate) async fn remote() -> Self {
        let database = Database::create();
        let server = S3TestServer::start().await.expect("an S3 server");
        server.create_bucket("desk").expect("a bucket");
        Self {
            folder: TempDir::new().expect("a temporary folder"),
            variables: vec![
                ("CLASSDESK_DATABASE_URL", database.url()),
                ("CLASSDESK_STORAGE_URL", "s3://desk/files".to_owned()),
                ("AWS_ENDPOINT_URL", server.endpoint()),
                ("AWS_REGION", "us-east-1".to_owned()),
                ("AWS_ACCESS_KEY_ID", S3TestServer::ACCESS_KEY_ID.to_owned()),
                (
                    "AWS_SECRET_ACCESS_KEY",
                    S3TestServer::SECRET_ACCESS_KEY.to_owned(),
                ),
            ],
            _stores: Some((database, server)),
        }
    }
}

/// A database on the PostgreSQL server of the tests, dropped with this.
pub(crate) struct Database {
    admin: Url,
    name: String,
}

impl Database {
    /// An empty database.
    pub(crate) fn create() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let database = Self {
            admin: admin_url(),
            name: format!("classdesk_server_{}_{number}", std::process::id()),
        };
        database.administer(&format!("CREATE DATABASE {}", database.name));
        database
    }

    /// Where it is.
    pub(crate) fn url(&self) -> String {
        let mut url = self.admin.clone();
        url.set_path(&self.name);
        url.into()
    }

    /// The URL of a database that is not there, or of a user who is not.
    pub(crate) fn of_nobody(user: Option<(&str, &str)>, name: &str) -> String {
        let mut url = admin_url();
        url.set_path(name);
        if let Some((user, password)) = user {
            url.set_username(user).expect("a server has users");
            url.set_password(Some(password))
                .expect("users have passwords");
        }
        url.into()
    }

    fn administer(&self, statement: &str) {
        let admin = self.admin.as_str();
        let administer = || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                let (client, connection) = tokio_postgres::connect(admin, NoTls).await?;
                tokio::spawn(connection);
                client.batch_execute(statement).await
            })
        };
        // A thread of its own, because the test has a runtime already.
        std::thread::scope(|scope| scope.spawn(administer).join())
            .expect("no panic")
            .expect("the PostgreSQL server and an administrator's right");
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.administer(&format!(
            "DROP DATABASE IF EXISTS {} WITH (FORCE)",
            self.name
        ));
    }
}

/// Where tests may create databases.
fn admin_url() -> Url {
    #[expect(clippy::disallowed_methods, reason = "tests have no argument parser")]
    let url = std::env::var("CLASSDESK_TEST_POSTGRES").expect(
        "CLASSDESK_TEST_POSTGRES is the URL of a PostgreSQL administrator; `cargo xtask test` \
         starts a server and sets it",
    );
    url.parse().expect("CLASSDESK_TEST_POSTGRES is a URL")
}

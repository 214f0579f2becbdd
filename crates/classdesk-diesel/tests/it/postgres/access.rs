//! Being let in: passwords, and TLS with as much proof as was asked for.

use classdesk_diesel::{ConnectError, DatabaseHandle, DieselStore, StoreOptions};
use classdesk_domain::clock::Timestamp;
use classdesk_domain::ids::BlobId;
use rcgen::{CertifiedKey, generate_simple_self_signed};

use super::cluster::{Cluster, PASSWORD};
use crate::databases::{PostgresDatabase, TestDatabase, ask, options};

fn open(url: &str) -> Result<(), ConnectError> {
    DatabaseHandle::open(&url.parse()?, &options())?
        .migration_status()
        .map(drop)
}

/// What is behind an error, down to the last cause.
fn causes(error: &ConnectError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[test]
fn who_is_not_let_in_is_told_so() {
    let cluster = Cluster::start_new();
    open(&cluster.url(PASSWORD, "localhost", "postgres")).unwrap();
    let wrong = open(&cluster.url("wrong", "localhost", "postgres")).unwrap_err();
    assert!(matches!(wrong, ConnectError::Denied { .. }), "{wrong:?}");
    assert!(!causes(&wrong).contains("wrong"), "{}", causes(&wrong));
    let absent = open(&cluster.url(PASSWORD, "localhost", "absent")).unwrap_err();
    assert!(
        matches!(absent, ConnectError::Unreachable { .. }),
        "{absent:?}"
    );
    assert!(causes(&absent).contains("absent"), "{}", causes(&absent));
    let bare = open(&cluster.url(PASSWORD, "localhost", "postgres?sslmode=require")).unwrap_err();
    assert!(causes(&bare).contains("does not support TLS"), "{bare:?}");
    cluster.stop();
    let away = open(&cluster.url(PASSWORD, "localhost", "postgres")).unwrap_err();
    assert!(matches!(away, ConnectError::Unreachable { .. }), "{away:?}");
}

#[tokio::test]
async fn tls_asks_for_as_much_proof_as_the_url_does() {
    let cluster = Cluster::start_new();
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let own = cluster.use_certificate(&cert.pem(), &signing_key.serialize_pem());
    let other = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let other = cluster.put("other.crt", &other.cert.pem());
    cluster.stop();
    cluster.start();
    let url = |host: &str, parameters: &str| {
        cluster.url(PASSWORD, host, &format!("postgres?{parameters}"))
    };
    let (own, other) = (own.display(), other.display());

    let spoken = async |name: &str, parameters: &str| {
        let single = StoreOptions {
            connections: 1,
            ..options()
        };
        let named = url(
            "localhost",
            &format!("{parameters}&application_name={name}"),
        );
        let running = DieselStore::connect(&named.parse().unwrap(), &single);
        let running = running.unwrap();
        running.store().any_user().await.unwrap();
        let connections = format!(
            "SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
             WHERE application_name = '{name}'"
        );
        let found = ask(&url("localhost", ""), &connections);
        running.close().await;
        assert!(!found.is_empty());
        found.iter().all(|ssl| ssl == "t")
    };
    assert!(spoken("one", "").await, "TLS where the server has it");
    assert!(!spoken("two", "sslmode=disable").await);
    assert!(spoken("three", "sslmode=require").await);
    assert!(spoken("four", &format!("sslmode=verify-full&sslrootcert={own}")).await);

    // The certificate names `localhost` and not the address.
    open(&url("127.0.0.1", "sslmode=require")).unwrap();
    open(&url(
        "127.0.0.1",
        &format!("sslmode=verify-ca&sslrootcert={own}"),
    ))
    .unwrap();
    let check_refused = |host: &str, parameters: &str| {
        let refusal = open(&url(host, parameters)).unwrap_err();
        assert!(
            matches!(refusal, ConnectError::Unreachable { .. })
                && causes(&refusal).contains("certificate"),
            "{parameters}: {refusal:?}"
        );
    };
    check_refused(
        "127.0.0.1",
        &format!("sslmode=verify-full&sslrootcert={own}"),
    );
    check_refused(
        "localhost",
        &format!("sslmode=verify-ca&sslrootcert={other}"),
    );
    check_refused("localhost", &format!("sslmode=require&sslrootcert={other}"));
    check_refused("localhost", "sslmode=verify-full");

    let missing = open(&url(
        "localhost",
        "sslmode=verify-ca&sslrootcert=/nowhere.pem",
    ));
    let missing = missing.unwrap_err();
    assert!(
        matches!(missing, ConnectError::Certificates(_)),
        "{missing:?}"
    );
}

#[test]
fn a_schema_is_looked_at_without_a_right_to_write() {
    let read_only = |database: &PostgresDatabase| {
        let address = database.address();
        let divider = if address.contains('?') { '&' } else { '?' };
        let url = format!("{address}{divider}options=-c%20default_transaction_read_only%3Don");
        DatabaseHandle::open_read_only(&url.parse().unwrap(), &options()).unwrap()
    };
    let present = PostgresDatabase::new();
    let status = read_only(&present).migration_status().unwrap();
    assert!(!status.is_empty() && status.iter().all(|one| one.applied));
    read_only(&present).serve(&options()).unwrap();
    let empty = PostgresDatabase::empty();
    let status = read_only(&empty).migration_status().unwrap();
    assert!(!status.is_empty() && status.iter().all(|one| !one.applied));
}

#[tokio::test]
async fn what_is_only_read_is_not_written() {
    let database = PostgresDatabase::new();
    let address = database.address();
    let url = database.url();
    ask(
        &address,
        "INSERT INTO search_backlog (things, up_to) VALUES ('users', 0) RETURNING things",
    );
    let reader = DatabaseHandle::open_read_only(&url, &options()).unwrap();
    let reader = reader.serve(&options()).unwrap();
    let store = reader.store();
    assert!(!store.any_user().await.unwrap());
    let now = Timestamp::from_micros(0);
    let refused = store.mark_blob_deleted(BlobId::new(1), now).await;
    assert!(refused.is_err(), "{refused:?}");
    let backlog = || ask(&address, "SELECT things FROM search_backlog");
    assert_eq!(backlog(), ["users"]);
    DatabaseHandle::open(&url, &options())
        .unwrap()
        .serve(&options())
        .unwrap();
    assert_eq!(backlog().len(), 0);
}

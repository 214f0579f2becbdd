//! What is wrong with a file is said by its kind, and nothing panics.

use std::time::Duration;

use classdesk_conformance::Fixture;
use classdesk_diesel::{ConnectError, DatabaseHandle, StoreOptions};
use classdesk_domain::store::{Commit, Outage, StoreError};
use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};

use crate::databases::{Fresh, SqliteFile, TestDatabase, options};
use crate::faults::check_only_the_client_is_corrupt;

#[tokio::test]
async fn a_file_that_somebody_else_writes_is_busy() {
    let file = SqliteFile::new();
    let path = file.path();
    let impatient = StoreOptions {
        lock_timeout: Duration::from_millis(1),
        ..options()
    };
    let fresh = Fresh::on(file, &impatient);
    let fixture = Fixture::create(&*fresh).await;
    let thread = fixture
        .add_thread(&*fresh, &[fixture.client])
        .await
        .thread
        .id;
    let post = async || {
        let commit = Commit::new(fixture.new_message(thread, fixture.client));
        fresh.post_message(commit).await
    };
    let mut other = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    let refusal = post().await.unwrap_err();
    assert!(
        matches!(
            refusal,
            StoreError::Unavailable {
                outage: Outage::Busy,
                ..
            }
        ),
        "{refusal:?}"
    );
    fresh
        .user(fixture.client.id)
        .await
        .unwrap()
        .expect("reading goes on");
    other.batch_execute("ROLLBACK").unwrap();
    post().await.unwrap();
}

#[tokio::test]
async fn a_row_that_nobody_wrote_is_corrupt() {
    let file = SqliteFile::new();
    let path = file.path();
    let fresh = Fresh::on(file, &options());
    let fixture = Fixture::create(&*fresh).await;
    let mut other = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    other
        .batch_execute(
            "PRAGMA ignore_check_constraints = ON; \
             UPDATE users SET role = 'king' WHERE username = 'client'",
        )
        .unwrap();
    check_only_the_client_is_corrupt(&*fresh, &fixture).await;
}

#[test]
fn a_file_of_something_else_is_refused() {
    let file = SqliteFile::new();
    std::fs::write(file.path(), "This is a letter and no database.".repeat(100)).unwrap();
    let refusal = DatabaseHandle::open(&file.url(), &options())
        .and_then(|database| database.migrate())
        .unwrap_err();
    assert!(
        matches!(refusal, ConnectError::UnusableFile { .. }),
        "{refusal:?}"
    );
}

//! Reading a database without a right to write.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use classdesk_conformance::Fixture;
use classdesk_diesel::{ConnectError, DatabaseHandle, DatabaseUrl, DieselStore};
use classdesk_domain::blobs::BlobPurpose;
use classdesk_domain::store::StoreError;
use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use tempfile::TempDir;

use crate::databases::{SqliteFile, TestDatabase, options};

/// The files of a folder, with sizes and times of the last change.
fn snapshot(folder: &Path) -> BTreeMap<PathBuf, (u64, SystemTime)> {
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap());
    files
        .map(|file| {
            let metadata = file.metadata().unwrap();
            (file.path(), (metadata.len(), metadata.modified().unwrap()))
        })
        .collect()
}

fn folder(file: &SqliteFile) -> PathBuf {
    file.path().parent().unwrap().to_owned()
}

fn url(path: &Path) -> DatabaseUrl {
    format!("sqlite://{}", path.display()).parse().unwrap()
}

fn read_only(url: &DatabaseUrl) -> DieselStore {
    let database = DatabaseHandle::open_read_only(url, &options()).unwrap();
    let status = database.migration_status().unwrap();
    assert!(status.iter().all(|one| one.applied));
    database.serve(&options()).unwrap()
}

async fn blobs(store: &DieselStore) -> usize {
    store.store().list_blobs(None, 200).await.unwrap().len()
}

async fn add_blob(store: &DieselStore, fixture: &Fixture) {
    let purpose = BlobPurpose::BundleFile;
    let (store, owner) = (store.store(), fixture.client);
    fixture.add_upload(&*store, owner, purpose).await;
}

#[tokio::test]
async fn a_file_that_nobody_has_open_is_read_without_a_write() {
    let file = SqliteFile::new();
    let server = DieselStore::connect(&file.url(), &options()).unwrap();
    let fixture = Fixture::create(&*server.store()).await;
    add_blob(&server, &fixture).await;
    server.close().await;
    drop(server);
    let before = snapshot(&folder(&file));
    assert_eq!(before.len(), 1, "{before:?}");

    let reader = read_only(&file.url());
    assert_eq!(blobs(&reader).await, 1);
    let store = reader.store();
    let blob = store.list_blobs(None, 1).await.unwrap()[0].id;
    let refused = store.mark_blob_deleted(blob, fixture.now()).await;
    assert!(
        matches!(refused, Err(StoreError::Backend(_))),
        "{refused:?}"
    );
    reader.close().await;
    assert_eq!(snapshot(&folder(&file)), before);
}

#[tokio::test]
async fn what_a_server_commits_meanwhile_is_read() {
    let file = SqliteFile::new();
    let server = DieselStore::connect(&file.url(), &options()).unwrap();
    let fixture = Fixture::create(&*server.store()).await;
    server.close().await;
    drop(server);
    // It begins before the server does.
    let reader = read_only(&file.url());
    assert_eq!(blobs(&reader).await, 0);
    let server = DieselStore::connect(&file.url(), &options()).unwrap();
    for number in 1..=3 {
        add_blob(&server, &fixture).await;
        assert_eq!(blobs(&reader).await, number);
    }
    // And beside it.
    assert_eq!(blobs(&read_only(&file.url())).await, 3);
    server.close().await;
    assert_eq!(blobs(&reader).await, 3);
}

#[tokio::test]
async fn what_a_killed_server_left_in_the_log_is_read() {
    let file = SqliteFile::new();
    let server = DieselStore::connect(&file.url(), &options()).unwrap();
    let fixture = Fixture::create(&*server.store()).await;
    add_blob(&server, &fixture).await;
    // As they are while the server runs, so they are after a kill.
    let copy = TempDir::new().unwrap();
    for path in snapshot(&folder(&file)).into_keys() {
        fs::copy(&path, copy.path().join(path.file_name().unwrap())).unwrap();
    }
    let before = snapshot(copy.path());
    assert_eq!(before.len(), 3, "{before:?}");
    let path = copy.path().join("classdesk.db");
    assert!(fs::metadata(path.with_extension("db-wal")).unwrap().len() > 0);
    let reader = read_only(&url(&path));
    assert_eq!(blobs(&reader).await, 1);
    reader.close().await;
    let after = snapshot(copy.path());
    assert!(before.keys().eq(after.keys()), "{after:?}");
    assert_eq!(before[&path], after[&path]);
}

#[tokio::test]
async fn a_path_is_taken_as_it_is() {
    let folder = TempDir::new().unwrap();
    for name in ["50% of it?mode=memory#1.db", "a b.db", "Übung.db"] {
        let path = folder.path().join(name);
        DieselStore::connect(&url(&path), &options())
            .unwrap()
            .close()
            .await;
        let double = PathBuf::from(format!("/{}", path.display()));
        for path in [path, double] {
            assert_eq!(blobs(&read_only(&url(&path))).await, 0, "{name}");
        }
    }
}

#[test]
fn a_missing_file_is_not_made() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("data/classdesk.db");
    let database = DatabaseHandle::open_read_only(&url(&path), &options()).unwrap();
    let status = database.migration_status().unwrap();
    assert!(!status.is_empty() && status.iter().all(|one| !one.applied));
    let refused = database.serve(&options()).map(drop);
    assert!(
        matches!(refused, Err(ConnectError::UnusableFile { .. })),
        "{refused:?}"
    );
    assert_eq!(snapshot(folder.path()).len(), 0);
}

#[test]
fn a_file_without_a_schema_has_no_migration() {
    let file = SqliteFile::new();
    let mut conn = SqliteConnection::establish(file.path().to_str().unwrap()).unwrap();
    conn.batch_execute("CREATE TABLE other (id INTEGER)")
        .unwrap();
    drop(conn);
    let before = snapshot(&folder(&file));
    let database = DatabaseHandle::open_read_only(&file.url(), &options()).unwrap();
    let status = database.migration_status().unwrap();
    assert!(!status.is_empty() && status.iter().all(|one| !one.applied));
    assert_eq!(snapshot(&folder(&file)), before);
}

#[cfg(unix)]
#[tokio::test]
async fn files_that_are_made_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt;

    let folder = TempDir::new().unwrap();
    let data = folder.path().join("classdesk/data");
    let server = DieselStore::connect(&url(&data.join("classdesk.db")), &options()).unwrap();
    Fixture::create(&*server.store()).await;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    assert_eq!(mode(data.parent().unwrap()), 0o700);
    let files = snapshot(&data);
    assert_eq!(files.len(), 3, "{files:?}");
    for file in files.keys() {
        assert_eq!(mode(file), 0o600, "{}", file.display());
    }
    server.close().await;
}

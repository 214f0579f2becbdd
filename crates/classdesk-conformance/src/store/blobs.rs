//! Rows about bytes.

use std::time::Duration;

use classdesk_domain::blobs::{BlobPurpose, BlobState, FinishedUpload, NewBlob};
use classdesk_domain::files::{InsertBundleFile, Visibility};
use classdesk_domain::ids::BlobId;
use classdesk_domain::store::{Commit, Store, StoreError};
use classdesk_domain::text::Description;
use futures_util::future::join;

use super::support::assert_stale;
use crate::Fixture;

async fn states(store: &dyn Store) -> Vec<BlobState> {
    let rows = store.list_blobs(None, 100).await.expect("readable");
    rows.iter().map(|row| row.state).collect()
}

fn file_of(fixture: &Fixture, upload: &FinishedUpload) -> Commit<InsertBundleFile> {
    Commit::new(InsertBundleFile {
        bundle: fixture.bundle,
        upload: upload.clone(),
        description: Description::empty(),
        visibility: Visibility::default(),
        uploaded_at: fixture.now(),
    })
}

/// A row begins pending, is listed in pages by id, and keeps its key to itself.
pub async fn a_blob_begins_pending(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let mut rows = Vec::new();
    for purpose in BlobPurpose::ALL {
        let new = NewBlob {
            key: fixture.fresh_key(*purpose),
            purpose: *purpose,
            created_by: fixture.client.id,
            created_at: fixture.tick(),
        };
        let id = store.create_blob(new.clone()).await.expect("created");
        rows.push((id, new));
    }
    let listed = store.list_blobs(None, 10).await.expect("readable");
    assert_eq!(listed.len(), 3);
    for (row, (id, new)) in listed.iter().zip(&rows) {
        assert_eq!((row.id, &row.key), (*id, &new.key));
        assert_eq!(
            (row.state, row.created_at),
            (BlobState::Pending, new.created_at)
        );
        assert_eq!(row.info, None);
    }
    let first = store.list_blobs(None, 2).await.expect("readable");
    assert_eq!(first, listed[..2]);
    let rest = store
        .list_blobs(Some(first[1].id), 2)
        .await
        .expect("readable");
    assert_eq!(rest, listed[2..]);
    assert_eq!(
        store
            .list_blobs(Some(rest[0].id), 2)
            .await
            .expect("readable"),
        []
    );

    let again = store.create_blob(rows[0].1.clone()).await;
    assert!(matches!(again, Err(StoreError::Duplicate(_))), "{again:?}");
    let stray = fixture.fresh_key(BlobPurpose::BundleFile);
    let asked = [stray, rows[2].1.key.clone(), rows[0].1.key.clone()];
    let mut known = store.known_keys(&asked).await.expect("readable");
    known.sort_unstable();
    let mut expected = vec![rows[0].1.key.clone(), rows[2].1.key.clone()];
    expected.sort_unstable();
    assert_eq!(known, expected);
    assert_eq!(store.known_keys(&[]).await.expect("readable"), []);
}

/// Only a pending row can be given up, and then nothing can own it.
pub async fn a_pending_blob_is_abandoned(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let abandoned = fixture
        .add_upload(store, fixture.client, BlobPurpose::BundleFile)
        .await;
    let stored = fixture
        .add_upload(store, fixture.client, BlobPurpose::BundleFile)
        .await;
    store
        .add_file(file_of(&fixture, &stored))
        .await
        .expect("added");
    for upload in [&abandoned, &stored, &abandoned] {
        store
            .mark_blob_deleted(upload.blob)
            .await
            .expect("no error");
    }
    store
        .mark_blob_deleted(BlobId::new(9_999))
        .await
        .expect("no error");
    assert_eq!(states(store).await, [BlobState::Deleted, BlobState::Stored]);
    let late = store.add_file(file_of(&fixture, &abandoned)).await;
    assert_stale(&late, "a blob that was given up");
    assert_eq!(states(store).await, [BlobState::Deleted, BlobState::Stored]);
}

/// What stayed pending too long is condemned; what was answered can't become stored any more.
pub async fn old_pending_blobs_are_swept(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let mut uploads = Vec::new();
    for _ in 0..4 {
        uploads.push(
            fixture
                .add_upload(store, fixture.client, BlobPurpose::BundleFile)
                .await,
        );
    }
    let from_now_on = fixture.now();
    let young = fixture
        .add_upload(store, fixture.client, BlobPurpose::BundleFile)
        .await;
    store
        .add_file(file_of(&fixture, &uploads[1]))
        .await
        .expect("added");
    let sweep = async |limit| {
        let swept = store
            .sweepable_blobs(from_now_on, limit)
            .await
            .expect("answered");
        swept.iter().map(|blob| blob.id).collect::<Vec<_>>()
    };
    // The last of the four was made exactly at the limit, which is not before it.
    assert_eq!(sweep(1).await, [uploads[0].blob]);
    let now = [
        BlobState::Deleted,
        BlobState::Stored,
        BlobState::Pending,
        BlobState::Pending,
        BlobState::Pending,
    ];
    assert_eq!(states(store).await, now);
    assert_eq!(sweep(10).await, [uploads[0].blob, uploads[2].blob]);
    assert_eq!(
        sweep(10).await,
        [uploads[0].blob, uploads[2].blob],
        "until it is forgotten"
    );
    let late = store.add_file(file_of(&fixture, &uploads[0])).await;
    assert_stale(&late, "a blob that was condemned");
    store
        .add_file(file_of(&fixture, &uploads[3]))
        .await
        .expect("still pending");
    store
        .add_file(file_of(&fixture, &young))
        .await
        .expect("still pending");
    let keys = store
        .sweepable_blobs(from_now_on, 10)
        .await
        .expect("answered");
    let rows = store.list_blobs(None, 10).await.expect("readable");
    assert_eq!(keys[0].key, rows[0].key);
}

/// Only deleted rows are forgotten.
pub async fn deleted_blobs_are_forgotten(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let pending = fixture
        .add_upload(store, fixture.client, BlobPurpose::BundleFile)
        .await;
    let stored = fixture
        .add_upload(store, fixture.client, BlobPurpose::BundleFile)
        .await;
    store
        .add_file(file_of(&fixture, &stored))
        .await
        .expect("added");
    let gone = fixture
        .add_upload(store, fixture.client, BlobPurpose::BundleFile)
        .await;
    let stays = fixture
        .add_upload(store, fixture.client, BlobPurpose::BundleFile)
        .await;
    for upload in [&gone, &stays] {
        store
            .mark_blob_deleted(upload.blob)
            .await
            .expect("no error");
    }
    let asked = [pending.blob, stored.blob, gone.blob, BlobId::new(9_999)];
    assert_eq!(store.delete_blob_rows(&asked).await.expect("answered"), 1);
    assert_eq!(store.delete_blob_rows(&asked).await.expect("answered"), 0);
    assert_eq!(store.delete_blob_rows(&[]).await.expect("answered"), 0);
    let left: Vec<_> = store.list_blobs(None, 10).await.expect("readable");
    let left: Vec<_> = left.iter().map(|row| row.id).collect();
    assert_eq!(left, [pending.blob, stored.blob, stays.blob]);
}

/// Sweeping and storing at the same time: one of the two has the blob, never both.
pub async fn sweeping_races_with_storing(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    for round in 0..8 {
        let upload = fixture
            .add_upload(store, fixture.client, BlobPurpose::BundleFile)
            .await;
        let later = fixture.now().plus(Duration::from_secs(1));
        let sweep = store.sweepable_blobs(later, 100);
        let add = store.add_file(file_of(&fixture, &upload));
        let (added, swept) = if round % 2 == 0 {
            join(add, sweep).await
        } else {
            let (swept, added) = join(sweep, add).await;
            (added, swept)
        };
        let swept = swept.expect("answered");
        let condemned = swept.iter().any(|blob| blob.id == upload.blob);
        assert_ne!(added.is_ok(), condemned, "{added:?} {swept:?}");
    }
}

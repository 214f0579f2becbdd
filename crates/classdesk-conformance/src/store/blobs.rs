//! Rows about bytes.

use std::time::Duration;

use classdesk_domain::blobs::{
    BlobPurpose, BlobState, FinishedUpload, LeasedBlob, NewBlob, UPLOAD_GRACE,
};
use classdesk_domain::clock::Timestamp;
use classdesk_domain::files::{InsertBundleFile, Visibility};
use classdesk_domain::ids::BlobId;
use classdesk_domain::jobs::{Backlog, TakeDue};
use classdesk_domain::store::{Commit, Store, StoreError};
use classdesk_domain::text::Description;
use futures_util::future::{join, join_all};

use super::support::assert_stale;
use crate::Fixture;

const MINUTE: Duration = Duration::from_secs(60);

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
        let created_at = fixture.tick();
        let new = NewBlob {
            key: fixture.fresh_key(*purpose),
            purpose: *purpose,
            created_by: fixture.client.id,
            created_at,
            due_at: created_at.plus(UPLOAD_GRACE),
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
            .mark_blob_deleted(upload.blob, fixture.now())
            .await
            .expect("no error");
    }
    store
        .mark_blob_deleted(BlobId::new(9_999), fixture.now())
        .await
        .expect("no error");
    assert_eq!(states(store).await, [BlobState::Deleted, BlobState::Stored]);
    let late = store.add_file(file_of(&fixture, &abandoned)).await;
    assert_stale(&late, "a blob that was given up");
    assert_eq!(states(store).await, [BlobState::Deleted, BlobState::Stored]);
}

/// Takes what is due at a time, for a minute.
async fn take(store: &dyn Store, now: Timestamp, limit: u32) -> Vec<LeasedBlob> {
    let leased_until = now.plus(MINUTE);
    let take = TakeDue {
        now,
        leased_until,
        limit,
    };
    store.take_due_blobs(take).await.expect("answered")
}

fn ids(blobs: &[LeasedBlob]) -> Vec<BlobId> {
    blobs.iter().map(|blob| blob.id).collect()
}

/// Uploads that were begun in this order, a second apart.
async fn uploads<const N: usize>(store: &dyn Store, fixture: &Fixture) -> [FinishedUpload; N] {
    let mut uploads = Vec::new();
    for _ in 0..N {
        let upload = fixture.add_upload(store, fixture.client, BlobPurpose::BundleFile);
        uploads.push(upload.await);
    }
    uploads.try_into().expect("as many as were made")
}

/// What stayed pending too long is taken, in the order of its time; what was taken can't become
/// stored any more, and what is stored is never due.
pub async fn old_pending_blobs_are_swept(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let [first, stored, second, third] = uploads(store, &fixture).await;
    let due = fixture.now().plus(UPLOAD_GRACE);
    let [young] = uploads(store, &fixture).await;
    store
        .add_file(file_of(&fixture, &stored))
        .await
        .expect("added");
    let a_moment_before = due.minus(Duration::from_micros(1));
    let taken = take(store, a_moment_before, 1).await;
    assert_eq!(ids(&taken), [first.blob], "no more than the limit");
    let rows = store.list_blobs(None, 10).await.expect("readable");
    assert_eq!((taken[0].attempt, &taken[0].key), (1, &rows[0].key));
    let now = [
        BlobState::Deleted,
        BlobState::Stored,
        BlobState::Pending,
        BlobState::Pending,
        BlobState::Pending,
    ];
    assert_eq!(states(store).await, now);
    assert_eq!(ids(&take(store, a_moment_before, 10).await), [second.blob]);
    let late = store.add_file(file_of(&fixture, &first)).await;
    assert_stale(&late, "a blob that was taken");
    assert_eq!(ids(&take(store, due, 10).await), [third.blob], "just due");
    store
        .add_file(file_of(&fixture, &young))
        .await
        .expect("still pending");
}

/// A row that was taken is nobody else's until its lease ends; then it is taken again.
pub async fn a_lease_holds_until_it_ends(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let [upload] = uploads(store, &fixture).await;
    let now = fixture.tick();
    store
        .mark_blob_deleted(upload.blob, now)
        .await
        .expect("no error");
    assert_eq!(take(store, now.minus(Duration::from_secs(1)), 9).await, []);
    assert_eq!(take(store, now, 9).await[0].attempt, 1);
    let end = now.plus(MINUTE);
    let before_the_end = end.minus(Duration::from_micros(1));
    assert_eq!(take(store, before_the_end, 9).await, []);
    let again = take(store, end, 9).await;
    assert_eq!(ids(&again), [upload.blob]);
    assert_eq!(again[0].attempt, 2);
}

/// Of takers at the same time each gets other rows, and none is left.
pub async fn no_two_takers_hold_a_row(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let uploads: [_; 12] = uploads(store, &fixture).await;
    let due = fixture.now().plus(UPLOAD_GRACE);
    let taken = join_all((0..6).map(|_| take(store, due, 4))).await;
    let mut taken = ids(&taken.concat());
    // A taker passes over what another one is about to take, so that some may be left for later.
    loop {
        let more = take(store, due, 4).await;
        if more.is_empty() {
            break;
        }
        taken.extend(ids(&more));
    }
    taken.sort_unstable();
    let all: Vec<_> = uploads.iter().map(|upload| upload.blob).collect();
    assert_eq!(taken, all);
}

/// What is given back is due when it was said to be. A lease that is over gives nothing back.
pub async fn a_row_is_given_back(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let [first, second] = uploads(store, &fixture).await;
    let now = fixture.now().plus(UPLOAD_GRACE);
    let later = now.plus(3 * MINUTE);
    let both = [first.blob, second.blob];
    let give_back = async |ids: &[BlobId], leased_until, due_at| {
        let returned = store.return_blobs(ids, leased_until, due_at).await;
        returned.expect("no error");
    };
    assert_eq!(ids(&take(store, now, 9).await), both);
    let until = now.plus(MINUTE);
    give_back(&both[..1], until, later).await;
    assert_eq!(ids(&take(store, until, 9).await), both[1..], "not yet due");
    give_back(&both, until, now).await;
    assert_eq!(take(store, until, 9).await, [], "its first holder is late");
    assert_eq!(
        ids(&take(store, later, 9).await),
        [second.blob, first.blob],
        "by the time when they are due"
    );
    give_back(&both, later.plus(MINUTE), later).await;
    let again = take(store, later, 9).await;
    assert_eq!(ids(&again), both);
    assert_eq!((again[0].attempt, again[1].attempt), (3, 4));
}

/// The backlog is what could be taken.
pub async fn the_backlog_is_what_is_due(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let [first, second] = uploads(store, &fixture).await;
    let due = fixture.now().plus(UPLOAD_GRACE);
    let backlog = async |now| store.blob_backlog(now).await.expect("readable");
    assert_eq!(backlog(fixture.now()).await, Backlog::default());
    let oldest = Some(due.minus(Duration::from_secs(1)));
    assert_eq!(backlog(due).await, Backlog { due: 2, oldest });
    assert_eq!(ids(&take(store, due, 1).await), [first.blob]);
    let oldest = Some(due);
    assert_eq!(backlog(due).await, Backlog { due: 1, oldest });
    store
        .add_file(file_of(&fixture, &second))
        .await
        .expect("added");
    assert_eq!(backlog(due).await, Backlog::default());
    let over = due.plus(MINUTE);
    assert_eq!(backlog(over).await.due, 1, "its lease has ended");
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
            .mark_blob_deleted(upload.blob, fixture.now())
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
        let sweep = take(store, fixture.now().plus(UPLOAD_GRACE), 100);
        let add = store.add_file(file_of(&fixture, &upload));
        let (added, swept) = if round % 2 == 0 {
            join(add, sweep).await
        } else {
            let (swept, added) = join(sweep, add).await;
            (added, swept)
        };
        let condemned = swept.iter().any(|blob| blob.id == upload.blob);
        assert_ne!(added.is_ok(), condemned, "{added:?} {swept:?}");
    }
}

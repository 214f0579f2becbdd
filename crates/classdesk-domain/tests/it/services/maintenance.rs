//! Sweeping, idempotency keys and the audit log.

use std::sync::Arc;
use std::time::Duration;

use classdesk_conformance::fixture::{description, title};
use classdesk_domain::RequestContext;
use classdesk_domain::blobs::{
    BlobError, BlobRepository, ListedObject, MockBlobRepository, MockBlobStore, StorageKey,
    UPLOAD_GRACE, UploadTarget,
};
use classdesk_domain::clock::{Clock, Timestamp};
use classdesk_domain::error::{Conflict, Error};
use classdesk_domain::events::{AuditFilter, EventAction};
use classdesk_domain::files::NewFile;
use classdesk_domain::idempotency::{
    Begun, Completion, Fingerprint, IdempotencyKey, KeyScope, LEASE_TTL, Lease,
};
use classdesk_domain::jobs::retry_after;
use classdesk_domain::maintenance::{Checked, Finding, Swept};
use classdesk_domain::paging::PageRequest;
use classdesk_domain::people::Role;
use classdesk_domain::tickets::NewTicket;
use futures_util::stream;

use super::support::{AppFixture, word};

const INSTANT: Duration = Duration::from_micros(1);

async fn stored_file(test: &AppFixture) -> classdesk_domain::files::BundleFile {
    let (fixture, bundle) = (&test.fixture, test.fixture.bundle);
    let upload = test
        .upload(fixture.client, UploadTarget::Bundle(bundle))
        .await;
    let added = test
        .app
        .files
        .add(fixture.client, bundle, upload, NewFile::default())
        .await;
    added.expect("added")
}

#[tokio::test]
async fn sweeping_takes_what_nobody_owns_for_a_day_and_what_was_deleted() {
    let test = AppFixture::open().await;
    let (fixture, keep) = (&test.fixture, &test.app.maintenance);
    let owned = stored_file(&test).await;
    let deleted = stored_file(&test).await;
    test.upload(fixture.client, UploadTarget::Bundle(fixture.bundle))
        .await;
    assert_eq!(word(keep.ready().await), "ok");
    assert_eq!(keep.sweep().await.expect("swept"), Swept::default());
    test.app
        .files
        .delete(&fixture.admin, fixture.bundle, deleted.id)
        .await
        .expect("deleted");
    assert_eq!(keep.sweep().await.expect("swept").removed, 1);
    test.clock.advance(UPLOAD_GRACE + INSTANT);
    assert_eq!(keep.sweep().await.expect("swept").removed, 1);
    let rows = test.store.list_blobs(None, 9).await.expect("readable");
    assert_eq!(rows.len(), 1);
    let mut findings = Vec::new();
    let checked = keep
        .check(false, |finding| findings.push(finding))
        .await
        .expect("checked");
    assert_eq!((checked.files, checked.bytes, checked.objects), (1, 4, 1));
    assert!(findings.is_empty(), "{findings:?}");
    assert_eq!(owned.file.blob.size, 4);
}

#[tokio::test]
async fn what_the_storage_cannot_remove_is_left_for_the_next_round() {
    let mut blobs = MockBlobStore::new();
    blobs
        .expect_delete()
        .times(2)
        .returning(|_| Err(BlobError::Missing));
    blobs.expect_abort_stale_uploads().returning(|_| Ok(3));
    blobs
        .expect_put()
        .returning(|_, _, _| Err(BlobError::Empty));
    blobs.expect_ping().returning(|| Err(BlobError::Missing));
    let test = AppFixture::open_with(|_, ports| ports.blobs = Arc::new(blobs)).await;
    let (fixture, app) = (&test.fixture, &test.app);
    let target = UploadTarget::Bundle(fixture.bundle);
    let permit = app
        .uploads
        .begin(&fixture.client, target)
        .await
        .expect("a permit");
    let name = classdesk_domain::blobs::FileName::clean("x");
    let empty = app
        .uploads
        .receive(&permit, name, super::support::bytes(""))
        .await;
    assert_eq!(word(empty), "file:empty_file");
    let failed = Swept {
        removed: 0,
        failed: 1,
    };
    for attempt in 1..=2 {
        assert_eq!(app.maintenance.sweep().await.expect("swept"), failed);
        let rests = app.maintenance.sweep().await.expect("swept");
        assert_eq!(rests, Swept::default(), "it is not tried again at once");
        test.clock.advance(retry_after(attempt));
    }
    let backlog = app.maintenance.sweep_backlog().await.expect("readable");
    assert_eq!((backlog.due, backlog.oldest), (1, Some(test.clock.now())));
    let aborted = app.maintenance.abort_stale_uploads().await;
    assert_eq!(aborted.expect("aborted"), 3);
    assert_eq!(word(app.maintenance.ready().await), "the blob store failed");
}

#[test]
fn pauses_grow_and_end() {
    let minutes = |attempt| retry_after(attempt).as_secs() / 60;
    assert_eq!([1, 2, 3, 4].map(minutes), [1, 2, 4, 8]);
    assert_eq!([10, 40, u32::MAX].map(minutes), [360; 3]);
}

#[tokio::test]
async fn the_check_finds_damage_loss_and_orphans_and_repairs_old_orphans_alone() {
    let test = AppFixture::open().await;
    let keep = &test.app.maintenance;
    stored_file(&test).await;
    stored_file(&test).await;
    let rows = test.store.list_blobs(None, 9).await.expect("readable");
    let [damaged, missing] = [&rows[0].key, &rows[1].key].map(Clone::clone);
    test.blobs.plant(damaged.as_str(), "Plan");
    {
        use classdesk_domain::blobs::BlobStore;
        test.blobs.delete(&missing).await.expect("deleted");
    }
    test.blobs.plant("stray.txt", "old");
    test.clock.advance(UPLOAD_GRACE + INSTANT);
    test.blobs.plant("young.txt", "young");
    let check = async |repair| {
        let mut findings = Vec::new();
        let checked = keep.check(repair, |finding| findings.push(finding)).await;
        (checked.expect("checked"), findings)
    };
    let orphan = |path: &str, size, repaired| Finding::Orphaned {
        path: path.to_owned(),
        size,
        repaired,
    };
    let mut expected = vec![
        Finding::Damaged(damaged.clone()),
        Finding::Missing(missing.clone()),
        orphan("stray.txt", 3, false),
        orphan("young.txt", 5, false),
    ];
    let (checked, findings) = check(false).await;
    assert_eq!(findings, expected);
    let nothing_read = Checked {
        objects: 3,
        ..Checked::default()
    };
    assert_eq!(checked, nothing_read);
    expected[2] = orphan("stray.txt", 3, true);
    assert_eq!(check(true).await.1, expected);
    expected.remove(2);
    assert_eq!(check(true).await.1, expected);
}

/// The sweeper removes an object first and its row then.
#[tokio::test]
async fn what_is_swept_while_it_is_checked_is_no_orphan() {
    let swept = StorageKey::parse(&format!("message_attachments/{:064x}", 1)).expect("a key");
    let stays = format!("message_attachments/{:064x}", 2);
    let object = |path: &str| ListedObject {
        path: path.to_owned(),
        size: 4,
        modified_at: Timestamp::from_micros(0),
    };
    let mut rows = MockBlobRepository::new();
    rows.expect_list_blobs().returning(|_, _| Ok(Vec::new()));
    rows.expect_known_keys().returning(|_| Ok(Vec::new()));
    let listed = [object(swept.as_str()), object(&stays)];
    let mut blobs = MockBlobStore::new();
    blobs
        .expect_list()
        .return_once(move || Box::pin(stream::iter(listed.map(Ok))));
    blobs
        .expect_head()
        .returning(move |path| Ok((path != swept.as_str()).then(|| object(path))));
    let test = AppFixture::open_with(|_, ports| {
        ports.blobs = Arc::new(blobs);
        ports.blob_rows = Arc::new(rows);
    })
    .await;
    let mut findings = Vec::new();
    let checked = test
        .app
        .maintenance
        .check(false, |finding| findings.push(finding))
        .await;
    assert_eq!(checked.expect("checked").objects, 2);
    let [Finding::Orphaned { path, .. }] = &findings[..] else {
        panic!("one orphan: {findings:?}");
    };
    assert_eq!(*path, format!("message_attachments/{:064x}", 2));
}

#[tokio::test]
async fn a_check_that_cannot_read_fails() {
    let mut blobs = MockBlobStore::new();
    let info = classdesk_domain::blobs::BlobInfo {
        size: 4,
        sha256: classdesk_domain::blobs::Sha256Digest::from_bytes([0; 32]),
        content_type: classdesk_domain::blobs::ContentType::unknown(),
    };
    blobs
        .expect_put()
        .returning(move |_, _, _| Ok(info.clone()));
    blobs
        .expect_open()
        .returning(|_, _| Err(BlobError::RangeNotSatisfiable));
    let test = AppFixture::open_with(|_, ports| ports.blobs = Arc::new(blobs)).await;
    stored_file(&test).await;
    let checked = test.app.maintenance.check(false, |_| {}).await;
    assert_eq!(word(checked), "the blob store failed");
}

fn scope(test: &AppFixture) -> KeyScope {
    KeyScope {
        user: test.fixture.client.id,
        operation: "POST /tickets/".to_owned(),
        key: IdempotencyKey::parse("once").expect("a key"),
    }
}

fn first(begun: Result<Begun, Error>) -> Lease {
    match begun.expect("free") {
        Begun::First(lease) => lease,
        Begun::Repeated(completed) => panic!("{completed:?} instead of a lease"),
    }
}

/// contract: conv.retries.replay, conv.retries.mismatch, conv.retries.running, conv.retries.day
#[tokio::test]
async fn a_key_creates_one_thing_and_remembers_which() {
    let test = AppFixture::open().await;
    let (fixture, app, scope) = (&test.fixture, &test.app, scope(&test));
    let fingerprint = Fingerprint::of(b"{}");
    let lease = first(app.idempotency.begin(&scope).await);
    let running = app.idempotency.begin(&scope).await;
    assert!(matches!(
        running,
        Err(Error::Conflict(Conflict::IdempotencyRunning))
    ));
    let by =
        RequestContext::from(fixture.client).completing(Some(Completion { lease, fingerprint }));
    let new = || NewTicket::new(title("Help"), description(""));
    let created = app.tickets.create(&by, new()).await;
    let created = created.expect("created");
    assert_eq!(
        word(app.tickets.create(&by, new()).await),
        "too many concurrent changes"
    );

    let completed = async || match app.idempotency.begin(&scope).await.expect("free") {
        Begun::Repeated(completed) => completed,
        Begun::First(lease) => panic!("{lease:?} instead of what was completed"),
    };
    let found = completed().await;
    assert_eq!(found.object_id, created.id.get());
    found.check(&fingerprint).expect("the same request");
    let another = found.check(&Fingerprint::of(b"[]"));
    assert!(matches!(another, Err(Error::IdempotencyMismatch)));
    test.clock.advance(Duration::from_secs(24 * 60 * 60));
    // Forgotten after a day.
    first(app.idempotency.begin(&scope).await);
}

/// contract: conv.retries.lease
#[tokio::test]
async fn a_lease_ends_is_renewed_and_released() {
    let test = AppFixture::open().await;
    let (keys, scope) = (&test.app.idempotency, scope(&test));
    let begin = async || keys.begin(&scope).await;
    let lease = first(begin().await);
    test.clock.advance(LEASE_TTL - INSTANT);
    assert!(keys.renew(lease).await.expect("kept"));
    test.clock.advance(LEASE_TTL - INSTANT);
    assert!(begin().await.is_err(), "it runs still");
    test.clock.advance(INSTANT);
    assert!(!keys.renew(lease).await.expect("asked"), "it has ended");
    let second = first(begin().await);
    assert_eq!(second.attempt, 2);
    keys.release(lease).await.expect("without effect");
    assert!(begin().await.is_err());
    keys.release(second).await.expect("released");
    first(begin().await);
}

#[tokio::test]
async fn purging_forgets_what_has_ended() {
    let test = AppFixture::open().await;
    let (app, scope) = (&test.app, scope(&test));
    let lease = first(app.idempotency.begin(&scope).await);
    assert_eq!(app.maintenance.purge().await.expect("purged"), 0);
    app.idempotency.release(lease).await.expect("released");
    test.clock.advance(Duration::from_secs(48 * 60 * 60));
    app.maintenance.purge().await.expect("purged");
    assert_eq!(app.maintenance.purge().await.expect("purged"), 0, "once");
}

#[tokio::test]
async fn superadmins_alone_read_the_log() {
    let test = AppFixture::open().await;
    let (fixture, app) = (&test.fixture, &test.app);
    let new = NewTicket::new(title("Help"), description(""));
    let ticket = app
        .tickets
        .create(fixture.client, new)
        .await
        .expect("created");
    for actor in fixture.everybody() {
        let expected = if actor.role == Role::Superadmin {
            "ok"
        } else {
            "not allowed"
        };
        assert_eq!(word(app.audit.authorize_list(&actor)), expected);
        let listed = app
            .audit
            .list(&actor, AuditFilter::default(), PageRequest::default())
            .await;
        assert_eq!(word(listed), expected);
    }
    let filter = AuditFilter {
        action: Some(EventAction::TicketCreated),
        ..AuditFilter::default()
    };
    let found = app
        .audit
        .list(&fixture.superadmin, filter, PageRequest::default())
        .await;
    let [line] = &found.expect("listed").items[..] else {
        panic!("one entry");
    };
    assert_eq!(
        line.entry.actor.as_ref().expect("somebody").id,
        fixture.client.id
    );
    assert_eq!(line.entry.object_id, ticket.id.get());
}

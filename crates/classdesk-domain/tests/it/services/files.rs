//! Files of bundles, and uploads.

use std::sync::Arc;

use classdesk_conformance::fixture::description;
use classdesk_domain::blobs::{
    BlobError, BlobRepository, BlobState, FileName, MockBlobStore, UploadTarget,
};
use classdesk_domain::error::Error;
use classdesk_domain::files::{FileChange, NewFile, Visibility};
use classdesk_domain::ids::{BlobId, BundleId, FileId, ThreadId, TicketId};
use classdesk_domain::paging::PageRequest;
use classdesk_domain::people::Actor;
use classdesk_domain::text::MessageText;
use classdesk_domain::threads::{NewMessage, NewThread, ThreadChange};

use super::support::{AppFixture, bytes, word};

async fn add(test: &AppFixture, by: Actor, new: NewFile) -> Result<FileId, Error> {
    let bundle = test.fixture.bundle;
    let upload = test.upload(by, UploadTarget::Bundle(bundle)).await;
    let added = test.app.files.add(by, bundle, upload, new).await?;
    Ok(added.id)
}

const fn shown(to_client: Option<bool>, to_writer: Option<bool>) -> FileChange {
    FileChange {
        description: None,
        is_visible_to_client: to_client,
        is_visible_to_writer: to_writer,
    }
}

/// The state of every blob row, oldest first.
async fn states(test: &AppFixture) -> Vec<BlobState> {
    let rows = test.store.list_blobs(None, 100).await.expect("readable");
    rows.iter().map(|row| row.state).collect()
}

/// contract: perm.file.upload, perm.file.visibility, bundles.upload-file.flags
#[tokio::test]
async fn flags_are_for_staff_to_say() {
    let test = AppFixture::open().await;
    let fixture = &test.fixture;
    let flagged = NewFile {
        is_visible_to_writer: Some(false),
        ..NewFile::default()
    };
    assert_eq!(
        word(add(&test, fixture.client, flagged.clone()).await),
        "not allowed"
    );
    assert_eq!(
        states(&test).await,
        [BlobState::Deleted],
        "the upload was given up"
    );
    let id = add(&test, fixture.editor, flagged).await.expect("added");
    let file = test
        .app
        .files
        .get(&fixture.client, fixture.bundle, id)
        .await
        .expect("seen");
    let expected = Visibility {
        to_client: true,
        to_writer: false,
    };
    assert_eq!(file.visibility, expected);
    assert_eq!(
        word(
            test.app
                .files
                .get(&fixture.writer, fixture.bundle, id)
                .await
        ),
        "not found"
    );
    assert_eq!(
        word(add(&test, fixture.writer, NewFile::default()).await),
        "ok"
    );
    let target = UploadTarget::Bundle(fixture.bundle);
    let stranger = test.app.uploads.begin(&fixture.other_client, target).await;
    assert_eq!(word(stranger), "not found");
}

/// contract: perm.file.see, perm.file.change, perm.file.visibility
#[tokio::test]
async fn who_sees_changes_and_deletes_a_file() {
    let test = AppFixture::open().await;
    let (fixture, files) = (&test.fixture, &test.app.files);
    let bundle = fixture.bundle;
    let id = add(&test, fixture.client, NewFile::default())
        .await
        .expect("added");
    let describe = FileChange {
        description: Some(description("The plan")),
        ..FileChange::default()
    };
    for (actor, sees, changes, flags) in [
        (fixture.client, "ok", "ok", "not allowed"),
        (fixture.writer, "ok", "not allowed", "not allowed"),
        (fixture.editor, "ok", "ok", "ok"),
        (fixture.other_client, "not found", "not found", "not found"),
    ] {
        assert_eq!(word(files.get(&actor, bundle, id).await), sees);
        assert_eq!(word(files.download(&actor, bundle, id).await), sees);
        assert_eq!(
            word(files.list(&actor, bundle, PageRequest::default()).await),
            sees
        );
        assert_eq!(
            word(files.change(&actor, bundle, id, describe.clone()).await),
            changes
        );
        let flagged = files
            .change(&actor, bundle, id, shown(Some(true), None))
            .await;
        assert_eq!(word(flagged), flags);
    }
    let known = test.log_length().await;
    let hidden = files
        .change(&fixture.admin, bundle, id, shown(Some(false), None))
        .await;
    let hidden = hidden.expect("changed");
    assert_eq!(hidden.description.as_str(), "The plan");
    assert_eq!(
        word(files.delete(&fixture.client, bundle, id).await),
        "not found"
    );
    let listed = files
        .list(&fixture.client, bundle, PageRequest::default())
        .await;
    assert!(listed.expect("listed").items.is_empty());
    assert_eq!(word(files.get(&fixture.writer, bundle, id).await), "ok");
    assert_eq!(
        word(files.delete(&fixture.writer, bundle, id).await),
        "not allowed"
    );
    assert_eq!(word(files.delete(&fixture.admin, bundle, id).await), "ok");
    assert_eq!(
        word(files.delete(&fixture.admin, bundle, id).await),
        "not found"
    );
    assert_eq!(
        test.told_after(known).await,
        ["file.changed", "file.deleted"]
    );
    assert_eq!(states(&test).await, [BlobState::Deleted]);
    assert_eq!(
        word(
            files
                .list(&fixture.admin, BundleId::new(999), PageRequest::default())
                .await
        ),
        "not found"
    );
}

#[tokio::test]
async fn an_upload_needs_a_right_before_its_first_byte() {
    let test = AppFixture::open().await;
    let (fixture, app) = (&test.fixture, &test.app);
    let new = NewThread::with(fixture.writer.id);
    let thread = app
        .threads
        .open(fixture.client, &fixture.subject(), new)
        .await;
    let thread = thread.expect("opened").thread.id;
    let to_thread = UploadTarget::Thread(thread);
    assert_eq!(
        word(app.uploads.begin(&fixture.client, to_thread).await),
        "ok"
    );
    assert_eq!(
        word(app.uploads.begin(&fixture.editor, to_thread).await),
        "not allowed"
    );
    assert_eq!(
        word(app.uploads.begin(&fixture.other_writer, to_thread).await),
        "not found"
    );
    for missing in [
        UploadTarget::Thread(ThreadId::new(999)),
        UploadTarget::Ticket(TicketId::new(999)),
        UploadTarget::Bundle(BundleId::new(999)),
    ] {
        assert_eq!(
            word(app.uploads.begin(&fixture.admin, missing).await),
            "not found"
        );
    }
    let upload = test.upload(fixture.client, to_thread).await;
    let closed = ThreadChange {
        is_active: Some(false),
        ..ThreadChange::default()
    };
    app.threads
        .change(&fixture.client, thread, closed)
        .await
        .expect("closed");
    assert_eq!(
        word(app.uploads.begin(&fixture.client, to_thread).await),
        "the thread is closed"
    );
    let message = NewMessage::text(MessageText::empty());
    let refused = app
        .messages
        .send(fixture.client, thread, message, Some(upload))
        .await;
    assert_eq!(word(refused), "the thread is closed");
    assert_eq!(states(&test).await, [BlobState::Deleted]);
}

/// contract: conv.uploads.limit, conv.uploads.refused
#[tokio::test]
async fn an_upload_that_fails_or_is_given_up_leaves_a_row_to_sweep() {
    let mut blobs = MockBlobStore::new();
    let mut outcomes = vec![
        Err(BlobError::Missing),
        Err(BlobError::Empty),
        Err(BlobError::TooLarge { limit: 7 }),
    ];
    blobs
        .expect_put()
        .withf(|_, _, limit| *limit == 100 * 1024 * 1024)
        .returning(move |_, _, _| outcomes.pop().expect("three calls"));
    let test = AppFixture::open_with(|_, ports| ports.blobs = Arc::new(blobs)).await;
    let (fixture, uploads) = (&test.fixture, &test.app.uploads);
    let target = UploadTarget::Bundle(fixture.bundle);
    let permit = uploads
        .begin(&fixture.client, target)
        .await
        .expect("a permit");
    for expected in [
        "the file is larger than 7 bytes",
        "file:empty_file",
        "the blob store failed",
    ] {
        let received = uploads
            .receive(&permit, FileName::clean("x"), bytes(""))
            .await;
        assert_eq!(word(received), expected);
    }
    assert_eq!(states(&test).await, [BlobState::Deleted; 3]);
    assert_eq!(uploads.limit(), 100 * 1024 * 1024);

    let test = AppFixture::open().await;
    let upload = test.upload(test.fixture.client, target).await;
    assert_eq!(states(&test).await, [BlobState::Pending]);
    assert_eq!(upload.blob, BlobId::new(1));
    test.app.uploads.abandon(&upload).await.expect("given up");
    assert_eq!(states(&test).await, [BlobState::Deleted]);
}

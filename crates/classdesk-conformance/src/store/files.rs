//! Files of bundles.

use classdesk_domain::blobs::{BlobPurpose, BlobState};
use classdesk_domain::files::{BundleFile, FileDeletion, FileUpdate, InsertBundleFile, Visibility};
use classdesk_domain::ids::{BundleId, FileId};
use classdesk_domain::people::Actor;
use classdesk_domain::store::{Commit, Store};

use super::support::{all, assert_stale, scope, walk};
use crate::Fixture;
use crate::fixture::description;

const fn visible(to_client: bool, to_writer: bool) -> Visibility {
    Visibility {
        to_client,
        to_writer,
    }
}

async fn listed(store: &dyn Store, fixture: &Fixture, who: Actor) -> Vec<BundleFile> {
    let found = store.list_files(fixture.bundle, scope(who), all()).await;
    let (parties, page) = found.expect("readable").expect("there");
    assert_eq!(parties, fixture.parties());
    page.items
}

/// A file is kept whole, found below its bundle alone, and takes its blob once.
pub async fn a_file_is_kept(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let other = fixture.add_bundle(store, fixture.client, None).await.id;
    let upload = fixture
        .add_upload(store, fixture.writer, BlobPurpose::BundleFile)
        .await;
    let row = InsertBundleFile {
        bundle: fixture.bundle,
        upload: upload.clone(),
        description: description("The 'final' version"),
        visibility: visible(true, false),
        uploaded_at: fixture.tick(),
    };
    let added = store
        .add_file(Commit::new(row.clone()))
        .await
        .expect("added");
    assert_eq!(added.bundle, fixture.bundle);
    assert_eq!(added.file.name, upload.name);
    assert_eq!(added.file.blob, upload.info);
    assert_eq!(added.file.uploaded_by.username.as_str(), "writer");
    assert_eq!(added.file.uploaded_at, row.uploaded_at);
    assert_eq!(
        (&added.description, added.visibility),
        (&row.description, row.visibility)
    );
    let facts = store
        .file(fixture.bundle, added.id)
        .await
        .expect("readable")
        .expect("there");
    assert_eq!((&facts.file, facts.parties), (&added, fixture.parties()));
    let blobs = store.list_blobs(None, 10).await.expect("readable");
    assert_eq!(
        (facts.blob.id, &facts.blob.key),
        (blobs[0].id, &blobs[0].key)
    );
    assert_eq!(facts.blob.info, upload.info);
    assert_eq!(
        (blobs[0].state, blobs[0].info.as_ref()),
        (BlobState::Stored, Some(&upload.info))
    );
    for (bundle, file) in [(other, added.id), (fixture.bundle, FileId::new(9_999))] {
        let found = store.file(bundle, file).await.expect("readable");
        assert_eq!(found, None, "{bundle} {file}");
    }
    let again = store.add_file(Commit::new(row)).await;
    assert_stale(&again, "a blob that is stored already");
    assert_eq!(listed(store, &fixture, fixture.admin).await, [added]);
}

/// A change writes what it names, of description and visibility.
pub async fn a_file_is_changed(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let added = fixture
        .add_file(store, fixture.client, visible(true, true))
        .await;
    let other = fixture
        .add_file(store, fixture.client, visible(true, true))
        .await;
    let update = FileUpdate {
        file: added.id,
        description: Some(description("Another")),
        visibility: Some(visible(false, true)),
    };
    let changed = store
        .update_file(Commit::new(update))
        .await
        .expect("changed");
    let expected = BundleFile {
        description: description("Another"),
        visibility: visible(false, true),
        version: 2,
        ..added
    };
    assert_eq!(changed, expected);
    let update = FileUpdate {
        file: expected.id,
        description: None,
        visibility: None,
    };
    let again = store.update_file(Commit::new(update)).await;
    let expected = BundleFile {
        version: 3,
        ..expected
    };
    assert_eq!(again.expect("changed"), expected);
    assert_eq!(
        listed(store, &fixture, fixture.admin).await,
        [other, expected]
    );
}

/// A deleted file is found by nothing, and its blob is to be swept.
pub async fn a_file_is_deleted(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let gone = fixture
        .add_file(store, fixture.client, visible(true, true))
        .await
        .id;
    let stays = fixture
        .add_file(store, fixture.client, visible(true, true))
        .await;
    store
        .delete_file(Commit::new(FileDeletion {
            file: gone,
            at: fixture.now(),
        }))
        .await
        .expect("deleted");
    assert_eq!(
        store.file(fixture.bundle, gone).await.expect("readable"),
        None
    );
    assert_eq!(
        listed(store, &fixture, fixture.admin).await,
        std::slice::from_ref(&stays)
    );
    let detail = store
        .bundle_detail(fixture.bundle, scope(fixture.admin))
        .await;
    assert_eq!(detail.expect("readable").expect("there").files, [stays]);
    let blobs = store.list_blobs(None, 10).await.expect("readable");
    let states: Vec<_> = blobs.iter().map(|blob| blob.state).collect();
    assert_eq!(states, [BlobState::Deleted, BlobState::Stored]);
    assert!(blobs[0].info.is_some(), "what is known of it is kept");
    assert_stale(
        &store
            .delete_file(Commit::new(FileDeletion {
                file: gone,
                at: fixture.now(),
            }))
            .await,
        "a second deletion",
    );
    let update = FileUpdate {
        file: gone,
        description: Some(description("Alive")),
        visibility: Some(visible(true, true)),
    };
    assert_stale(
        &store.update_file(Commit::new(update)).await,
        "a change after deletion",
    );
    let next = fixture
        .add_file(store, fixture.client, visible(true, true))
        .await
        .id;
    assert!(next > gone, "ids are never used twice");
}

/// Access to files: what is visible to the client, to the writer, and to staff.
///
/// contract: perm.file.see
pub async fn files_follow_the_access_scope(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let both = fixture
        .add_file(store, fixture.admin, visible(true, true))
        .await;
    let client = fixture
        .add_file(store, fixture.admin, visible(true, false))
        .await;
    let writer = fixture
        .add_file(store, fixture.admin, visible(false, true))
        .await;
    let nobody = fixture
        .add_file(store, fixture.admin, visible(false, false))
        .await;
    let every = [nobody.clone(), writer.clone(), client.clone(), both.clone()];
    assert_eq!(listed(store, &fixture, fixture.editor).await, every);
    assert_eq!(
        listed(store, &fixture, fixture.client).await,
        [client, both.clone()]
    );
    assert_eq!(
        listed(store, &fixture, fixture.writer).await,
        [writer, both]
    );
    let alone = store
        .file(fixture.bundle, nobody.id)
        .await
        .expect("readable");
    assert!(alone.is_some(), "alone it is the policy that is asked");
    let missing = BundleId::new(9_999);
    let missing = store.list_files(missing, scope(fixture.admin), all()).await;
    assert_eq!(missing.expect("readable"), None);
}

/// Files come newest first, in pages, while others come and the last one of a page goes.
///
/// contract: conv.lists.keyset
pub async fn files_are_paged(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let mut expected = Vec::new();
    for _ in 0..6 {
        expected.insert(
            0,
            fixture
                .add_file(store, fixture.admin, visible(true, true))
                .await
                .id,
        );
    }
    let seen = walk(2, async |page| {
        let found = store
            .list_files(fixture.bundle, scope(fixture.client), page)
            .await;
        let found = found.map(|found| found.expect("there").1);
        fixture
            .add_file(store, fixture.admin, visible(true, true))
            .await;
        if let Ok(page) = &found
            && let Some(last) = page.items.last()
        {
            store
                .delete_file(Commit::new(FileDeletion {
                    file: last.id,
                    at: fixture.now(),
                }))
                .await
                .expect("deleted");
        }
        found
    })
    .await;
    let seen: Vec<_> = seen.iter().map(|file| file.id).collect();
    assert_eq!(seen, expected);
}

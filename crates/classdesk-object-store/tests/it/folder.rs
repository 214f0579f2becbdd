//! What a local folder alone has to hold against.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use classdesk_domain::blobs::{BlobError, BlobStore, StorageKey};
use classdesk_domain::clock::{Clock, Timestamp};
use classdesk_domain::system::SystemClock;
use classdesk_object_store::{ObjectStoreBlobs, ObjectStoreOptions, StorageLocation};
use futures_util::TryStreamExt;
use proptest::prelude::*;
use tempfile::TempDir;

use crate::fixture::{Kind, LIMIT, StorageFixture, chunks, content, fresh_key, permit, read};

async fn check_unusable(path: &Path) -> BlobError {
    let location = StorageLocation::Folder(path.to_owned());
    let refused = ObjectStoreBlobs::connect(&location, &ObjectStoreOptions::default()).await;
    let error = refused.unwrap_err();
    assert_eq!(error.location, location);
    error.source
}

#[tokio::test]
async fn a_folder_that_is_a_file_is_refused() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    check_unusable(&file).await;
    let below = check_unusable(&file.join("below")).await;
    assert!(matches!(below, BlobError::NoSuchBucket(_)), "{below:?}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_folder_that_nobody_can_write_is_refused() {
    // Not even root can make anything there.
    check_unusable(Path::new("/proc/classdesk")).await;
    check_unusable(Path::new("/proc/self/fdinfo")).await;
}

#[tokio::test]
async fn a_folder_that_went_away_is_not_made_anew() {
    let stage = StorageFixture::new(Kind::Folder).await;
    fs::remove_dir_all(stage.root()).unwrap();
    let refused = stage
        .blobs
        .put(&fresh_key(), chunks(&content(1, 10), 10), LIMIT)
        .await;
    assert!(
        matches!(refused, Err(BlobError::NoSuchBucket(_))),
        "{refused:?}"
    );
    assert!(!stage.root().exists());
    let gone = stage.blobs.ping().await;
    assert!(matches!(gone, Err(BlobError::NoSuchBucket(_))), "{gone:?}");
}

/// Every file and folder below this one, with its size and the time of its last change.
fn snapshot(folder: &Path) -> BTreeMap<PathBuf, (u64, SystemTime)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries
        .flat_map(|entry| {
            let (path, metadata) = (entry.path(), entry.metadata().unwrap());
            let below = metadata.is_dir().then(|| snapshot(&path));
            let state = (metadata.len(), metadata.modified().unwrap());
            below.unwrap_or_default().into_iter().chain([(path, state)])
        })
        .collect()
}

#[tokio::test]
async fn a_folder_that_is_there_is_read_without_a_write() {
    let stage = StorageFixture::new(Kind::Folder).await;
    let (key, bytes) = (fresh_key(), content(8, 100));
    let upload = chunks(&bytes, 100);
    let info = stage.blobs.put(&key, upload, LIMIT).await.unwrap();
    let before = snapshot(&stage.root());
    let reader = ObjectStoreBlobs::connect_existing(&stage.location, &stage.options)
        .await
        .unwrap();
    let permit = permit(&key, &info);
    assert_eq!(read(&reader, &permit, None).await.unwrap(), bytes);
    assert_eq!(
        reader.list().try_collect::<Vec<_>>().await.unwrap().len(),
        1
    );
    assert_eq!(snapshot(&stage.root()), before);
}

#[tokio::test]
async fn a_folder_that_is_missing_is_not_made_to_be_read() {
    let folder = TempDir::new().unwrap();
    let location = StorageLocation::Folder(folder.path().join("files"));
    let options = ObjectStoreOptions::default();
    let refused = ObjectStoreBlobs::connect_existing(&location, &options).await;
    let refused = refused.unwrap_err().source;
    assert!(matches!(refused, BlobError::NoSuchBucket(_)), "{refused:?}");
    assert_eq!(snapshot(folder.path()).len(), 0);
}

#[cfg(unix)]
mod names {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    #[tokio::test]
    async fn a_name_that_no_key_could_have_is_listed_and_removed() {
        let stage = StorageFixture::new(Kind::Folder).await;
        let folder = stage.root().join(OsStr::from_bytes(b"caf\xe9"));
        fs::create_dir(&folder).unwrap();
        let names: [&[u8]; 5] = [b"\xff\xfe", b"line\nbreak", b"50%\xff", b"#1\xff", b"plain"];
        for name in names {
            fs::write(folder.join(OsStr::from_bytes(name)), name).unwrap();
            fs::write(stage.root().join(OsStr::from_bytes(name)), name).unwrap();
        }
        let mut listed = stage.paths().await;
        listed.sort();
        let expected = [
            "/#1%FF",
            "/%FF%FE",
            "/50%25%FF",
            "/caf%E9/#1%FF",
            "/caf%E9/%FF%FE",
            "/caf%E9/50%25%FF",
            "/caf%E9/line%0Abreak",
            "/caf%E9/plain",
            "/line%0Abreak",
            "plain",
        ];
        assert_eq!(listed, expected);
        for path in &listed {
            let found = stage.blobs.head(path).await.unwrap().unwrap();
            assert_eq!(&found.path, path);
            assert!((2..=10).contains(&found.size), "{found:?}");
            stage.blobs.delete_orphan(path).await.unwrap();
            assert_eq!(stage.blobs.head(path).await.unwrap(), None);
        }
        assert_eq!(stage.paths().await.len(), 0);
        let other_spelling = [
            "/caf%E9//plain",
            "/./%FF%FE",
            "/caf%E9/../%FF%FE",
            "/%ff%fe",
        ];
        let names: [&[u8]; 2] = [b"\xff\xfe", b"plain"];
        for name in names {
            fs::write(folder.join(OsStr::from_bytes(name)), name).unwrap();
            fs::write(stage.root().join(OsStr::from_bytes(name)), name).unwrap();
        }
        for path in other_spelling {
            assert_eq!(stage.blobs.head(path).await.unwrap(), None, "{path}");
        }
        for outside in ["/../escape", "/etc/passwd", "//etc/passwd", "/"] {
            assert_eq!(stage.blobs.head(outside).await.unwrap(), None);
        }
    }
}

#[cfg(unix)]
#[tokio::test]
async fn folders_that_are_made_let_their_owner_alone_in() {
    use std::os::unix::fs::PermissionsExt;

    let folder = TempDir::new().unwrap();
    let root = folder.path().join("data/files");
    let location = StorageLocation::Folder(root.clone());
    ObjectStoreBlobs::connect(&location, &ObjectStoreOptions::default())
        .await
        .unwrap();
    for made in snapshot(folder.path()).into_keys() {
        let mode = fs::metadata(&made).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{}", made.display());
    }
    // One that was there stays as it is.
    let open = fs::Permissions::from_mode(0o755);
    fs::set_permissions(&root, open.clone()).unwrap();
    ObjectStoreBlobs::connect(&location, &ObjectStoreOptions::default())
        .await
        .unwrap();
    let mode = fs::metadata(&root).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, open.mode());
}

#[cfg(unix)]
mod links {
    use std::os::unix::fs::symlink;

    use super::*;

    #[tokio::test]
    async fn the_folder_itself_may_be_reached_by_a_link() {
        let folder = TempDir::new().unwrap();
        fs::create_dir(folder.path().join("real")).unwrap();
        symlink(folder.path().join("real"), folder.path().join("link")).unwrap();
        let location = StorageLocation::Folder(folder.path().join("link"));
        let blobs = ObjectStoreBlobs::connect(&location, &ObjectStoreOptions::default())
            .await
            .unwrap();
        let (key, bytes) = (fresh_key(), content(5, 100));
        let info = blobs.put(&key, chunks(&bytes, 100), LIMIT).await.unwrap();
        assert_eq!(
            read(&blobs, &permit(&key, &info), None).await.unwrap(),
            bytes
        );
    }

    /// A walk fails at a link to itself.
    #[tokio::test]
    async fn an_odd_name_is_looked_up_without_a_walk() {
        let stage = StorageFixture::new(Kind::Folder).await;
        symlink("loop", stage.root().join("loop")).unwrap();
        let odd = stage.root().join("line\nbreak");
        fs::write(&odd, "odd").unwrap();
        let found = stage.blobs.head("/line%0Abreak").await.unwrap();
        assert_eq!(found.unwrap().size, 3);
        assert_eq!(stage.blobs.head("/gone%0A").await.unwrap(), None);
        stage.blobs.delete_orphan("/line%0Abreak").await.unwrap();
        assert!(!odd.exists());
    }

    #[tokio::test]
    async fn the_sweep_of_temporary_files_follows_no_link() {
        let stage = StorageFixture::new(Kind::Folder).await;
        let outside = TempDir::new().unwrap();
        let file = outside.path().join("notes#1");
        fs::write(&file, "mine").unwrap();
        symlink(outside.path(), stage.root().join("folder")).unwrap();
        let link = stage.root().join("link#1");
        symlink(&file, &link).unwrap();
        let own = stage.root().join("own#1");
        fs::write(&own, "half of it").unwrap();
        let soon = SystemClock.now().plus(std::time::Duration::from_secs(60));
        assert_eq!(stage.blobs.abort_stale_uploads(soon).await.unwrap(), 1);
        assert!(file.exists() && link.is_symlink() && !own.exists());
    }
}

#[tokio::test]
async fn what_a_killed_process_left_is_hidden_and_purged_when_it_is_old() {
    let stage = StorageFixture::new(Kind::Folder).await;
    let (key, bytes) = (fresh_key(), content(6, 100));
    let info = stage
        .blobs
        .put(&key, chunks(&bytes, 100), LIMIT)
        .await
        .unwrap();
    let staged = format!("{}#1", stage.file(&fresh_key()).display());
    fs::write(&staged, "half of it").unwrap();
    assert_eq!(stage.paths().await, [key.as_str()]);

    let long_ago = Timestamp::parse_rfc3339("2020-01-01T00:00:00Z").unwrap();
    assert_eq!(stage.blobs.abort_stale_uploads(long_ago).await.unwrap(), 0);
    assert!(fs::exists(&staged).unwrap());
    let soon = SystemClock.now().plus(std::time::Duration::from_secs(60));
    assert_eq!(stage.blobs.abort_stale_uploads(soon).await.unwrap(), 1);
    assert_eq!(stage.blobs.abort_stale_uploads(soon).await.unwrap(), 0);
    assert_eq!(
        read(&stage.blobs, &permit(&key, &info), None)
            .await
            .unwrap(),
        bytes
    );
    assert_eq!(stage.traces().len(), 1);
}

#[tokio::test]
async fn an_upload_replaces_what_a_killed_one_left_of_the_same_key() {
    let stage = StorageFixture::new(Kind::Folder).await;
    let (key, bytes) = (fresh_key(), content(7, 3_000_000));
    let staged = format!("{}#1", stage.file(&key).display());
    fs::write(&staged, "half of it").unwrap();
    let info = stage
        .blobs
        .put(&key, chunks(&bytes, 65_536), LIMIT)
        .await
        .unwrap();
    assert_eq!(
        read(&stage.blobs, &permit(&key, &info), None)
            .await
            .unwrap(),
        bytes
    );
    stage.blobs.delete(&key).await.unwrap();
    assert!(stage.traces().is_empty());
}

/// Paths as somebody might want them who wants out of the folder.
fn hostile_path() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("..".to_owned()),
        Just(".".to_owned()),
        Just(String::new()),
        Just("~".to_owned()),
        Just("%2e%2e".to_owned()),
        Just("..\\..".to_owned()),
        Just("class_bundles".to_owned()),
        Just("message_attachments".to_owned()),
        Just("C:".to_owned()),
        Just("\u{202e}txt.exe".to_owned()),
        Just("x\0y".to_owned()),
        Just("outside".to_owned()),
        any::<String>(),
    ];
    prop::collection::vec(piece, 0..7).prop_map(|pieces| pieces.join("/"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// No text becomes a key unless it is one, and a key never leaves its prefix.
    #[test]
    fn only_keys_are_keys(path in hostile_path(), name in any::<String>()) {
        for text in [path.clone(), format!("class_bundles/files/{path}"), format!("message_attachments/{name}")] {
            if let Some(key) = StorageKey::parse(&text) {
                let digits = key.as_str().rsplit('/').next().unwrap();
                prop_assert_eq!(digits.len(), 64);
                prop_assert!(digits.bytes().all(|b| b.is_ascii_hexdigit()));
            }
        }
    }

    /// Deleting strays by hostile paths touches nothing outside the folder.
    #[test]
    fn no_path_leads_out_of_the_folder(path in hostile_path()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let around = TempDir::new().unwrap();
            let outside = ["outside", "x", "data/outside", "data/files.txt"];
            fs::create_dir(around.path().join("data")).unwrap();
            for file in outside {
                fs::write(around.path().join(file), "mine").unwrap();
            }
            let location = StorageLocation::Folder(around.path().join("data/files"));
            let blobs = ObjectStoreBlobs::connect(&location, &ObjectStoreOptions::default()).await.unwrap();
            for path in [path.clone(), format!("../{path}"), format!("message_attachments/../../{path}")] {
                // Refused or absent, as long as it stays inside.
                let _ = blobs.delete_orphan(&path).await;
                let _ = blobs.head(&path).await;
            }
            for file in outside {
                assert!(around.path().join(file).exists(), "{file} is gone after {path:?}");
            }
        });
    }
}

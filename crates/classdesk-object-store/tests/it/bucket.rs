//! What S3 alone can go wrong with.

use std::time::Duration;

use classdesk_domain::blobs::{BlobError, BlobStore};
use classdesk_domain::clock::{Clock, Timestamp};
use classdesk_domain::system::SystemClock;
use classdesk_object_store::{ConnectError, ObjectStoreBlobs, S3Variables};
use classdesk_s3_test_server::S3TestServer;
use futures_util::stream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::fixture::{
    Kind, LIMIT, StorageFixture, chunks, content, eventually, fresh_key, impatient, paths, permit,
    read, variables,
};

async fn connect(url: &str, s3: S3Variables) -> Result<ObjectStoreBlobs, ConnectError> {
    ObjectStoreBlobs::connect(&url.parse().unwrap(), &impatient(s3)).await
}

async fn check_unusable(url: &str, s3: S3Variables) -> BlobError {
    connect(url, s3).await.unwrap_err().source
}

#[tokio::test]
async fn a_missing_bucket_is_told() {
    let server = S3TestServer::start().await.unwrap();
    let error = check_unusable("s3://nowhere", variables(&server.endpoint())).await;
    assert!(matches!(error, BlobError::NoSuchBucket(_)), "{error:?}");
}

#[tokio::test]
async fn a_wrong_secret_is_told() {
    let server = S3TestServer::start().await.unwrap();
    server.create_bucket("school").unwrap();
    for (id, secret) in [
        (S3TestServer::ACCESS_KEY_ID, "wrong"),
        ("nobody", S3TestServer::SECRET_ACCESS_KEY),
    ] {
        let endpoint = server.endpoint();
        let wrong = S3Variables::from_pairs([
            ("AWS_ENDPOINT_URL", endpoint.as_str()),
            ("AWS_ACCESS_KEY_ID", id),
            ("AWS_SECRET_ACCESS_KEY", secret),
        ]);
        let error = check_unusable("s3://school", wrong).await;
        assert!(matches!(error, BlobError::Denied(_)), "{error:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", taken.local_addr().unwrap());
    drop(taken);
    let error = check_unusable("s3://school", variables(&endpoint)).await;
    assert!(matches!(error, BlobError::Unavailable(_)), "{error:?}");
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_told() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    let mut options = impatient(variables(&endpoint));
    options.request_timeout = Duration::from_millis(100);
    let refused = ObjectStoreBlobs::connect(&"s3://school".parse().unwrap(), &options).await;
    let error = refused.unwrap_err().source;
    assert!(matches!(error, BlobError::Unavailable(_)), "{error:?}");
}

#[tokio::test]
async fn a_full_server_is_told() {
    let full = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", full.local_addr().unwrap());
    let answering = tokio::spawn(async move {
        loop {
            let (mut client, _) = full.accept().await.unwrap();
            let mut request = [0; 4096];
            let _ = client.read(&mut request).await;
            let answer = "HTTP/1.1 507 Insufficient Storage\r\ncontent-length: 0\r\n\
                          connection: close\r\n\r\n";
            let _ = client.write_all(answer.as_bytes()).await;
        }
    });
    let error = check_unusable("s3://school", variables(&endpoint)).await;
    assert!(matches!(error, BlobError::NoSpace(_)), "{error:?}");
    answering.abort();
}

#[tokio::test]
async fn the_variables_have_their_usual_names_and_precedence() {
    let server = S3TestServer::start().await.unwrap();
    server.create_bucket("school").unwrap();
    let endpoint = server.endpoint();
    let keys = [
        ("AWS_ACCESS_KEY_ID", S3TestServer::ACCESS_KEY_ID),
        ("AWS_SECRET_ACCESS_KEY", S3TestServer::SECRET_ACCESS_KEY),
        ("AWS_BUCKET", "another"),
        ("AWS_SESSION_TOKEN", ""),
    ];
    let nowhere = "http://127.0.0.1:1";
    for with in [
        vec![("AWS_ENDPOINT_URL", endpoint.as_str())],
        vec![
            ("AWS_ENDPOINT", endpoint.as_str()),
            ("AWS_DEFAULT_REGION", "eu-west-1"),
        ],
        vec![
            ("AWS_ENDPOINT_URL_S3", endpoint.as_str()),
            ("AWS_ENDPOINT_URL", nowhere),
        ],
    ] {
        let all = with.into_iter().chain(keys);
        connect("s3://school/x", S3Variables::from_pairs(all))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn prefixes_keep_storages_apart() {
    let stage = StorageFixture::new(Kind::Bucket).await;
    let sibling = "s3://school/some/prefix2".parse().unwrap();
    let sibling = ObjectStoreBlobs::connect(&sibling, &stage.options)
        .await
        .unwrap();
    let (key, bytes) = (fresh_key(), content(1, 100));
    let info = sibling.put(&key, chunks(&bytes, 10), LIMIT).await.unwrap();
    assert!(stage.paths().await.is_empty());
    let missing = read(&stage.blobs, &permit(&key, &info), None).await;
    assert!(matches!(missing, Err(BlobError::Missing)), "{missing:?}");
    stage.blobs.delete(&key).await.unwrap();
    assert_eq!(
        read(&sibling, &permit(&key, &info), None).await.unwrap(),
        bytes
    );
    // A storage at the bucket's root sees every object by its whole key.
    let all = ObjectStoreBlobs::connect(&"s3://school".parse().unwrap(), &stage.options)
        .await
        .unwrap();
    assert_eq!(paths(&all).await, [format!("some/prefix2/{key}")]);
}

/// Begins uploads of this many keys as a process would that is killed in the middle of them.
async fn leave_unfinished(stage: &StorageFixture, uploads: usize) {
    let (location, options) = (stage.location.clone(), stage.options.clone());
    let killed = std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let blobs = ObjectStoreBlobs::connect(&location, &options)
                .await
                .unwrap();
            let blobs = std::sync::Arc::new(blobs);
            let (sent, mut all) = tokio::sync::mpsc::channel(uploads);
            for _ in 0..uploads {
                let (blobs, sent) = (std::sync::Arc::clone(&blobs), sent.clone());
                tokio::spawn(async move {
                    // Three full parts and a bit: when the third is taken, the first is written.
                    let parts = (0..6).map(|_| Ok(content(2, 3 * 1024 * 1024)));
                    let signal = stream::once(async move {
                        sent.send(()).await.unwrap();
                        futures_util::future::pending().await
                    });
                    let bytes = futures_util::StreamExt::chain(stream::iter(parts), signal);
                    blobs.put(&fresh_key(), Box::pin(bytes), LIMIT).await
                });
            }
            for _ in 0..uploads {
                all.recv().await.unwrap();
            }
        });
        runtime.shutdown_background();
    });
    tokio::task::spawn_blocking(|| killed.join().unwrap())
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_process_left_is_given_up_when_it_is_old() {
    let stage = StorageFixture::new(Kind::Bucket).await;
    let (key, bytes) = (fresh_key(), content(3, 100));
    let info = stage
        .blobs
        .put(&key, chunks(&bytes, 10), LIMIT)
        .await
        .unwrap();
    let alone = stage.busy();
    leave_unfinished(&stage, 3).await;
    // A part that is still on its way when its upload is aborted may be stored after that, here as
    // on S3 itself: a purge is for uploads whose process is gone for long.
    eventually("the end of the killed", || stage.busy() <= alone).await;
    assert!(stage.traces().len() > 1);
    assert_eq!(stage.paths().await.len(), 1);

    let long_ago = Timestamp::parse_rfc3339("2020-01-01T00:00:00Z").unwrap();
    assert_eq!(stage.blobs.abort_stale_uploads(long_ago).await.unwrap(), 0);
    let soon = SystemClock.now().plus(Duration::from_secs(60));
    assert_eq!(stage.blobs.abort_stale_uploads(soon).await.unwrap(), 3);
    assert_eq!(stage.blobs.abort_stale_uploads(soon).await.unwrap(), 0);
    assert_eq!(stage.traces().len(), 1);
    assert_eq!(
        read(&stage.blobs, &permit(&key, &info), None)
            .await
            .unwrap(),
        bytes
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_was_being_completed_when_the_server_was_killed_is_purged() {
    let stage = StorageFixture::new(Kind::Bucket).await;
    let alone = stage.busy();
    leave_unfinished(&stage, 1).await;
    eventually("the end of the killed", || stage.busy() <= alone).await;
    // The test server forgets an upload first, and what it knew of it afterwards.
    let root = stage.root();
    let root = root.ancestors().nth(3).unwrap();
    let files = || std::fs::read_dir(root).unwrap().map(|file| file.unwrap());
    let of_uploads = || {
        let names = files().map(|file| file.file_name().into_string().unwrap());
        names.filter(|name| name.contains(".upload")).count()
    };
    let forgotten = files().find(|file| {
        let name = file.file_name().into_string().unwrap();
        name.starts_with(".upload-") && name.ends_with(".json")
    });
    std::fs::remove_file(forgotten.unwrap().path()).unwrap();
    assert!(of_uploads() > 0);

    let soon = SystemClock.now().plus(Duration::from_secs(60));
    assert_eq!(stage.blobs.abort_stale_uploads(soon).await.unwrap(), 1);
    assert_eq!(of_uploads(), 0);
}

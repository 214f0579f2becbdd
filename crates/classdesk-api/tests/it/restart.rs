//! Another server over the same store: after a restart, and with a storage that takes its time.

use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use async_trait::async_trait;
use bytes::Bytes;
use classdesk_api::Api;
use classdesk_domain::blobs::{
    BlobError, BlobInfo, BlobPurpose, BlobStore, ByteRange, ByteStream, ContentType, ListedObject,
    ObjectStream, Sha256Digest, StorageKey,
};
use classdesk_domain::clock::Timestamp;
use classdesk_domain::files::{FileRepository, InsertBundleFile, Visibility};
use classdesk_domain::policy::ReadPermit;
use classdesk_domain::store::Commit;
use classdesk_domain::text::Description;
use classdesk_domain::{App, Ports};
use classdesk_http::{PublicUrl, ServerLimits, Settings};
use classdesk_memory::SeededSecrets;
use futures_util::{StreamExt, stream};
use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{Notify, Semaphore};

use crate::forms::{BOUNDARY, Form};
use crate::harness::{Answer, PUBLIC_URL, TestServer, WorldClock, start_server_with};
use crate::uploads::{bundle_path, upload_path};

const TICKETS: &str = "/api/v1/tickets/";

/// Lets another server follow, which knows nothing but what is stored.
fn succeed(desk: &mut TestServer, blobs: Arc<dyn BlobStore>) -> ServerHandle {
    succeed_with(desk, blobs, ServerLimits::default())
}

fn succeed_with(
    desk: &mut TestServer,
    blobs: Arc<dyn BlobStore>,
    limits: ServerLimits,
) -> ServerHandle {
    let ports = Ports::new(
        desk.store.clone(),
        blobs,
        desk.hasher.clone(),
        Arc::new(WorldClock(desk.world.clone())),
        Arc::new(SeededSecrets::new(2)),
    );
    let classdesk = App::new(ports, classdesk_domain::Settings::default());
    let settings = Settings::new(PublicUrl::parse(PUBLIC_URL).unwrap());
    let api = Api::builder(classdesk, settings).build();
    let (origin, server) = start_server_with(api, limits);
    desk.origin = origin;
    server
}

async fn create_once(desk: &TestServer, token: &str) -> Answer {
    let body = json!({"title": "Help", "description": ""});
    let client = desk.with_token(token);
    client
        .send(Method::POST, TICKETS, |request| {
            request.header("idempotency-key", "once").json(&body)
        })
        .await
}

/// contract: conv.retries.restart
#[tokio::test]
async fn keys_and_sessions_survive_a_restart() {
    let mut desk = TestServer::start().await;
    let token = desk.named("client").await.token().to_owned();
    let first = create_once(&desk, &token).await;
    first.check_json(201);
    let blobs = desk.blobs.clone();
    let server = succeed(&mut desk, blobs);
    let again = create_once(&desk, &token).await;
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!((again.status, again.text()), (201, first.text()));
    let all = desk.with_token(&token).get(TICKETS).await.check_json(200);
    assert_eq!(all.as_array().unwrap().len(), 1);
    drop(server.stop(false));
}

/// A storage that takes no byte before it is opened, and keeps none; what is read is made up.
struct Gate {
    reached: Notify,
    opened: Semaphore,
    given: Arc<AtomicUsize>,
}

impl Gate {
    fn new(opened: usize) -> Arc<Self> {
        Arc::new(Self {
            reached: Notify::new(),
            opened: Semaphore::new(opened),
            given: Arc::default(),
        })
    }
}

fn shut<T>() -> Result<T, BlobError> {
    Err(BlobError::Unavailable("it only takes".into()))
}

#[async_trait]
impl BlobStore for Gate {
    async fn put(
        &self,
        _: &StorageKey,
        mut bytes: ByteStream,
        _: u64,
    ) -> Result<BlobInfo, BlobError> {
        self.reached.notify_one();
        let _open = self.opened.acquire().await.unwrap();
        let mut size = 0;
        while let Some(chunk) = bytes.next().await {
            size += chunk?.len() as u64;
        }
        Ok(BlobInfo {
            size,
            sha256: Sha256Digest::from_bytes([0; 32]),
            content_type: ContentType::unknown(),
        })
    }

    async fn open(&self, _: &ReadPermit, _: Option<ByteRange>) -> Result<ByteStream, BlobError> {
        let given = self.given.clone();
        let piece = Bytes::from(vec![7; PIECE]);
        Ok(Box::pin(stream::iter(0..SIZE / PIECE).map(move |_| {
            given.fetch_add(PIECE, Ordering::SeqCst);
            Ok(piece.clone())
        })))
    }

    async fn delete(&self, _: &StorageKey) -> Result<(), BlobError> {
        shut()
    }

    fn list(&self) -> ObjectStream {
        Box::pin(stream::once(async { shut() }))
    }

    async fn head(&self, _: &str) -> Result<Option<ListedObject>, BlobError> {
        shut()
    }

    async fn delete_orphan(&self, _: &str) -> Result<(), BlobError> {
        shut()
    }

    async fn abort_stale_uploads(&self, _: Timestamp) -> Result<u64, BlobError> {
        shut()
    }

    async fn ping(&self) -> Result<(), BlobError> {
        shut()
    }
}

const MIB: usize = 1024 * 1024;
const PIECE: usize = 64 * 1024;
const SIZE: usize = 48 * MIB;

/// Far more than the sockets of both sides hold, and far less than the file.
const BUFFERED: usize = 24 * MIB;

/// contract: conv.uploads.stream
#[tokio::test]
async fn what_the_storage_does_not_take_yet_waits_at_the_client() {
    let mut desk = TestServer::start().await;
    let token = desk.named("client").await.token().to_owned();
    let gate = Gate::new(0);
    let server = succeed(&mut desk, gate.clone());
    let part = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n"
    );
    let end = format!("\r\n--{BOUNDARY}--\r\n");
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Length: {}\r\n\r\n{part}",
        upload_path(&desk),
        part.len() + SIZE + end.len(),
    );
    let mut socket = desk.connect().await;
    socket.write_all(head.as_bytes()).await.unwrap();
    let chunk = vec![7; MIB];
    let mut written = 0;
    socket.write_all(&chunk).await.unwrap();
    written += chunk.len();
    gate.reached.notified().await;

    // The server's one thread has time for others, and none of it makes room for more.
    let mut turns = 0;
    while turns < 50 && written < SIZE {
        let left = chunk.len().min(SIZE - written);
        match socket.try_write(&chunk[..left]) {
            Ok(taken) => {
                written += taken;
                turns = 0;
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                let live = desk.anonymous().get("/healthz/live").await;
                assert_eq!(live.status, 200);
                turns += 1;
            }
        }
    }
    assert!(
        written < BUFFERED,
        "{written} bytes went ahead of the storage"
    );

    gate.opened.add_permits(1);
    while written < SIZE {
        let left = chunk.len().min(SIZE - written);
        socket.write_all(&chunk[..left]).await.unwrap();
        written += left;
    }
    socket.write_all(end.as_bytes()).await.unwrap();
    let mut answer = vec![0; 12];
    socket.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, b"HTTP/1.1 201");
    let files = format!("{}files/", bundle_path(&desk));
    let listed = desk.with_token(&token).get(&files).await.check_json(200);
    assert_eq!(listed[0]["file_size"], SIZE);
    drop(server.stop(false));
}

/// contract: conv.downloads.stream
#[tokio::test]
async fn what_the_client_does_not_take_yet_waits_in_the_storage() {
    let mut desk = TestServer::start().await;
    let token = desk.named("client").await.token().to_owned();
    let gate = Gate::new(1);
    let server = succeed(&mut desk, gate.clone());
    let client = desk.with_token(&token);
    let form = Form::new().file("file", "a", &vec![7; SIZE]);
    let file = client.post_form(&upload_path(&desk), form).await;
    let id = file.check_json(201)["id"].clone();
    let head = format!(
        "GET {}files/{id}/download/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
         Authorization: Bearer {token}\r\n\r\n",
        bundle_path(&desk)
    );
    let mut socket = desk.connect().await;
    socket.write_all(head.as_bytes()).await.unwrap();
    let (mut turns, mut given) = (0, 0);
    while turns < 50 && given < SIZE {
        let live = desk.anonymous().get("/healthz/live").await;
        assert_eq!(live.status, 200);
        let now = gate.given.load(Ordering::SeqCst);
        turns = if now > given || now == 0 {
            0
        } else {
            turns + 1
        };
        given = now;
    }
    assert!(
        given < BUFFERED,
        "{given} bytes were read ahead of the client"
    );
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200"));
    assert!(answer.len() > SIZE && answer.ends_with(&[7; PIECE]));
    drop(server.stop(false));
}

/// How long a client may take nothing; longer than acknowledgements are held back.
const PATIENCE: Duration = Duration::from_secs(1);

/// The second client gets an answer only once the first has lost the only connection there is.
#[tokio::test]
#[cfg_attr(not(target_os = "linux"), ignore = "the system does not notice")]
async fn who_stops_reading_makes_room_for_others() {
    let mut desk = TestServer::start().await;
    let (world, token) = (
        desk.world.clone(),
        desk.named("client").await.token().to_owned(),
    );
    let mut upload = world
        .add_upload(&*desk.store, world.writer, BlobPurpose::BundleFile)
        .await;
    upload.info.size = SIZE as u64;
    let file = desk.store.add_file(Commit::new(InsertBundleFile {
        bundle: world.bundle,
        upload,
        description: Description::empty(),
        visibility: Visibility {
            to_client: true,
            to_writer: true,
        },
        uploaded_at: world.tick(),
    }));
    let id = file.await.unwrap().id;
    let limits = ServerLimits {
        max_connections: 1,
        write_timeout: PATIENCE,
        ..ServerLimits::default()
    };
    let server = succeed_with(&mut desk, Gate::new(0), limits);
    let head = format!(
        "GET {}files/{id}/download/ HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n",
        bundle_path(&desk)
    );
    let mut socket = desk.connect().await;
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    socket.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    let client = desk.anonymous();
    let live = tokio::time::timeout(10 * PATIENCE, client.get("/healthz/live"));
    let live = live.await.expect("there is room");
    assert_eq!(live.status, 200);
    drop(socket);
    drop(server.stop(false));
}

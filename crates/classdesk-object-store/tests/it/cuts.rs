//! Uploads that end in every way an upload can end, at random points.
//!
//! 200 points by default; the variable `CLASSDESK_CUT_POINTS` asks for more. Whatever happens,
//! nobody ever sees a half file, and after a sweep there is neither a byte nor a row of it.

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use classdesk_conformance::Fixture;
use classdesk_domain::blobs::{
    BlobError, BlobRepository, BlobStore, ByteStream, FileName, UploadTarget,
};
use classdesk_domain::clock::Clock;
use classdesk_domain::error::Error;
use classdesk_domain::system::{SystemClock, SystemSecrets};
use classdesk_domain::{App, Ports, Settings};
use classdesk_memory::{FrozenClock, MemoryStore, PlainHasher};
use classdesk_object_store::ObjectStoreBlobs;
use futures_util::{StreamExt, stream};

use crate::faults::{Fault, Faulty};
use crate::fixture::{Kind, StorageFixture, chunks, content, eventually, fresh_key};

const CHUNK: usize = 40_000;

/// A small generator: the points are random and the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// How an upload ends.
#[derive(Debug, Clone, Copy)]
enum Cut {
    /// The client's connection breaks after this many bytes.
    Source(usize),
    /// The request is dropped at this poll.
    Dropped(u64),
    /// The process dies at this poll.
    Killed(u64),
    /// The storage fails at this call.
    Storage(i64, Fault),
}

/// The domain on rows in memory and bytes in a storage.
struct Site {
    stage: StorageFixture,
    rows: Arc<MemoryStore>,
    fixture: Fixture,
    clock: Arc<FrozenClock>,
}

impl Site {
    async fn new(kind: Kind) -> Self {
        let rows = Arc::new(MemoryStore::new());
        let fixture = Fixture::create(&*rows).await;
        Self {
            stage: StorageFixture::new(kind).await,
            rows,
            fixture,
            clock: Arc::new(FrozenClock::at(SystemClock.now())),
        }
    }

    fn classdesk(&self, blobs: Arc<dyn BlobStore>) -> App {
        let ports = Ports::new(
            self.rows.clone(),
            blobs,
            Arc::new(PlainHasher::default()),
            self.clock.clone(),
            Arc::new(SystemSecrets),
        );
        App::new(ports, Settings::default())
    }

    async fn check_unseen(&self, what: &str) {
        let seen = self.stage.paths().await;
        assert!(seen.is_empty(), "{what}: half a file is to be seen");
    }

    /// After a sweep nothing is there.
    async fn check_swept(&self, what: &str) {
        let classdesk = self.classdesk(self.stage.blobs.clone());
        self.clock.set(
            SystemClock
                .now()
                .plus(Duration::from_secs(3 * 24 * 60 * 60)),
        );
        let swept = classdesk.maintenance.sweep().await.unwrap();
        assert_eq!(swept.failed, 0, "{what}");
        classdesk.maintenance.abort_stale_uploads().await.unwrap();
        self.clock.set(SystemClock.now());
        assert_eq!(self.stage.traces(), [] as [PathBuf; 0], "{what}");
        assert_eq!(self.rows.list_blobs(None, 10).await.unwrap(), [], "{what}");
        let mut findings = Vec::new();
        classdesk
            .maintenance
            .check(false, |finding| findings.push(finding))
            .await
            .unwrap();
        assert_eq!(findings, [], "{what}");
    }
}

/// Uploads through the use case; the answer is whether it was acknowledged.
async fn upload(classdesk: &App, fixture: &Fixture, bytes: ByteStream) -> Result<(), Error> {
    let target = UploadTarget::Bundle(fixture.bundle);
    let permit = classdesk.uploads.begin(&fixture.client, target).await?;
    let name = FileName::clean("essay.txt");
    let finished = classdesk.uploads.receive(&permit, name, bytes).await?;
    // Acknowledged, and then given up: the sweeper takes it, too.
    classdesk.uploads.abandon(&finished).await
}

/// The bytes up to a point, and then the end of the connection.
fn broken_off(bytes: &Bytes, at: usize) -> ByteStream {
    let error = BlobError::Interrupted("connection reset by peer".into());
    let good = chunks(&bytes.slice(..at), CHUNK);
    Box::pin(good.chain(stream::iter([Err(error)])))
}

/// Polls a future at most this often.
struct AtMost<F> {
    inner: Pin<Box<F>>,
    polls: u64,
}

impl<F: Future> Future for AtMost<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.polls == 0 {
            return Poll::Ready(None);
        }
        self.polls -= 1;
        self.inner.as_mut().poll(cx).map(Some)
    }
}

/// Cuts an upload and waits for all work on it to end. What was not acknowledged is nowhere to be
/// seen then, unless the process died before it could erase it.
async fn cut(site: &Site, cut: Cut, bytes: &Bytes, what: &str) {
    let blobs = site.stage.blobs.clone();
    match cut {
        Cut::Source(at) => {
            let outcome =
                upload(&site.classdesk(blobs), &site.fixture, broken_off(bytes, at)).await;
            assert!(
                matches!(outcome, Err(Error::Blob(BlobError::Interrupted(_)))),
                "{outcome:?}"
            );
        }
        Cut::Dropped(polls) => {
            let held = Arc::new(());
            let watched = site.stage.connect().await;
            let watched = watched.with_layer(|inner| Arc::new(Faulty::never(&held, inner)));
            let outcome = {
                let classdesk = site.classdesk(Arc::new(watched));
                let inner = Box::pin(upload(&classdesk, &site.fixture, paced(bytes)));
                AtMost { inner, polls }.await
            };
            // What was on its way is cleaned up behind the back of the request.
            eventually(what, || Arc::strong_count(&held) == 1).await;
            match outcome {
                Some(outcome) => outcome.unwrap(),
                None => site.check_unseen(what).await,
            }
        }
        Cut::Killed(polls) => {
            // A process of its own in all that matters: when its runtime ends, nothing of it
            // runs any more, no task and no clean-up.
            let before = site.stage.busy();
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    let runtime = tokio::runtime::Builder::new_multi_thread()
                        .worker_threads(1)
                        .enable_all()
                        .build()
                        .unwrap();
                    runtime.block_on(async {
                        let classdesk = site.classdesk(Arc::new(site.stage.connect().await));
                        let inner = Box::pin(upload(&classdesk, &site.fixture, paced(bytes)));
                        let mut uploading = Box::pin(AtMost { inner, polls });
                        let _ = uploading.as_mut().await;
                        // Forgotten, not dropped: the dead clean up nothing.
                        std::mem::forget(uploading);
                    });
                    // System calls that are under way end; everything else ends here.
                    runtime.shutdown_timeout(Duration::from_secs(30));
                });
            });
            eventually("the server is done with the dead", || {
                site.stage.busy() <= before
            })
            .await;
        }
        Cut::Storage(call, fault) => {
            let faulty: ObjectStoreBlobs = site
                .stage
                .connect()
                .await
                .with_layer(|inner| Arc::new(Faulty::at(call, fault, inner)));
            let classdesk = site.classdesk(Arc::new(faulty));
            match upload(&classdesk, &site.fixture, chunks(bytes, CHUNK)).await {
                // The chosen call never came.
                Ok(()) => return,
                Err(Error::Blob(BlobError::NoSpace(_))) if fault == Fault::FullDisk => {}
                Err(Error::Blob(BlobError::Unavailable(_))) if fault == Fault::LostAnswer => {}
                Err(other) => panic!("{what}: {other:?}"),
            }
            site.check_unseen(what).await;
        }
    }
}

/// Chunks with a pause after each, as they come over a network.
fn paced(bytes: &Bytes) -> ByteStream {
    Box::pin(chunks(bytes, CHUNK).then(|chunk| async move {
        tokio::task::yield_now().await;
        chunk
    }))
}

async fn check_cuts(kind: Kind, points: u64) {
    let site = Site::new(kind).await;
    let mut dice = Dice(20_261_122);
    // Up to some parts of the kind's size.
    let most = match kind {
        Kind::Folder => 4_000_000,
        Kind::Bucket => 12_000_000,
    };
    for point in 0..points {
        let length = usize::try_from(1 + dice.below(most)).unwrap();
        let polls = 1 + dice.below(length as u64 / CHUNK as u64 + 12);
        let bytes = content(point, length);
        let ending = match point % 5 {
            0 => Cut::Source(usize::try_from(dice.below(length as u64 + 1)).unwrap()),
            1 => Cut::Dropped(polls),
            2 => Cut::Killed(polls),
            3 => Cut::Storage(i64::try_from(dice.below(7)).unwrap(), Fault::FullDisk),
            _ => Cut::Storage(i64::try_from(dice.below(7)).unwrap(), Fault::LostAnswer),
        };
        let what = format!("{kind:?}, point {point}, {length} bytes, {ending:?}");
        cut(&site, ending, &bytes, &what).await;
        site.check_swept(&what).await;
    }
}

fn points() -> u64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "a test's own knob, not a setting"
    )]
    let asked = std::env::var("CLASSDESK_CUT_POINTS");
    asked.map_or(200, |points| points.parse().unwrap())
}

/// contract: conv.uploads.gone
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_left_of_an_upload_to_a_folder_that_is_cut() {
    check_cuts(Kind::Folder, points() * 3 / 5).await;
}

/// contract: conv.uploads.gone
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_left_of_an_upload_to_a_bucket_that_is_cut() {
    check_cuts(Kind::Bucket, points() * 2 / 5).await;
}

/// The narrowest point: everything is durable, and the request goes away before it hears of it.
#[tokio::test]
async fn an_object_of_which_nobody_heard_is_erased() {
    for kind in [Kind::Folder, Kind::Bucket] {
        let stage = StorageFixture::new(kind).await;
        let (key, read_out) = (fresh_key(), Arc::new(AtomicBool::new(false)));
        let last = {
            let read_out = Arc::clone(&read_out);
            stream::once(async move {
                read_out.store(true, Ordering::SeqCst);
                Ok(Bytes::new())
            })
        };
        let bytes = chunks(&content(1, 1000), 100).chain(last);
        let mut putting = Box::pin(stage.blobs.put(&key, Box::pin(bytes), 1000));
        while !read_out.load(Ordering::SeqCst) {
            let mut inner = putting.as_mut();
            let polled = std::future::poll_fn(|cx| Poll::Ready(inner.as_mut().poll(cx))).await;
            assert!(polled.is_pending());
            tokio::task::yield_now().await;
        }
        eventually("the object", || stage.file(&key).exists()).await;
        drop(putting);
        eventually("its end", || stage.traces().is_empty()).await;
    }
}

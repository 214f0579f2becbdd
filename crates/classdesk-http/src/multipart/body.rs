//! The body of a form on its way to the parser: how much of it has come in, and how fast.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actix_web::error::PayloadError;
use actix_web::rt::time::{Instant, timeout};
use actix_web::web;
use bytes::{Bytes, BytesMut};
use futures_util::stream::{Stream, StreamExt};
use tokio::sync::mpsc;

/// How many bytes the texts of a form may have together.
pub(super) const TEXTS: u64 = 128 * 1024;

/// How many bytes of a body may be anything else than its file: its texts, and as many for headers
/// of parts, for what stands between them, and for what is on its way.
pub(super) const BESIDE_THE_FILE: u64 = TEXTS + 128 * 1024;

/// The greatest piece that is handed on, in bytes. Three of them are on their way at most.
const PIECE: usize = 32 * 1024;

/// How many chunks that have arrived already are handed on together, so that many small ones cost
/// no more than a few large ones. What has arrived has 32 KiB or little more in all.
const TOGETHER: usize = 8 * 1024;

/// How many bytes an upload sends at least in each second, once [`RATE_FREE`] is over. A client that
/// sends a byte now and then would keep its upload open for good.
const LEAST_RATE: u64 = 1024;

/// How long an upload may have any rate, unless it may not even stand still for so long.
const RATE_FREE: Duration = Duration::from_secs(10);

/// Why a body ended before its end.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum BodyFailure {
    #[error("it has too many bytes beside its file")]
    TooLarge,
    #[error("it comes too slowly")]
    TooSlow,
    #[error("{0}")]
    Broken(String),
}

/// What is known of a body while it comes in.
#[derive(Default)]
pub(super) struct Progress {
    read: AtomicU64,
    file: AtomicU64,
    failure: OnceLock<BodyFailure>,
}

impl Progress {
    /// Counts bytes that belong to the file.
    pub(super) fn add_file(&self, bytes: usize) {
        self.file.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Why the body ended too early, if it did.
    pub(super) fn failure(&self) -> Option<&BodyFailure> {
        self.failure.get()
    }

    fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    fn add(&self, bytes: usize) -> Result<(), BodyFailure> {
        self.read.fetch_add(bytes as u64, Ordering::Relaxed);
        // What is on its way may belong to the file without being counted there yet.
        let beside = self.read() - self.file.load(Ordering::Relaxed);
        if beside > BESIDE_THE_FILE {
            return Err(BodyFailure::TooLarge);
        }
        Ok(())
    }

    /// Hands a body on as it comes, until it ends, says too much, stands still too long or comes
    /// too slowly. Once nobody takes it any more, the rest is read and dropped.
    ///
    /// A body can't leave its thread, and a store wants a stream that can: hence the channel.
    pub(super) async fn forward(
        &self,
        body: web::Payload,
        sender: mpsc::Sender<Result<Bytes, BodyFailure>>,
        longest_pause: Duration,
    ) -> Result<(), BodyFailure> {
        let forwarded = self.forward_all(body, &sender, longest_pause).await;
        if let Err(failure) = &forwarded {
            let _ = self.failure.set(failure.clone());
            let _ = sender.send(Err(failure.clone())).await;
        }
        forwarded
    }

    async fn forward_all(
        &self,
        body: web::Payload,
        sender: &mpsc::Sender<Result<Bytes, BodyFailure>>,
        longest_pause: Duration,
    ) -> Result<(), BodyFailure> {
        // Waiting for the storage is none of the client's doing.
        let mut waited = Duration::ZERO;
        let mut body = body.ready_chunks(TOGETHER);
        loop {
            let asked = Instant::now();
            let arrived = timeout(longest_pause, body.next()).await;
            waited += asked.elapsed();
            let Some(chunks) = arrived.map_err(|_| BodyFailure::TooSlow)? else {
                return Ok(());
            };
            let mut bytes = joined(chunks)?;
            let rate_free = RATE_FREE.min(longest_pause);
            let expected = waited.saturating_sub(rate_free).as_secs() * LEAST_RATE;
            if self.read() + (bytes.len() as u64) < expected {
                return Err(BodyFailure::TooSlow);
            }
            while !bytes.is_empty() {
                let piece = bytes.split_to(bytes.len().min(PIECE));
                self.add(piece.len())?;
                let _ = sender.send(Ok(piece)).await;
            }
        }
    }
}

fn joined(chunks: Vec<Result<Bytes, PayloadError>>) -> Result<Bytes, BodyFailure> {
    let mut chunks = chunks.into_iter().map(|chunk| {
        let broken = |error: PayloadError| BodyFailure::Broken(error.to_string());
        chunk.map_err(broken)
    });
    let first = chunks.next().unwrap_or(Ok(Bytes::new()))?;
    if chunks.len() == 0 {
        return Ok(first);
    }
    let mut all = BytesMut::from(first);
    for chunk in chunks {
        all.extend_from_slice(&chunk?);
    }
    Ok(all.freeze())
}

/// What was handed on, as the stream that the parser reads.
pub(super) fn received(
    receiver: mpsc::Receiver<Result<Bytes, BodyFailure>>,
) -> impl Stream<Item = Result<Bytes, BodyFailure>> + Send + 'static {
    futures_util::stream::unfold(receiver, |mut receiver| async {
        receiver.recv().await.map(|piece| (piece, receiver))
    })
}

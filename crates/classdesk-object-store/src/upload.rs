//! Bytes on their way in.
//!
//! The caller's future splits the stream into parts; it counts and hashes the bytes and detects
//! their type. A task of its own writes the parts, so that an abandoned upload is cleaned up: when
//! the parts end before the last one, the task aborts the upload and erases what there is. It hands
//! a finished object over in an [`UploadGuard`], which erases it unless the caller commits it.
//!
//! The library's `BufWriter` would split the stream too. When a completion fails it answers with
//! what went wrong with its abort, which hides whether the storage was away, full or refused.

use std::sync::Arc;
use std::time::Duration;

use classdesk_domain::blobs::{BlobError, BlobInfo, ByteStream, Sha256Digest, StorageKey};
use futures_util::StreamExt;
use object_store::{MultipartUpload, ObjectStoreExt, PutPayload, PutPayloadMut};
use sha2::{Digest, Sha256};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::timeout;

use crate::backend::{self, Storage};
use crate::failure::{self, Operation};
use crate::media_type::Detector;
use crate::options::ObjectStoreOptions;

/// The memory of a part is taken in blocks of this many bytes, as they fill.
const BLOCK: usize = 64 * 1024;

/// A part of an upload, with its turn to be written.
enum Piece {
    /// More follow.
    Part(PutPayload, Turn),
    /// This was all.
    Last(PutPayload, Turn),
}

/// The right of a part to be written. It ends when this is dropped.
type Turn = OwnedSemaphorePermit;

/// How many parts of all uploads are written at once. An upload has no turn while its bytes arrive,
/// so that a slow client keeps nobody waiting.
#[derive(Debug, Clone)]
pub(crate) struct Turns {
    free: Arc<Semaphore>,
    longest_wait: Duration,
}

#[derive(Debug, thiserror::Error)]
#[error("too many parts of uploads are being written")]
struct NoTurn;

impl Turns {
    pub(crate) fn new(options: &ObjectStoreOptions) -> Self {
        let turns = options.concurrent_writes.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            free: Arc::new(Semaphore::new(turns)),
            longest_wait: options.request_timeout,
        }
    }

    async fn take(&self) -> Result<Turn, BlobError> {
        let turn = timeout(self.longest_wait, Arc::clone(&self.free).acquire_owned()).await;
        let turn = turn.map_err(|_| BlobError::Unavailable(NoTurn.into()))?;
        turn.map_err(|closed| BlobError::Backend(closed.into()))
    }
}

type Written = Result<UploadGuard, BlobError>;

/// Stores a stream under a key.
pub(crate) async fn put(
    storage: &Arc<Storage>,
    key: &StorageKey,
    bytes: ByteStream,
    limit: u64,
    turns: &Turns,
) -> Result<BlobInfo, BlobError> {
    storage.check_writable(key).await?;
    let (pieces, to_write) = mpsc::channel(1);
    let (written, outcome) = oneshot::channel();
    tokio::spawn(write(
        UploadGuard::new(Arc::clone(storage), key.clone()),
        to_write,
        written,
    ));
    let taken = split_into_parts(bytes, limit, storage.part_size(limit), pieces, turns).await;
    // Also on a failure: by then the writer has cleaned up.
    match (taken, outcome.await) {
        (Ok(Some(info)), Ok(Ok(object))) => {
            object.commit();
            Ok(info)
        }
        (Err(error), _) | (_, Ok(Err(error))) => Err(error),
        (Ok(_), _) => Err(BlobError::Backend("the writing task ended early".into())),
    }
}

/// Reads the stream to its end and sends the parts. `None` means that the writer has ended; it
/// has the reason.
async fn split_into_parts(
    mut bytes: ByteStream,
    limit: u64,
    part_size: usize,
    pieces: mpsc::Sender<Piece>,
    turns: &Turns,
) -> Result<Option<BlobInfo>, BlobError> {
    let mut size = 0_u64;
    let mut hash = Sha256::new();
    let mut media_type = Detector::default();
    let mut part = PutPayloadMut::new().with_block_size(BLOCK);
    while let Some(chunk) = bytes.next().await {
        let chunk = chunk?;
        size = size.saturating_add(chunk.len() as u64);
        if size > limit {
            return Err(BlobError::TooLarge { limit });
        }
        hash.update(&chunk);
        media_type.update(&chunk);
        let mut rest = &chunk[..];
        while !rest.is_empty() {
            // A full part is sent only when more is there: the last piece is never empty.
            if part.content_length() == part_size {
                let turn = turns.take().await?;
                let full =
                    std::mem::replace(&mut part, PutPayloadMut::new().with_block_size(BLOCK));
                if pieces.send(Piece::Part(full.freeze(), turn)).await.is_err() {
                    return Ok(None);
                }
            }
            let (now, later) = rest.split_at(rest.len().min(part_size - part.content_length()));
            part.extend_from_slice(now);
            rest = later;
        }
    }
    if size == 0 {
        return Err(BlobError::Empty);
    }
    let turn = turns.take().await?;
    if pieces.send(Piece::Last(part.freeze(), turn)).await.is_err() {
        return Ok(None);
    }
    Ok(Some(BlobInfo {
        size,
        sha256: Sha256Digest::from_bytes(hash.finalize().into()),
        content_type: media_type.finish(),
    }))
}

/// The writing task.
async fn write(
    object: UploadGuard,
    mut pieces: mpsc::Receiver<Piece>,
    written: oneshot::Sender<Written>,
) {
    let outcome = match pieces.recv().await {
        // Nothing was begun.
        None => {
            object.commit();
            return;
        }
        Some(first) => write_pieces(&object, first, &mut pieces).await,
    };
    // A sender that still waits must not wait longer.
    drop(pieces);
    match outcome {
        // A caller that has gone drops it, and that erases it.
        Ok(true) => drop(written.send(Ok(object))),
        Ok(false) => object.erase().await,
        Err(error) => {
            object.erase().await;
            let _ = written.send(Err(error));
        }
    }
}

/// Writes all pieces; `false` when they end before the last one.
async fn write_pieces(
    object: &UploadGuard,
    first: Piece,
    pieces: &mut mpsc::Receiver<Piece>,
) -> Result<bool, BlobError> {
    let failed = |error| failure::of_store(error, Operation::Write);
    let location = backend::location(object.key.as_str())?;
    let objects = &object.storage.objects;
    if let Piece::Last(only, _turn) = first {
        objects.put(&location, only).await.map_err(failed)?;
        return Ok(true);
    }
    let mut upload = objects.put_multipart(&location).await.map_err(failed)?;
    let finished = write_parts(&mut *upload, first, pieces).await;
    if !matches!(finished, Ok(true))
        && let Err(error) = upload.abort().await
    {
        // It may have been completed all the same; what is left is swept later.
        tracing::debug!(key = %object.key, %error, "an upload could not be given up");
    }
    finished.map_err(failed)
}

async fn write_parts(
    upload: &mut dyn MultipartUpload,
    first: Piece,
    pieces: &mut mpsc::Receiver<Piece>,
) -> object_store::Result<bool> {
    let mut next = Some(first);
    loop {
        match next {
            None => return Ok(false),
            Some(Piece::Part(part, _turn)) => upload.put_part(part).await?,
            Some(Piece::Last(part, _turn)) => {
                upload.put_part(part).await?;
                upload.complete().await?;
                return Ok(true);
            }
        }
        next = pieces.recv().await;
    }
}

/// An object that may be written and is not committed. When this is dropped, it is erased.
struct UploadGuard {
    storage: Arc<Storage>,
    key: StorageKey,
    runtime: Handle,
    armed: bool,
}

impl UploadGuard {
    fn new(storage: Arc<Storage>, key: StorageKey) -> Self {
        Self {
            storage,
            key,
            runtime: Handle::current(),
            armed: true,
        }
    }

    /// Keeps the object.
    fn commit(mut self) {
        self.armed = false;
    }

    async fn erase(mut self) {
        erase(&self.storage, &self.key).await;
        self.armed = false;
    }
}

impl Drop for UploadGuard {
    fn drop(&mut self) {
        if self.armed {
            let (storage, key) = (Arc::clone(&self.storage), self.key.clone());
            self.runtime
                .spawn(async move { erase(&storage, &key).await });
        }
    }
}

/// Its row is still pending, so what can't be erased now is swept later.
async fn erase(storage: &Storage, key: &StorageKey) {
    if let Err(error) = storage.erase(key.as_str()).await {
        tracing::warn!(%key, error = &error as &dyn std::error::Error, "an upload left bytes behind");
    }
}

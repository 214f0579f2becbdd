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

use classdesk_domain::blobs::{BlobError, BlobInfo, ByteStream, Sha256Digest, StorageKey};
use futures_util::StreamExt;
use object_store::{MultipartUpload, ObjectStoreExt, PutPayload, PutPayloadMut};
use sha2::{Digest, Sha256};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, SemaphorePermit, mpsc, oneshot};

use crate::backend::{self, Storage};
use crate::failure::{self, Operation};
use crate::media_type::Detector;

/// The memory of a part is taken in blocks of this many bytes, as they fill.
const BLOCK: usize = 64 * 1024;

/// A part of an upload.
enum Piece {
    /// More follow.
    Part(PutPayload),
    /// This was all.
    Last(PutPayload),
}

type Written = Result<UploadGuard, BlobError>;

/// Stores a stream under a key.
pub(crate) async fn put(
    storage: &Arc<Storage>,
    key: &StorageKey,
    bytes: ByteStream,
    limit: u64,
    turns: &Semaphore,
) -> Result<BlobInfo, BlobError> {
    storage.check_writable(key).await?;
    let (pieces, to_write) = mpsc::channel(1);
    let (written, outcome) = oneshot::channel();
    tokio::spawn(write(
        UploadGuard::new(Arc::clone(storage), key.clone()),
        to_write,
        written,
    ));
    let mut turn = Turn { turns, taken: None };
    let taken = split_into_parts(bytes, limit, storage.part_size(limit), pieces, &mut turn).await;
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

/// The turn of an upload, which it keeps until its bytes are written.
struct Turn<'a> {
    turns: &'a Semaphore,
    taken: Option<SemaphorePermit<'a>>,
}

impl Turn<'_> {
    /// Waits for the turn once an upload has more than a block. Until then it may be one that hardly
    /// comes at all, and would keep the turn from others.
    async fn take_from(&mut self, size: u64) -> Result<(), BlobError> {
        if self.taken.is_none() && size > BLOCK as u64 {
            let taken = self.turns.acquire().await;
            self.taken = Some(taken.map_err(|closed| BlobError::Backend(closed.into()))?);
        }
        Ok(())
    }
}

/// Reads the stream to its end and sends the parts. `None` means that the writer has ended; it
/// has the reason.
async fn split_into_parts(
    mut bytes: ByteStream,
    limit: u64,
    part_size: usize,
    pieces: mpsc::Sender<Piece>,
    turn: &mut Turn<'_>,
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
        turn.take_from(size).await?;
        hash.update(&chunk);
        media_type.update(&chunk);
        let mut rest = &chunk[..];
        while !rest.is_empty() {
            // A full part is sent only when more is there: the last piece is never empty.
            if part.content_length() == part_size {
                let full =
                    std::mem::replace(&mut part, PutPayloadMut::new().with_block_size(BLOCK));
                if pieces.send(Piece::Part(full.freeze())).await.is_err() {
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
    if pieces.send(Piece::Last(part.freeze())).await.is_err() {
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
    let first = match first {
        Piece::Last(only) => {
            objects.put(&location, only).await.map_err(failed)?;
            return Ok(true);
        }
        Piece::Part(first) => first,
    };
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
    first: PutPayload,
    pieces: &mut mpsc::Receiver<Piece>,
) -> object_store::Result<bool> {
    upload.put_part(first).await?;
    loop {
        match pieces.recv().await {
            None => return Ok(false),
            Some(Piece::Part(part)) => upload.put_part(part).await?,
            Some(Piece::Last(part)) => {
                upload.put_part(part).await?;
                upload.complete().await?;
                return Ok(true);
            }
        }
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

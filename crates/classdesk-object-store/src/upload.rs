//! Bytes on their way in.
//!
//! The caller's future takes the stream apart into pieces: it counts, hashes and looks at the
//! bytes. A task of its own writes the pieces, so that an abandoned upload is cleaned up by
//! somebody: when the pieces end before the last one, the task gives the upload up and erases what
//! there is. What it has finished it hands over as [`Unclaimed`], which erases the object again
//! unless the caller takes it. At no instant is there an object that nobody answers for.

use std::sync::Arc;

use classdesk_domain::blobs::{BlobError, BlobInfo, ByteStream, Sha256Digest, StorageKey};
use futures_util::StreamExt;
use object_store::{MultipartUpload, ObjectStoreExt, PutPayload, PutPayloadMut};
use sha2::{Digest, Sha256};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use crate::backend::Backend;
use crate::failure::{self, Doing};
use crate::sniff;

/// The memory of a part is taken in blocks of this many bytes, as they fill.
const BLOCK: usize = 64 * 1024;

/// A part of an upload.
enum Piece {
    /// More follow.
    Part(PutPayload),
    /// This was all.
    Last(PutPayload),
}

type Written = Result<Unclaimed, BlobError>;

/// Stores a stream under a key.
pub(crate) async fn put(
    backend: &Arc<Backend>,
    key: &StorageKey,
    bytes: ByteStream,
    limit: u64,
) -> Result<BlobInfo, BlobError> {
    backend.check_writable(key).await?;
    let (pieces, to_write) = mpsc::channel(1);
    let (written, outcome) = oneshot::channel();
    tokio::spawn(write(
        Unclaimed::new(Arc::clone(backend), key.clone()),
        to_write,
        written,
    ));
    let taken = take_apart(bytes, limit, backend.part_size(limit), pieces).await;
    // Also on a failure: by then the writer has cleaned up.
    match (taken, outcome.await) {
        (Ok(Some(info)), Ok(Ok(object))) => {
            object.claim();
            Ok(info)
        }
        (Err(error), _) | (_, Ok(Err(error))) => Err(error),
        (Ok(_), _) => Err(BlobError::Backend("the writing task ended early".into())),
    }
}

/// Reads the stream to its end and sends the pieces. `None` means that the writer has gone; it
/// says why.
async fn take_apart(
    mut bytes: ByteStream,
    limit: u64,
    part_size: usize,
    pieces: mpsc::Sender<Piece>,
) -> Result<Option<BlobInfo>, BlobError> {
    let mut size = 0_u64;
    let mut hash = Sha256::new();
    let mut head = Vec::new();
    let mut part = PutPayloadMut::new().with_block_size(BLOCK);
    while let Some(chunk) = bytes.next().await {
        let chunk = chunk?;
        size = size.saturating_add(chunk.len() as u64);
        if size > limit {
            return Err(BlobError::TooLarge { limit });
        }
        hash.update(&chunk);
        let missing = sniff::HEAD_BYTES - head.len();
        head.extend_from_slice(&chunk[..missing.min(chunk.len())]);
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
    let whole = size == head.len() as u64;
    Ok(Some(BlobInfo {
        size,
        sha256: Sha256Digest::from_bytes(hash.finalize().into()),
        content_type: sniff::content_type(&head, whole),
    }))
}

/// The writing task.
async fn write(
    object: Unclaimed,
    mut pieces: mpsc::Receiver<Piece>,
    written: oneshot::Sender<Written>,
) {
    let outcome = match pieces.recv().await {
        // Nothing was begun.
        None => {
            object.claim();
            return;
        }
        Some(first) => write_pieces(&object, first, &mut pieces).await,
    };
    // From here on a sender that still waits is told at once.
    drop(pieces);
    match outcome {
        // Whoever does not take it drops it, and that erases it.
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
    object: &Unclaimed,
    first: Piece,
    pieces: &mut mpsc::Receiver<Piece>,
) -> Result<bool, BlobError> {
    let failed = |error| failure::of_store(error, Doing::Writing);
    let location = object.backend.location(&object.key)?;
    let objects = &object.backend.objects;
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

/// An object that is written, or may be, and that nobody has taken yet. Dropped, it is erased.
struct Unclaimed {
    backend: Arc<Backend>,
    key: StorageKey,
    runtime: Handle,
    armed: bool,
}

impl Unclaimed {
    fn new(backend: Arc<Backend>, key: StorageKey) -> Self {
        Self {
            backend,
            key,
            runtime: Handle::current(),
            armed: true,
        }
    }

    /// Somebody answers for it now.
    fn claim(mut self) {
        self.armed = false;
    }

    async fn erase(mut self) {
        erase(&self.backend, &self.key).await;
        self.armed = false;
    }
}

impl Drop for Unclaimed {
    fn drop(&mut self) {
        if self.armed {
            let (backend, key) = (Arc::clone(&self.backend), self.key.clone());
            self.runtime
                .spawn(async move { erase(&backend, &key).await });
        }
    }
}

/// Its row is still pending, so what can't be erased now is swept later.
async fn erase(backend: &Backend, key: &StorageKey) {
    if let Err(error) = backend.erase(key).await {
        tracing::warn!(%key, error = &error as &dyn std::error::Error, "an upload left bytes behind");
    }
}

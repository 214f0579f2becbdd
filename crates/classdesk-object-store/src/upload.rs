//! Bytes on their way in.
//!
//! The caller's future counts and hashes the bytes and detects their type. A task of its own writes
//! them, so that an abandoned upload is cleaned up: when the pieces end before the last one, the task
//! aborts the upload and erases what there is. It hands a finished object over in an
//! [`UploadGuard`], which erases it unless the caller commits it.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use classdesk_domain::blobs::{BlobError, BlobInfo, ByteStream, Sha256Digest, StorageKey};
use futures_util::StreamExt;
use object_store::buffered::BufWriter;
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use crate::backend::{self, Storage};
use crate::failure::{self, Operation};
use crate::media_type::Detector;

/// A piece of an upload.
enum Piece {
    /// More follow.
    Chunk(Bytes),
    /// This was all.
    End,
}

type Written = Result<UploadGuard, BlobError>;

/// Stores a stream under a key.
pub(crate) async fn put(
    storage: &Arc<Storage>,
    key: &StorageKey,
    bytes: ByteStream,
    limit: u64,
) -> Result<BlobInfo, BlobError> {
    storage.check_writable(key).await?;
    let (location, part_size) = (backend::location(key.as_str())?, storage.part_size(limit));
    let writer = BufWriter::with_capacity(Arc::clone(&storage.objects), location, part_size);
    let (pieces, to_write) = mpsc::channel(1);
    let (written, outcome) = oneshot::channel();
    tokio::spawn(write(
        UploadGuard::new(Arc::clone(storage), key.clone()),
        writer.with_max_concurrency(1),
        to_write,
        written,
    ));
    let taken = take(bytes, limit, pieces).await;
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

/// Reads the stream to its end and sends it on. `None` means that the writer has ended; it has the
/// reason.
async fn take(
    mut bytes: ByteStream,
    limit: u64,
    pieces: mpsc::Sender<Piece>,
) -> Result<Option<BlobInfo>, BlobError> {
    let mut size = 0_u64;
    let mut hash = Sha256::new();
    let mut media_type = Detector::default();
    while let Some(chunk) = bytes.next().await {
        let chunk = chunk?;
        size = size.saturating_add(chunk.len() as u64);
        if size > limit {
            return Err(BlobError::TooLarge { limit });
        }
        hash.update(&chunk);
        media_type.update(&chunk);
        if pieces.send(Piece::Chunk(chunk)).await.is_err() {
            return Ok(None);
        }
    }
    if size == 0 {
        return Err(BlobError::Empty);
    }
    if pieces.send(Piece::End).await.is_err() {
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
    mut writer: BufWriter,
    mut pieces: mpsc::Receiver<Piece>,
    written: oneshot::Sender<Written>,
) {
    let outcome = write_pieces(&object.key, &mut writer, &mut pieces).await;
    // A sender that still waits must not wait longer.
    drop(pieces);
    match outcome {
        // A caller that has gone drops it, and that erases it.
        Ok(true) => drop(written.send(Ok(object))),
        Ok(false) => object.erase().await,
        Err(error) => {
            object.erase().await;
            let _ = written.send(Err(of_writer(error)));
        }
    }
}

/// Writes all pieces; `false` when they end before the last one.
async fn write_pieces(
    key: &StorageKey,
    writer: &mut BufWriter,
    pieces: &mut mpsc::Receiver<Piece>,
) -> io::Result<bool> {
    loop {
        let unfinished = match pieces.recv().await {
            Some(Piece::Chunk(chunk)) => match writer.write_all(&chunk).await {
                Ok(()) => continue,
                Err(error) => Err(error),
            },
            // What can't be finished the writer aborts by itself.
            Some(Piece::End) => return writer.shutdown().await.map(|()| true),
            None => Ok(false),
        };
        if let Err(error) = writer.abort().await {
            // It may have been completed all the same; what is left is swept later.
            tracing::debug!(%key, %error, "an upload could not be given up");
        }
        return unfinished;
    }
}

/// The writer wraps the errors of the store.
fn of_writer(error: io::Error) -> BlobError {
    match error.downcast::<object_store::Error>() {
        Ok(error) => failure::of_store(error, Operation::Write),
        Err(error) => failure::of_io(error, Operation::Write),
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

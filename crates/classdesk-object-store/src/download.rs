//! Bytes on their way out: never silently short, never silently other ones.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;

use bytes::Bytes;
use classdesk_domain::blobs::{BlobError, BlobInfo, ByteRange, ByteStream, StorageKey};
use classdesk_domain::policy::ReadPermit;
use futures_util::stream::{BoxStream, StreamExt, TryStreamExt, try_unfold};
use object_store::path::Path;
use object_store::{GetOptions, GetRange, GetResultPayload, ObjectStoreExt};
use sha2::{Digest, Sha256};

use crate::backend::Backend;
use crate::failure::{self, Doing};

/// How many bytes are read from a file at once.
const CHUNK: u64 = 64 * 1024;

/// Opens an object, or a range of it.
pub(crate) async fn open(
    backend: &Backend,
    permit: &ReadPermit,
    range: Option<ByteRange>,
) -> Result<ByteStream, BlobError> {
    let (key, info) = (permit.key(), permit.info());
    let wanted = match range {
        None => 0..info.size,
        Some(ByteRange { start, end }) if start < end && end <= info.size => start..end,
        Some(_) => return Err(BlobError::RangeNotSatisfiable),
    };
    let opened = match backend.check_readable(key).await {
        Ok(()) => read(backend, key, info, &wanted).await,
        Err(error) => Err(error),
    };
    match opened {
        Ok(source) => Ok(Verified::stream(source, key.clone(), info, &wanted)),
        Err(error) => {
            tell(key, &error);
            Err(error)
        }
    }
}

async fn read(
    backend: &Backend,
    key: &StorageKey,
    info: &BlobInfo,
    wanted: &Range<u64>,
) -> Result<BoxStream<'static, Result<Bytes, BlobError>>, BlobError> {
    let location = backend.location(key)?;
    let whole = *wanted == (0..info.size);
    let options = GetOptions {
        range: (!whole).then(|| GetRange::Bounded(wanted.clone())),
        ..GetOptions::default()
    };
    let result = match backend.objects.get_opts(&location, options).await {
        Ok(result) => result,
        Err(error) => return Err(why_not(backend, &location, info, error).await),
    };
    if result.meta.size != info.size || result.range != *wanted {
        return Err(BlobError::Damaged);
    }
    Ok(match result.payload {
        GetResultPayload::File(file, _) => file_chunks(file, wanted.clone()),
        GetResultPayload::Stream(stream) => stream
            .map_err(|error| failure::of_store(error, Doing::Reading))
            .boxed(),
    })
}

/// A range beyond the end of an object that has become shorter fails in ways of its own.
async fn why_not(
    backend: &Backend,
    location: &Path,
    info: &BlobInfo,
    error: object_store::Error,
) -> BlobError {
    match failure::of_store(error, Doing::Reading) {
        error @ (BlobError::Unavailable(_) | BlobError::Backend(_)) => {
            match backend.objects.head(location).await {
                Ok(meta) if meta.size != info.size => BlobError::Damaged,
                _ => error,
            }
        }
        error => error,
    }
}

/// Reads a range of a file in chunks, each on a blocking thread.
fn file_chunks(file: File, range: Range<u64>) -> BoxStream<'static, Result<Bytes, BlobError>> {
    try_unfold(
        (file, range),
        |(mut file, Range { start, end })| async move {
            let reading = tokio::task::spawn_blocking(move || {
                let mut chunk =
                    Vec::with_capacity(usize::try_from(CHUNK.min(end - start)).unwrap_or(0));
                file.seek(SeekFrom::Start(start))?;
                (&mut file)
                    .take(CHUNK.min(end - start))
                    .read_to_end(&mut chunk)?;
                Ok((chunk, file))
            });
            let (chunk, file) = reading
                .await
                .map_err(|died| BlobError::Backend(died.into()))?
                .map_err(|error| failure::of_io(error, Doing::Reading))?;
            let start = start + chunk.len() as u64;
            Ok((!chunk.is_empty()).then(|| (Bytes::from(chunk), (file, start..end))))
        },
    )
    .boxed()
}

/// A stream that ends well only when everything has come. Of a whole object the last chunk is held
/// back until the digest is known to be right, so that a damaged one is never handed out whole.
struct Verified {
    source: BoxStream<'static, Result<Bytes, BlobError>>,
    key: StorageKey,
    lacking: u64,
    digest: Option<(Sha256, [u8; 32])>,
    held: Option<Bytes>,
}

impl Verified {
    fn stream(
        source: BoxStream<'static, Result<Bytes, BlobError>>,
        key: StorageKey,
        info: &BlobInfo,
        wanted: &Range<u64>,
    ) -> ByteStream {
        let whole = *wanted == (0..info.size);
        let verified = Self {
            source: source.fuse().boxed(),
            key,
            lacking: wanted.end - wanted.start,
            digest: whole.then(|| (Sha256::new(), *info.sha256.as_bytes())),
            held: None,
        };
        Box::pin(try_unfold(verified, |mut verified| async move {
            match verified.next().await {
                Ok(chunk) => Ok(chunk.map(|chunk| (chunk, verified))),
                Err(error) => {
                    tell(&verified.key, &error);
                    Err(error)
                }
            }
        }))
    }

    async fn next(&mut self) -> Result<Option<Bytes>, BlobError> {
        while let Some(chunk) = self.source.next().await {
            let chunk = chunk?;
            if chunk.is_empty() {
                continue;
            }
            self.lacking = self
                .lacking
                .checked_sub(chunk.len() as u64)
                .ok_or(BlobError::Damaged)?;
            if let Some((hash, _)) = &mut self.digest {
                hash.update(&chunk);
            }
            if let Some(ready) = self.held.replace(chunk) {
                return Ok(Some(ready));
            }
        }
        if self.lacking > 0 {
            return Err(BlobError::Damaged);
        }
        if let Some((hash, expected)) = self.digest.take()
            && <[u8; 32]>::from(hash.finalize()) != expected
        {
            return Err(BlobError::Damaged);
        }
        Ok(self.held.take())
    }
}

/// Lost bytes are worth a line of their own: the client sees no more than a broken download.
fn tell(key: &StorageKey, error: &BlobError) {
    let error = error as &dyn std::error::Error;
    tracing::error!(%key, error, "a stored object can't be read");
}

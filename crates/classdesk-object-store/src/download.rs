//! Bytes on their way out. A stream never ends well when bytes are lacking or other ones.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;

use bytes::Bytes;
use classdesk_domain::blobs::{
    BlobError, BlobInfo, ByteRange, ByteStream, Sha256Digest, StorageKey,
};
use classdesk_domain::policy::ReadPermit;
use futures_util::stream::{StreamExt, TryStreamExt, try_unfold};
use object_store::path::Path;
use object_store::{GetOptions, GetRange, GetResult, GetResultPayload, ObjectStoreExt};
use sha2::{Digest, Sha256};

use crate::backend::{self, Storage};
use crate::failure::{self, Operation};

/// How many bytes are read from a file at once.
const CHUNK: u64 = 128 * 1024;

/// Opens an object, or a range of it.
pub(crate) async fn open(
    storage: &Storage,
    permit: &ReadPermit,
    range: Option<ByteRange>,
) -> Result<ByteStream, BlobError> {
    let (key, info) = (permit.key().clone(), permit.info());
    let range = match range {
        None => 0..info.size,
        Some(ByteRange { start, end }) if start < end && end <= info.size => start..end,
        Some(_) => return Err(BlobError::RangeNotSatisfiable),
    };
    let check = Check {
        lacking: range.end - range.start,
        digest: (range == (0..info.size)).then(|| (Sha256::new(), info.sha256)),
    };
    let result = get(storage, &key, info, &range)
        .await
        .inspect_err(|error| log_error(&key, error))?;
    let chunks = match result.payload {
        GetResultPayload::File(file, _) => file_chunks(file, range),
        GetResultPayload::Stream(stream) => stream
            .map_err(|error| failure::of_store(error, Operation::Read))
            .boxed(),
    };
    let checked = checked(chunks, check);
    Ok(checked
        .inspect_err(move |error| log_error(&key, error))
        .boxed())
}

async fn get(
    storage: &Storage,
    key: &StorageKey,
    info: &BlobInfo,
    range: &Range<u64>,
) -> Result<GetResult, BlobError> {
    let location = backend::location(key.as_str())?;
    let is_whole = *range == (0..info.size);
    let options = GetOptions {
        range: (!is_whole).then(|| GetRange::Bounded(range.clone())),
        ..GetOptions::default()
    };
    match storage.objects.get_opts(&location, options).await {
        Ok(result) if result.meta.size == info.size && result.range == *range => Ok(result),
        Ok(_) => Err(BlobError::Damaged),
        Err(error) => Err(classify(storage, &location, info, error).await),
    }
}

/// A range beyond the end of a shortened object fails in ways of its own.
async fn classify(
    storage: &Storage,
    location: &Path,
    info: &BlobInfo,
    error: object_store::Error,
) -> BlobError {
    match failure::of_store(error, Operation::Read) {
        error @ (BlobError::Unavailable(_) | BlobError::Backend(_)) => {
            match storage.objects.head(location).await {
                Ok(meta) if meta.size != info.size => BlobError::Damaged,
                _ => error,
            }
        }
        error => error,
    }
}

/// The chunks of a file, each read on a thread that may block.
fn file_chunks(file: File, range: Range<u64>) -> ByteStream {
    try_unfold((file, range), async |(file, range)| {
        if range.is_empty() {
            return Ok(None);
        }
        let reading = tokio::task::spawn_blocking(move || read_chunk(file, range));
        reading
            .await
            .map_err(|panicked| BlobError::Backend(panicked.into()))?
    })
    .boxed()
}

type Rest = (File, Range<u64>);

fn read_chunk(mut file: File, range: Range<u64>) -> Result<Option<(Bytes, Rest)>, BlobError> {
    let length = CHUNK.min(range.end - range.start);
    let mut chunk = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
    file.seek(SeekFrom::Start(range.start))
        .and_then(|_| (&mut file).take(length).read_to_end(&mut chunk))
        .map_err(|error| failure::of_io(error, Operation::Read))?;
    if chunk.is_empty() {
        return Ok(None);
    }
    let rest = range.start + chunk.len() as u64..range.end;
    Ok(Some((Bytes::from(chunk), (file, rest))))
}

/// What has to have come when a stream ends well.
struct Check {
    lacking: u64,
    /// The digest of the bytes so far and the expected one, when a whole object is read.
    digest: Option<(Sha256, Sha256Digest)>,
}

impl Check {
    fn update(&mut self, chunk: &[u8]) -> Result<(), BlobError> {
        let rest = self.lacking.checked_sub(chunk.len() as u64);
        self.lacking = rest.ok_or(BlobError::Damaged)?;
        if let Some((digest, _)) = &mut self.digest {
            digest.update(chunk);
        }
        Ok(())
    }

    fn finish(self) -> Result<(), BlobError> {
        let is_right = |(digest, expected): (Sha256, Sha256Digest)| {
            let found: [u8; 32] = digest.finalize().into();
            found == *expected.as_bytes()
        };
        if self.lacking == 0 && self.digest.is_none_or(is_right) {
            Ok(())
        } else {
            Err(BlobError::Damaged)
        }
    }
}

fn checked(chunks: ByteStream, check: Check) -> ByteStream {
    try_unfold((chunks, check), async |(mut chunks, mut check)| {
        let Some(chunk) = chunks.try_next().await? else {
            return check.finish().map(|()| None);
        };
        check.update(&chunk)?;
        Ok(Some((chunk, (chunks, check))))
    })
    .boxed()
}

/// The client sees no more than a broken download, so the log says more.
fn log_error(key: &StorageKey, error: &BlobError) {
    let error = error as &dyn std::error::Error;
    tracing::error!(%key, error, "a stored object can't be read");
}

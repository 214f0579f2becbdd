//! Bytes on their way out: never silently short, never silently other ones.

use std::fs::File;
use std::future::ready;
use std::io::{self, Read};
use std::ops::Range;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use bytes::{Bytes, BytesMut};
use classdesk_domain::blobs::{
    BlobError, BlobInfo, ByteRange, ByteStream, Sha256Digest, StorageKey,
};
use classdesk_domain::policy::ReadPermit;
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt, try_unfold};
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectStoreExt};
use sha2::{Digest, Sha256};
use tokio::task::JoinHandle;

use crate::backend::{Backend, Place};
use crate::failure::{self, Doing};
use crate::folder::Folder;
use crate::kept::{KeptObjects, SMALL, Wanted};
use crate::whole::{Identity, Known, Witness};

/// How many bytes are read from a file at once. One such chunk is read ahead.
const CHUNK: u64 = 128 * 1024;

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
    let digest = (wanted == (0..info.size)).then(Sha256::new);
    let keeping = match backend.kept.look(key, info, Instant::now()) {
        Wanted::Kept(bytes) => return Ok(slice(&bytes, &wanted)),
        Wanted::Again(since) if digest.is_some() => Some(Keeping {
            kept: Arc::clone(&backend.kept),
            since,
            bytes: BytesMut::with_capacity(usize::try_from(info.size).unwrap_or(0)),
        }),
        Wanted::Again(_) | Wanted::Once => None,
    };
    let opened = match &backend.place {
        Place::Folder(folder) => open_file(folder, key, info, &wanted, digest).await,
        Place::Bucket(_) => open_object(backend, key, info, &wanted, digest).await,
    };
    match opened {
        Ok(source) => Ok(Verified::stream(
            source,
            key.clone(),
            info,
            &wanted,
            keeping,
        )),
        Err(error) => {
            tell(key, &error);
            Err(error)
        }
    }
}

/// A part of what is in memory.
fn slice(bytes: &Bytes, wanted: &Range<u64>) -> ByteStream {
    let place = |at| usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
    let part = bytes.slice(place(wanted.start)..place(wanted.end));
    Box::pin(stream::once(ready(Ok(part))))
}

async fn open_file(
    folder: &Folder,
    key: &StorageKey,
    info: &BlobInfo,
    wanted: &Range<u64>,
    digest: Option<Sha256>,
) -> Result<Source, BlobError> {
    let (folder, key, size, wanted) = (folder.clone(), key.clone(), info.size, wanted.clone());
    let (first, rest, witness) = blocking(move || {
        let (file, metadata) = folder.open_for_reading(&key, size, wanted.start)?;
        let mut reading = Reading {
            file,
            lacking: wanted.end - wanted.start,
            digest,
            unwritten_since: None,
        };
        // Small files are kept themselves.
        let identity = Identity::of(&metadata).filter(|_| reading.digest.is_some() && size > SMALL);
        let known = identity.map(|identity| folder.whole.look(&key, identity, Instant::now()));
        if known == Some(Known::Whole) {
            reading.digest = None;
            reading.unwritten_since = metadata.modified().ok();
        }
        let witness = identity
            .filter(|_| known == Some(Known::Steady))
            .map(|identity| {
                Box::new(Witness {
                    files: Arc::clone(&folder.whole),
                    key,
                    identity,
                })
            });
        let (first, rest) = read_chunk(reading)?;
        Ok((first, rest, witness))
    })
    .await?;
    Ok(Source::File {
        next: Some(Next::Read(first, rest)),
        digest: None,
        witness,
    })
}

async fn open_object(
    backend: &Backend,
    key: &StorageKey,
    info: &BlobInfo,
    wanted: &Range<u64>,
    digest: Option<Sha256>,
) -> Result<Source, BlobError> {
    let location = backend.location(key)?;
    let options = GetOptions {
        range: digest.is_none().then(|| GetRange::Bounded(wanted.clone())),
        ..GetOptions::default()
    };
    let result = match backend.objects.get_opts(&location, options).await {
        Ok(result) => result,
        Err(error) => return Err(why_not(backend, &location, info, error).await),
    };
    if result.meta.size != info.size || result.range != *wanted {
        return Err(BlobError::Damaged);
    }
    let stream = result
        .into_stream()
        .map_err(|error| failure::of_store(error, Doing::Reading));
    Ok(Source::Object {
        stream: stream.fuse().boxed(),
        digest,
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

/// A file that is being read, and the digest of what was read of it so far.
struct Reading {
    file: File,
    lacking: u64,
    digest: Option<Sha256>,
    /// When the file was last written to before it was believed to be whole.
    unwritten_since: Option<SystemTime>,
}

impl Reading {
    /// Whether the file was written to while it was read. That it was removed meanwhile, which
    /// changes its change time, does no harm.
    fn is_rewritten(&self) -> io::Result<bool> {
        let Some(since) = self.unwritten_since else {
            return Ok(false);
        };
        Ok(self.file.metadata()?.modified()? != since)
    }
}

/// Reads and digests the next chunk; an empty one is the end. It blocks.
fn read_chunk(mut reading: Reading) -> Result<(Bytes, Reading), BlobError> {
    let length = CHUNK.min(reading.lacking);
    let mut chunk = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
    (&mut reading.file)
        .take(length)
        .read_to_end(&mut chunk)
        .map_err(|error| failure::of_io(error, Doing::Reading))?;
    reading.lacking -= chunk.len() as u64;
    if let Some(digest) = &mut reading.digest {
        digest.update(&chunk);
    }
    if reading.lacking == 0 {
        let rewritten = reading.is_rewritten();
        if rewritten.map_err(|error| failure::of_io(error, Doing::Reading))? {
            return Err(BlobError::Damaged);
        }
    }
    Ok((Bytes::from(chunk), reading))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BlobError> + Send + 'static,
) -> Result<T, BlobError> {
    joined(tokio::task::spawn_blocking(work)).await
}

async fn joined<T>(work: JoinHandle<Result<T, BlobError>>) -> Result<T, BlobError> {
    work.await.map_err(|died| BlobError::Backend(died.into()))?
}

/// The next chunk of a file, which is read while the client takes the one before it.
enum Next {
    Read(Bytes, Reading),
    OnItsWay(JoinHandle<Result<(Bytes, Reading), BlobError>>),
}

/// Where the bytes come from, with the digest of those that came when all were to come.
enum Source {
    File {
        next: Option<Next>,
        digest: Option<Sha256>,
        witness: Option<Box<Witness>>,
    },
    Object {
        stream: BoxStream<'static, Result<Bytes, BlobError>>,
        digest: Option<Sha256>,
    },
}

impl Source {
    /// The next chunk; an empty one is the end.
    async fn next(&mut self) -> Result<Bytes, BlobError> {
        match self {
            Self::File { next, digest, .. } => {
                let (chunk, rest) = match next.take() {
                    None => return Ok(Bytes::new()),
                    Some(Next::Read(chunk, rest)) => (chunk, rest),
                    Some(Next::OnItsWay(reading)) => joined(reading).await?,
                };
                if rest.lacking > 0 && !chunk.is_empty() {
                    let reading = tokio::task::spawn_blocking(|| read_chunk(rest));
                    *next = Some(Next::OnItsWay(reading));
                } else {
                    *digest = rest.digest;
                }
                Ok(chunk)
            }
            Self::Object { stream, digest } => {
                while let Some(chunk) = stream.next().await {
                    let chunk = chunk?;
                    if !chunk.is_empty() {
                        if let Some(digest) = digest {
                            digest.update(&chunk);
                        }
                        return Ok(chunk);
                    }
                }
                Ok(Bytes::new())
            }
        }
    }

    /// The digest of what came, and who is to learn that it is right.
    fn into_digest(self) -> (Option<[u8; 32]>, Option<Box<Witness>>) {
        let (digest, witness) = match self {
            Self::File {
                digest, witness, ..
            } => (digest, witness),
            Self::Object { digest, .. } => (digest, None),
        };
        (digest.map(|digest| digest.finalize().into()), witness)
    }
}

/// What was read so far of an object that will be kept if its digest is right.
struct Keeping {
    kept: Arc<KeptObjects>,
    /// When it was wanted first.
    since: Instant,
    bytes: BytesMut,
}

/// A stream that ends well only when everything has come. Of a whole object the last chunk is held
/// back until the digest is known to be right, so that a damaged one is never handed out whole.
struct Verified {
    source: Option<Source>,
    key: StorageKey,
    lacking: u64,
    sha256: Sha256Digest,
    held: Option<Bytes>,
    keeping: Option<Keeping>,
}

impl Verified {
    fn stream(
        source: Source,
        key: StorageKey,
        info: &BlobInfo,
        wanted: &Range<u64>,
        keeping: Option<Keeping>,
    ) -> ByteStream {
        let verified_hash = Self {
            source: Some(source),
            key,
            lacking: wanted.end - wanted.start,
            sha256: info.sha256,
            held: None,
            keeping,
        };
        Box::pin(try_unfold(verified_hash, |mut verified_hash| async move {
            match verified_hash.next().await {
                Ok(chunk) => Ok(chunk.map(|chunk| (chunk, verified_hash))),
                Err(error) => {
                    tell(&verified_hash.key, &error);
                    Err(error)
                }
            }
        }))
    }

    async fn next(&mut self) -> Result<Option<Bytes>, BlobError> {
        while let Some(source) = &mut self.source {
            let chunk = source.next().await?;
            if chunk.is_empty() {
                self.check_end()?;
                break;
            }
            self.lacking = self
                .lacking
                .checked_sub(chunk.len() as u64)
                .ok_or(BlobError::Damaged)?;
            if let Some(keeping) = &mut self.keeping {
                keeping.bytes.extend_from_slice(&chunk);
            }
            if let Some(earlier) = self.held.replace(chunk) {
                return Ok(Some(earlier));
            }
        }
        Ok(self.held.take())
    }

    fn check_end(&mut self) -> Result<(), BlobError> {
        let source = self.source.take();
        let (digest, witness) = source.map_or((None, None), Source::into_digest);
        if self.lacking > 0 || digest.is_some_and(|digest| digest != *self.sha256.as_bytes()) {
            return Err(BlobError::Damaged);
        }
        if digest.is_some() {
            if let Some(witness) = witness {
                witness.vouch();
            }
            if let Some(keeping) = self.keeping.take() {
                let content = (self.sha256, keeping.bytes.freeze());
                let (kept, since) = (keeping.kept, keeping.since);
                kept.keep(&self.key, since, content, Instant::now());
            }
        }
        Ok(())
    }
}

/// Lost bytes are worth a line of their own: the client sees no more than a broken download.
fn tell(key: &StorageKey, error: &BlobError) {
    let error = error as &dyn std::error::Error;
    tracing::error!(%key, error, "a stored object can't be read");
}

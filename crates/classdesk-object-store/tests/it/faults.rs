//! A layer before a storage: it fails at a chosen call, and shows how long it is used.

use std::fmt;
use std::future::pending;
use std::io::{Error as IoError, ErrorKind};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, UploadPart,
};

/// How the chosen call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The disk is full: nothing is done.
    FullDisk,
    /// It is done, and the answer gets lost.
    LostAnswer,
    /// It takes for ever.
    NoAnswer,
}

/// Counts down with each call that writes, and fails the one that reaches zero.
#[derive(Debug, Clone)]
struct Fuse {
    calls: Arc<AtomicI64>,
    fault: Fault,
}

impl Fuse {
    /// The fault, if this call is the chosen one.
    fn burn(&self) -> Option<Fault> {
        (self.calls.fetch_sub(1, Ordering::SeqCst) == 0).then_some(self.fault)
    }

    async fn before(fault: Option<Fault>) -> Result<()> {
        match fault {
            Some(Fault::FullDisk) => Err(broken(ErrorKind::StorageFull)),
            Some(Fault::NoAnswer) => pending().await,
            _ => Ok(()),
        }
    }

    fn after<T>(fault: Option<Fault>, done: Result<T>) -> Result<T> {
        match fault {
            Some(Fault::LostAnswer) => done.and(Err(broken(ErrorKind::ConnectionReset))),
            _ => done,
        }
    }
}

fn broken(kind: ErrorKind) -> object_store::Error {
    object_store::Error::Generic {
        store: "Faulty",
        source: Box::new(IoError::from(kind)),
    }
}

/// The layer.
#[derive(Debug)]
pub(crate) struct Faulty {
    inner: Arc<dyn ObjectStore>,
    fuse: Fuse,
    _held: Arc<()>,
}

impl Faulty {
    /// Fails the call with this number, counted from 0.
    pub(crate) fn at(call: i64, fault: Fault, inner: Arc<dyn ObjectStore>) -> Self {
        let calls = Arc::new(AtomicI64::new(call));
        Self {
            inner,
            fuse: Fuse { calls, fault },
            _held: Arc::default(),
        }
    }

    /// Fails no call, and holds `held` for as long as anything uses the storage.
    pub(crate) fn never(held: &Arc<()>, inner: Arc<dyn ObjectStore>) -> Self {
        Self {
            _held: Arc::clone(held),
            ..Self::at(i64::MAX, Fault::FullDisk, inner)
        }
    }
}

impl fmt::Display for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Faulty({})", self.inner)
    }
}

#[async_trait]
impl ObjectStore for Faulty {
    async fn put_opts(
        &self,
        to: &Path,
        bytes: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let fault = self.fuse.burn();
        Fuse::before(fault).await?;
        Fuse::after(fault, self.inner.put_opts(to, bytes, options).await)
    }

    async fn put_multipart_opts(
        &self,
        to: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let fault = self.fuse.burn();
        Fuse::before(fault).await?;
        let begun = self.inner.put_multipart_opts(to, options).await;
        let inner = Fuse::after(fault, begun)?;
        let fuse = self.fuse.clone();
        Ok(Box::new(FaultyUpload { inner, fuse }))
    }

    async fn get_opts(&self, from: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(from, options).await
    }

    fn delete_stream(
        &self,
        paths: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let fault = self.fuse.burn();
        let inner = Arc::clone(&self.inner);
        let before = stream::once(Fuse::before(fault));
        let mut paths = Some(paths);
        let deleted = move |()| inner.delete_stream(paths.take().unwrap());
        before.map_ok(deleted).try_flatten().boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

#[derive(Debug)]
struct FaultyUpload {
    inner: Box<dyn MultipartUpload>,
    fuse: Fuse,
}

#[async_trait]
impl MultipartUpload for FaultyUpload {
    fn put_part(&mut self, part: PutPayload) -> UploadPart {
        let fault = self.fuse.burn();
        let writing = self.inner.put_part(part);
        Box::pin(async move {
            Fuse::before(fault).await?;
            Fuse::after(fault, writing.await)
        })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let fault = self.fuse.burn();
        Fuse::before(fault).await?;
        Fuse::after(fault, self.inner.complete().await)
    }

    async fn abort(&mut self) -> Result<()> {
        let fault = self.fuse.burn();
        Fuse::before(fault).await?;
        Fuse::after(fault, self.inner.abort().await)
    }
}

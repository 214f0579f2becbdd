//! How much of request bodies is in memory.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What a body may take without being counted: nearly every one is smaller.
pub(super) const FREE: usize = 8 * 1024;

/// The bytes that all bodies together may take beyond what is free.
pub(crate) struct Bodies {
    all: usize,
    left: Arc<Semaphore>,
}

/// There is no memory for a body.
pub(crate) struct TooMuch;

impl Bodies {
    /// So many bytes.
    pub(crate) fn new(bytes: usize) -> Self {
        let all = bytes.min(Semaphore::MAX_PERMITS);
        Self {
            all,
            left: Arc::new(Semaphore::new(all)),
        }
    }

    /// Begins a body that will have so many bytes, as far as is known. What does not fit in is
    /// refused before it comes; what does is counted only as it comes.
    pub(crate) fn begin(&self, length: usize) -> Result<GrowingBody, TooMuch> {
        if length.saturating_sub(FREE) > self.left.available_permits() {
            return Err(TooMuch);
        }
        Ok(GrowingBody {
            bytes: BytesMut::with_capacity(length.min(FREE)),
            left: self.left.clone(),
            held: None,
        })
    }

    /// How many bytes are taken beyond what is free.
    pub(crate) fn taken(&self) -> usize {
        self.all - self.left.available_permits()
    }
}

/// A body that comes in.
pub(crate) struct GrowingBody {
    bytes: BytesMut,
    left: Arc<Semaphore>,
    held: Option<OwnedSemaphorePermit>,
}

impl GrowingBody {
    /// How much has come.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Takes what has come.
    pub(crate) fn push(&mut self, chunk: &[u8]) -> Result<(), TooMuch> {
        let counted = |length: usize| length.saturating_sub(FREE);
        let length = self.bytes.len();
        let more = counted(length + chunk.len()) - counted(length);
        if more > 0 {
            let more = u32::try_from(more).map_err(|_| TooMuch)?;
            let left = self.left.clone();
            let permit = left.try_acquire_many_owned(more).map_err(|_| TooMuch)?;
            match &mut self.held {
                Some(held) => held.merge(permit),
                None => self.held = Some(permit),
            }
        }
        self.bytes.extend_from_slice(chunk);
        Ok(())
    }

    /// The whole body.
    pub(crate) fn end(self) -> HeldBody {
        HeldBody {
            bytes: self.bytes.freeze(),
            _held: self.held,
        }
    }
}

/// A whole body. Its memory is free again when it is dropped.
pub(crate) struct HeldBody {
    bytes: Bytes,
    _held: Option<OwnedSemaphorePermit>,
}

impl std::ops::Deref for HeldBody {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

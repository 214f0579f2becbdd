//! How much of a form has come in, and how fast.

use std::cell::Cell;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use actix_web::error::PayloadError;
use actix_web::rt::time::{Instant, timeout};
use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt};

/// How many bytes of a body may be anything else than its file: texts, headers of parts, what
/// stands between them, and what is buffered.
pub(super) const BESIDE_THE_FILE: u64 = 512 * 1024;

/// How many bytes an upload sends at least in each second, once [`RATE_FREE`] is over. A client that
/// sends a byte now and then would keep its upload open for good.
const LEAST_RATE: u64 = 1024;

/// How long an upload may have any rate, unless it may not even stand still for so long.
const RATE_FREE: Duration = Duration::from_secs(10);

/// Counts what comes in, so that whatever is no file stays small.
#[derive(Default)]
pub(super) struct ByteCount {
    read: Cell<u64>,
    file: Cell<u64>,
    pub(super) exceeded: Cell<bool>,
}

impl ByteCount {
    /// Counts a body as it comes, and ends it when it says too much, stands still too long or comes
    /// too slowly.
    pub(super) fn counted<S>(
        self: Rc<Self>,
        body: S,
        longest_pause: Duration,
    ) -> impl Stream<Item = Result<Bytes, PayloadError>>
    where
        S: Stream<Item = Result<Bytes, PayloadError>> + Unpin,
    {
        let started = Instant::now();
        stream::unfold((self, body), move |(count, mut body)| async move {
            let chunk = match timeout(longest_pause, body.next()).await {
                Ok(chunk) => chunk?.and_then(|chunk| count.add(chunk)),
                Err(_) => Err(too_slow()),
            };
            let counted = started
                .elapsed()
                .saturating_sub(RATE_FREE.min(longest_pause));
            let expected = counted.as_secs() * LEAST_RATE;
            let chunk = chunk.and_then(|chunk| match count.read.get() {
                read if read < expected => Err(too_slow()),
                _ => Ok(chunk),
            });
            Some((chunk, (count, body)))
        })
        // The parser asks on beyond the end.
        .fuse()
    }

    fn add(&self, chunk: Bytes) -> Result<Bytes, PayloadError> {
        self.read.set(self.read.get() + chunk.len() as u64);
        if self.read.get() - self.file.get() > BESIDE_THE_FILE {
            self.exceeded.set(true);
            return Err(PayloadError::Overflow);
        }
        Ok(chunk)
    }

    pub(super) fn add_file(&self, bytes: usize) {
        self.file.set(self.file.get() + bytes as u64);
    }
}

fn too_slow() -> PayloadError {
    PayloadError::Io(io::ErrorKind::TimedOut.into())
}

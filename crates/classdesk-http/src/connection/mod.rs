//! A connection that takes no more of a request than somebody asks for.
//!
//! actix-web reads up to 128 KiB ahead, and as much again for a body that nobody reads yet; with a
//! thousand connections that is more than the server needs for everything else. So reading follows
//! whoever reads the body, as flow control in HTTP/2 does, and the rest stays with the client.

mod deadline;
mod pace;

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, Interest, ReadBuf, Take};
use tokio::net::TcpStream;

use crate::discard::{Bins, Discard};
use deadline::Deadline;
use pace::Due;
pub(crate) use pace::Pace;

/// How much is read in one go while no request is served, so that between any two pieces it is
/// found out whether a request has begun.
const PIECE: usize = 8 * 1024;

/// How much is taken without a request being served, before it is [discarded](Discard) slowly: any
/// head but an absurd one, or what is on its way of a body that was refused. Who goes on sending
/// though their answer is there must not make the server do nothing but throw it away.
const AT_FULL_SPEED: usize = 48 * 1024;

/// A connection with a pace.
pub(crate) struct PacedStream {
    stream: Take<TcpStream>,
    pace: Pace,
    discard: Discard,
    limits: Limits,
    deadline: Deadline,
}

/// How long a connection waits while no request is served.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// For the rest of a head.
    pub(crate) head: Duration,
    /// For the rest of a body.
    pub(crate) rest: Duration,
}

impl PacedStream {
    pub(crate) fn new(stream: TcpStream, bins: Bins, limits: Limits) -> Self {
        Self {
            stream: stream.take(0),
            pace: Pace::default(),
            discard: Discard::into(bins),
            limits,
            deadline: Deadline::after(limits.head),
        }
    }

    pub(crate) const fn pace(&self) -> &Pace {
        &self.pace
    }

    fn stream(self: Pin<&mut Self>) -> Pin<&mut TcpStream> {
        Pin::new(self.get_mut().stream.get_mut())
    }

    /// How much may be read while no request is served; nothing when it is for nobody.
    fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<usize> {
        let state = &self.pace.0;
        if state.piece.get() >= PIECE {
            state.piece.set(0);
            self.discard.next_piece();
            // The next question finds a request that is served, or the next piece.
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        if state.between.get() >= AT_FULL_SPEED {
            let stream = self.stream.get_ref();
            let is_of_use = self.discard.poll_turn(context, || sends_no_more(stream));
            if !ready!(is_of_use) {
                return Poll::Ready(0);
            }
        }
        Poll::Ready(PIECE - state.piece.get())
    }

    /// Takes what comes while no request is served: a head, or what is nobody's. It ends when that
    /// takes too long.
    fn poll_unasked(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = match self.poll_piece(context) {
            Poll::Ready(0) => return Poll::Ready(Ok(())),
            Poll::Ready(most) => self.poll_next_of_piece(most, context, buffer),
            Poll::Pending => Poll::Pending,
        };
        if read.is_ready() {
            return read;
        }
        let state = &self.pace.0;
        if state.due.get() == Due::Rest {
            state.due.set(Due::InTime);
            self.deadline.begin(self.limits.rest);
        }
        if state.due.get() != Due::Nothing && self.deadline.poll_over(context).is_ready() {
            return Poll::Ready(Ok(()));
        }
        let mut reader = state.reader.borrow_mut();
        match &mut *reader {
            Some(reader) => reader.clone_from(context.waker()),
            None => *reader = Some(context.waker().clone()),
        }
        Poll::Pending
    }

    fn poll_next_of_piece(
        &mut self,
        most: usize,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let (count, read) = self.poll_some(most, context, buffer);
        let state = &self.pace.0;
        if read.is_pending() {
            if state.between.get() < AT_FULL_SPEED {
                state.piece.set(0);
            }
            self.discard.stop();
        } else if count > 0 {
            state.piece.set(state.piece.get() + count);
            state.between.set(state.between.get() + count);
            if state.due.get() == Due::Nothing {
                state.due.set(Due::InTime);
                self.deadline.begin(self.limits.head);
            }
        }
        read
    }

    /// Takes at most so much, and says how much it was.
    fn poll_some(
        &mut self,
        most: usize,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> (usize, Poll<io::Result<()>>) {
        self.stream.set_limit(most as u64);
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        (buffer.filled().len() - before, read)
    }

    /// Nothing is wanted, but that a client has gone away has to be noticed.
    fn poll_gone(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let waiting = Some(context.waker().clone());
        self.pace.0.waiting.replace(waiting);
        let mut byte = [0; 1];
        let mut byte = ReadBuf::new(&mut byte);
        match ready!(self.stream.get_mut().poll_peek(context, &mut byte))? {
            0 => Poll::Ready(Ok(())),
            _ => Poll::Pending,
        }
    }
}

/// Whether the system has heard from a client that it sends no more, although what it has sent may
/// still be there.
fn sends_no_more(stream: &TcpStream) -> bool {
    let ready = stream.ready(Interest::READABLE).now_or_never();
    ready.is_some_and(|ready| ready.is_ok_and(|ready| ready.is_read_closed()))
}

impl AsyncRead for PacedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Some(wanted) = self.pace.0.wanted.get() else {
            return self.poll_unasked(context, buffer);
        };
        self.discard.stop();
        if wanted == 0 {
            return self.poll_gone(context);
        }
        let (count, read) = self.poll_some(wanted, context, buffer);
        let left = wanted.saturating_sub(count);
        self.pace.0.wanted.set(Some(left));
        read
    }
}

impl AsyncWrite for PacedStream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.stream().poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use actix_web::http::header::HeaderMap;

    use tokio::io::AsyncWriteExt as _;
    use tokio::net::TcpListener;
    use tokio::task::yield_now;

    use super::*;
    use crate::discard::BINS;

    const LIMITS: Limits = Limits {
        head: Duration::from_secs(60),
        rest: Duration::from_secs(60),
    };

    async fn connection() -> (TcpStream, PacedStream) {
        connection_with(&Bins::new()).await
    }

    async fn connection_with(bins: &Bins) -> (TcpStream, PacedStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap());
        let (client, served) = tokio::join!(client, listener.accept());
        let served = PacedStream::new(served.unwrap().0, bins.clone(), LIMITS);
        (client.unwrap(), served)
    }

    /// Reads what comes, at most 64 KiB, in one go.
    async fn read(stream: &mut PacedStream) -> usize {
        let mut bytes = vec![0; 64 * 1024];
        stream.read(&mut bytes).await.unwrap()
    }

    async fn until_readable(stream: &PacedStream) {
        stream.stream.get_ref().readable().await.unwrap();
    }

    #[tokio::test]
    async fn only_what_a_request_wants_is_read() {
        let (mut client, mut stream) = connection().await;
        client.write_all(&[b'a'; 20_000]).await.unwrap();
        until_readable(&stream).await;
        let pace = stream.pace().clone();
        let serving = pace.serve(&HeaderMap::new());
        assert!(read(&mut stream).now_or_never().is_none());
        pace.want(10);
        assert_eq!(read(&mut stream).await, 10);
        assert!(read(&mut stream).now_or_never().is_none());
        drop(serving);
        assert_eq!(read(&mut stream).await, PIECE);
        // Between two pieces there is time to find out whether a request has begun.
        assert!(read(&mut stream).now_or_never().is_none());
        assert_eq!(read(&mut stream).await, PIECE);
    }

    #[tokio::test]
    async fn who_waits_is_woken_by_what_is_wanted_and_by_the_end() {
        let (mut client, mut stream) = connection().await;
        client.write_all(b"abc").await.unwrap();
        until_readable(&stream).await;
        let pace = stream.pace().clone();
        let serving = pace.serve(&HeaderMap::new());
        let (first, ()) = tokio::join!(read(&mut stream), async { pace.want(1) });
        assert_eq!(first, 1);
        let (second, ()) = tokio::join!(read(&mut stream), async { drop(serving) });
        assert_eq!(second, 2);
    }

    #[tokio::test]
    async fn who_goes_away_is_noticed_though_nothing_is_wanted() {
        let (client, mut stream) = connection().await;
        let _serving = stream.pace().serve(&HeaderMap::new());
        assert!(read(&mut stream).now_or_never().is_none());
        drop(client);
        assert_eq!(read(&mut stream).await, 0);
        let gone = poll_fn(|context| stream.poll_gone(context)).await;
        assert!(gone.is_ok());
    }

    /// A client that goes on with what nobody has asked for, beyond what is taken at full speed.
    async fn goes_on(bins: &Bins) -> (TcpStream, PacedStream) {
        let (mut client, mut stream) = connection_with(bins).await;
        let sent = async { client.write_all(&[b'a'; AT_FULL_SPEED + PIECE]).await };
        let taken = async {
            while stream.pace().0.between.get() < AT_FULL_SPEED {
                read(&mut stream).await;
            }
        };
        let (sent, ()) = tokio::join!(sent, taken);
        sent.unwrap();
        (client, stream)
    }

    #[tokio::test]
    async fn who_goes_on_stands_by_until_a_bin_is_free() {
        let bins = Bins::new();
        let (_client, mut silent) = goes_on(&bins).await;
        assert!(read(&mut silent).await > 0);
        let _others = bins.take(BINS - 1);
        let (_client, mut next) = goes_on(&bins).await;
        // Once for a request that may have begun, and then for a bin.
        for _ in 0..2 {
            assert!(read(&mut next).now_or_never().is_none());
        }

        // It is free when nothing more comes.
        while bins.free() == 0 {
            let _ = read(&mut silent).now_or_never();
            yield_now().await;
        }
        assert!(read(&mut next).await > 0);

        // And when another request is served.
        let serving = next.pace().serve(&HeaderMap::new());
        assert!(read(&mut next).now_or_never().is_none());
        assert_eq!(bins.free(), 1);
        drop(serving);
    }

    #[tokio::test]
    async fn who_goes_away_does_not_stand_by() {
        let bins = Bins::new();
        let _taken = bins.take(BINS);
        let (client, mut stream) = goes_on(&bins).await;
        for _ in 0..2 {
            assert!(read(&mut stream).now_or_never().is_none());
        }
        drop(client);
        while read(&mut stream).await > 0 {}
    }
}

//! A connection that takes no more of a request than somebody asks for.
//!
//! actix-web reads up to 128 KiB ahead, and as much again for a body that nobody reads yet; with a
//! thousand connections that is more than the server needs for everything else. So reading follows
//! whoever reads the body, as flow control in HTTP/2 does, and the rest stays with the client.

use std::cell::{Cell, RefCell};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use actix_web::rt::time::{Sleep, sleep};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf, Take};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How much is read in one go while no request is served, so that between any two pieces it is
/// found out whether a request has begun.
const PIECE: usize = 8 * 1024;

/// How much is taken without a request being served, before it is taken slowly: a head, and some of
/// what is on its way of a body that was refused. Who goes on sending though their answer is there
/// must not make the server do nothing but throw it away.
const AT_FULL_SPEED: usize = 32 * 1024;

/// From how many connections of a worker something may be taken slowly at once. From further ones
/// no more is taken, as if it had ended there: whoever reads has got their answer.
const BINS: usize = 16;

/// How long each further piece waits.
const SLOWLY: Duration = Duration::from_millis(2);

/// How much may be read from a connection. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Pace(Rc<State>);

#[derive(Default)]
struct State {
    /// How much the request that is served still wants; `None` while there is none.
    wanted: Cell<Option<usize>>,
    /// How much of the present piece was read.
    piece: Cell<usize>,
    /// How much was read since a request was served.
    between: Cell<usize>,
    /// Who waits for more to be wanted.
    waiting: RefCell<Option<Waker>>,
}

impl Pace {
    /// From now on a request is served: only what it wants is read, until this is dropped.
    pub(crate) fn serve(&self) -> Serving {
        self.0.wanted.set(Some(0));
        self.0.between.set(0);
        Serving(self.clone())
    }

    /// The request that is served wants this much of its body.
    pub(crate) fn want(&self, bytes: usize) {
        if self.0.wanted.get().is_some() {
            self.0.wanted.set(Some(bytes));
            self.wake();
        }
    }

    fn wake(&self) {
        if let Some(waiting) = self.0.waiting.take() {
            waiting.wake();
        }
    }
}

/// A request is being served.
pub(crate) struct Serving(Pace);

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.0.wanted.set(None);
        self.0.wake();
    }
}

/// A connection with a pace.
pub(crate) struct PacedStream {
    stream: Take<TcpStream>,
    pace: Pace,
    /// Before that, nothing more is read between requests.
    rest: Option<Pin<Box<Sleep>>>,
    bins: Bins,
    /// Where the rest of what was refused goes, if there is so much of it.
    bin: Option<OwnedSemaphorePermit>,
}

/// Where the connections of a worker put what nobody has asked for.
#[derive(Clone)]
pub(crate) struct Bins(Arc<Semaphore>);

impl Bins {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Semaphore::new(BINS)))
    }
}

impl PacedStream {
    pub(crate) fn new(stream: TcpStream, bins: Bins) -> Self {
        Self {
            stream: stream.take(0),
            pace: Pace::default(),
            rest: None,
            bins,
            bin: None,
        }
    }

    pub(crate) const fn pace(&self) -> &Pace {
        &self.pace
    }

    fn stream(self: Pin<&mut Self>) -> Pin<&mut TcpStream> {
        Pin::new(self.get_mut().stream.get_mut())
    }

    /// How much may be read while no request is served; nothing at all if there is too much of it
    /// everywhere.
    fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<usize> {
        let state = &self.pace.0;
        if let Some(rest) = &mut self.rest {
            ready!(rest.as_mut().poll(context));
            self.rest = None;
        } else if state.piece.get() >= PIECE {
            state.piece.set(0);
            if state.between.get() >= AT_FULL_SPEED {
                if self.bin.is_none() {
                    match Arc::clone(&self.bins.0).try_acquire_owned() {
                        Ok(bin) => self.bin = Some(bin),
                        Err(_) => return Poll::Ready(0),
                    }
                }
                self.rest = Some(Box::pin(sleep(SLOWLY)));
            }
            // The next question finds the rest, or the next piece.
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(PIECE - state.piece.get())
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

impl AsyncRead for PacedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let state = self.pace.0.clone();
        let most = match state.wanted.get() {
            Some(0) => {
                self.bin = None;
                return self.poll_gone(context);
            }
            Some(wanted) => wanted,
            None => ready!(self.poll_piece(context)),
        };
        self.stream.set_limit(most as u64);
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        let count = buffer.filled().len() - before;
        match state.wanted.get() {
            Some(wanted) => state.wanted.set(Some(wanted.saturating_sub(count))),
            None if read.is_pending() => state.piece.set(0),
            None => {
                state.piece.set(state.piece.get() + count);
                state.between.set(state.between.get() + count);
            }
        }
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

    use futures_util::FutureExt as _;
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::TcpListener;

    use super::*;

    async fn connection() -> (TcpStream, PacedStream) {
        connection_with(&Bins::new()).await
    }

    async fn connection_with(bins: &Bins) -> (TcpStream, PacedStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap());
        let (client, served) = tokio::join!(client, listener.accept());
        let served = PacedStream::new(served.unwrap().0, bins.clone());
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
        let serving = pace.serve();
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
        let serving = pace.serve();
        let (first, ()) = tokio::join!(read(&mut stream), async { pace.want(1) });
        assert_eq!(first, 1);
        let (second, ()) = tokio::join!(read(&mut stream), async { drop(serving) });
        assert_eq!(second, 2);
    }

    #[tokio::test]
    async fn who_goes_away_is_noticed_though_nothing_is_wanted() {
        let (client, mut stream) = connection().await;
        let _serving = stream.pace().serve();
        assert!(read(&mut stream).now_or_never().is_none());
        drop(client);
        assert_eq!(read(&mut stream).await, 0);
        let gone = poll_fn(|context| stream.poll_gone(context)).await;
        assert!(gone.is_ok());
    }

    /// Reads as much as is taken at full speed, while the client sends that and a piece more.
    async fn fill(client: &mut TcpStream, stream: &mut PacedStream) {
        let sent = async { client.write_all(&[b'a'; AT_FULL_SPEED + PIECE]).await };
        let taken = async {
            let mut taken = 0;
            while taken < AT_FULL_SPEED {
                taken += read(stream).await;
            }
        };
        let (sent, ()) = tokio::join!(sent, taken);
        sent.unwrap();
    }

    #[tokio::test]
    async fn few_may_go_on_with_what_nobody_asks_for() {
        let bins = Bins::new();
        let mut going_on = Vec::new();
        for _ in 0..BINS {
            let (mut client, mut stream) = connection_with(&bins).await;
            fill(&mut client, &mut stream).await;
            assert!(read(&mut stream).await > 0);
            going_on.push((client, stream));
        }
        let (mut client, mut stream) = connection_with(&bins).await;
        fill(&mut client, &mut stream).await;
        assert_eq!(read(&mut stream).await, 0, "it has ended for the server");

        // A bin is free again when another request is served, and when a connection ends.
        let (_client, mut other) = going_on.pop().unwrap();
        let serving = other.pace().serve();
        assert!(read(&mut other).now_or_never().is_none());
        for _ in 0..2 {
            let (mut client, mut stream) = connection_with(&bins).await;
            fill(&mut client, &mut stream).await;
            assert!(read(&mut stream).await > 0);
        }
        drop(serving);
    }
}

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
use futures_util::FutureExt as _;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, Interest, ReadBuf, Take};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How much is read in one go while no request is served, so that between any two pieces it is
/// found out whether a request has begun.
const PIECE: usize = 8 * 1024;

/// How much is taken without a request being served, before it is taken slowly: any head but an
/// absurd one, or what is on its way of a body that was refused. Who goes on sending though their answer is
/// there must not make the server do nothing but throw it away.
const AT_FULL_SPEED: usize = 48 * 1024;

/// How long each further piece waits.
const SLOWLY: Duration = Duration::from_millis(2);

/// From how many connections of a worker something is taken slowly at once. The others stand by.
const BINS: usize = 16;

/// After how many pieces somebody else may have the bin.
const TURN: usize = 64;

/// After what time who stands by looks for a bin again.
const AGAIN: Duration = Duration::from_millis(100);

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
    /// Whether the present piece may be read.
    rested: bool,
    bins: Bins,
    /// Where it goes what is taken slowly, as long as something comes.
    bin: Option<OwnedSemaphorePermit>,
    /// How many pieces went there.
    thrown: usize,
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
            rested: false,
            bins,
            bin: None,
            thrown: 0,
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
        let state = Rc::clone(&self.pace.0);
        if state.piece.get() >= PIECE {
            state.piece.set(0);
            self.rested = false;
            self.thrown += usize::from(self.bin.is_some());
            if self.thrown >= TURN {
                self.thrown = 0;
                self.bin = None;
                self.rest = Some(Box::pin(sleep(AGAIN)));
            }
            // The next question finds a request that is served, or the next piece.
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let is_slow = state.between.get() >= AT_FULL_SPEED;
        while is_slow && !self.rested {
            if let Some(rest) = &mut self.rest {
                ready!(rest.as_mut().poll(context));
                self.rest = None;
                self.rested = self.bin.is_some();
                continue;
            }
            if self.bin.is_none() {
                self.bin = Arc::clone(&self.bins.0).try_acquire_owned().ok();
            }
            let pause = match self.bin {
                Some(_) => SLOWLY,
                // A crowd of those who are gone must not stand by.
                None if self.is_left() => return Poll::Ready(0),
                None => AGAIN,
            };
            self.rest = Some(Box::pin(sleep(pause)));
        }
        Poll::Ready(PIECE - state.piece.get())
    }

    /// Whether the client sends no more, although what it has sent is still there.
    fn is_left(&self) -> bool {
        let ready = self.stream.get_ref().ready(Interest::READABLE);
        let ready = ready.now_or_never();
        ready.is_some_and(|ready| ready.is_ok_and(|ready| ready.is_read_closed()))
    }

    /// What waits for no longer than something comes is given back.
    fn nothing_comes(&mut self) {
        self.bin = None;
        self.rest = None;
        self.rested = false;
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
            Some(wanted) => {
                self.nothing_comes();
                if wanted == 0 {
                    return self.poll_gone(context);
                }
                wanted
            }
            None => match ready!(self.poll_piece(context)) {
                0 => return Poll::Ready(Ok(())),
                most => most,
            },
        };
        self.stream.set_limit(most as u64);
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        let count = buffer.filled().len() - before;
        match state.wanted.get() {
            Some(wanted) => state.wanted.set(Some(wanted.saturating_sub(count))),
            None if read.is_pending() => {
                if state.between.get() < AT_FULL_SPEED {
                    state.piece.set(0);
                }
                self.nothing_comes();
            }
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
    async fn few_may_go_on_with_what_nobody_asks_for() {
        let bins = Bins::new();
        let mut going_on = Vec::new();
        for _ in 0..BINS {
            let (client, mut stream) = goes_on(&bins).await;
            assert!(read(&mut stream).await > 0);
            going_on.push((client, stream));
        }
        let (_client, mut next) = goes_on(&bins).await;
        while next.rest.is_none() {
            assert!(read(&mut next).now_or_never().is_none());
        }
        assert!(next.bin.is_none(), "it stands by");

        // A bin is free again when nothing more comes.
        let (_, silent) = going_on.last_mut().unwrap();
        while silent.bin.is_some() {
            let _ = read(silent).now_or_never();
            tokio::task::yield_now().await;
        }
        assert!(read(&mut next).await > 0);

        // And when another request is served.
        let (_client, mut next) = goes_on(&bins).await;
        let (_, served) = going_on.first_mut().unwrap();
        let serving = served.pace().serve();
        assert!(read(served).now_or_never().is_none());
        assert!(read(&mut next).await > 0);
        drop(serving);
    }

    #[tokio::test]
    async fn nobody_keeps_a_bin_for_good() {
        let bins = Bins::new();
        let (_client, mut stream) = goes_on(&bins).await;
        assert!(read(&mut stream).await > 0);
        assert!(stream.bin.is_some());
        stream.thrown = TURN - 1;
        stream.pace().0.piece.set(PIECE);
        assert!(read(&mut stream).now_or_never().is_none());
        assert!(stream.bin.is_none() && stream.rest.is_some());
    }

    #[tokio::test]
    async fn who_goes_away_does_not_stand_by() {
        let bins = Bins::new();
        let _taken = bins.0.acquire_many(u32::try_from(BINS).unwrap()).await;
        let (client, mut stream) = goes_on(&bins).await;
        assert!(read(&mut stream).now_or_never().is_none());
        drop(client);
        while read(&mut stream).await > 0 {}
    }
}

//! What a client goes on sending after it was refused, and nobody has asked for.
//! [The decision](../../../docs/adr/places-for-work.md) says why it is taken at all.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::rt::time::{Sleep, sleep};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long each piece waits.
const SLOWLY: Duration = Duration::from_millis(2);

/// From how many connections of a worker something is taken at once. The others stand by.
pub(crate) const BINS: usize = 16;

/// After how many pieces somebody else may have the bin.
const TURN: usize = 64;

/// After what time who stands by looks for a bin again.
const AGAIN: Duration = Duration::from_millis(100);

/// The bins of a worker, which its connections share.
#[derive(Clone)]
pub(crate) struct Bins(Arc<Semaphore>);

impl Bins {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Semaphore::new(BINS)))
    }

    /// How many nobody has.
    #[cfg(test)]
    pub(crate) fn free(&self) -> usize {
        self.0.available_permits()
    }

    /// Takes so many that nobody has.
    #[cfg(test)]
    pub(crate) fn take(&self, bins: usize) -> OwnedSemaphorePermit {
        let bins = u32::try_from(bins).unwrap();
        Arc::clone(&self.0).try_acquire_many_owned(bins).unwrap()
    }
}

/// A bin that a connection has for now.
struct Bin {
    _permit: OwnedSemaphorePermit,
    /// How many pieces went there.
    pieces: usize,
}

/// How a connection gets rid of what nobody has asked for.
pub(crate) struct Discard {
    bins: Bins,
    bin: Option<Bin>,
    /// Before that, nothing more is taken.
    rest: Option<Pin<Box<Sleep>>>,
    /// Whether the present piece may be taken.
    rested: bool,
}

impl Discard {
    pub(crate) fn into(bins: Bins) -> Self {
        Self {
            bins,
            bin: None,
            rest: None,
            rested: false,
        }
    }

    /// A whole piece was taken, and another one may come.
    pub(crate) fn next_piece(&mut self) {
        self.rested = false;
        if let Some(bin) = &mut self.bin {
            bin.pieces += 1;
            if bin.pieces >= TURN {
                self.bin = None;
                self.pause(AGAIN);
            }
        }
    }

    /// Nothing comes, or somebody has asked for it. The bin is free for others.
    pub(crate) fn stop(&mut self) {
        self.bin = None;
        self.rest = None;
        self.rested = false;
    }

    /// Waits until the present piece may be taken, and says whether there is any use in it: there
    /// is none for a client who sends no more while others wait for the bins.
    pub(crate) fn poll_turn(
        &mut self,
        context: &mut Context<'_>,
        sends_no_more: impl Fn() -> bool,
    ) -> Poll<bool> {
        while !self.rested {
            if let Some(rest) = &mut self.rest {
                ready!(rest.as_mut().poll(context));
                self.rest = None;
                self.rested = self.bin.is_some();
                continue;
            }
            if self.bin.is_none() {
                let permit = Arc::clone(&self.bins.0).try_acquire_owned().ok();
                self.bin = permit.map(|permit| Bin {
                    _permit: permit,
                    pieces: 0,
                });
            }
            match self.bin {
                Some(_) => self.pause(SLOWLY),
                // A crowd of those who are gone must not stand by.
                None if sends_no_more() => return Poll::Ready(false),
                None => self.pause(AGAIN),
            }
        }
        Poll::Ready(true)
    }

    fn pause(&mut self, time: Duration) {
        self.rest = Some(Box::pin(sleep(time)));
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use futures_util::FutureExt as _;
    use futures_util::future::poll_fn;

    use super::*;

    /// Waits for a turn of somebody who goes on sending.
    async fn turn(discard: &mut Discard) -> bool {
        poll_fn(|context| discard.poll_turn(context, || false)).await
    }

    #[tokio::test(start_paused = true)]
    async fn few_have_a_turn_and_give_it_back() {
        let bins = Bins::new();
        let mut taking: Vec<_> = (0..BINS).map(|_| Discard::into(bins.clone())).collect();
        for one in &mut taking {
            assert!(turn(one).await);
        }
        let mut next = Discard::into(bins.clone());
        assert!(turn(&mut next).now_or_never().is_none());
        taking[0].stop();
        assert!(turn(&mut next).await);

        let mut another = Discard::into(bins);
        assert!(turn(&mut another).now_or_never().is_none());
        taking.pop();
        assert!(turn(&mut another).await);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_keeps_a_bin_for_good() {
        let bins = Bins::new();
        let mut discard = Discard::into(bins.clone());
        for _ in 0..TURN {
            assert!(turn(&mut discard).await);
            assert_eq!(bins.free(), BINS - 1);
            discard.next_piece();
        }
        assert_eq!(bins.free(), BINS);
        assert!(turn(&mut discard).await, "it comes to its turn again");
    }

    #[test]
    fn who_sends_no_more_does_not_stand_by() {
        let bins = Bins::new();
        let _taken = bins.take(BINS);
        let mut discard = Discard::into(bins);
        let found = discard.poll_turn(&mut Context::from_waker(Waker::noop()), || true);
        assert_eq!(found, Poll::Ready(false));
    }
}

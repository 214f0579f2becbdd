//! The threads that compute hashes.

use std::io;
use std::thread;

use classdesk_background::Share;
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

/// What a thread is to do, and what when it may have something to do again.
pub(crate) type Work = Box<dyn FnOnce() -> Box<dyn FnOnce()> + Send>;

/// A thread that has nothing to do. It is given back with the work.
struct Idle(Sender<(Work, Idle)>);

/// Threads with one share. What a thread has given up it does not get back, so they stay with it;
/// and none is begun anew for each hash, since the system takes newcomers for threads that have
/// waited. There are as many as had something to do at once, and they end with this.
pub(crate) struct Threads {
    share: Share,
    done: Sender<Idle>,
    idle: Receiver<Idle>,
}

impl Threads {
    pub(crate) fn with(share: Share) -> Self {
        let (done, idle) = unbounded();
        Self { share, done, idle }
    }

    /// Has a thread do some work, one that has nothing else to do or a new one.
    ///
    /// # Errors
    /// The system gives no further thread. The work is not done then.
    pub(crate) fn run(&self, mut work: Work) -> io::Result<()> {
        while let Ok(Idle(thread)) = self.idle.try_recv() {
            match thread.send((work, Idle(thread.clone()))) {
                Ok(()) => return Ok(()),
                Err(ended) => work = ended.0.0,
            }
        }
        let (share, done) = (self.share, self.done.clone());
        thread::Builder::new()
            .name("hash".to_owned())
            .spawn(move || {
                // Where it is forbidden, hashing goes on.
                let _ = share.take();
                serve(work, &done);
            })
            .map(drop)
    }
}

/// Works until nobody can have any more to do.
fn serve(first: Work, done: &Sender<Idle>) {
    let (thread, tasks) = bounded(1);
    let (mut work, mut idle) = (first, Idle(thread));
    loop {
        // Whoever waits for this to end finds the thread idle.
        let afterwards = work();
        let is_over = done.send(idle).is_err();
        afterwards();
        if is_over {
            return;
        }
        let Ok(task) = tasks.recv() else {
            return;
        };
        (work, idle) = task;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::thread::ThreadId;

    use super::*;

    /// Has a thread of these tell who it is, when it may have something to do again.
    fn who(threads: &Threads) -> ThreadId {
        let (tell, told) = bounded(1);
        let tell = move || tell.send(thread::current().id()).unwrap();
        let work = || -> Box<dyn FnOnce()> { Box::new(tell) };
        threads.run(Box::new(work)).unwrap();
        told.recv().unwrap()
    }

    #[test]
    fn a_thread_that_is_done_is_the_next_to_work() {
        let threads = Threads::with(Share::Rest);
        let first = who(&threads);
        assert_eq!(who(&threads), first);
        assert_ne!(who(&Threads::with(Share::Rest)), first);
    }

    #[test]
    fn who_panics_is_replaced() {
        let threads = Threads::with(Share::Rest);
        let first = who(&threads);
        threads.run(Box::new(|| panic!("on purpose"))).unwrap();
        assert_ne!(who(&threads), first);
    }

    #[test]
    fn threads_end_when_nobody_can_have_any_more_to_do() {
        let threads = Threads::with(Share::Rest);
        let (held, ended) = bounded::<()>(0);
        // The thread's own, which is dropped with it.
        thread_local! {
            static HELD: RefCell<Option<Sender<()>>> = const { RefCell::new(None) };
        }
        let work = move || -> Box<dyn FnOnce()> {
            HELD.with(|mine| *mine.borrow_mut() = Some(held));
            Box::new(|| {})
        };
        threads.run(Box::new(work)).unwrap();
        drop(threads);
        assert!(ended.recv().is_err());
    }
}

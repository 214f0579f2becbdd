//! The bounded queue in front of threads: a mutex and a condition variable.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use classdesk_domain::store::{Outage, StoreError};

/// A queue for so many jobs, at least one.
pub(crate) fn queue<J>(length: usize) -> (Sender<J>, Receiver<J>) {
    let shared = Arc::new(Shared {
        state: Mutex::new(State {
            jobs: VecDeque::new(),
            is_closed: false,
        }),
        changed: Condvar::new(),
        length: length.max(1),
    });
    (Sender(Arc::clone(&shared)), Receiver(shared))
}

struct Shared<J> {
    state: Mutex<State<J>>,
    changed: Condvar,
    length: usize,
}

struct State<J> {
    jobs: VecDeque<J>,
    is_closed: bool,
}

impl<J> Shared<J> {
    fn lock(&self) -> MutexGuard<'_, State<J>> {
        // Nothing that is done under the lock can panic halfway.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_all();
    }
}

/// The end where jobs are put in. It closes the queue when it is dropped.
pub(crate) struct Sender<J>(Arc<Shared<J>>);

impl<J> Sender<J> {
    /// Puts a job into the queue, or says at once why that can't be.
    pub(crate) fn try_send(&self, job: J) -> Result<(), StoreError> {
        let mut state = self.0.lock();
        if state.is_closed {
            return Err(StoreError::unavailable(Outage::Stopping));
        }
        if state.jobs.len() >= self.0.length {
            return Err(StoreError::unavailable(Outage::Busy));
        }
        state.jobs.push_back(job);
        drop(state);
        self.0.changed.notify_one();
        Ok(())
    }

    pub(crate) fn queued(&self) -> usize {
        self.0.lock().jobs.len()
    }

    /// Takes no more jobs; those in the queue are still done.
    pub(crate) fn close(&self) {
        self.0.close();
    }
}

impl<J> Drop for Sender<J> {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// The end where jobs are taken out. Each job goes to one of the receivers.
pub(crate) struct Receiver<J>(Arc<Shared<J>>);

impl<J> Clone for Receiver<J> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<J> Receiver<J> {
    /// Waits for a job; `None` once the queue is closed and empty.
    pub(crate) fn next(&self) -> Option<J> {
        let waits = |state: &mut State<J>| state.jobs.is_empty() && !state.is_closed;
        let waited = self.0.changed.wait_while(self.0.lock(), waits);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        state.jobs.pop_front()
    }

    /// A job that is there already.
    pub(crate) fn try_recv(&self) -> Option<J> {
        self.0.lock().jobs.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn every_job_is_taken_once_and_all_takers_end() {
        let (sender, receiver) = queue(2);
        let taken: Vec<usize> = thread::scope(|scope| {
            let takers: Vec<_> = (0..3)
                .map(|_| {
                    let receiver = receiver.clone();
                    scope.spawn(move || std::iter::from_fn(|| receiver.next()).collect::<Vec<_>>())
                })
                .collect();
            for job in 0..1000 {
                while sender.try_send(job).is_err() {
                    thread::yield_now();
                }
            }
            sender.close();
            let taken = takers.into_iter().map(|taker| taker.join());
            taken.flat_map(Result::unwrap).collect()
        });
        let mut sorted = taken;
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..1000));
    }

    #[test]
    fn a_full_queue_and_a_closed_one_say_so_and_what_was_taken_in_is_done() {
        let (sender, receiver) = queue(1);
        assert!(sender.try_send("first").is_ok());
        let refused = |try_sended: Result<(), StoreError>| match try_sended {
            Err(StoreError::Unavailable { outage, .. }) => Some(outage),
            _ => None,
        };
        assert_eq!(refused(sender.try_send("second")), Some(Outage::Busy));
        assert_eq!(sender.queued(), 1);
        sender.close();
        assert_eq!(refused(sender.try_send("third")), Some(Outage::Stopping));
        assert_eq!(receiver.next(), Some("first"));
        assert_eq!(receiver.next(), None);
    }
}

//! The bounded queue in front of threads.

use std::sync::{PoisonError, RwLock};

use classdesk_domain::store::{Outage, StoreError};
use crossbeam_channel::{Receiver, Select, Sender, TrySendError};

/// A queue for so many jobs, at least one.
pub(crate) fn queue<J>(length: usize) -> (Intake<J>, Jobs<J>) {
    let (sender, jobs) = crossbeam_channel::bounded(length.max(1));
    (Intake(RwLock::new(Some(sender))), Jobs(jobs))
}

/// The end where jobs are put in. It can be closed while others still hold it.
pub(crate) struct Intake<J>(RwLock<Option<Sender<J>>>);

impl<J> Intake<J> {
    /// Puts a job into the queue, or says at once why that can't be.
    pub(crate) fn offer(&self, job: J) -> Result<(), StoreError> {
        let sender = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let Some(sender) = sender.as_ref() else {
            return Err(StoreError::unavailable(Outage::Stopping));
        };
        sender.try_send(job).map_err(|error| {
            StoreError::unavailable(match error {
                TrySendError::Full(_) => Outage::Busy,
                TrySendError::Disconnected(_) => Outage::Stopping,
            })
        })
    }

    pub(crate) fn queued(&self) -> usize {
        let sender = self.0.read().unwrap_or_else(PoisonError::into_inner);
        sender.as_ref().map_or(0, Sender::len)
    }

    /// Takes no more jobs; those in the queue are still done.
    pub(crate) fn close(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// The end where jobs are taken out, each by one of those who hold it.
pub(crate) struct Jobs<J>(Receiver<J>);

impl<J> Clone for Jobs<J> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<J> Jobs<J> {
    /// Sleeps until there is a job; `None` once the queue is closed and empty.
    ///
    /// [`Receiver::recv`] offers its processor to others a few times before it sleeps. Linux (6.18)
    /// takes that for having had one's share: when the job comes a moment later, the thread waits
    /// for its turn behind everybody else, for milliseconds where processors are busy. A selection
    /// among one sleeps at once (since crossbeam-channel 0.5.15; being told what is
    /// [ready](Select::ready) still offers it).
    pub(crate) fn next(&self) -> Option<J> {
        if let Some(job) = self.next_at_once() {
            return Some(job);
        }
        let mut only = Select::new();
        only.recv(&self.0);
        only.select().recv(&self.0).ok()
    }

    /// A job that is there already.
    pub(crate) fn next_at_once(&self) -> Option<J> {
        self.0.try_recv().ok()
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn every_job_is_taken_once_and_all_takers_end() {
        let (intake, jobs) = queue(2);
        let taken: Vec<usize> = thread::scope(|scope| {
            let takers: Vec<_> = (0..3)
                .map(|_| {
                    let jobs = jobs.clone();
                    scope.spawn(move || std::iter::from_fn(|| jobs.next()).collect::<Vec<_>>())
                })
                .collect();
            for job in 0..1000 {
                while intake.offer(job).is_err() {
                    thread::yield_now();
                }
            }
            intake.close();
            let taken = takers.into_iter().map(|taker| taker.join());
            taken.flat_map(Result::unwrap).collect()
        });
        let mut sorted = taken;
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..1000));
    }

    #[test]
    fn a_full_queue_and_a_closed_one_say_so_and_what_was_taken_in_is_done() {
        let (intake, jobs) = queue(1);
        assert!(intake.offer("first").is_ok());
        let refused = |offered: Result<(), StoreError>| match offered {
            Err(StoreError::Unavailable { outage, .. }) => Some(outage),
            _ => None,
        };
        assert_eq!(refused(intake.offer("second")), Some(Outage::Busy));
        assert_eq!(intake.queued(), 1);
        intake.close();
        assert_eq!(refused(intake.offer("third")), Some(Outage::Stopping));
        assert_eq!(jobs.next(), Some("first"));
        assert_eq!(jobs.next(), None);
    }
}

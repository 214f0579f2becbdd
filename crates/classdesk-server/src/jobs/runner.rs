//! The loop that drives the jobs.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use classdesk_domain::clock::{Clock, SecretSource, Timestamp};
use classdesk_domain::error::Error;
use classdesk_domain::jobs::Backlog;
use classdesk_domain::system::{SystemClock, SystemSecrets};
use classdesk_http::Gauge;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::error::chain;

/// How many rounds of a task follow each other before its next pause. What is left waits for it, so
/// that no task keeps the store busy for long.
const ROUNDS: usize = 50;

/// So long the figures of a queue are shown before they are read again.
const BETWEEN_LOOKS: Duration = Duration::from_secs(10);

/// What a round of a task did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Round {
    /// How many rows it has dealt with.
    pub(crate) done: u64,
    /// How many it could not deal with, which wait for another time.
    pub(crate) failed: u64,
    /// Whether more may be due at once.
    pub(crate) more: bool,
}

/// Something that is done again and again. Every process of an installation may do it at once.
#[async_trait]
pub(crate) trait Task: Send + Sync {
    /// Its name in the log and in the metrics: lower case and `_`.
    fn name(&self) -> &'static str;

    /// The longest pause between two runs of rounds.
    fn interval(&self) -> Duration;

    /// Does one bounded part of what is due.
    async fn round(&self) -> Result<Round, Error>;

    /// Ends what rounds have left running, once there are no more of them.
    async fn finish(&self) {}

    /// What waits, when the task has a queue.
    async fn backlog(&self) -> Result<Option<Backlog>, Error> {
        Ok(None)
    }

    /// Since when the oldest event of the log waits for a task that reads the log.
    async fn behind_since(&self) -> Result<Option<Timestamp>, Error> {
        Ok(None)
    }
}

/// What a queue looked like after the latest rounds of its task.
#[derive(Debug, Default)]
struct Figures {
    due: AtomicU64,
    oldest: Mutex<Option<Timestamp>>,
    behind_since: Mutex<Option<Timestamp>>,
}

impl Figures {
    fn set(&self, backlog: Backlog, behind_since: Option<Timestamp>) {
        self.due.store(backlog.due, Ordering::Relaxed);
        *self.oldest.lock().unwrap_or_else(PoisonError::into_inner) = backlog.oldest;
        *self
            .behind_since
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = behind_since;
    }
}

/// How long ago that was, in seconds.
fn age(since: &Mutex<Option<Timestamp>>) -> f64 {
    let since = *since.lock().unwrap_or_else(PoisonError::into_inner);
    since.map_or(0.0, |since| SystemClock.now().since(since).as_secs_f64())
}

/// A task and the figures of its queue.
struct Job {
    task: Box<dyn Task>,
    figures: Arc<Figures>,
}

/// The jobs of a server.
pub(crate) struct Jobs(Vec<Job>);

impl Jobs {
    pub(crate) fn new(tasks: Vec<Box<dyn Task>>) -> Self {
        let jobs = tasks.into_iter().map(|task| Job {
            task,
            figures: Arc::default(),
        });
        Self(jobs.collect())
    }

    /// The length and the age of a task's queue.
    pub(crate) fn gauges(&self, queue: &str) -> Vec<Gauge> {
        let Some(figures) = self.figures(queue) else {
            return Vec::new();
        };
        let length = figures.clone();
        vec![
            Gauge::new(
                format!("classdesk_queue_{queue}_due"),
                "Rows that were due after the latest round",
                move || length.due.load(Ordering::Relaxed) as f64,
            ),
            Gauge::new(
                format!("classdesk_queue_{queue}_age_seconds"),
                "For how long the oldest of them is due",
                move || age(&figures.oldest),
            ),
        ]
    }

    /// How far a task is behind the log that it reads.
    pub(crate) fn lag(&self, consumer: &str) -> Option<Gauge> {
        let figures = self.figures(consumer)?;
        Some(Gauge::new(
            format!("classdesk_consumer_{consumer}_lag_seconds"),
            "How old the oldest event was that the task has not read",
            move || age(&figures.behind_since),
        ))
    }

    fn figures(&self, task: &str) -> Option<Arc<Figures>> {
        let job = self.0.iter().find(|job| job.task.name() == task)?;
        Some(job.figures.clone())
    }

    /// Begins to drive the jobs.
    pub(crate) fn start(self) -> RunningJobs {
        let (stop, stopped) = watch::channel(());
        let drive = |job: Job| tokio::spawn(job.drive(stopped.clone()));
        RunningJobs {
            stop,
            loops: self.0.into_iter().map(drive).collect(),
        }
    }
}

/// Jobs that are being driven.
pub(crate) struct RunningJobs {
    stop: watch::Sender<()>,
    loops: Vec<JoinHandle<()>>,
}

impl RunningJobs {
    /// Lets each job finish the round it is in, and drives them no longer.
    pub(crate) async fn stop(self) {
        drop(self.stop);
        for one in self.loops {
            // A job that has panicked has said so already.
            let _ = one.await;
        }
    }
}

impl Job {
    /// Until the sender of `stop` is gone.
    async fn drive(self, mut stop: watch::Receiver<()>) {
        let mut looked_at = None;
        loop {
            // The pauses differ by chance, so that processes seldom meet.
            let pause = jittered(self.task.interval(), &SystemSecrets);
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = stop.changed() => return self.task.finish().await,
            }
            let mut rounds = 0;
            while rounds < ROUNDS && stop.has_changed().is_ok() && self.round().await {
                rounds += 1;
            }
            // Tasks that run each second are not looked at each time.
            if looked_at.is_none_or(|at: Instant| at.elapsed() >= BETWEEN_LOOKS) {
                looked_at = Some(Instant::now());
                self.look().await;
            }
        }
    }

    /// Whether another round should follow at once.
    async fn round(&self) -> bool {
        let task = self.task.name();
        match self.task.round().await {
            Ok(Round { done, failed, more }) => {
                if done + failed > 0 {
                    tracing::info!(task, done, failed, "background work done");
                }
                more && failed == 0
            }
            Err(error) => {
                let error = chain(&error);
                tracing::warn!(
                    task,
                    error,
                    "background work failed; it is tried again later"
                );
                false
            }
        }
    }

    async fn look(&self) {
        let figures = async {
            let behind_since = self.task.behind_since().await?;
            Ok::<_, Error>((self.task.backlog().await?, behind_since))
        };
        match figures.await {
            Ok((backlog, behind_since)) => {
                self.figures.set(backlog.unwrap_or_default(), behind_since);
            }
            Err(error) => {
                let (task, error) = (self.task.name(), chain(&error));
                tracing::warn!(task, error, "the queue can't be read");
            }
        }
    }
}

/// Between half of the interval and all of it.
fn jittered(interval: Duration, chance: &dyn SecretSource) -> Duration {
    interval.mul_f64(0.5 + f64::from(chance.bytes()[0]) / 512.0)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    struct Chance(u8);

    impl SecretSource for Chance {
        fn bytes(&self) -> [u8; 32] {
            [self.0; 32]
        }
    }

    #[test]
    fn the_pause_is_between_half_of_the_interval_and_all_of_it() {
        let minute = Duration::from_secs(60);
        assert_eq!(jittered(minute, &Chance(0)), minute / 2);
        assert_eq!(jittered(minute, &Chance(128)), minute * 3 / 4);
        assert!(jittered(minute, &Chance(255)) < minute);
    }

    /// A queue of three full rounds, of which each takes a moment.
    #[derive(Default)]
    struct Slow {
        begun: Arc<AtomicUsize>,
        ended: Arc<AtomicUsize>,
    }

    #[async_trait]
    impl Task for Slow {
        fn name(&self) -> &'static str {
            "slow"
        }

        fn interval(&self) -> Duration {
            Duration::from_millis(2)
        }

        async fn round(&self) -> Result<Round, Error> {
            let begun = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
            tokio::time::sleep(Duration::from_millis(20)).await;
            self.ended.fetch_add(1, Ordering::SeqCst);
            Ok(Round {
                done: 1,
                failed: 0,
                more: begun < 3,
            })
        }

        async fn backlog(&self) -> Result<Option<Backlog>, Error> {
            Ok(Some(Backlog {
                due: 7,
                oldest: None,
            }))
        }

        async fn behind_since(&self) -> Result<Option<Timestamp>, Error> {
            Ok(Some(SystemClock.now().minus(Duration::from_secs(60))))
        }
    }

    #[tokio::test]
    async fn a_round_is_finished_before_the_jobs_stop() {
        let slow = Slow::default();
        let (begun, ended) = (slow.begun.clone(), slow.ended.clone());
        let running = Jobs::new(vec![Box::new(slow)]).start();
        while begun.load(Ordering::SeqCst) == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        running.stop().await;
        let begun = begun.load(Ordering::SeqCst);
        assert_eq!(begun, ended.load(Ordering::SeqCst));
        tokio::time::sleep(Duration::from_millis(30)).await;
        assert_eq!(begun, ended.load(Ordering::SeqCst), "nothing runs on");
    }

    #[tokio::test]
    async fn full_rounds_follow_each_other_and_the_queue_is_shown() {
        let slow = Slow::default();
        let ended = slow.ended.clone();
        let jobs = Jobs::new(vec![Box::new(slow)]);
        let figures = jobs.0[0].figures.clone();
        assert_eq!(jobs.gauges("slow").len(), 2);
        assert_eq!(jobs.gauges("another").len(), 0);
        assert!(jobs.lag("slow").is_some() && jobs.lag("another").is_none());
        let running = jobs.start();
        while figures.due.load(Ordering::Relaxed) == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(ended.load(Ordering::SeqCst), 3, "before the first pause");
        assert!(age(&figures.behind_since) >= 60.0);
        running.stop().await;
    }
}

//! A bounded set of threads, each with a connection of its own, fed by one bounded queue.
//!
//! Callers are asynchronous and never block: a full queue is an answer, and so is a database that
//! is away.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use classdesk_domain::store::{Outage, StoreError};
use tokio::sync::{mpsc, oneshot};

use crate::error::{ConnectError, Failure, outage};
use crate::options::StoreOptions;
use crate::stats::PoolStats;
use crate::work_queue::{Receiver, Sender, queue};

/// What a thread needs to know about its kind of connection.
pub(crate) trait ConnectionManager: Send + Sync + 'static {
    /// The connection. It never leaves its thread.
    type Conn;

    /// Makes a connection.
    fn connect(&self) -> Result<Self::Conn, ConnectError>;

    /// Says what a failure means, given the connection that it was on and how long the job took.
    fn classify(&self, conn: &mut Self::Conn, failure: Failure, took: Duration) -> StoreError;

    /// Whether the connection is of no more use.
    fn is_broken(&self, conn: &mut Self::Conn) -> bool;
}

/// What a job finds when its turn comes.
enum Turn<'c, L: ConnectionManager> {
    Run(&'c L, &'c mut L::Conn),
    Refuse(StoreError),
}

/// A job answers its caller itself and tells the thread whether the connection seemed lost.
type Work<L> = Box<dyn FnOnce(Turn<'_, L>) -> bool + Send>;

struct Job<L: ConnectionManager> {
    since: Instant,
    work: Work<L>,
}

/// What the threads share.
struct Common<L> {
    link: L,
    busy: AtomicUsize,
    /// Counts up when a connection was found lost, so that the others are replaced before use.
    losses: AtomicU64,
    /// When connecting last failed: for a moment after it no thread tries again, so that a queue of
    /// jobs does not wait for one timeout after the other.
    down: Mutex<Option<Instant>>,
    queue_timeout: Duration,
}

/// How long connecting is not tried again after it failed.
const PAUSE: Duration = Duration::from_millis(250);

/// The threads.
pub(crate) struct Pool<L: ConnectionManager> {
    sender: Sender<Job<L>>,
    common: Arc<Common<L>>,
    /// Closed when every thread is gone; nothing is ever sent.
    ended: mpsc::Sender<()>,
    threads: usize,
    queue_length: usize,
}

impl<L: ConnectionManager> Pool<L> {
    /// Starts the threads. Each connects when it gets its first job.
    pub(crate) fn start(name: &str, link: L, options: &StoreOptions) -> Result<Self, ConnectError> {
        let (sender, jobs) = queue(options.queue_length);
        let common = Arc::new(Common {
            link,
            busy: AtomicUsize::new(0),
            losses: AtomicU64::new(0),
            down: Mutex::new(None),
            queue_timeout: options.queue_timeout,
        });
        let (ended, alive) = mpsc::channel(1);
        let alive = Arc::new(alive);
        let threads = options.connections.max(1);
        for number in 1..=threads {
            let (jobs, common) = (jobs.clone(), Arc::clone(&common));
            let alive = Arc::clone(&alive);
            std::thread::Builder::new()
                .name(format!("{name}-{number}"))
                .spawn(move || {
                    serve(&jobs, &common);
                    drop(alive);
                })
                .map_err(ConnectError::Thread)?;
        }
        Ok(Self {
            sender,
            common,
            ended,
            threads,
            queue_length: options.queue_length.max(1),
        })
    }

    /// Runs a job on one of the threads.
    pub(crate) async fn run<T, F>(&self, job: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut L::Conn) -> Result<T, Failure> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let work: Work<L> = Box::new(move |turn| {
            if reply.is_closed() {
                return false;
            }
            let result = match turn {
                Turn::Refuse(error) => Err(error),
                Turn::Run(link, conn) => {
                    let begun = Instant::now();
                    let result = job(conn);
                    let took = begun.elapsed();
                    result.map_err(|failure| link.classify(conn, failure, took))
                }
            };
            let lost = matches!(
                result,
                Err(StoreError::Unavailable {
                    outage: Outage::Disconnected,
                    ..
                })
            );
            // A caller that went away needs no answer.
            let _ = reply.send(result);
            lost
        });
        self.sender.try_send(Job {
            since: Instant::now(),
            work,
        })?;
        answer.await.unwrap_or_else(|_| Err(lost_answer()))
    }

    pub(crate) fn stats(&self) -> PoolStats {
        PoolStats {
            threads: self.threads,
            busy: self.common.busy.load(Ordering::Relaxed),
            queued: self.sender.queued(),
            queue_length: self.queue_length,
        }
    }

    /// Lets the threads finish what is queued and waits for them.
    pub(crate) async fn close(&self) {
        self.sender.close();
        self.ended.closed().await;
    }
}

/// The answer to a caller whose job ended in a panic.
pub(crate) fn lost_answer() -> StoreError {
    StoreError::Backend("a database job ended without an answer".into())
}

/// A thread's life: one job after the other until the queue is closed and empty.
fn serve<L: ConnectionManager>(jobs: &Receiver<Job<L>>, common: &Common<L>) {
    let mut held: Option<(u64, L::Conn)> = None;
    while let Some(job) = jobs.next() {
        if job.since.elapsed() > common.queue_timeout {
            (job.work)(Turn::Refuse(StoreError::unavailable(Outage::TimedOut)));
            continue;
        }
        common.busy.fetch_add(1, Ordering::Relaxed);
        let losses = common.losses.load(Ordering::Acquire);
        if held.as_ref().is_some_and(|(made, _)| *made != losses) {
            held = None;
        }
        if held.is_none() {
            match connect(common) {
                Ok(conn) => held = Some((losses, conn)),
                Err(error) => {
                    (job.work)(Turn::Refuse(error));
                    common.busy.fetch_sub(1, Ordering::Relaxed);
                    continue;
                }
            }
        }
        if let Some((_, conn)) = held.as_mut() {
            // A panic in one job must not take the thread from all the others; its caller learns
            // of it because the reply is dropped.
            let lost = catch_unwind(AssertUnwindSafe(|| {
                (job.work)(Turn::Run(&common.link, conn))
            }));
            if matches!(lost, Ok(true)) {
                common.losses.fetch_add(1, Ordering::AcqRel);
            }
            if !matches!(lost, Ok(false)) || common.link.is_broken(conn) {
                held = None;
            }
        }
        common.busy.fetch_sub(1, Ordering::Relaxed);
    }
}

fn connect<L: ConnectionManager>(common: &Common<L>) -> Result<L::Conn, StoreError> {
    let down = || common.down.lock().unwrap_or_else(PoisonError::into_inner);
    if down().is_some_and(|since| since.elapsed() < PAUSE) {
        return Err(StoreError::unavailable(Outage::Disconnected));
    }
    common.link.connect().map_err(|error| {
        tracing::warn!(error = %error, source = error_source(&error), "the database can't be reached");
        *down() = Some(Instant::now());
        outage(Outage::Disconnected, error)
    })
}

fn error_source(error: &ConnectError) -> String {
    std::error::Error::source(error).map_or_else(String::new, ToString::to_string)
}

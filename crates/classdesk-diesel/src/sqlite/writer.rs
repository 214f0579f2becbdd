//! The one thread that writes.
//!
//! It takes every commit that waits, up to the group's size, into one transaction, each in a
//! savepoint of its own so that one failure is one caller's, and answers after the transaction is
//! on the disk.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use classdesk_domain::store::{Outage, StoreError};
use diesel::connection::{
    AnsiTransactionManager, SimpleConnection, TransactionManager, TransactionManagerStatus,
};
use diesel::{Connection, SqliteConnection};
use tokio::sync::{mpsc, oneshot};

use crate::error::{ConnectError, Failure};
use crate::options::StoreOptions;
use crate::pool::{ConnectionManager, lost_answer};
use crate::stats::WriterStats;
use crate::work_queue::{Receiver, Sender, queue};

use super::checkpointer::Checkpointer;
use super::errors::classify;
use super::file::File;

/// A change on its way into the database.
trait Write: Send {
    /// Applies it within the open transaction, in a savepoint. `Err` when nothing more can be done
    /// in this transaction.
    fn apply(&mut self, conn: &mut SqliteConnection) -> Result<(), Broken>;

    /// Whether the caller still waits for it.
    fn is_wanted(&self) -> bool;

    /// Answers the caller: with what came of it when the transaction is durable, with the outage
    /// when it is not.
    fn answer(self: Box<Self>, outage: Option<Outage>);
}

/// The transaction can't go on.
#[derive(Debug)]
enum Broken {
    /// One of the changes met an outage, which is an outage for all.
    Outage(Outage),
    /// The transaction itself could not be begun or ended.
    Transaction(diesel::result::Error),
}

impl From<diesel::result::Error> for Broken {
    fn from(error: diesel::result::Error) -> Self {
        Self::Transaction(error)
    }
}

struct Change<T, F, E> {
    change: Option<F>,
    result: Option<Result<T, StoreError>>,
    /// What is done once it has ended, before anybody learns how.
    ended: E,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F, E> Write for Change<T, F, E>
where
    T: Send,
    F: FnOnce(&mut SqliteConnection) -> Result<T, Failure> + Send,
    E: FnOnce() + Send,
{
    fn apply(&mut self, conn: &mut SqliteConnection) -> Result<(), Broken> {
        let Some(change) = self.change.take() else {
            return Ok(());
        };
        let result = conn.transaction(change).map_err(classify);
        let outage = match &result {
            Err(StoreError::Unavailable { outage, .. }) => Some(*outage),
            Err(_) if is_aborted(conn) => Some(Outage::Disconnected),
            _ => None,
        };
        self.result = Some(result);
        outage.map_or(Ok(()), |outage| Err(Broken::Outage(outage)))
    }

    fn is_wanted(&self) -> bool {
        !self.reply.is_closed()
    }

    fn answer(self: Box<Self>, outage: Option<Outage>) {
        let result = match (self.result, outage) {
            (Some(Err(own)), _) => Err(own),
            (Some(Ok(answer)), None) => Ok(answer),
            (_, Some(outage)) => Err(StoreError::unavailable(outage)),
            (None, None) => Err(lost_answer()),
        };
        (self.ended)();
        // A caller that went away needs no answer.
        let _ = self.reply.send(result);
    }
}

/// Whether SQLite has rolled the whole transaction back, savepoints and all, as it does when a
/// disk is full.
fn is_aborted(conn: &mut SqliteConnection) -> bool {
    let status = AnsiTransactionManager::transaction_manager_status_mut(conn);
    matches!(status, TransactionManagerStatus::InError)
}

/// A change in the queue.
struct Job {
    since: Instant,
    write: Box<dyn Write>,
}

#[derive(Default)]
struct Counts {
    commits: AtomicU64,
    groups: AtomicU64,
}

/// The writer's queue.
pub(super) struct Writer {
    sender: Sender<Job>,
    counts: Arc<Counts>,
    /// Closed when the thread is gone; nothing is ever sent.
    ended: mpsc::Sender<()>,
    queue_length: usize,
}

impl Writer {
    /// Starts the thread with a connection that is open already.
    pub(super) fn start(
        file: File,
        conn: SqliteConnection,
        options: &StoreOptions,
    ) -> Result<Self, ConnectError> {
        let queue_length = options.queue_length.max(1);
        let (sender, jobs) = queue(queue_length);
        let counts = Arc::new(Counts::default());
        let (ended, alive) = mpsc::channel(1);
        let checkpointer = Checkpointer::start(file.clone()).map_err(ConnectError::Thread)?;
        let thread = Thread {
            file,
            counts: Arc::clone(&counts),
            group_size: options.group_size.max(1),
            queue_timeout: options.queue_timeout,
        };
        std::thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || {
                thread.serve(&jobs, conn, checkpointer);
                drop(alive);
            })
            .map_err(ConnectError::Thread)?;
        Ok(Self {
            sender,
            counts,
            ended,
            queue_length,
        })
    }

    /// Applies a change and answers once it is durable. Whatever comes of it, `ended` is called
    /// before the answer, also when the caller waits no more.
    pub(super) async fn run<T, F, E>(&self, change: F, ended: E) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut SqliteConnection) -> Result<T, Failure> + Send + 'static,
        E: FnOnce() + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.sender.try_send(Job {
            since: Instant::now(),
            write: Box::new(Change {
                change: Some(change),
                result: None,
                ended,
                reply,
            }),
        })?;
        answer.await.unwrap_or_else(|_| Err(lost_answer()))
    }

    pub(super) fn stats(&self) -> WriterStats {
        WriterStats {
            queued: self.sender.queued(),
            queue_length: self.queue_length,
            commits: self.counts.commits.load(Ordering::Relaxed),
            groups: self.counts.groups.load(Ordering::Relaxed),
        }
    }

    pub(super) async fn close(&self) {
        self.sender.close();
        self.ended.closed().await;
    }
}

struct Thread {
    file: File,
    counts: Arc<Counts>,
    group_size: usize,
    queue_timeout: Duration,
}

impl Thread {
    fn serve(&self, jobs: &Receiver<Job>, conn: SqliteConnection, mut checkpointer: Checkpointer) {
        let mut held = Some(conn);
        while let Some(first) = jobs.next() {
            let mut group = Vec::with_capacity(self.group_size);
            self.admit(&mut group, first);
            while group.len() < self.group_size {
                match jobs.try_recv() {
                    Some(next) => self.admit(&mut group, next),
                    None => break,
                }
            }
            if !group.is_empty() {
                let size = u64::try_from(group.len()).unwrap_or(u64::MAX);
                held = self.commit(group, held);
                checkpointer.count(size);
                if let Some(conn) = &mut held {
                    checkpointer.write_rest_back(conn);
                }
            }
        }
        checkpointer.end();
        if let Some(mut conn) = held {
            // The file alone is then the whole database. Nothing is lost when it fails. Statistics
            // are left out on purpose: without them the plans are those that the tests look at.
            let _ = conn.batch_execute("PRAGMA wal_checkpoint(TRUNCATE);");
        }
    }

    /// Takes a job into the group unless its caller waits no more or it waited for too long.
    fn admit(&self, group: &mut Vec<Box<dyn Write>>, Job { since, write }: Job) {
        if !write.is_wanted() {
            return;
        }
        if since.elapsed() > self.queue_timeout {
            write.answer(Some(Outage::TimedOut));
        } else {
            group.push(write);
        }
    }

    /// Commits a group and answers its callers. Hands the connection back if it is still good.
    fn commit(
        &self,
        mut group: Vec<Box<dyn Write>>,
        held: Option<SqliteConnection>,
    ) -> Option<SqliteConnection> {
        let answer_all = |group: Vec<Box<dyn Write>>, outage: Option<Outage>| {
            for write in group {
                write.answer(outage);
            }
        };
        let mut conn = match held.map_or_else(|| self.file.connect(), Ok) {
            Ok(conn) => conn,
            Err(error) => {
                tracing::error!(error = %error, "the database file can't be opened");
                answer_all(group, Some(Outage::Disconnected));
                return None;
            }
        };
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            conn.immediate_transaction(|conn| {
                group.iter_mut().try_for_each(|write| write.apply(conn))
            })
        }));
        match outcome {
            Ok(Ok(())) => {
                let commits = u64::try_from(group.len()).unwrap_or(u64::MAX);
                self.counts.commits.fetch_add(commits, Ordering::Relaxed);
                self.counts.groups.fetch_add(1, Ordering::Relaxed);
                answer_all(group, None);
            }
            Ok(Err(broken)) => {
                let outage = match broken {
                    Broken::Outage(outage) => outage,
                    Broken::Transaction(error) => match classify(Failure::Database(error)) {
                        StoreError::Unavailable { outage, .. } => outage,
                        error => {
                            tracing::error!(error = ?error, "a group of commits failed");
                            Outage::Disconnected
                        }
                    },
                };
                answer_all(group, Some(outage));
            }
            // The connection may be in the middle of anything.
            Err(_) => {
                answer_all(group, Some(Outage::Disconnected));
                return None;
            }
        }
        (!AnsiTransactionManager::is_broken_transaction_manager(&mut conn)).then_some(conn)
    }
}

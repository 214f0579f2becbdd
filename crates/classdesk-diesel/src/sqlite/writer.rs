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
use diesel::sql_types::BigInt;
use diesel::{Connection, QueryableByName, RunQueryDsl, SqliteConnection};
use tokio::sync::oneshot;

use crate::change_counts::{ChangeCounts, Touches, Within};
use crate::error::{ConnectError, Failure};
use crate::figures::WriterFigures;
use crate::options::StoreOptions;
use crate::pool::{Ended, Link, lost_answer};
use crate::queue::{Intake, Jobs, queue};

use super::checkpoint::Checkpointer;
use super::{File, classify};

/// A change on its way into the database.
trait Write: Send {
    /// Applies it within the open transaction, in a savepoint. `Err` when nothing more can be done
    /// in this transaction.
    fn apply(&mut self, conn: &mut SqliteConnection) -> Result<(), Broken>;

    /// What it changes.
    fn touches(&self) -> &Touches;

    /// Whether somebody still waits for it.
    fn is_wanted(&self) -> bool;

    /// Answers the caller: with what came of it when the transaction is durable, with the outage
    /// when it is not.
    fn answer(self: Box<Self>, outage: Option<Outage>);
}

/// The transaction can't go on.
#[derive(Debug)]
enum Broken {
    /// One of the changes met an outage, which is everybody's.
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
    touches: Touches,
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

    fn touches(&self) -> &Touches {
        &self.touches
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

/// What the thread is asked for.
enum Job {
    Write {
        since: Instant,
        write: Box<dyn Write>,
    },
    /// Looking for other processes' changes, which only a connection that sees its own as its own
    /// can tell.
    Look,
}

/// A connection, and by which number it knew the database when it last looked for changes of
/// others.
struct Held {
    conn: SqliteConnection,
    /// `None` when it has never looked, and so knows nothing of what was before it.
    data_version: Option<i64>,
}

#[derive(QueryableByName)]
struct DataVersion {
    #[diesel(sql_type = BigInt)]
    data_version: i64,
}

/// A number that another process's commits change, and those of this connection do not.
fn data_version(conn: &mut SqliteConnection) -> Result<i64, diesel::result::Error> {
    let found: DataVersion = diesel::sql_query("PRAGMA data_version").get_result(conn)?;
    Ok(found.data_version)
}

#[derive(Default)]
struct Counts {
    commits: AtomicU64,
    groups: AtomicU64,
}

/// The writer's queue.
pub(super) struct Writer {
    intake: Intake<Job>,
    counts: Arc<Counts>,
    ended: Ended,
    queue_length: usize,
}

impl Writer {
    /// Starts the thread with a connection that is open already.
    pub(super) fn start(
        file: File,
        conn: SqliteConnection,
        changes: Arc<ChangeCounts>,
        options: &StoreOptions,
    ) -> Result<Self, ConnectError> {
        let queue_length = options.queue_length.max(1);
        let (intake, jobs) = queue(queue_length);
        let counts = Arc::new(Counts::default());
        let (alive, ended) = Ended::new();
        let checkpointer = Checkpointer::start(file.clone()).map_err(ConnectError::Thread)?;
        let thread = Thread {
            file,
            counts: Arc::clone(&counts),
            changes,
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
            intake,
            counts,
            ended,
            queue_length,
        })
    }

    /// Applies a change and answers once it is durable. Whatever comes of it, `ended` is called
    /// before the answer, also when nobody waits for that any more.
    pub(super) async fn run<T, F, E>(
        &self,
        touches: Touches,
        change: F,
        ended: E,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut SqliteConnection) -> Result<T, Failure> + Send + 'static,
        E: FnOnce() + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.intake.offer(Job::Write {
            since: Instant::now(),
            write: Box::new(Change {
                touches,
                change: Some(change),
                result: None,
                ended,
                reply,
            }),
        })?;
        answer.await.unwrap_or_else(|_| Err(lost_answer()))
    }

    /// Asks for a look for changes that other processes have made; `false` when nobody can be
    /// asked. Its end is told to the counts.
    pub(super) fn look(&self) -> bool {
        self.intake.offer(Job::Look).is_ok()
    }

    pub(super) fn figures(&self) -> WriterFigures {
        WriterFigures {
            queued: self.intake.queued(),
            queue_length: self.queue_length,
            commits: self.counts.commits.load(Ordering::Relaxed),
            groups: self.counts.groups.load(Ordering::Relaxed),
        }
    }

    pub(super) async fn close(&self) {
        self.intake.close();
        self.ended.wait().await;
    }
}

struct Thread {
    file: File,
    counts: Arc<Counts>,
    changes: Arc<ChangeCounts>,
    group_size: usize,
    queue_timeout: Duration,
}

impl Thread {
    fn serve(&self, jobs: &Jobs<Job>, mut conn: SqliteConnection, mut checkpointer: Checkpointer) {
        // Nobody has got a mark yet that a change before this moment could make untrue.
        let data_version = data_version(&mut conn).ok();
        let mut held = Some(Held { conn, data_version });
        while let Some(first) = jobs.next() {
            let mut group = Vec::with_capacity(self.group_size);
            held = self.admit(&mut group, first, held);
            while group.len() < self.group_size {
                match jobs.next_at_once() {
                    Some(next) => held = self.admit(&mut group, next, held),
                    None => break,
                }
            }
            if !group.is_empty() {
                let size = u64::try_from(group.len()).unwrap_or(u64::MAX);
                held = self.commit(group, held);
                checkpointer.count(size);
                if let Some(held) = &mut held {
                    checkpointer.write_rest_back(&mut held.conn);
                }
            }
        }
        checkpointer.end();
        if let Some(mut held) = held {
            // The file alone is then the whole database. Nothing is lost when it fails. Statistics
            // are left out on purpose: without them the plans are those that the tests look at.
            let _ = held.conn.batch_execute("PRAGMA wal_checkpoint(TRUNCATE);");
        }
    }

    /// Takes a job into the group unless nobody waits for it or it waited for too long; looks at
    /// once when asked to, since others wait for that alone.
    fn admit(&self, group: &mut Vec<Box<dyn Write>>, job: Job, held: Option<Held>) -> Option<Held> {
        match job {
            Job::Look => {
                let held = self.look(held, Within::Span);
                self.changes.end_look();
                return held;
            }
            Job::Write { write, .. } if !write.is_wanted() => {}
            Job::Write { since, write } if since.elapsed() > self.queue_timeout => {
                write.answer(Some(Outage::TimedOut));
            }
            Job::Write { write, .. } => group.push(write),
        }
        held
    }

    /// Looks for other processes' changes unless that was done lately. Hands the connection back
    /// if it is still good.
    fn look(&self, held: Option<Held>, unless: Within) -> Option<Held> {
        let mut held = held?;
        if self.changes.has_looked(unless) {
            return Some(held);
        }
        let at = Instant::now();
        match data_version(&mut held.conn) {
            Ok(now) => {
                let before = held.data_version.replace(now);
                self.changes.looked(at, before != Some(now));
                Some(held)
            }
            Err(error) => {
                tracing::warn!(error = %error, "other processes' changes can't be looked for");
                None
            }
        }
    }

    /// Commits a group and answers everybody in it. Hands the connection back if it is still good.
    fn commit(&self, mut group: Vec<Box<dyn Write>>, held: Option<Held>) -> Option<Held> {
        let answer_all = |group: Vec<Box<dyn Write>>, outage: Option<Outage>| {
            for write in group {
                write.answer(outage);
            }
        };
        // So that nobody who asks for a mark has to wait for a look while there is much to write.
        let held = self.look(held, Within::HalfOfIt).map_or_else(
            || {
                let conn = self.file.connect()?;
                Ok::<_, ConnectError>(Held {
                    conn,
                    data_version: None,
                })
            },
            Ok,
        );
        let mut held = match held {
            Ok(held) => held,
            Err(error) => {
                tracing::error!(error = %error, "the database file can't be opened");
                answer_all(group, Some(Outage::Disconnected));
                return None;
            }
        };
        let mut under_way = None;
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            held.conn.immediate_transaction(|conn| {
                group.iter_mut().try_for_each(|write| write.apply(conn))?;
                let touched = group.iter().map(|write| write.touches());
                under_way = Some(self.changes.under_way(touched));
                Ok(())
            })
        }));
        drop(under_way);
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
        (!AnsiTransactionManager::is_broken_transaction_manager(&mut held.conn)).then_some(held)
    }
}

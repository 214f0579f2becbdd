//! Writing the log of commits back into the database file, beside the thread that writes.
//!
//! Left to itself SQLite does so within a commit, which then makes everybody wait for it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender};
use diesel::sql_types::Integer;
use diesel::{QueryResult, QueryableByName, RunQueryDsl, SqliteConnection};

use crate::pool::ConnectionManager;

use super::File;

/// After how many commits the log is written back.
const COMMITS: u64 = 256;

/// From how many pages on the log should begin anew: some 48 MiB.
const LONG: i32 = 12_288;

/// How often a long log is written back in a row. A round finds what was committed during the one
/// before it, so they get shorter; SQLite syncs the database file in one during which nothing was.
const ROUNDS: usize = 4;

/// What SQLite says of the log.
#[derive(QueryableByName)]
struct Progress {
    /// Whether somebody else is at it; the rest is not known then.
    #[diesel(sql_type = Integer)]
    busy: i32,
    /// How many pages there are in the log.
    #[diesel(sql_type = Integer)]
    log: i32,
}

impl Progress {
    /// Whether the log should begin anew, as far as is known.
    const fn is_long(&self) -> bool {
        self.log >= LONG
    }
}

/// Writes back what can be without waiting for anybody.
fn write_back(conn: &mut SqliteConnection) -> QueryResult<Progress> {
    diesel::sql_query("PRAGMA wal_checkpoint(PASSIVE)").get_result(conn)
}

/// Only looks.
fn look(conn: &mut SqliteConnection) -> QueryResult<Progress> {
    diesel::sql_query("PRAGMA wal_checkpoint(NOOP)").get_result(conn)
}

/// A commit syncs the log alone and never learns of it.
fn tell(error: &diesel::result::Error) {
    tracing::error!(%error, "the log of the database can't be written back into its file");
}

/// A thread that writes the log back when enough has been committed.
///
/// The log begins anew only when all of it is in the database file, and that can't be reached
/// beside a thread that goes on committing. So that one does the last of it, which is little and
/// soon durable when it is asked right after the rest was written back.
pub(super) struct Checkpointer {
    due: Sender<()>,
    thread: JoinHandle<()>,
    commits: u64,
    rest_is_due: Arc<AtomicBool>,
}

impl Checkpointer {
    pub(super) fn start(file: File) -> io::Result<Self> {
        // One turn may wait while another goes on; more would find nothing to do.
        let (due, turns) = crossbeam_channel::bounded(1);
        let rest_is_due = Arc::new(AtomicBool::new(false));
        let rest = Arc::clone(&rest_is_due);
        let thread = std::thread::Builder::new()
            .name("sqlite-checkpoint".to_owned())
            .spawn(move || serve(&file, &turns, &rest))?;
        Ok(Self {
            due,
            thread,
            commits: 0,
            rest_is_due,
        })
    }

    /// Counts commits, and lets the thread know when it is its turn.
    pub(super) fn count(&mut self, commits: u64) {
        self.commits += commits;
        if self.commits >= COMMITS {
            self.commits = 0;
            // A turn that waits already will find these commits too.
            let _ = self.due.try_send(());
        }
    }

    /// Writes the rest of a long log back, if nearly all of it was just now. Called by the thread
    /// that commits, between two commits.
    pub(super) fn write_rest_back(&self, conn: &mut SqliteConnection) {
        if !self.rest_is_due.swap(false, Ordering::Relaxed) {
            return;
        }
        let still_due = look(conn).and_then(|found| {
            if !found.is_long() {
                return Ok(false);
            }
            // Whoever reads an older state keeps the log from beginning anew, so it is tried after
            // every commit until it has.
            write_back(conn).map(|progress| progress.busy != 0 || progress.is_long())
        });
        match still_due {
            Ok(false) => {}
            Ok(true) => self.rest_is_due.store(true, Ordering::Relaxed),
            Err(error) => tell(&error),
        }
    }

    /// Lets the thread finish and waits for it.
    pub(super) fn end(self) {
        drop(self.due);
        // It has nothing to tell, and a panic of it loses nothing.
        let _ = self.thread.join();
    }
}

fn serve(file: &File, turns: &Receiver<()>, rest_is_due: &AtomicBool) {
    let mut held: Option<SqliteConnection> = None;
    for () in turns {
        let conn = match held.take() {
            Some(conn) => Ok(conn),
            None => file.connect(),
        };
        let Ok(mut conn) = conn else {
            // The writer meets the same trouble and tells of it.
            continue;
        };
        match turn(&mut conn) {
            Ok(is_long) => {
                if is_long {
                    rest_is_due.store(true, Ordering::Relaxed);
                }
                held = Some(conn);
            }
            Err(error) => tell(&error),
        }
    }
}

/// Writes the log back; `true` when it is long, so that the rest is due, which is what was committed
/// meanwhile.
fn turn(conn: &mut SqliteConnection) -> QueryResult<bool> {
    for _ in 0..ROUNDS {
        if !write_back(conn)?.is_long() {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use diesel::connection::SimpleConnection;
    use tempfile::TempDir;

    use super::*;
    use crate::options::StoreOptions;

    /// A page for each.
    fn fill(conn: &mut SqliteConnection, pages: i32) {
        conn.immediate_transaction(|conn| {
            diesel::sql_query(
                "WITH RECURSIVE counted(n) AS \
                 (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < ?) \
                 INSERT INTO words SELECT zeroblob(4000) FROM counted",
            )
            .bind::<Integer, _>(pages)
            .execute(conn)
        })
        .unwrap();
    }

    #[test]
    fn a_long_log_begins_anew_once_the_rest_is_written_back() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("classdesk.db");
        let file = File::open(&path, &StoreOptions::default()).unwrap();
        let mut writer = file.connect().unwrap();
        let mut beside = file.connect().unwrap();
        let mut reader = file.for_reading().connect().unwrap();
        writer
            .batch_execute("CREATE TABLE words (word BLOB)")
            .unwrap();
        let mut checkpointer = Checkpointer::start(file).unwrap();
        let due = Arc::clone(&checkpointer.rest_is_due);
        let is_due = || due.load(Ordering::Relaxed);

        fill(&mut writer, LONG / 2);
        assert!(!turn(&mut beside).unwrap());
        fill(&mut writer, LONG);
        let held = reader.batch_execute("BEGIN; SELECT count(*) FROM words;");
        held.unwrap();
        checkpointer.count(COMMITS);
        let begin = Instant::now();
        while !is_due() {
            assert!(begin.elapsed() < Duration::from_secs(60), "nobody did it");
            std::thread::yield_now();
        }

        // The reader keeps the log, so the commit is its rest.
        fill(&mut writer, 1);
        checkpointer.write_rest_back(&mut writer);
        assert!(is_due());
        reader.batch_execute("COMMIT").unwrap();
        checkpointer.write_rest_back(&mut writer);
        fill(&mut writer, 1);
        checkpointer.write_rest_back(&mut writer);
        assert!(!is_due());
        checkpointer.end();
    }
}

//! Writing the log of commits back into the database file, beside the thread that writes.
//!
//! Left to itself SQLite does so within a commit, which then makes every caller wait for it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use diesel::sql_types::Integer;
use diesel::{QueryResult, QueryableByName, RunQueryDsl, SqliteConnection};

use crate::pool::ConnectionManager;

use super::file::File;

/// After how many commits the log is written back.
const COMMITS: u64 = 256;

/// From how many pages on the log has to begin anew: some 48 MiB.
const LONG: i32 = 12_288;

/// What SQLite says of the log.
#[derive(QueryableByName)]
struct Progress {
    /// Whether another checkpoint runs; the rest is not known then.
    #[diesel(sql_type = Integer)]
    busy: i32,
    /// How many pages there are in the log.
    #[diesel(sql_type = Integer)]
    log: i32,
}

/// Writes back what can be without waiting for a reader, and says whether the log is long.
fn write_back(conn: &mut SqliteConnection) -> QueryResult<bool> {
    let progress: Progress =
        diesel::sql_query("PRAGMA wal_checkpoint(PASSIVE)").get_result(conn)?;
    Ok(progress.busy != 0 || progress.log >= LONG)
}

/// A commit syncs the log alone and never learns of it.
fn log_error(error: &diesel::result::Error) {
    tracing::error!(%error, "the log of the database can't be written back into its file");
}

/// A thread that writes the log back when enough has been committed.
///
/// The log begins anew only when all of it is in the database file. That can't be reached beside a
/// thread that goes on committing, so that one writes back the rest of a long log itself.
pub(super) struct Checkpointer {
    due: SyncSender<()>,
    thread: JoinHandle<()>,
    commits: u64,
    is_long: Arc<AtomicBool>,
}

impl Checkpointer {
    pub(super) fn start(file: File) -> io::Result<Self> {
        // One turn may wait while another goes on; more would find nothing to do.
        let (due, turns) = sync_channel(1);
        let is_long = Arc::new(AtomicBool::new(false));
        let found = Arc::clone(&is_long);
        let thread = std::thread::Builder::new()
            .name("sqlite-checkpoint".to_owned())
            .spawn(move || serve(&file, &turns, &found))?;
        Ok(Self {
            due,
            thread,
            commits: 0,
            is_long,
        })
    }

    /// Counts commits, and wakes the thread when enough were made.
    pub(super) fn count(&mut self, commits: u64) {
        self.commits += commits;
        if self.commits >= COMMITS {
            self.commits = 0;
            // A turn that waits already will find these commits too.
            let _ = self.due.try_send(());
        }
    }

    /// Writes the rest of a long log back. The thread that commits calls it between two commits.
    /// A reader of an older state keeps the log, so it is tried until the log has begun anew.
    pub(super) fn write_rest_back(&self, conn: &mut SqliteConnection) {
        if self.is_long.load(Ordering::Relaxed) {
            match write_back(conn) {
                Ok(is_long) => self.is_long.store(is_long, Ordering::Relaxed),
                Err(error) => log_error(&error),
            }
        }
    }

    /// Lets the thread finish and waits for it.
    pub(super) fn end(self) {
        drop(self.due);
        // A panic of the thread loses nothing.
        let _ = self.thread.join();
    }
}

fn serve(file: &File, turns: &Receiver<()>, is_long: &AtomicBool) {
    let mut held: Option<SqliteConnection> = None;
    for () in turns {
        // The writer meets the same trouble and logs it.
        let Ok(mut conn) = held.take().map_or_else(|| file.connect(), Ok) else {
            continue;
        };
        match write_back(&mut conn) {
            Ok(found) => {
                is_long.fetch_or(found, Ordering::Relaxed);
                held = Some(conn);
            }
            Err(error) => log_error(&error),
        }
    }
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
        let due = Arc::clone(&checkpointer.is_long);
        let is_due = || due.load(Ordering::Relaxed);

        fill(&mut writer, LONG / 2);
        assert!(!write_back(&mut beside).unwrap());
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

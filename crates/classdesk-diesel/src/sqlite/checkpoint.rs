//! Writing the log of commits back into the database file, beside the thread that writes.
//!
//! Left to itself SQLite does so within a commit, which then makes everybody wait for it.

use std::io;
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender};
use diesel::SqliteConnection;
use diesel::connection::SimpleConnection;

use crate::pool::Link;

use super::File;

/// After how many commits the log is written back.
const COMMITS: u64 = 256;

/// A thread that writes the log back when enough has been committed.
pub(super) struct Checkpointer {
    due: Sender<()>,
    thread: JoinHandle<()>,
    commits: u64,
}

impl Checkpointer {
    pub(super) fn start(file: File) -> io::Result<Self> {
        // One turn may wait while another goes on; more would find nothing to do.
        let (due, turns) = crossbeam_channel::bounded(1);
        let thread = std::thread::Builder::new()
            .name("sqlite-checkpoint".to_owned())
            .spawn(move || serve(&file, &turns))?;
        Ok(Self {
            due,
            thread,
            commits: 0,
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

    /// Lets the thread finish and waits for it.
    pub(super) fn end(self) {
        drop(self.due);
        // It has nothing to tell, and a panic of it loses nothing.
        let _ = self.thread.join();
    }
}

fn serve(file: &File, turns: &Receiver<()>) {
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
        // It takes what can be had without waiting for anybody.
        if conn
            .batch_execute("PRAGMA wal_checkpoint(PASSIVE);")
            .is_ok()
        {
            held = Some(conn);
        }
    }
}

//! SQLite: one file, one thread that writes, a few that read.

mod checkpointer;
mod column_types;
mod dialect;
mod errors;
mod file;
#[path = "../queries/mod.rs"]
pub(crate) mod queries;
#[path = "../rows/mod.rs"]
mod rows;
pub(crate) mod types;
mod writer;

use std::sync::Arc;

use classdesk_domain::people::{SessionWithUser, TokenHash};
use classdesk_domain::store::StoreError;
use diesel::{Connection, SqliteConnection};

use crate::error::{ConnectError, Failure};
use crate::options::StoreOptions;
use crate::pool::{ConnectionManager, Pool};
use crate::session_cache::{Invalidate, SessionCache};
use crate::stats::StoreStats;

use writer::Writer;

pub(crate) use file::File;

pub(crate) type Conn = SqliteConnection;

/// The readers and the writer of one file.
pub(crate) struct Database {
    readers: Pool<File>,
    /// Missing where the file is only read.
    writer: Option<Writer>,
    sessions: Arc<SessionCache>,
}

impl Database {
    pub(crate) fn start(file: &File, options: &StoreOptions) -> Result<Arc<Self>, ConnectError> {
        // Opened here, so that a file that can't be used is known before anybody is served.
        let conn = file.connect()?;
        let writer = if file.is_read_only() {
            None
        } else {
            Some(Writer::start(file.clone(), conn, options)?)
        };
        Ok(Arc::new(Self {
            writer,
            readers: Pool::start("sqlite-reader", file.for_reading(), options)?,
            sessions: Arc::default(),
        }))
    }

    /// Runs a single statement that reads.
    pub(crate) async fn read<T, F>(&self, job: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T, Failure> + Send + 'static,
    {
        self.readers.run(job).await
    }

    /// Runs statements that read and have to agree with each other.
    pub(crate) async fn snapshot<T, F>(&self, job: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T, Failure> + Send + 'static,
    {
        self.readers.run(|conn| conn.transaction(job)).await
    }

    /// Runs a change as a transaction of its own.
    pub(crate) async fn write<T, F>(&self, job: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T, Failure> + Send + 'static,
    {
        self.writer()?.run(job, || ()).await
    }

    fn writer(&self) -> Result<&Writer, StoreError> {
        let read_only = || StoreError::Backend("the database is only read here".into());
        self.writer.as_ref().ok_or_else(read_only)
    }

    /// Finds a session, which most requests of its owner have found just before.
    pub(crate) async fn find_session<F>(
        &self,
        token: TokenHash,
        job: F,
    ) -> Result<Option<SessionWithUser>, StoreError>
    where
        F: FnOnce(&mut Conn) -> Result<Option<SessionWithUser>, Failure> + Send + 'static,
    {
        let read = match self.sessions.get(&token) {
            Ok(session) => return Ok(Some(session)),
            Err(read) => read,
        };
        let found = self.readers.run(job).await?;
        if let Some(session) = &found {
            self.sessions.insert(read, token, session);
        }
        Ok(found)
    }

    /// Runs a change to sessions or the people who have them.
    pub(crate) async fn write_sessions<T, F>(
        &self,
        which: Invalidate,
        job: F,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T, Failure> + Send + 'static,
    {
        let sessions = Arc::clone(&self.sessions);
        let ended = move || sessions.invalidate(which);
        self.writer()?.run(job, ended).await
    }

    pub(crate) fn stats(&self) -> StoreStats {
        StoreStats {
            pool: self.readers.stats(),
            writer: self.writer.as_ref().map(Writer::stats),
        }
    }

    pub(crate) async fn close(&self) {
        self.readers.close().await;
        if let Some(writer) = &self.writer {
            writer.close().await;
        }
    }
}

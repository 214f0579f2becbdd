//! The least that a commit or a read takes: its main statements, prepared once and sent by the
//! bare driver, with nothing checked and nothing decided.

use std::time::{Duration, Instant};

use classdesk_domain::ids::{BundleId, ThreadId};
use rusqlite::Connection;
use tokio::task::JoinSet;
use tokio_postgres::{Client, NoTls};

use crate::{Result, Tables};

const TOUCH: &str = "UPDATE threads SET message_count = message_count + 1 WHERE id = $1";

const BUNDLE: &str = "\
    SELECT bundles.title, bundles.description, clients.username FROM bundles \
    JOIN subjects ON subjects.object_id = bundles.id AND subjects.content_type = 'class_bundle' \
    JOIN users AS clients ON clients.id = subjects.client_id WHERE bundles.id = $1";

const FILES: &str = "\
    SELECT bundle_files.file_name, blobs.content_type, users.username FROM bundle_files \
    JOIN blobs ON blobs.id = bundle_files.blob_id \
    JOIN users ON users.id = bundle_files.uploaded_by \
    WHERE bundle_files.bundle_id = $1 ORDER BY bundle_files.id";

const PAGE: &str = "\
    SELECT messages.body, users.username, users.display_name FROM messages \
    JOIN users ON users.id = messages.sender_id \
    WHERE messages.thread_id = $1 ORDER BY messages.id LIMIT 20";

/// The rows of a message and of its event, in the words of one database.
fn inserts(next: &str, instant: &str, no: &str) -> [String; 2] {
    [
        format!(
            "INSERT INTO messages (id, thread_id, position, sender_id, sender_position, sender_role, \
             body, kind, has_attachment, sent_at) \
             VALUES ({next}, $1, 1, $2, 1, 'client', 'Hello', 'text', {no}, {instant})"
        ),
        format!(
            "INSERT INTO events (at, actor_id, action, content_type, object_id, is_internal, \
             detail) VALUES ({instant}, $2, 'message.posted', 'thread', $1, {no}, '{{}}')"
        ),
    ]
}

/// A database, reached without Classdesk.
pub(crate) enum Floor {
    Sqlite(String),
    Postgres(String),
}

impl Floor {
    pub(crate) fn new(url: &str) -> Self {
        match url.strip_prefix("sqlite://") {
            Some(path) => Self::Sqlite(path.to_owned()),
            None => Self::Postgres(url.to_owned()),
        }
    }

    /// How often a second a message can be stored. Where one connection writes, as many messages
    /// are stored in one transaction as there are desks, which is the best that grouping can do.
    pub(crate) async fn commits(&self, desks: &[Tables], span: Duration) -> Result<f64> {
        match self {
            Self::Sqlite(path) => grouped_commits(path, desks, span),
            Self::Postgres(url) => {
                let begun = Instant::now();
                let mut writers = JoinSet::new();
                for desk in desks.iter().copied() {
                    let client = connect(url).await?;
                    writers.spawn(single_commits(client, desk, span));
                }
                let mut done = 0;
                while let Some(writer) = writers.join_next().await {
                    done += writer??;
                }
                Ok(f64::from(done) / begun.elapsed().as_secs_f64())
            }
        }
    }

    /// How often a second a bundle can be read with its files.
    pub(crate) async fn bundles(&self, bundle: BundleId, span: Duration) -> Result<f64> {
        self.reads(&[BUNDLE, FILES], bundle.get(), span).await
    }

    /// How often a second a page of messages can be read.
    pub(crate) async fn pages(&self, thread: ThreadId, span: Duration) -> Result<f64> {
        self.reads(&[PAGE], thread.get(), span).await
    }

    async fn reads(&self, statements: &[&str], id: i64, span: Duration) -> Result<f64> {
        let (begun, mut done) = (Instant::now(), 0_u32);
        match self {
            Self::Sqlite(path) => {
                let conn = open(path)?;
                let mut prepared = Vec::new();
                for sql in statements {
                    prepared.push(conn.prepare(sql)?);
                }
                while begun.elapsed() < span {
                    for statement in &mut prepared {
                        let rows = statement.query_map([id], |row| {
                            Ok::<[String; 3], _>([row.get(0)?, row.get(1)?, row.get(2)?])
                        })?;
                        rows.collect::<rusqlite::Result<Vec<_>>>()?;
                    }
                    done += 1;
                }
            }
            Self::Postgres(url) => {
                let client = connect(url).await?;
                let mut prepared = Vec::new();
                for sql in statements {
                    prepared.push(client.prepare(sql).await?);
                }
                while begun.elapsed() < span {
                    for statement in &prepared {
                        for row in client.query(statement, &[&id]).await? {
                            for column in 0..3 {
                                row.try_get::<_, String>(column)?;
                            }
                        }
                    }
                    done += 1;
                }
            }
        }
        Ok(f64::from(done) / begun.elapsed().as_secs_f64())
    }
}

fn open(path: &str) -> Result<Connection> {
    let conn = Connection::open(path)?;
    // As the store sets up its writer.
    conn.execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;")?;
    conn.busy_timeout(Duration::from_secs(5))?;
    Ok(conn)
}

fn grouped_commits(path: &str, desks: &[Tables], span: Duration) -> Result<f64> {
    let conn = open(path)?;
    let mut begin = conn.prepare("BEGIN IMMEDIATE")?;
    let mut touch = conn.prepare(TOUCH)?;
    let [message, event] = inserts("(SELECT coalesce(max(id), 0) + 1 FROM messages)", "0", "0");
    let mut inserts = [conn.prepare(&message)?, conn.prepare(&event)?];
    let mut commit = conn.prepare("COMMIT")?;
    let (begun, mut done) = (Instant::now(), 0_u32);
    while begun.elapsed() < span {
        begin.execute([])?;
        for desk in desks {
            let thread = desk.thread.get();
            touch.execute([thread])?;
            for insert in &mut inserts {
                insert.execute([thread, desk.client.id.get()])?;
            }
            done += 1;
        }
        commit.execute([])?;
    }
    Ok(f64::from(done) / begun.elapsed().as_secs_f64())
}

async fn connect(url: &str) -> Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

async fn single_commits(mut client: Client, desk: Tables, span: Duration) -> Result<u32> {
    let (thread, sender) = (desk.thread.get(), desk.client.id.get());
    let touch = client.prepare(TOUCH).await?;
    let [message, event] = inserts("DEFAULT", "now()", "false");
    let inserts = [
        client.prepare(&message).await?,
        client.prepare(&event).await?,
    ];
    let (begun, mut done) = (Instant::now(), 0);
    while begun.elapsed() < span {
        let transaction = client.transaction().await?;
        transaction.execute(&touch, &[&thread]).await?;
        for insert in &inserts {
            transaction.execute(insert, &[&thread, &sender]).await?;
        }
        transaction.commit().await?;
        done += 1;
    }
    Ok(done)
}

//! `kill -9` amid commits: what was acknowledged is there, and nothing is half done.
//!
//! The child is this same binary, told by its environment to post into a file until it is killed.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;

use classdesk_conformance::Fixture;
use classdesk_conformance::fixture::words;
use classdesk_diesel::{DatabaseUrl, DieselStore};
use classdesk_domain::ids::ThreadId;
use classdesk_domain::store::{Commit, Store};
use diesel::connection::SimpleConnection;
use diesel::{Connection, QueryableByName, RunQueryDsl, SqliteConnection};

use crate::databases::{SqliteFile, TestDatabase, options};

/// The database file of a child.
const FILE: &str = "CLASSDESK_TEST_KILL_FILE";
const ROUNDS: u64 = 5;
const POSTERS: usize = 8;

#[test]
#[expect(clippy::disallowed_methods, reason = "a test has no argument parser")]
fn what_was_acknowledged_survives_a_kill() {
    if let Ok(file) = std::env::var(FILE) {
        return post_until_killed(&file);
    }
    for round in 0..ROUNDS {
        let file = SqliteFile::new();
        let limit = RandomState::new().hash_one(round) % 400 + 1;
        let acknowledged = run_and_kill(&file, usize::try_from(limit).unwrap());
        check_what_is_left(&file, &acknowledged);
    }
}

/// Lets a child post, kills it after so many acknowledgements, and tells all that it printed.
fn run_and_kill(file: &SqliteFile, limit: usize) -> BTreeSet<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "--nocapture",
            "sqlite::kill::what_was_acknowledged_survives_a_kill",
        ])
        .env(FILE, file.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap)
        .filter_map(|line| line.split_once("posted ").map(|(_, text)| text.to_owned()));
    let mut acknowledged: BTreeSet<String> = lines.by_ref().take(limit).collect();
    assert_eq!(acknowledged.len(), limit, "the child ended by itself");
    child.kill().unwrap();
    // The last line may have been cut off by the kill.
    acknowledged.extend(lines.filter(|text| text.ends_with('.')));
    child.wait().unwrap();
    acknowledged
}

fn check_what_is_left(file: &SqliteFile, acknowledged: &BTreeSet<String>) {
    // Opening it does what a restart does.
    drop(DieselStore::connect(&file.url(), &options()).unwrap());
    let mut conn = SqliteConnection::establish(file.path().to_str().unwrap()).unwrap();
    // The last connection of the store locks the file while it closes.
    conn.batch_execute("PRAGMA busy_timeout = 30000").unwrap();
    let mut texts = |sql: &str| -> Vec<String> {
        let found: Vec<Text> = diesel::sql_query(sql).load(&mut conn).unwrap();
        found.into_iter().map(|one| one.text).collect()
    };
    let kept = texts("SELECT body AS text FROM messages");
    let distinct: BTreeSet<_> = kept.iter().cloned().collect();
    assert_eq!(distinct.len(), kept.len(), "a message is there twice");
    let lost: Vec<_> = acknowledged.difference(&distinct).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    let unheard = distinct.len() - acknowledged.len();
    assert!(
        unheard <= POSTERS,
        "{unheard} messages that nobody heard of"
    );

    let number = kept.len().to_string();
    assert_eq!(
        texts("SELECT CAST(message_count AS TEXT) AS text FROM threads"),
        [number.as_str()],
        "the thread's count"
    );
    assert_eq!(
        texts("SELECT CAST(sum(sent_count) AS TEXT) AS text FROM thread_participants"),
        [number.as_str()],
        "what people sent"
    );
    assert_eq!(
        texts("SELECT integrity_check AS text FROM pragma_integrity_check"),
        ["ok"]
    );
    let broken = texts("SELECT \"table\" AS text FROM pragma_foreign_key_check");
    assert_eq!(broken, Vec::<String>::new());
}

#[derive(QueryableByName)]
struct Text {
    #[diesel(sql_type = diesel::sql_types::Text)]
    text: String,
}

/// The child's part.
#[tokio::main(worker_threads = 2)]
async fn post_until_killed(file: &str) {
    let url: DatabaseUrl = format!("sqlite://{file}").parse().unwrap();
    let store = DieselStore::connect(&url, &options()).unwrap().store();
    let fixture = Arc::new(Fixture::create(&*store).await);
    let both = [fixture.client, fixture.writer];
    let thread = fixture.add_thread(&*store, &both).await.thread.id;
    let posters: Vec<_> = (0..POSTERS)
        .map(|poster| {
            tokio::spawn(post(
                Arc::clone(&store),
                Arc::clone(&fixture),
                thread,
                poster,
            ))
        })
        .collect();
    for poster in posters {
        poster.await.unwrap();
    }
}

async fn post(store: Arc<dyn Store>, fixture: Arc<Fixture>, thread: ThreadId, poster: usize) {
    for number in 0_u64.. {
        let mut row = fixture.new_message(thread, fixture.client);
        let text = format!("{poster}-{number}.");
        row.text = words(&text);
        store.post_message(Commit::new(row)).await.unwrap();
        // One write, so that lines of several posters don't mix.
        let line = format!("posted {text}\n");
        std::io::stdout().write_all(line.as_bytes()).unwrap();
    }
}

//! The log is written back into the file while the store is at work.

use std::time::Duration;

use classdesk_conformance::Fixture;
use classdesk_conformance::fixture::words;
use classdesk_domain::store::Commit;
use tokio::task::JoinSet;

use crate::databases::{Fresh, SqliteFile, options};

#[tokio::test]
async fn the_log_is_written_back_beside_the_writer() {
    let file = SqliteFile::new();
    let path = file.path();
    let store = Fresh::on(file, &options());
    let fixture = Fixture::create(&*store).await;
    let thread = fixture
        .add_thread(&*store, &[fixture.client])
        .await
        .thread
        .id;
    let contains = |text: &str| {
        let bytes = std::fs::read(&path).unwrap();
        bytes
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    };
    let message = |text: &str| {
        let mut message = fixture.new_message(thread, fixture.client);
        message.text = words(text);
        Commit::new(message)
    };
    let first = message("the very first of them");
    store.post_message(first).await.unwrap();
    assert!(!contains("the very first of them"));
    let mut posts = JoinSet::new();
    for number in 0..300 {
        let (store, commit) = (store.shared(), message(&format!("number {number}")));
        posts.spawn(async move { store.post_message(commit).await.unwrap() });
    }
    posts.join_all().await;
    let written_back = async {
        while !contains("the very first of them") {
            tokio::task::yield_now().await;
        }
    };
    let soon = tokio::time::timeout(Duration::from_secs(60), written_back);
    soon.await.expect("the log is written back");
}

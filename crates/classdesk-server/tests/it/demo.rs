//! `classdesk serve --demo`.

use crate::client::Client;
use crate::fixture::Fixture;
use crate::program::Server;

const PASSWORD: &str = "classdesk-demo";

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_has_people_bundles_and_a_workflow_to_look_at() {
    let fixture = Fixture::local();
    let server = Server::start_with(&fixture, &["--demo"]).await;
    let people = [
        ("superadmin", 3),
        ("admin", 3),
        ("editor", 3),
        ("client", 2),
        ("writer", 1),
        ("other_client", 1),
        ("other_writer", 1),
    ];
    for (username, bundles) in people {
        let person = Client::sign_in(&server, username, PASSWORD).await;
        let seen = person
            .get("/api/v1/class-management/class-bundles/")
            .await
            .json(200);
        assert_eq!(seen.as_array().map(Vec::len), Some(bundles), "{username}");
    }
    let client = Client::sign_in(&server, "client", PASSWORD).await;
    let first = client
        .get("/api/v1/class-management/class-bundles/1/")
        .await
        .json(200);
    assert_eq!(
        (&first["threads_count"], &first["tickets_count"]),
        (&1.into(), &1.into())
    );
    assert_eq!(first["files"].as_array().map(Vec::len), Some(2));
    client.get("/docs/").await.check(200);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_is_made_once_and_keeps_what_was_done_in_it() {
    let fixture = Fixture::local();
    let server = Server::start_with(&fixture, &["--demo"]).await;
    let admin = Client::sign_in(&server, "admin", PASSWORD).await;
    let title = serde_json::json!({ "title": "Changed" });
    admin
        .patch("/api/v1/class-management/class-bundles/1/", &title)
        .await
        .check(200);
    server.stop().await;

    let server = Server::start_with(&fixture, &["--demo"]).await;
    let admin = Client::sign_in(&server, "admin", PASSWORD).await;
    let bundles = admin
        .get("/api/v1/class-management/class-bundles/")
        .await
        .json(200);
    let titles: Vec<_> = bundles
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["title"])
        .collect();
    assert_eq!(titles.len(), 3);
    assert!(titles.contains(&&"Changed".into()), "{titles:?}");
    assert!(
        !fixture
            .folder
            .path()
            .join("classdesk-data/classdesk.db")
            .exists()
    );
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_that_was_killed_half_way_is_made_anew() {
    let fixture = Fixture::local();
    Server::start_with(&fixture, &["--demo"]).await.kill().await;
    let complete = fixture.folder.path().join("classdesk-data/demo/complete");
    std::fs::remove_file(complete).expect("a whole demo is marked as such");
    let server = Server::start_with(&fixture, &["--demo"]).await;
    let admin = Client::sign_in(&server, "admin", PASSWORD).await;
    let bundles = admin
        .get("/api/v1/class-management/class-bundles/")
        .await
        .json(200);
    assert_eq!(bundles.as_array().map(Vec::len), Some(3));
    server.stop().await;
}

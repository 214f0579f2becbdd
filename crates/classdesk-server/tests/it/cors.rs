//! Pages of other origins, as their browsers ask for them.

use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use serde_json::json;

use crate::client::{Answer, Client, send};
use crate::files::PNG;
use crate::fixture::Fixture;
use crate::program::{Server, run, stderr};

const APP: &str = "https://app.example";
const TICKETS: &str = "/api/v1/tickets/";

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// What a browser asks before a request that a page of this origin wants to make.
async fn preflight(client: &Client, origin: &str) -> Answer {
    let request = client.request(Method::OPTIONS, TICKETS);
    let request = request.header("origin", origin);
    let request = request.header("access-control-request-method", "POST");
    send(request.header(
        "access-control-request-headers",
        "authorization,content-type",
    ))
    .await
}

/// Whether the browser lets a page of that origin read this.
fn is_readable(headers: &HeaderMap, origin: &str) -> bool {
    assert_eq!(text(headers, "access-control-allow-credentials"), None);
    let allowed = text(headers, "access-control-allow-origin");
    allowed == Some("*") || allowed == Some(origin)
}

fn varies_by_origin(headers: &HeaderMap) -> bool {
    let values = headers.get_all("vary").iter();
    let mut names = values.flat_map(|value| value.to_str().expect("text").split(','));
    names.any(|name| name.trim() == "Origin")
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_but_the_own_origin_is_allowed_by_default() {
    let fixture = Fixture::local();
    let server = Server::start(&fixture).await;
    let superadmin = Client::superadmin(&server).await;
    let answer = preflight(&Client::nobody(&server), APP).await;
    answer.check(405);
    assert!(!is_readable(&answer.headers, APP));
    let request = superadmin.request(Method::GET, TICKETS);
    let answer = send(request.header("origin", APP)).await;
    answer.check(200);
    assert!(!is_readable(&answer.headers, APP));
    assert!(!varies_by_origin(&answer.headers));
    server.stop().await;
}

/// contract: conv.cors
#[tokio::test(flavor = "multi_thread")]
async fn a_preflight_needs_no_token_and_names_what_may_be_sent() {
    let fixture = Fixture::local();
    let origins = format!("http://localhost:3000, {APP}");
    let server = Server::start_with(&fixture, &["--cors-origins", &origins]).await;
    let nobody = Client::nobody(&server);
    let answer = preflight(&nobody, APP).await;
    answer.check(204);
    assert!(is_readable(&answer.headers, APP) && varies_by_origin(&answer.headers));
    assert!(answer.headers.contains_key("x-request-id"));
    let methods = text(&answer.headers, "access-control-allow-methods").expect("methods");
    for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] {
        assert!(methods.split(", ").any(|each| each == method), "{method}");
    }
    let headers = text(&answer.headers, "access-control-allow-headers").expect("headers");
    for header in [
        "Authorization",
        "Content-Type",
        "Idempotency-Key",
        "If-Match",
        "If-None-Match",
        "If-Range",
        "Range",
        "Last-Event-ID",
        "X-Request-Id",
        "Classdesk-Act-As",
    ] {
        assert!(headers.split(", ").any(|each| each == header), "{header}");
    }
    for stranger in [
        "https://app.example.evil.example",
        "http://app.example",
        "null",
    ] {
        let answer = preflight(&nobody, stranger).await;
        assert!(!is_readable(&answer.headers, stranger), "{stranger}");
        assert!(varies_by_origin(&answer.headers), "{stranger}");
        let allowed = text(&answer.headers, "access-control-allow-methods");
        assert_eq!(allowed, None, "{stranger}");
    }
    server.stop().await;
}

/// contract: conv.cors
#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_an_allowed_origin_reads_answers_errors_files_and_streams() {
    let fixture = Fixture::local();
    let server = Server::start_with(&fixture, &["--cors-origins", APP]).await;
    let superadmin = Client::superadmin(&server).await;
    let client = superadmin.hire(&server, "clara", "client").await;
    let bundles = "/api/v1/class-management/class-bundles/";
    let bundle = json!({"client_id": client.id, "title": "Spring"});
    let bundle = superadmin.post(bundles, &bundle).await.created();
    let files = format!("{bundles}{bundle}");
    let upload = format!("{files}/upload_file/");
    let file = client.upload(&upload, "file", &PNG, &[]).await.created();
    // More than is sent uncompressed.
    for _ in 0..5 {
        let ticket = json!({"title": "Help", "description": "x".repeat(300)});
        client.post(TICKETS, &ticket).await.check(201);
    }
    let nobody = Client::nobody(&server);
    let get = |who: &Client, path: &str| who.request(Method::GET, path);
    let long = "x".repeat(40_000);
    let stream = get(&client, "/api/v1/events/").header("accept", "text/event-stream");
    let download = format!("{files}/files/{file}/download/");
    let tickets = client.request(Method::POST, TICKETS);
    let asked: Vec<(RequestBuilder, u16)> = vec![
        (get(&client, TICKETS).header("accept-encoding", "gzip"), 200),
        (get(&client, "/api/v1/events/"), 200),
        (stream, 200),
        (get(&client, &download), 200),
        (get(&client, &download).header("range", "bytes=0-3"), 206),
        (client.request(Method::HEAD, &download), 200),
        (get(&nobody, TICKETS), 401),
        (get(&client, "/api/v1/tickets/0/"), 404),
        (get(&client, "/api/v1/nothing/"), 404),
        (client.request(Method::DELETE, TICKETS), 405),
        (tickets.json(&json!({})), 400),
        (get(&client, TICKETS).header("x-long", &long), 431),
    ];
    for (request, status) in asked {
        let answer = request
            .header("origin", APP)
            .send()
            .await
            .expect("an answer");
        let (url, headers) = (answer.url().path(), answer.headers());
        assert_eq!(answer.status(), status, "{url}");
        assert!(
            is_readable(headers, APP) && varies_by_origin(headers),
            "{url}"
        );
        let read = text(headers, "access-control-expose-headers").expect("headers");
        for header in [
            "ETag",
            "Link",
            "Location",
            "Retry-After",
            "Content-Disposition",
            "X-Request-Id",
            "Idempotency-Replayed",
        ] {
            assert!(read.split(", ").any(|each| each == header), "{header}");
        }
    }
    // What an answer depends on besides stays named.
    let request = get(&client, "/api/v1/events/").header("origin", APP);
    let answer = send(request).await;
    let vary: Vec<_> = answer.headers.get_all("vary").iter().collect();
    assert!(
        vary.contains(&&"Accept".parse().expect("a value")),
        "{vary:?}"
    );
    let other = get(&client, TICKETS).header("origin", "https://other.example");
    let answer = send(other).await;
    assert!(!is_readable(&answer.headers, "https://other.example"));
    assert!(varies_by_origin(&answer.headers));
    server.stop().await;
}

/// contract: conv.cors
#[tokio::test(flavor = "multi_thread")]
async fn every_origin_can_be_allowed() {
    let fixture = Fixture::local();
    let server = Server::start_with(&fixture, &["--cors-origins", "*"]).await;
    let nobody = Client::nobody(&server);
    for origin in [APP, "null"] {
        let answer = preflight(&nobody, origin).await;
        assert_eq!(
            text(&answer.headers, "access-control-allow-origin"),
            Some("*")
        );
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_origin_is_a_usage_error() {
    let fixture = Fixture::local();
    for bad in [
        "https://app.example/",
        "app.example",
        "https://a.example,nonsense",
        "",
    ] {
        let output = run(&fixture, &["serve", "--cors-origins", bad]).await;
        assert_eq!(output.status.code(), Some(2), "{bad}");
        let told = stderr(&output);
        assert!(
            told.starts_with("error: ") && told.contains("--cors-origins"),
            "{told}"
        );
        assert!(told.contains("https://app.example"), "{told}");
    }
}

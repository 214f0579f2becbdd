//! Health, figures and everything that no endpoint answers.

use classdesk_http::METRICS_MEDIA_TYPE;
use futures_util::future::join_all;
use reqwest::Method;

use crate::harness::TestServer;

/// contract: operations
#[tokio::test]
async fn health_needs_no_token() {
    let desk = TestServer::start().await;
    for path in ["/healthz/live", "/healthz/ready"] {
        let answer = desk.anonymous().get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.json()["status"], "ok");
    }
}

/// contract: operations.ready
#[tokio::test]
async fn many_that_ask_at_once_share_one_probe() {
    for is_down in [false, true] {
        let desk = TestServer::start().await;
        if is_down {
            desk.blobs.take_down();
        }
        let client = desk.anonymous();
        let asked = join_all((0..50).map(|_| client.get("/healthz/ready"))).await;
        let expected = if is_down { 503 } else { 200 };
        assert!(asked.iter().all(|answer| answer.status == expected));
        assert_eq!(desk.blobs.probes(), 1);
    }
}

/// contract: operations.metrics
#[tokio::test]
async fn metrics_count_requests_by_route_method_and_status() {
    let desk = TestServer::start().await;
    desk.anonymous().get("/healthz/live").await;
    let answer = desk.anonymous().get("/metrics").await;
    assert_eq!(answer.status, 200);
    // The text is OpenMetrics, and says so whatever the reader would rather have.
    assert_eq!(answer.header("content-type"), METRICS_MEDIA_TYPE);
    assert!(answer.text().ends_with("# EOF\n"));
    let line =
        r#"classdesk_http_requests_total{method="GET",route="/healthz/live",status="200"} 1"#;
    assert!(answer.text().contains(line), "{}", answer.text());
}

/// contract: conv.errors.document
#[tokio::test]
async fn an_unknown_path_is_a_problem_document() {
    let desk = TestServer::start().await;
    let answer = desk.anonymous().get("/nowhere/").await;
    answer.check_problem(404, "no-such-path");
}

/// contract: conv.errors.405
#[tokio::test]
async fn an_unknown_method_is_405_with_allow() {
    let desk = TestServer::start().await;
    let answer = desk
        .anonymous()
        .send(Method::POST, "/healthz/live", |request| request)
        .await;
    answer.check_problem(405, "method-not-allowed");
    assert_eq!(answer.header("allow"), "GET, HEAD");
}

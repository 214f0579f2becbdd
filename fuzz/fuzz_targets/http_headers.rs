//! Headers with a grammar of their own, one a line: `Range`, `If-Range`, `If-Match` and
//! `If-None-Match` of a download, then `If-Match` of a change, `Idempotency-Key` of a creation, and
//! `Content-Type` and `Content-Encoding` of a message that is JSON or a form.

#![no_main]

use actix_web::http::header::HeaderValue;
use actix_web::test::TestRequest;
use classdesk_fuzz::send;
use libfuzzer_sys::fuzz_target;

fn with(request: TestRequest, name: &'static str, value: Option<&&[u8]>) -> TestRequest {
    match value.and_then(|value| HeaderValue::from_bytes(value).ok()) {
        Some(value) if !value.is_empty() => request.insert_header((name, value)),
        _ => request,
    }
}

fuzz_target!(|input: &[u8]| {
    let lines: Vec<&[u8]> = input.split(|byte| *byte == b'\n').take(8).collect();
    let mut download =
        TestRequest::with_uri("/api/v1/class-management/class-bundles/1/files/1/download/");
    for (name, line) in ["range", "if-range", "if-match", "if-none-match"]
        .iter()
        .zip(0..)
    {
        download = with(download, name, lines.get(line));
    }
    let answer = send(download);
    assert!(
        matches!(answer.status, 200 | 206 | 304 | 400 | 412 | 416 | 431),
        "{}",
        answer.status
    );

    let change = TestRequest::patch()
        .uri("/api/v1/tickets/1/")
        .insert_header(("content-type", "application/json"))
        .set_payload(r#"{"priority": "high"}"#);
    let answer = send(with(change, "if-match", lines.get(4)));
    assert!(
        matches!(answer.status, 200 | 400 | 412 | 431),
        "{}",
        answer.status
    );

    let create = TestRequest::post()
        .uri("/api/v1/tickets/1/messages/")
        .insert_header(("content-type", "application/json"))
        .set_payload(r#"{"message": "a"}"#);
    let answer = send(with(create, "idempotency-key", lines.get(5)));
    assert!(
        matches!(answer.status, 201 | 400 | 431),
        "{}",
        answer.status
    );

    let message = TestRequest::post()
        .uri("/api/v1/communications/threads/1/messages/")
        .set_payload(r#"{"message": "a"}"#);
    let message = with(message, "content-type", lines.get(6));
    let answer = send(with(message, "content-encoding", lines.get(7)));
    assert!(
        matches!(answer.status, 201 | 400 | 415 | 431),
        "{}",
        answer.status
    );
});

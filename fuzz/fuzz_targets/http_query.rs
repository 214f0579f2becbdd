//! Queries of lists, and the media types that bodies announce.
//!
//! The first byte says which list is asked. What stands before the first line break is the query,
//! what stands behind it a `Content-Type`.

#![no_main]

use actix_web::http::{Uri, header::HeaderValue};
use actix_web::test::TestRequest;
use classdesk_fuzz::send;
use libfuzzer_sys::fuzz_target;

const LISTS: [&str; 6] = [
    "/api/v1/users/",
    "/api/v1/class-management/class-bundles/",
    "/api/v1/communications/threads/",
    "/api/v1/communications/threads/1/messages/",
    "/api/v1/tickets/",
    "/api/v1/tickets/1/history/",
];

fuzz_target!(|input: &[u8]| {
    let Some((choice, rest)) = input.split_first() else {
        return;
    };
    let mut lines = rest.splitn(2, |byte| *byte == b'\n');
    let query = lines.next().and_then(|query| str::from_utf8(query).ok());
    let path = LISTS[usize::from(*choice) % LISTS.len()];
    let uri = query.and_then(|query| format!("{path}?{query}").parse::<Uri>().ok());
    if let Some(uri) = uri {
        let answer = send(TestRequest::with_uri(&uri.to_string()));
        assert!(
            matches!(answer.status, 200 | 400 | 414),
            "{}",
            answer.status
        );
    }
    if let Some(media) = lines
        .next()
        .and_then(|media| HeaderValue::from_bytes(media).ok())
    {
        let request = TestRequest::post()
            .uri("/api/v1/communications/threads/1/messages/")
            .insert_header(("content-type", media))
            .set_payload(r#"{"message": "a"}"#);
        let answer = send(request);
        assert!(
            matches!(answer.status, 201 | 400 | 415 | 431),
            "{}",
            answer.status
        );
    }
});

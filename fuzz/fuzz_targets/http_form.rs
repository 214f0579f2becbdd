//! Forms in any shape: parts, their headers with the file's name, and what stands between them.
//!
//! The first byte says which operation gets the form; the boundary is `b`.

#![no_main]

use actix_web::test::TestRequest;
use classdesk_fuzz::send;
use libfuzzer_sys::fuzz_target;

const PATHS: [&str; 3] = [
    "/api/v1/class-management/class-bundles/1/upload_file/",
    "/api/v1/communications/threads/1/messages/",
    "/api/v1/tickets/1/attachments/",
];

fuzz_target!(|input: &[u8]| {
    let Some((choice, body)) = input.split_first() else {
        return;
    };
    let request = TestRequest::post()
        .uri(PATHS[usize::from(*choice) % PATHS.len()])
        .insert_header(("content-type", "multipart/form-data; boundary=b"))
        .set_payload(body.to_vec());
    let answer = send(request);
    assert!(
        matches!(answer.status, 201 | 400 | 408 | 409 | 413),
        "{}",
        answer.status
    );
});

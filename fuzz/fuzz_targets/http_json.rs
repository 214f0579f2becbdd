//! JSON bodies for every operation that takes one; the first byte says for which.

#![no_main]

use actix_web::http::Method;
use actix_web::test::TestRequest;
use classdesk_fuzz::send;
use libfuzzer_sys::fuzz_target;

const OPERATIONS: [(Method, &str); 18] = [
    (Method::POST, "/api/v1/auth/login/"),
    (Method::POST, "/api/v1/auth/change_password/"),
    (Method::POST, "/api/v1/users/"),
    (Method::PATCH, "/api/v1/users/4/"),
    (Method::POST, "/api/v1/class-management/class-bundles/"),
    (Method::PATCH, "/api/v1/class-management/class-bundles/1/"),
    (
        Method::POST,
        "/api/v1/class-management/class-bundles/1/assign_writer/",
    ),
    (
        Method::POST,
        "/api/v1/class-management/class-bundles/1/create_thread/",
    ),
    (
        Method::POST,
        "/api/v1/class-management/class-bundles/1/create_ticket/",
    ),
    (
        Method::PATCH,
        "/api/v1/class-management/class-bundles/1/files/1/",
    ),
    (Method::POST, "/api/v1/communications/threads/"),
    (Method::PATCH, "/api/v1/communications/threads/1/"),
    (
        Method::POST,
        "/api/v1/communications/threads/1/participants/",
    ),
    (Method::POST, "/api/v1/communications/threads/1/messages/"),
    (Method::POST, "/api/v1/communications/threads/1/read/"),
    (Method::PATCH, "/api/v1/communications/messages/1/"),
    (Method::POST, "/api/v1/tickets/1/messages/"),
    (Method::PUT, "/api/v1/subjects/order/7/"),
];

fuzz_target!(|input: &[u8]| {
    let Some((choice, body)) = input.split_first() else {
        return;
    };
    let (method, path) = &OPERATIONS[usize::from(*choice) % OPERATIONS.len()];
    let request = TestRequest::with_uri(path)
        .method(method.clone())
        .insert_header(("content-type", "application/json"))
        .set_payload(body.to_vec());
    send(request);
});

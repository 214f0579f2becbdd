//! Who gets which status from which endpoint.

use reqwest::Method;

/// What a request carries.
pub(super) enum Body {
    /// Nothing.
    Nothing,
    /// JSON.
    Json(&'static str),
    /// A form with these texts and a file of this name.
    Form(&'static str, &'static [(&'static str, &'static str)]),
}

/// A request, and the status for each column.
pub(super) struct Row {
    pub(super) method: Method,
    pub(super) path: &'static str,
    pub(super) body: Body,
    pub(super) expected: [u16; 9],
}

const fn get(path: &'static str, expected: [u16; 9]) -> Row {
    bare(Method::GET, path, expected)
}

const fn bare(method: Method, path: &'static str, expected: [u16; 9]) -> Row {
    Row {
        method,
        path,
        body: Body::Nothing,
        expected,
    }
}

const fn json(method: Method, path: &'static str, body: &'static str, expected: [u16; 9]) -> Row {
    Row {
        method,
        path,
        body: Body::Json(body),
        expected,
    }
}

const fn form(
    path: &'static str,
    file: &'static str,
    texts: &'static [(&'static str, &'static str)],
    expected: [u16; 9],
) -> Row {
    Row {
        method: Method::POST,
        path,
        body: Body::Form(file, texts),
        expected,
    }
}

// The columns: superadmin, admin, editor in the thread, editor outside | owner, other client |
// assigned writer, former writer, other writer.

/// Everybody who is signed in.
const fn all(status: u16) -> [u16; 9] {
    [status; 9]
}

/// Staff and both parties; hidden from the others.
const fn parties(status: u16) -> [u16; 9] {
    [
        status, status, status, status, status, 404, status, 404, 404,
    ]
}

/// Staff and the owner, or the requester; hidden from the others.
const fn owner(status: u16) -> [u16; 9] {
    [status, status, status, status, status, 404, 404, 404, 404]
}

/// Staff; the parties are refused.
const fn staff(status: u16) -> [u16; 9] {
    [status, status, status, status, 403, 404, 403, 404, 404]
}

/// Staff; the requester is refused, and the writer does not know of it.
const fn staff_on_ticket(status: u16) -> [u16; 9] {
    [status, status, status, status, 403, 404, 404, 404, 404]
}

/// Admins and superadmins; editors and the parties are refused.
const fn admins(status: u16) -> [u16; 9] {
    [status, status, 403, 403, 403, 404, 403, 404, 404]
}

/// Who takes part in the thread; other staff are refused.
const fn participants(status: u16) -> [u16; 9] {
    [403, 403, status, 403, status, 404, status, 404, 404]
}

/// The owner, whose thread or file it is, and staff; the writer is refused.
const fn creator(status: u16) -> [u16; 9] {
    [status, status, status, status, status, 404, 403, 404, 404]
}

pub(super) const PEOPLE: &[Row] = &[
    get("/api/v1/auth/me/", all(200)),
    get("/api/v1/auth/sessions/", all(200)),
    bare(Method::DELETE, "/api/v1/auth/sessions/<session>/", all(204)),
    bare(
        Method::DELETE,
        "/api/v1/auth/sessions/<other_session>/",
        all(404),
    ),
    bare(Method::POST, "/api/v1/auth/logout/", all(204)),
    bare(Method::POST, "/api/v1/auth/logout_all/", all(204)),
    json(
        Method::POST,
        "/api/v1/auth/change_password/",
        r#"{"current_password": "not the one", "new_password": "staple that is new"}"#,
        all(400),
    ),
    get(
        "/api/v1/users/",
        [200, 200, 200, 200, 403, 403, 403, 403, 403],
    ),
    json(
        Method::POST,
        "/api/v1/users/",
        r#"{"username": "new-<n>", "email": "new-<n>@example.com", "role": "client",
            "password": "correct horse battery"}"#,
        [201, 201, 403, 403, 403, 403, 403, 403, 403],
    ),
    json(
        Method::POST,
        "/api/v1/users/",
        r#"{"username": "admin-<n>", "email": "admin-<n>@example.com", "role": "admin",
            "password": "correct horse battery"}"#,
        [201, 403, 403, 403, 403, 403, 403, 403, 403],
    ),
    get("/api/v1/users/<me>/", all(200)),
    get(
        "/api/v1/users/<pupil>/",
        [200, 200, 200, 200, 404, 404, 404, 404, 404],
    ),
    json(
        Method::PATCH,
        "/api/v1/users/<me>/",
        r#"{"display_name": "Me"}"#,
        all(200),
    ),
    json(
        Method::PATCH,
        "/api/v1/users/<pupil>/",
        r#"{"display_name": "You"}"#,
        [403, 403, 403, 403, 404, 404, 404, 404, 404],
    ),
    json(
        Method::PATCH,
        "/api/v1/users/<pupil>/",
        r#"{"is_active": true}"#,
        [200, 200, 403, 403, 404, 404, 404, 404, 404],
    ),
    json(
        Method::PATCH,
        "/api/v1/users/<admin>/",
        r#"{"is_active": true}"#,
        [200, 403, 403, 403, 404, 404, 404, 404, 404],
    ),
    get(
        "/api/v1/audit/",
        [200, 403, 403, 403, 403, 403, 403, 403, 403],
    ),
];

pub(super) const BUNDLES: &[Row] = &[
    get("/api/v1/class-management/class-bundles/", all(200)),
    json(
        Method::POST,
        "/api/v1/class-management/class-bundles/",
        r#"{"client_id": <owner>, "title": "New"}"#,
        [201, 201, 403, 403, 403, 403, 403, 403, 403],
    ),
    get(
        "/api/v1/class-management/class-bundles/<bundle>/",
        parties(200),
    ),
    json(
        Method::PATCH,
        "/api/v1/class-management/class-bundles/<bundle>/",
        r#"{"title": "Renamed"}"#,
        admins(200),
    ),
    json(
        Method::POST,
        "/api/v1/class-management/class-bundles/<bundle>/assign_writer/",
        r#"{"writer_id": null}"#,
        admins(200),
    ),
    get(
        "/api/v1/class-management/class-bundles/<bundle>/members/",
        parties(200),
    ),
    json(
        Method::POST,
        "/api/v1/class-management/class-bundles/<bundle>/create_thread/",
        r#"{"recipient_id": <clerk>}"#,
        parties(201),
    ),
    get(
        "/api/v1/class-management/class-bundles/<bundle>/threads/",
        parties(200),
    ),
    json(
        Method::POST,
        "/api/v1/class-management/class-bundles/<bundle>/create_ticket/",
        r#"{"title": "T", "description": "D"}"#,
        creator(201),
    ),
    json(
        Method::POST,
        "/api/v1/class-management/class-bundles/<bundle>/create_ticket/",
        r#"{"title": "T", "description": "D", "on_behalf_of": <owner>}"#,
        staff(201),
    ),
    get(
        "/api/v1/class-management/class-bundles/<bundle>/tickets/",
        parties(200),
    ),
    get("/api/v1/subjects/order/<order>/", parties(200)),
    get("/api/v1/subjects/class_bundle/<bundle>/", parties(200)),
    json(
        Method::PUT,
        "/api/v1/subjects/order/<order>/",
        r#"{"client_id": <owner>, "label": "Changed"}"#,
        admins(200),
    ),
    json(
        Method::PUT,
        "/api/v1/subjects/order/<unregistered>/",
        r#"{"client_id": <owner>, "label": "Order"}"#,
        [201, 201, 403, 403, 404, 404, 404, 404, 404],
    ),
    bare(
        Method::DELETE,
        "/api/v1/subjects/order/<order>/",
        admins(204),
    ),
    bare(
        Method::DELETE,
        "/api/v1/subjects/order/<unregistered>/",
        [404, 404, 403, 403, 404, 404, 404, 404, 404],
    ),
];

pub(super) const FILES: &[Row] = &[
    form(
        "/api/v1/class-management/class-bundles/<bundle>/upload_file/",
        "file",
        &[],
        parties(201),
    ),
    form(
        "/api/v1/class-management/class-bundles/<bundle>/upload_file/",
        "file",
        &[("is_visible_to_client", "true")],
        staff(201),
    ),
    get(
        "/api/v1/class-management/class-bundles/<bundle>/files/",
        parties(200),
    ),
    get(
        "/api/v1/class-management/class-bundles/<bundle>/files/<file>/",
        parties(200),
    ),
    get(
        "/api/v1/class-management/class-bundles/<bundle>/files/<file>/download/",
        parties(200),
    ),
    get(
        "/api/v1/class-management/class-bundles/<bundle>/files/<writer_file>/",
        [200, 200, 200, 200, 404, 404, 200, 404, 404],
    ),
    get(
        "/api/v1/class-management/class-bundles/<bundle>/files/<writer_file>/download/",
        [200, 200, 200, 200, 404, 404, 200, 404, 404],
    ),
    get(
        "/api/v1/class-management/class-bundles/<bundle>/files/<client_file>/",
        owner(200),
    ),
    get(
        "/api/v1/class-management/class-bundles/<bundle>/files/<client_file>/download/",
        owner(200),
    ),
    json(
        Method::PATCH,
        "/api/v1/class-management/class-bundles/<bundle>/files/<file>/",
        r#"{"description": "Mine"}"#,
        creator(200),
    ),
    json(
        Method::PATCH,
        "/api/v1/class-management/class-bundles/<bundle>/files/<file>/",
        r#"{"is_visible_to_writer": true}"#,
        staff(200),
    ),
    json(
        Method::PATCH,
        "/api/v1/class-management/class-bundles/<bundle>/files/<client_file>/",
        r#"{"description": "Not mine"}"#,
        staff_on_ticket(200),
    ),
    bare(
        Method::DELETE,
        "/api/v1/class-management/class-bundles/<bundle>/files/<file>/",
        creator(204),
    ),
    bare(
        Method::DELETE,
        "/api/v1/class-management/class-bundles/<bundle>/files/<client_file>/",
        staff_on_ticket(204),
    ),
];

pub(super) const THREADS: &[Row] = &[
    get("/api/v1/communications/threads/", all(200)),
    json(
        Method::POST,
        "/api/v1/communications/threads/",
        r#"{"content_type": "class_bundle", "object_id": <bundle>, "recipient_id": <clerk>}"#,
        parties(201),
    ),
    json(
        Method::POST,
        "/api/v1/communications/threads/",
        r#"{"content_type": "order", "object_id": <order>, "recipient_id": <clerk>}"#,
        parties(201),
    ),
    get("/api/v1/communications/threads/<thread>/", parties(200)),
    get(
        "/api/v1/communications/threads/<without_owner>/",
        [200, 200, 200, 200, 404, 404, 200, 404, 404],
    ),
    get(
        "/api/v1/communications/threads/<without_writer>/",
        owner(200),
    ),
    json(
        Method::PATCH,
        "/api/v1/communications/threads/<thread>/",
        r#"{"subject": "Other"}"#,
        creator(200),
    ),
    json(
        Method::PATCH,
        "/api/v1/communications/threads/<thread>/",
        r#"{"is_active": false}"#,
        creator(200),
    ),
    json(
        Method::POST,
        "/api/v1/communications/threads/<thread>/participants/",
        r#"{"user_id": <aide>}"#,
        staff(200),
    ),
    bare(
        Method::DELETE,
        "/api/v1/communications/threads/<thread>/participants/<clerk>/",
        staff(204),
    ),
    json(
        Method::POST,
        "/api/v1/communications/threads/<thread>/messages/",
        r#"{"message": "Hello"}"#,
        participants(201),
    ),
    form(
        "/api/v1/communications/threads/<thread>/messages/",
        "attachment",
        &[],
        participants(201),
    ),
    json(
        Method::POST,
        "/api/v1/communications/threads/<without_owner>/messages/",
        r#"{"message": "Hello"}"#,
        [403, 403, 403, 403, 404, 404, 201, 404, 404],
    ),
    get(
        "/api/v1/communications/threads/<thread>/messages/",
        parties(200),
    ),
    get(
        "/api/v1/communications/threads/<without_writer>/messages/",
        owner(200),
    ),
    json(
        Method::POST,
        "/api/v1/communications/threads/<thread>/read/",
        "{}",
        participants(204),
    ),
    json(
        Method::PATCH,
        "/api/v1/communications/messages/<message>/",
        r#"{"message": "Edited"}"#,
        [403, 403, 403, 403, 200, 404, 403, 404, 404],
    ),
    bare(
        Method::DELETE,
        "/api/v1/communications/messages/<message>/",
        creator(204),
    ),
    get(
        "/api/v1/communications/messages/<with_file>/attachment/",
        parties(200),
    ),
];

pub(super) const TICKETS: &[Row] = &[
    get("/api/v1/tickets/", all(200)),
    json(
        Method::POST,
        "/api/v1/tickets/",
        r#"{"title": "T", "description": "D"}"#,
        [201, 201, 201, 201, 201, 201, 403, 403, 403],
    ),
    json(
        Method::POST,
        "/api/v1/tickets/",
        r#"{"title": "T", "description": "D", "content_type": "class_bundle",
            "object_id": <bundle>}"#,
        creator(201),
    ),
    get("/api/v1/tickets/<ticket>/", owner(200)),
    get(
        "/api/v1/tickets/<free_ticket>/",
        [200, 200, 200, 200, 404, 200, 404, 404, 404],
    ),
    json(
        Method::PATCH,
        "/api/v1/tickets/<ticket>/",
        r#"{"status": "closed"}"#,
        owner(200),
    ),
    json(
        Method::PATCH,
        "/api/v1/tickets/<ticket>/",
        r#"{"title": "Other"}"#,
        owner(200),
    ),
    json(
        Method::PATCH,
        "/api/v1/tickets/<ticket>/",
        r#"{"status": "in_progress"}"#,
        staff_on_ticket(200),
    ),
    json(
        Method::PATCH,
        "/api/v1/tickets/<ticket>/",
        r#"{"priority": "high"}"#,
        staff_on_ticket(200),
    ),
    json(
        Method::PATCH,
        "/api/v1/tickets/<ticket>/",
        r#"{"category": "order"}"#,
        staff_on_ticket(200),
    ),
    json(
        Method::PATCH,
        "/api/v1/tickets/<ticket>/",
        r#"{"assigned_to": <clerk>}"#,
        staff_on_ticket(200),
    ),
    json(
        Method::POST,
        "/api/v1/tickets/<ticket>/messages/",
        r#"{"message": "Hello"}"#,
        owner(201),
    ),
    json(
        Method::POST,
        "/api/v1/tickets/<ticket>/messages/",
        r#"{"message": "Hush", "is_internal": true}"#,
        staff_on_ticket(201),
    ),
    get("/api/v1/tickets/<ticket>/messages/", owner(200)),
    form(
        "/api/v1/tickets/<ticket>/attachments/",
        "file",
        &[],
        owner(201),
    ),
    form(
        "/api/v1/tickets/<ticket>/attachments/",
        "file",
        &[("is_internal", "true")],
        staff_on_ticket(201),
    ),
    get("/api/v1/tickets/<ticket>/attachments/", owner(200)),
    get(
        "/api/v1/tickets/<ticket>/attachments/<public>/download/",
        owner(200),
    ),
    get(
        "/api/v1/tickets/<ticket>/attachments/<internal>/download/",
        [200, 200, 200, 200, 404, 404, 404, 404, 404],
    ),
    get("/api/v1/tickets/<ticket>/history/", owner(200)),
];

/// What needs no token.
pub(super) const PUBLIC: &[(&str, u16)] = &[
    ("/healthz/live", 200),
    ("/healthz/ready", 200),
    ("/metrics", 200),
    ("/api/v1/openapi.json", 200),
    ("/docs/", 200),
    ("/problems/not-found", 200),
];

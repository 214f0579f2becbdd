//! What a problem looks like on the wire.

use actix_web::HttpResponse;
use actix_web::http::header;
use classdesk_domain::ids::EventId;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Problem, ProblemKind};

/// A problem document (RFC 9457), as `application/problem+json`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "type": "/problems/not-found",
    "title": "Not found",
    "status": 404,
    "detail": "There is nothing here that you may see.",
    "request_id": "8f14e45fceea167a5a36dedd4bea2543",
}))]
pub struct ProblemDocument {
    /// The kind of problem, a stable path that can be read as well.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind in words, the same for every occurrence.
    pub title: &'static str,
    /// The HTTP status once more.
    pub status: u16,
    /// This occurrence in words.
    pub detail: String,
    /// The request's id, as in the header `X-Request-Id` and in the server's log.
    pub request_id: String,
    /// Which right is lacking: a stable word for programs. Only where something is refused (403).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub reason: Option<&'static str>,
    /// The one field that asks for what is refused, if the rest would be allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub field: Option<&'static str>,
    /// The end of the log. Only where a position is beyond it (410).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub last_event_id: Option<i64>,
    /// What is wrong with which field, all of it at once. Only where fields are to blame.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, max_items = 50)]
    pub errors: Vec<FieldProblem>,
    /// How many more errors there are. Only where there are more than fifty.
    #[serde(skip_serializing_if = "is_zero")]
    #[schema(required = false, minimum = 1)]
    pub errors_omitted: usize,
}

/// What is wrong with one field.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "field": "title", "code": "required", "message": "This field is required."
}))]
pub struct FieldProblem {
    /// The path of the field or the name of the parameter; `body` for the body as a whole.
    pub field: String,
    /// A stable word for programs.
    pub code: &'static str,
    /// A sentence for people.
    pub message: String,
}

const fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl ProblemDocument {
    /// The media type of problem documents.
    pub const MEDIA_TYPE: &'static str = "application/problem+json";

    /// What a problem looks like in the answer to this request.
    #[must_use]
    pub fn of(problem: &Problem, request_id: &str) -> Self {
        let kind: ProblemKind = problem.kind;
        Self {
            kind: kind.type_path(),
            title: kind.title(),
            status: kind.status().as_u16(),
            detail: problem.detail.clone().into_owned(),
            request_id: request_id.to_owned(),
            reason: problem.more.refusal.map(|refusal| refusal.right),
            field: problem.more.refusal.and_then(|refusal| refusal.field),
            last_event_id: problem.more.last_event.map(EventId::get),
            errors: problem
                .more
                .errors
                .iter()
                .map(|error| FieldProblem {
                    field: error.field.clone(),
                    code: error.fault.code(),
                    message: error.fault.to_string(),
                })
                .collect(),
            errors_omitted: problem.more.omitted,
        }
    }
}

impl Problem {
    /// The whole answer.
    pub(crate) fn render(&self, request_id: &str) -> HttpResponse {
        let mut response = HttpResponse::build(self.kind.status());
        response.content_type(ProblemDocument::MEDIA_TYPE);
        for (name, value) in &self.more.headers {
            response.insert_header((name, value.as_str()));
        }
        if self.kind == ProblemKind::Unauthenticated || self.kind == ProblemKind::WrongCredentials {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        let document = ProblemDocument::of(self, request_id);
        response.body(serde_json::to_vec(&document).expect("a struct of strings is valid JSON"))
    }
}

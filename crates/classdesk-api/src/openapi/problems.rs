//! Which problems an operation can answer with.
//!
//! An operation names its own in the extension `x-problems`; what follows from its shape is added
//! here: a body can be malformed, a path can lead nowhere, a token can be dead.

use std::collections::BTreeMap;

use actix_web::http::Method;
use classdesk_domain::error::Error;
use classdesk_domain::policy::Refusal;
use classdesk_domain::validation::FieldError;
use classdesk_http::problem::{Problem, ProblemDocument, ProblemKind};
use serde_json::{Value, json};
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn};
use utoipa::openapi::schema::Ref;
use utoipa::openapi::{ContentBuilder, RefOr, Response, ResponseBuilder};

use super::headers;
use super::shape::{is_download, is_idempotent, is_public, item};

const EXTENSION: &str = "x-problems";

/// What every operation can answer.
const ALWAYS: [ProblemKind; 5] = [
    ProblemKind::UriTooLong,
    ProblemKind::HeadersTooLarge,
    ProblemKind::Internal,
    ProblemKind::Overloaded,
    ProblemKind::Unavailable,
];

/// What an operation with a body can answer besides.
const WITH_BODY: [ProblemKind; 6] = [
    ProblemKind::Validation,
    ProblemKind::IncompleteBody,
    ProblemKind::RequestTimeout,
    ProblemKind::TooLarge,
    ProblemKind::UnsupportedMediaType,
    ProblemKind::Contended,
];

/// What an operation with an idempotency key can answer besides.
const IDEMPOTENCY: [ProblemKind; 2] = [
    ProblemKind::IdempotencyRunning,
    ProblemKind::IdempotencyMismatch,
];

/// Adds the problem responses of an operation, each once among the components.
pub(super) fn complete(
    method: &Method,
    operation: &mut Operation,
    shared: &mut BTreeMap<String, RefOr<Response>>,
) {
    let kinds = kinds_of(method, operation);
    let names: Vec<_> = kinds.iter().map(|kind| kind.slug()).collect();
    operation.extensions = Some(Extensions::from_iter([(EXTENSION, json!(names))]));
    let mut by_status = BTreeMap::<u16, Vec<ProblemKind>>::new();
    for kind in kinds {
        let status = kind.status().as_u16();
        by_status.entry(status).or_default().push(kind);
    }
    for (status, kinds) in by_status {
        let slugs: Vec<_> = kinds.iter().map(|kind| kind.slug()).collect();
        let name = slugs.join(".");
        let reference = RefOr::Ref(Ref::from_response_name(&name));
        let described = shared.entry(name);
        described.or_insert_with(|| RefOr::T(response(&kinds)));
        let responses = &mut operation.responses.responses;
        responses.insert(status.to_string(), reference);
    }
}

fn kinds_of(method: &Method, operation: &Operation) -> Vec<ProblemKind> {
    let needs_token = !is_public(operation);
    let has = |place| parameters(operation).any(|parameter| parameter.parameter_in == place);
    let has_header = |name| parameters(operation).any(|parameter| parameter.name == name);
    let writes = !method.is_safe();
    let rules: [(bool, &[ProblemKind]); 11] = [
        (true, &ALWAYS),
        (operation.request_body.is_some(), &WITH_BODY),
        (needs_token, &[ProblemKind::Unauthenticated]),
        (needs_token && writes, &[ProblemKind::Contended]),
        (
            writes,
            &[ProblemKind::PreconditionFailed, ProblemKind::InvalidHeader],
        ),
        (has(ParameterIn::Path), &[ProblemKind::NotFound]),
        // Unknown parameters are refused, also where there are none.
        (needs_token, &[ProblemKind::Validation]),
        (has(ParameterIn::Header), &[ProblemKind::InvalidHeader]),
        (
            has_header("If-None-Match"),
            &[ProblemKind::PreconditionFailed],
        ),
        (is_download(operation), &[ProblemKind::RangeNotSatisfiable]),
        (is_idempotent(method, operation), &IDEMPOTENCY),
    ];
    let rules = rules.into_iter().filter(|(applies, _)| *applies);
    let mut kinds = named(operation);
    kinds.extend(rules.flat_map(|(_, kinds)| kinds));
    kinds.sort_unstable_by_key(|kind| (kind.status(), kind.slug()));
    kinds.dedup();
    kinds
}

/// The kinds that the operation names itself.
fn named(operation: &Operation) -> Vec<ProblemKind> {
    let stated = operation
        .extensions
        .iter()
        .flat_map(|all| all.get(EXTENSION));
    let slugs = stated.filter_map(Value::as_array).flatten();
    let kinds = slugs.map(|slug| slug.as_str().and_then(ProblemKind::from_slug));
    kinds
        .map(|kind| kind.expect("operations name problems by their slugs"))
        .collect()
}

fn parameters(operation: &Operation) -> impl Iterator<Item = &Parameter> {
    operation.parameters.iter().flatten().filter_map(item)
}

fn response(kinds: &[ProblemKind]) -> Response {
    let lines: Vec<_> = kinds
        .iter()
        .map(|kind| format!("`{}`: {}", kind.type_path(), kind.about()))
        .collect();
    let examples = kinds.iter().map(|kind| {
        let example = ExampleBuilder::new().value(Some(example(*kind)));
        (kind.slug(), example.summary(kind.title()).build())
    });
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("ProblemDocument")))
        .examples_from_iter(examples)
        .build();
    let mut response = ResponseBuilder::new()
        .description(lines.join("\n\n"))
        .content(ProblemDocument::MEDIA_TYPE, content)
        .build();
    headers::add_request_id(&mut response);
    match kinds[0].status().as_u16() {
        401 => headers::add(&mut response, "WWW-Authenticate", "`Bearer`"),
        429 | 503 => headers::add(&mut response, "Retry-After", "How many seconds to wait."),
        _ => {}
    }
    response
}

fn example(kind: ProblemKind) -> Value {
    let mut problem = Problem::of(kind);
    if kind == ProblemKind::Forbidden {
        let (right, field) = ("set_visibility", Some("is_visible_to_client"));
        problem = Error::Forbidden(Refusal { right, field }).into();
    }
    if kind == ProblemKind::Validation {
        problem = problem.with_error("title", FieldError::Required);
    }
    let document = ProblemDocument::of(&problem, "8f14e45fceea167a5a36dedd4bea2543");
    serde_json::to_value(document).expect("a struct of strings is valid JSON")
}

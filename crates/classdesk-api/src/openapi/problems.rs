//! Which problems an operation can answer with.
//!
//! An operation names its own in the extension `x-problems`; what follows from its shape is added
//! here: a body can be malformed, a path can lead nowhere, a token can be dead.

use std::collections::BTreeMap;

use classdesk_http::problem::{ProblemDocument, ProblemKind};
use serde_json::{Value, json};
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::path::{Operation, ParameterIn, PathItem};
use utoipa::openapi::schema::Ref;
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{
    Components, Content, ContentBuilder, Header, HeaderBuilder, OpenApi, RefOr, Response,
    ResponseBuilder,
};

const EXTENSION: &str = "x-problems";

const REQUEST_ID: &str = "X-Request-Id";

const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

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

/// Adds the problem responses, each once among the components, and the headers that are the same
/// everywhere.
pub(super) fn complete(document: &mut OpenApi) {
    let components = document.components.get_or_insert_with(Components::new);
    for item in document.paths.paths.values_mut() {
        for (operation, creates) in operations(item) {
            let bearer = || vec![SecurityRequirement::new::<_, _, &str>("bearer", [])];
            operation.security.get_or_insert_with(bearer);
            let kinds = kinds_of(operation, creates);
            let names: Vec<_> = kinds.iter().map(|kind| kind.slug()).collect();
            operation.extensions = Some(ExtensionsBuilder::new().add(EXTENSION, names).build());
            add_headers(operation);
            add_responses(operation, &kinds, &mut components.responses);
        }
    }
}

/// The operations of a path, and whether each changes something.
fn operations(item: &mut PathItem) -> impl Iterator<Item = (&mut Operation, bool)> {
    let reads = [item.get.as_mut(), item.head.as_mut()];
    let writes = [
        item.post.as_mut(),
        item.put.as_mut(),
        item.patch.as_mut(),
        item.delete.as_mut(),
    ];
    let reads = reads
        .into_iter()
        .flatten()
        .map(|operation| (operation, false));
    let writes = writes
        .into_iter()
        .flatten()
        .map(|operation| (operation, true));
    reads.chain(writes)
}

fn kinds_of(operation: &Operation, writes: bool) -> Vec<ProblemKind> {
    let mut kinds = named(operation);
    kinds.extend(ALWAYS);
    if operation.request_body.is_some() {
        kinds.extend(WITH_BODY);
    }
    if needs_token(operation) {
        kinds.push(ProblemKind::Unauthenticated);
        if writes {
            kinds.push(ProblemKind::Contended);
        }
    }
    if has_parameter(operation, &ParameterIn::Path) {
        kinds.push(ProblemKind::NotFound);
    }
    if has_parameter(operation, &ParameterIn::Query) {
        kinds.push(ProblemKind::Validation);
    }
    if has_parameter(operation, &ParameterIn::Header) {
        kinds.push(ProblemKind::InvalidHeader);
    }
    if has_named(operation, "If-Match") {
        kinds.push(ProblemKind::PreconditionFailed);
    }
    if has_named(operation, IDEMPOTENCY_KEY) {
        kinds.extend([
            ProblemKind::IdempotencyRunning,
            ProblemKind::IdempotencyMismatch,
        ]);
    }
    kinds.sort_unstable_by_key(|kind| (kind.status(), kind.slug()));
    kinds.dedup();
    kinds
}

/// An operation for everybody has one requirement, which requires nothing.
fn needs_token(operation: &Operation) -> bool {
    let mut requirements = operation.security.iter().flatten();
    requirements.any(|requirement| *requirement != SecurityRequirement::default())
}

/// The kinds that the operation names itself.
fn named(operation: &Operation) -> Vec<ProblemKind> {
    let extensions = operation.extensions.as_ref();
    let slugs = extensions.and_then(|extensions| extensions.get(EXTENSION)?.as_array().cloned());
    slugs
        .into_iter()
        .flatten()
        .map(|slug| {
            slug.as_str()
                .and_then(ProblemKind::from_slug)
                .expect("operations name problems by their slugs")
        })
        .collect()
}

fn has_parameter(operation: &Operation, place: &ParameterIn) -> bool {
    let parameters = operation.parameters.iter().flatten();
    parameters
        .filter_map(as_item)
        .any(|parameter| parameter.parameter_in == *place)
}

fn has_named(operation: &Operation, name: &str) -> bool {
    let parameters = operation.parameters.iter().flatten();
    parameters
        .filter_map(as_item)
        .any(|parameter| parameter.name == name)
}

fn as_item<T>(item: &RefOr<T>) -> Option<&T> {
    match item {
        RefOr::T(item) => Some(item),
        RefOr::Ref(_) => None,
    }
}

/// Names a response for each status, and describes it among the components unless an operation
/// before has done so.
fn add_responses(
    operation: &mut Operation,
    kinds: &[ProblemKind],
    shared: &mut BTreeMap<String, RefOr<Response>>,
) {
    let mut by_status = BTreeMap::<u16, Vec<ProblemKind>>::new();
    for kind in kinds {
        by_status
            .entry(kind.status().as_u16())
            .or_default()
            .push(*kind);
    }
    for (status, kinds) in by_status {
        let slugs: Vec<_> = kinds.iter().map(|kind| kind.slug()).collect();
        let name = slugs.join(".");
        let reference = RefOr::Ref(Ref::from_response_name(&name));
        shared
            .entry(name)
            .or_insert_with(|| RefOr::T(response(&kinds)));
        let responses = &mut operation.responses.responses;
        responses.insert(status.to_string(), reference);
    }
}

fn response(kinds: &[ProblemKind]) -> Response {
    let lines: Vec<_> = kinds
        .iter()
        .map(|kind| format!("`{}`: {}", kind.type_path(), kind.about()))
        .collect();
    let content = kinds.iter().fold(
        ContentBuilder::new().schema(Some(Ref::from_schema_name("ProblemDocument"))),
        |content, kind| {
            let example = utoipa::openapi::example::ExampleBuilder::new()
                .summary(kind.title())
                .value(Some(example(*kind)))
                .build();
            content.examples_from_iter([(kind.slug(), example)])
        },
    );
    let content: Content = content.build();
    let mut response = ResponseBuilder::new()
        .description(lines.join("\n\n"))
        .content(ProblemDocument::MEDIA_TYPE, content)
        .header(REQUEST_ID, request_id());
    for (name, about) in headers_of(kinds[0]) {
        response = response.header(*name, text_header(about));
    }
    response.build()
}

fn example(kind: ProblemKind) -> Value {
    let mut example = json!({
        "type": kind.type_path(),
        "title": kind.title(),
        "status": kind.status().as_u16(),
        "detail": kind.about(),
        "request_id": "8f14e45fceea167a5a36dedd4bea2543",
    });
    if kind == ProblemKind::Validation {
        example["errors"] = json!([
            {"field": "title", "code": "required", "message": "This field is required."}
        ]);
    }
    example
}

/// The headers that come with a kind.
fn headers_of(kind: ProblemKind) -> &'static [(&'static str, &'static str)] {
    match kind.status().as_u16() {
        401 => &[("WWW-Authenticate", "`Bearer`")],
        405 => &[("Allow", "The methods that the path has.")],
        429 | 503 => &[("Retry-After", "How many seconds to wait.")],
        _ => &[],
    }
}

fn text_header(about: &str) -> Header {
    HeaderBuilder::new()
        .schema(Some(<String as utoipa::PartialSchema>::schema()))
        .description(Some(about))
        .build()
}

fn request_id() -> Header {
    text_header("The id of this request, as in the server's log.")
}

/// `X-Request-Id` everywhere, `Link` on lists, `Idempotency-Replayed` where there can be a key.
fn add_headers(operation: &mut Operation) {
    let pages = has_named(operation, "cursor");
    let is_idempotent = has_named(operation, IDEMPOTENCY_KEY);
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else {
            continue;
        };
        response
            .headers
            .insert(REQUEST_ID.to_owned(), RefOr::T(request_id()));
        if pages && status == "200" {
            let link = text_header("The next page, as `<URL>; rel=\"next\"`; none on the last.");
            response.headers.insert("Link".to_owned(), RefOr::T(link));
        }
        if is_idempotent && status == "201" {
            let replayed = text_header("`true` when an earlier request had created it.");
            let name = "Idempotency-Replayed".to_owned();
            response.headers.insert(name, RefOr::T(replayed));
        }
    }
}

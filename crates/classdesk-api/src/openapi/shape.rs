//! What an operation does, as its method and its answers show.

use actix_web::http::Method;
use utoipa::openapi::path::{Operation, ParameterIn, PathItem};
use utoipa::openapi::schema::Schema;
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{RefOr, Response};

/// The views of things that count their changes.
const VERSIONED: [&str; 9] = [
    "BundleDetailView",
    "BundleFileView",
    "CreatedWebhookView",
    "MessageView",
    "SubjectView",
    "ThreadView",
    "TicketView",
    "UserView",
    "WebhookView",
];

/// The views of what is made and not kept: making it again does no harm.
const NOT_KEPT: [&str; 1] = ["FileLinkView"];

/// The operations of a path with their methods.
pub(crate) fn operations(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut Operation)> {
    let all = [
        (Method::GET, &mut item.get),
        (Method::POST, &mut item.post),
        (Method::PUT, &mut item.put),
        (Method::PATCH, &mut item.patch),
        (Method::DELETE, &mut item.delete),
    ];
    all.into_iter()
        .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// Whether it needs no sign-in: it has one requirement, which requires nothing. Without a word about
/// security, a sign-in is needed.
pub(crate) fn is_public(operation: &Operation) -> bool {
    operation.security == Some(vec![SecurityRequirement::default()])
}

/// Whether its query can have parameters, named by itself or those of every list.
pub(crate) fn has_parameters(operation: &Operation) -> bool {
    let mut own = operation.parameters.iter().flatten().filter_map(item);
    is_page(operation) || own.any(|own| own.parameter_in == ParameterIn::Query)
}

/// Whether it answers with a page of a list.
pub(super) fn is_page(operation: &Operation) -> bool {
    let answer = answer(operation);
    // A feed goes by positions of its own.
    let is_feed = answer.is_some_and(|answer| answer.content.contains_key("text/event-stream"));
    let schema = answer.and_then(schema_of);
    matches!(schema, Some(RefOr::T(Schema::Array(_)))) && !is_feed
}

/// Whether it creates something that is kept, and only once when it is repeated with the same key.
pub(super) fn is_idempotent(method: &Method, operation: &Operation) -> bool {
    let created = operation.responses.responses.get("201").and_then(item);
    let is_kept = |answer| !has_view(answer, &NOT_KEPT);
    *method == Method::POST && created.is_some_and(is_kept)
}

/// Whether it answers with a part of a file, if that is asked for.
pub(super) fn is_download(operation: &Operation) -> bool {
    operation.responses.responses.contains_key("206")
}

/// Whether an answer is about one thing that counts its changes.
pub(super) fn is_versioned(response: &Response) -> bool {
    has_view(response, &VERSIONED)
}

/// Whether an answer is one of these views.
fn has_view(response: &Response, names: &[&str]) -> bool {
    let Some(RefOr::Ref(view)) = schema_of(response) else {
        return false;
    };
    let mut names = names.iter();
    names.any(|name| view.ref_location.ends_with(&format!("/{name}")))
}

/// Whether its answer has an entity tag.
pub(super) fn has_etag(operation: &Operation) -> bool {
    answer(operation).is_some_and(|it| is_versioned(it) || it.headers.contains_key("ETag"))
}

/// Whether it changes one thing of which clients can know the version.
pub(super) fn changes_version(method: &Method, operation: &Operation) -> bool {
    let is_change = [Method::PUT, Method::PATCH, Method::DELETE].contains(method);
    is_change || (!method.is_safe() && answer(operation).is_some_and(is_versioned))
}

fn answer(operation: &Operation) -> Option<&Response> {
    operation.responses.responses.get("200").and_then(item)
}

fn schema_of(response: &Response) -> Option<&RefOr<Schema>> {
    let (_, content) = response.content.first()?;
    item(content)?.schema.as_ref()
}

/// What stands here itself, and not among the components.
pub(super) const fn item<T>(item: &RefOr<T>) -> Option<&T> {
    match item {
        RefOr::T(item) => Some(item),
        RefOr::Ref(_) => None,
    }
}

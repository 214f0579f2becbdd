//! The OpenAPI document: written beside the handlers, completed here.

mod headers;
mod parameters;
mod problems;
mod shape;

use classdesk_http::problem::{FieldProblem, ProblemDocument};
use serde_json::json;
use utoipa::OpenApi;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::schema::Schema;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Components, OpenApi as Document, RefOr};

use crate::dto::FileBytes;

pub(crate) use shape::{has_parameters, is_public, operations};

/// What stands above the operations.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Classdesk",
        description = "Bundles of classes with threads, tickets and files between clients, writers \
            and staff.\n\nSign in with `POST /api/v1/auth/login/` and send the token as \
            `Authorization: Bearer TOKEN`. Errors are problem documents (RFC 9457). Lists are \
            arrays; a further page is named by the `Link` header. What you may not see is 404.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    servers((url = "/", description = "Where this document comes from")),
    components(schemas(ProblemDocument, FieldProblem, FileBytes)),
)]
struct Frame;

/// Says that a ticket's body names a subject with both of its fields or not at all. utoipa has no
/// word for this; what it calls extensions stands in the schema as it is.
fn pair_the_subject(document: &mut Document) {
    let schemas = document.components.as_mut().map(|all| &mut all.schemas);
    let Some(RefOr::T(Schema::Object(body))) = schemas.and_then(|all| all.get_mut("TicketBody"))
    else {
        unreachable!("the body of a ticket is an object");
    };
    let pair = json!({"content_type": ["object_id"], "object_id": ["content_type"]});
    body.extensions = Some(Extensions::from_iter([("dependentRequired", pair)]));
}

/// Declares the one way to sign in, and adds what follows from the shape of each operation.
fn complete(document: &mut Document) {
    let components = document.components.get_or_insert_with(Components::new);
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "The token of a session or of a key, or a JSON Web Token where the operator trusts those of another system.",
        ));
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer.build()));
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            let bearer = || vec![SecurityRequirement::new::<_, _, &str>("bearer", [])];
            operation.security.get_or_insert_with(bearer);
            headers::complete(&method, operation);
            parameters::complete(path, &method, operation);
            problems::complete(&method, operation, &mut components.responses);
        }
    }
}

/// The whole document of these operations, as JSON.
pub(crate) fn document_of(operations: impl IntoIterator<Item = Document>) -> String {
    let mut document = Frame::openapi();
    for part in operations {
        document.merge(part);
    }
    complete(&mut document);
    pair_the_subject(&mut document);
    let mut text = document
        .to_pretty_json()
        .expect("the document consists of strings and numbers");
    text.push('\n');
    text
}

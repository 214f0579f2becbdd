//! The OpenAPI document: written beside the handlers, completed here.

mod problems;

use classdesk_http::problem::{FieldProblem, ProblemDocument};
use serde_json::json;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::schema::Schema;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, OpenApi as Document, RefOr};
use utoipa::{Modify, OpenApi};

use crate::dto::FileBytes;

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
    modifiers(&Bearer),
)]
struct Frame;

/// Declares the one way to sign in.
struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut Document) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("The `access_token` of a session."))
            .build();
        document
            .components
            .get_or_insert_with(Components::new)
            .add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

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

/// The whole document of these operations, as JSON.
pub(crate) fn document_of(operations: impl IntoIterator<Item = Document>) -> String {
    let mut document = Frame::openapi();
    for part in operations {
        document.merge(part);
    }
    problems::complete(&mut document);
    pair_the_subject(&mut document);
    let mut text = document
        .to_pretty_json()
        .expect("the document consists of strings and numbers");
    text.push('\n');
    text
}

//! The parameters that an operation has because of its path and its answers.

use actix_web::http::Method;
use utoipa::IntoParams;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{RefOr, Required};

use crate::dto::PageParams;

use super::shape::{changes_version, has_etag, is_download, is_idempotent, is_page};

/// Puts the parameters of the path before the ones that the operation names, and the others after
/// them.
pub(super) fn complete(path: &str, method: &Method, operation: &mut Operation) {
    let mut parameters = of_path(path, method);
    let own = operation.parameters.take().unwrap_or_default();
    parameters.extend(own.into_iter().filter_map(|own| match own {
        RefOr::T(own) => Some(own),
        RefOr::Ref(_) => None,
    }));
    if is_page(operation) {
        parameters.extend(PageParams::into_params(|| None));
    }
    parameters.extend(headers(method, operation));
    let parameters: Vec<_> = parameters.into_iter().map(RefOr::T).collect();
    operation.parameters = Some(parameters).filter(|all| !all.is_empty());
}

fn of_path(path: &str, method: &Method) -> Vec<Parameter> {
    let segments: Vec<_> = path.split('/').collect();
    let parameters = segments.windows(2).filter_map(|pair| {
        let name = pair[1].strip_prefix('{')?.strip_suffix('}')?;
        let (about, schema) = named_after(pair[0], method);
        let parameter = parameter(ParameterIn::Path, name, about, schema);
        Some(parameter.required(Required::True).build())
    });
    parameters.collect()
}

/// What a segment of a path is about that stands after this one.
fn named_after(segment: &str, method: &Method) -> (&'static str, ObjectBuilder) {
    let about = match segment {
        "users" | "class-bundles" if *method == Method::PUT => {
            return ("Its id in another system", text().pattern(Some(EXTERNAL)));
        }
        "class-bundles" => return ("The bundle", number_or_external(1)),
        "files" | "attachments" => "The file",
        "messages" => "The message",
        "participants" | "users" => return ("The person", number_or_external(1)),
        "sessions" => "The session",
        "keys" => "The key",
        "threads" => "The thread",
        "tickets" => "The ticket",
        "webhooks" => "The webhook",
        "deliveries" => "The delivery",
        "subjects" if method.is_safe() => {
            return ("Its kind", text().pattern(Some("^[a-z][a-z0-9_]{0,31}$")));
        }
        "subjects" => {
            let registered = text().pattern(Some("^(?!class_bundle$)[a-z][a-z0-9_]{0,31}$"));
            return ("Its kind, other than `class_bundle`", registered);
        }
        "{content_type}" => return ("Its id in the system where it lives", number_or_external(0)),
        "problems" => return ("The last segment of a problem's `type`", text()),
        _ => unreachable!("a parameter stands after the name of what it names"),
    };
    (about, number(1))
}

/// `Idempotency-Key` where something is created; the headers by which a client asks for a part of
/// a file, only for what it does not hold, or to change only what it knows.
fn headers(method: &Method, operation: &Operation) -> Vec<Parameter> {
    let mut headers = Vec::new();
    if is_idempotent(method, operation) {
        let key = text()
            .min_length(Some(1))
            .max_length(Some(255))
            .pattern(Some("^[ -~]+$"));
        headers.push(("Idempotency-Key", IDEMPOTENCY_KEY, key));
    }
    if is_download(operation) {
        headers.push(("Range", "One range of bytes.", text()));
        let held = "The entity tag of which a part is held already.";
        headers.push(("If-Range", held, text()));
        headers.push(("If-Match", "Entity tags of the wanted bytes.", text()));
    }
    if has_etag(operation) && *method == Method::GET {
        headers.push(("If-None-Match", "Entity tags that are known.", text()));
    }
    if changes_version(method, operation) {
        for (name, about) in [("If-Match", IF_MATCH), ("If-None-Match", IF_NONE_MATCH)] {
            headers.push((name, about, text().pattern(Some(ENTITY_TAGS))));
        }
    }
    let headers = headers.into_iter().map(|(name, about, schema)| {
        let header = parameter(ParameterIn::Header, name, about, schema);
        header.required(Required::False).build()
    });
    headers.collect()
}

const IDEMPOTENCY_KEY: &str = "A key of your choice. For 24 hours, the same key with the same body \
    creates nothing\nand gives the thing as it is now, marked by `Idempotency-Replayed: true`.";

const IF_MATCH: &str =
    "Entity tags of the versions that the change is made for; 412 when it is another by now.";

const IF_NONE_MATCH: &str =
    "Entity tags of versions that must not be there, or `*` for none at all; 412 otherwise.";

const ENTITY_TAGS: &str = r#"^[ \t]*(\*|(W/)?"[!#-~]*"([ \t]*,[ \t]*(W/)?"[!#-~]*")*)[ \t]*$"#;

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

/// The id of another system, percent-encoded as everything in a path.
const EXTERNAL: &str = r"^ext:[^\s\x00-\x1f\x7f-\x9f]{1,255}$";

/// A number, or the id of another system.
fn number_or_external(minimum: i64) -> ObjectBuilder {
    number(minimum)
        .schema_type(SchemaType::from_iter([Type::Integer, Type::String]))
        .pattern(Some(EXTERNAL))
}

fn number(minimum: i64) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
        .minimum(Some(minimum))
}

fn parameter(
    place: ParameterIn,
    name: &str,
    about: &str,
    schema: ObjectBuilder,
) -> ParameterBuilder {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .description(Some(about))
        .schema(Some(schema))
}

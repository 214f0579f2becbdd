//! Headers that clients send, as the OpenAPI document describes them.

use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

/// `Idempotency-Key`, which makes a request that creates something safe to repeat.
pub(crate) struct IdempotencyHeader;

/// `If-Match`, which keeps a change from undoing somebody else's.
pub(crate) struct VersionHeader;

/// The headers by which a client asks for a part, or only for what it does not hold.
pub(crate) struct DownloadHeaders;

impl IntoParams for IdempotencyHeader {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let about = "A key of your choice. The same key with the same body gives the first answer \
            again for 24\nhours, marked by `Idempotency-Replayed: true`, and creates nothing.";
        let key = text()
            .min_length(Some(1))
            .max_length(Some(255))
            .pattern(Some("^[ -~]+$"));
        vec![header("Idempotency-Key", about, key)]
    }
}

impl IntoParams for VersionHeader {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let about = "Entity tags of the versions that the change is made for; 412 when it is \
            another by now.";
        let tags = text().pattern(Some(
            r#"^[ \t]*(\*|(W/)?"[!#-~]*"([ \t]*,[ \t]*(W/)?"[!#-~]*")*)[ \t]*$"#,
        ));
        vec![header("If-Match", about, tags)]
    }
}

impl IntoParams for DownloadHeaders {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let held = "The entity tag of which a part is held already.";
        vec![
            header("Range", "One range of bytes.", text()),
            header("If-Range", held, text()),
            header("If-Match", "Entity tags of the wanted bytes.", text()),
            header("If-None-Match", "Entity tags that are known.", text()),
        ]
    }
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn header(name: &str, about: &str, schema: ObjectBuilder) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(utoipa::openapi::Required::False)
        .description(Some(about))
        .schema(Some(schema))
        .build()
}

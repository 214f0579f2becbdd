//! What every download takes and answers.

use serde::Serialize;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::{IntoParams, IntoResponses, PartialSchema, ToSchema};

/// The headers by which a client asks for a part, or only for what it does not hold.
#[derive(Debug, Default, Serialize, IntoParams)]
#[into_params(parameter_in = Header)]
pub struct DownloadHeaders {
    /// One range of bytes.
    #[serde(rename = "Range", skip_serializing_if = "Option::is_none")]
    #[param(rename = "Range", required = false, nullable = false)]
    pub range: Option<String>,
    /// The entity tag of which a part is held already.
    #[serde(rename = "If-Range", skip_serializing_if = "Option::is_none")]
    #[param(rename = "If-Range", required = false, nullable = false)]
    pub if_range: Option<String>,
    /// Entity tags of the wanted bytes.
    #[serde(rename = "If-Match", skip_serializing_if = "Option::is_none")]
    #[param(rename = "If-Match", required = false, nullable = false)]
    pub if_match: Option<String>,
    /// Entity tags that are known.
    #[serde(rename = "If-None-Match", skip_serializing_if = "Option::is_none")]
    #[param(rename = "If-None-Match", required = false, nullable = false)]
    pub if_none_match: Option<String>,
}

/// The bytes of a file, of whatever media type they look like.
#[derive(Debug)]
pub struct FileBytes;

impl PartialSchema for FileBytes {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)))
            .description(Some("The bytes of a file."))
            .build()
            .into()
    }
}

impl ToSchema for FileBytes {}

/// The answers of a download that are no problem.
#[derive(Debug, IntoResponses)]
pub enum DownloadAnswer {
    /// The whole file
    #[response(
        status = 200,
        content_type = "*/*",
        headers(
            ("ETag" = String, description = "The SHA-256 of the bytes."),
            ("Accept-Ranges" = String, description = "`bytes`"),
            ("Content-Disposition" = String,
                description = "`attachment` with the file's name (RFC 8187)."),
        ),
    )]
    Whole(FileBytes),
    /// The asked part
    #[response(
        status = 206,
        content_type = "*/*",
        headers(
            ("ETag" = String, description = "The SHA-256 of the whole bytes."),
            ("Content-Range" = String, description = "Which part of how many bytes."),
        ),
    )]
    Part(FileBytes),
    /// The bytes are those that `If-None-Match` names
    #[response(status = 304)]
    Unchanged,
}

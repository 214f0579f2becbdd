//! What every download answers.

use utoipa::{IntoResponses, ToSchema};

/// The bytes of a file.
#[derive(Debug, ToSchema)]
#[schema(value_type = String, format = Binary)]
pub struct FileBytes(pub Vec<u8>);

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

//! Files, as far as they are known without their bytes.

use classdesk_domain::blobs::FileInfo;
use classdesk_domain::clock::Timestamp;
use classdesk_domain::files::{BundleFile, FileChange, NewFile};
use classdesk_domain::text::Description;
use classdesk_http::PublicUrl;
use serde::Serialize;
use utoipa::ToSchema;

use crate::input::{File, input};
use crate::render::display;

use super::people::UserRefView;

/// A file that somebody uploaded.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": 3, "file_name": "Übung 1.pdf", "file_size": 48213, "content_type": "application/pdf",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "uploaded_by": {"id": 8, "username": "writer", "display_name": "Will Writer", "role": "writer"},
    "uploaded_at": "2026-03-01T10:00:00.000000Z",
    "file_url": "https://desk.example.com/api/v1/communications/messages/5/attachment/",
}))]
pub struct AttachmentView {
    /// Its id.
    pub id: i64,
    /// Its name: Unicode, without path, control and bidi-override characters.
    pub file_name: String,
    /// How many bytes it has.
    pub file_size: u64,
    /// What its bytes look like.
    pub content_type: String,
    /// The SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// Who uploaded it.
    pub uploaded_by: UserRefView,
    /// When.
    #[serde(serialize_with = "display")]
    #[schema(value_type = String, format = DateTime)]
    pub uploaded_at: Timestamp,
    /// Where its bytes are, for whoever may see it.
    #[schema(format = "uri")]
    pub file_url: String,
}

impl AttachmentView {
    /// A file with this id, whose bytes are at `file_url`.
    pub(crate) fn of(id: i64, file: FileInfo, file_url: String) -> Self {
        Self {
            id,
            file_name: file.name.to_string(),
            file_size: file.blob.size,
            content_type: file.blob.content_type.as_str().to_owned(),
            sha256: file.blob.sha256.to_string(),
            uploaded_by: file.uploaded_by.into(),
            uploaded_at: file.uploaded_at,
            file_url,
        }
    }
}

/// A file of a bundle.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": 3, "file_name": "Übung 1.pdf", "file_size": 48213, "content_type": "application/pdf",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "uploaded_by": {"id": 8, "username": "writer", "display_name": "Will Writer", "role": "writer"},
    "uploaded_at": "2026-03-01T10:00:00.000000Z",
    "file_url":
        "https://desk.example.com/api/v1/class-management/class-bundles/42/files/3/download/",
    "description": "The first sheet", "is_visible_to_client": true, "is_visible_to_writer": true,
}))]
pub struct BundleFileView {
    /// What all files have.
    #[serde(flatten)]
    pub attachment: AttachmentView,
    /// What it is, in the uploader's words.
    pub description: String,
    /// Whether the bundle's client sees it.
    pub is_visible_to_client: bool,
    /// Whether the assigned writer sees it.
    pub is_visible_to_writer: bool,
}

impl BundleFileView {
    /// A file, with its URL below the public one.
    pub(crate) fn of(file: BundleFile, public_url: &PublicUrl) -> Self {
        let path = format!(
            "/api/v1/class-management/class-bundles/{}/files/{}/download/",
            file.bundle, file.id
        );
        Self {
            attachment: AttachmentView::of(file.id.get(), file.file, public_url.join(&path)),
            description: file.description.into_string(),
            is_visible_to_client: file.visibility.to_client,
            is_visible_to_writer: file.visibility.to_writer,
        }
    }
}

input! {
    /// A file to be put on a bundle.
    body BundleFileForm -> NewFile {
        /// The file.
        file: File,
        /// What it is.
        description: Description = "",
        /// Whether the bundle's client sees it, as they do when it is left out; for staff to say.
        is_visible_to_client: Option<bool>,
        /// Whether the assigned writer sees it, as they do when it is left out; for staff to say.
        is_visible_to_writer: Option<bool>,
    } => {
        let File = file;
        NewFile { description, is_visible_to_client, is_visible_to_writer }
    },
    example {"file": "(bytes)", "description": "The first sheet"}
}

input! {
    /// A change to a file of a bundle. What is left out stays.
    body BundleFileChangeBody -> FileChange {
        /// What it is.
        description: Option<Description>,
        /// Whether the bundle's client sees it; for staff to say.
        is_visible_to_client: Option<bool>,
        /// Whether the assigned writer sees it; for staff to say.
        is_visible_to_writer: Option<bool>,
    } => FileChange { description, is_visible_to_client, is_visible_to_writer },
    example {"is_visible_to_client": false}
}

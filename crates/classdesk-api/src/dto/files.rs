//! Files, as far as they are known without their bytes.

use classdesk_domain::blobs::{ContentType, FileInfo, FileName, Sha256Digest};
use classdesk_domain::clock::Timestamp;
use classdesk_domain::files::{BundleFile, FileChange, NewFile};
use classdesk_domain::text::Description;
use classdesk_http::PublicUrl;
use utoipa::openapi::schema::SchemaFormat;

use crate::input::{File, input};
use crate::output::{outputs, view};
use crate::schema::string;

use super::people::UserRefView;

/// Where the bytes of a file are.
#[derive(Debug)]
pub struct FileUrl(String);

impl FileUrl {
    pub(super) fn of_link(public_url: &PublicUrl, token: &str) -> Self {
        Self(public_url.join(&format!("/api/v1/links/?token={token}")))
    }
}

outputs! {
    FileUrl: |url, serializer| serializer.serialize_str(&url.0), string().format(Some(SchemaFormat::Custom("uri".to_owned())));
}

view! {
    /// A file that was uploaded.
    AttachmentView of (id: i64, file: FileInfo, url: String) {
        /// Its id.
        id: i64 = id,
        /// Its name: Unicode, without path, control and bidi-override characters.
        file_name: FileName = file.name,
        /// How many bytes it has.
        file_size: u64 = file.blob.size,
        /// What its bytes look like.
        content_type: ContentType = file.blob.content_type,
        /// The SHA-256 of its bytes, in hexadecimal.
        sha256: Sha256Digest = file.blob.sha256,
        /// Who uploaded it.
        uploaded_by: UserRefView = file.uploaded_by.into(),
        /// When.
        uploaded_at: Timestamp = file.uploaded_at,
        /// Where its bytes are, for everyone who may see it.
        file_url: FileUrl = FileUrl(url),
    },
    example {
        "id": 3, "file_name": "Übung 1.pdf", "file_size": 48213, "content_type": "application/pdf",
        "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "uploaded_by":
            {"id": 8, "username": "writer", "display_name": "Will Writer", "role": "writer"},
        "uploaded_at": "2026-03-01T10:00:00.000000Z",
        "file_url": "https://desk.example.com/api/v1/communications/messages/5/attachment/",
    }
}

view! {
    /// A file of a bundle.
    BundleFileView of (file: BundleFile, public_url: &PublicUrl) {
        ..attachment: AttachmentView = AttachmentView::of(
            file.id.get(),
            file.file,
            public_url.join(&format!(
                "/api/v1/class-management/class-bundles/{}/files/{}/download/",
                file.bundle, file.id
            )),
        ),
        /// What it is, in the uploader's words.
        description: Description,
        /// Whether the bundle's client sees it.
        is_visible_to_client: bool = file.visibility.to_client,
        /// Whether the assigned writer sees it.
        is_visible_to_writer: bool = file.visibility.to_writer,
        /// Counts its changes; the first part of the `ETag`.
        version: i64,
    },
    example {
        "id": 3, "file_name": "Übung 1.pdf", "file_size": 48213, "content_type": "application/pdf",
        "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "uploaded_by":
            {"id": 8, "username": "writer", "display_name": "Will Writer", "role": "writer"},
        "uploaded_at": "2026-03-01T10:00:00.000000Z",
        "file_url":
            "https://desk.example.com/api/v1/class-management/class-bundles/42/files/3/download/",
        "description": "The first sheet", "is_visible_to_client": true,
        "is_visible_to_writer": true, "version": 1,
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
        let () = file;
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
    },
    example {"is_visible_to_client": false}
}

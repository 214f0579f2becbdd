//! Files: on bundles, on messages and on tickets.

use classdesk_domain::blobs::FileInfo;
use classdesk_domain::clock::Timestamp;
use classdesk_domain::files::BundleFile;
use classdesk_domain::threads::Message;
use classdesk_domain::tickets::TicketAttachment;
use serde::Serialize;
use utoipa::ToSchema;

use crate::render::display;
use crate::settings::PublicUrl;

use super::people::UserRefView;

/// A file.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Attachment, example = json!({
    "id": 8, "file_name": "Übung 1.pdf", "file_size": 48213, "content_type": "application/pdf",
    "sha256": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
    "uploaded_by": {"id": 3, "username": "client", "display_name": "Carla", "role": "client"},
    "uploaded_at": "2026-03-01T10:00:00.000000Z",
    "file_url": "https://desk.example.com/api/v1/communications/messages/31/attachment/",
}))]
pub(crate) struct AttachmentView {
    id: i64,
    /// The name that it came with, without path pieces, control and bidi-override characters.
    file_name: String,
    /// Its size in bytes.
    #[schema(minimum = 1)]
    file_size: u64,
    /// What its bytes look like, whatever its name says.
    content_type: String,
    /// The SHA-256 of its bytes, in lower-case hexadecimal digits. It is its entity tag as well.
    sha256: String,
    uploaded_by: UserRefView,
    #[serde(serialize_with = "display")]
    #[schema(value_type = String, format = DateTime)]
    uploaded_at: Timestamp,
    /// Where its bytes are.
    #[schema(format = "uri")]
    file_url: String,
}

impl AttachmentView {
    fn new(id: i64, file: FileInfo, file_url: String) -> Self {
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

    /// The file of a message, if it has one.
    pub(super) fn of_message(message: &mut Message, url: &PublicUrl) -> Option<Self> {
        let attachment = message.attachment.take()?;
        let path = format!("/api/v1/communications/messages/{}/attachment/", message.id);
        Some(Self::new(
            attachment.id.get(),
            attachment.file,
            url.join(&path),
        ))
    }
}

/// A file of a ticket.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TicketAttachment)]
pub(crate) struct TicketAttachmentView {
    #[serde(flatten)]
    attachment: AttachmentView,
    /// Whether it is for staff alone.
    is_internal: bool,
}

impl TicketAttachmentView {
    /// The file as a viewer who may see it gets it.
    pub(crate) fn new(file: TicketAttachment, url: &PublicUrl) -> Self {
        let path = format!(
            "/api/v1/tickets/{}/attachments/{}/download/",
            file.ticket, file.id
        );
        Self {
            attachment: AttachmentView::new(file.id.get(), file.file, url.join(&path)),
            is_internal: file.is_internal,
        }
    }
}

/// A file of a bundle.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ClassBundleFile)]
pub(crate) struct BundleFileView {
    #[serde(flatten)]
    attachment: AttachmentView,
    /// What it is, in the uploader's words.
    description: String,
    /// Whether the bundle's client sees it.
    is_visible_to_client: bool,
    /// Whether the bundle's writer sees it.
    is_visible_to_writer: bool,
}

impl BundleFileView {
    /// The file as a viewer who may see it gets it.
    pub(crate) fn new(file: BundleFile, url: &PublicUrl) -> Self {
        let path = format!(
            "/api/v1/class-management/class-bundles/{}/files/{}/download/",
            file.bundle, file.id
        );
        Self {
            attachment: AttachmentView::new(file.id.get(), file.file, url.join(&path)),
            description: file.description.into_string(),
            is_visible_to_client: file.visibility.to_client,
            is_visible_to_writer: file.visibility.to_writer,
        }
    }
}

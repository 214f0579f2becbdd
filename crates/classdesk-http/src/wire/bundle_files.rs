//! What is said about files when they are put on a bundle or changed.

use classdesk_domain::files::{FileChange, NewFile};
use classdesk_domain::text::Description;
use serde::Serialize;
use utoipa::ToSchema;

use crate::extract::{Fields, read};

/// A file to be put on a bundle.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"file": "(bytes)", "description": "The first sheet"}))]
pub struct BundleFileForm {
    /// The file.
    #[schema(value_type = String, format = Binary, min_length = 1)]
    pub file: Vec<u8>,
    /// What it is.
    #[schema(
        max_length = 20000,
        pattern = r"^[^\x00]*$",
        default = "",
        nullable = false
    )]
    pub description: Option<String>,
    /// Whether the bundle's client sees it, as they do when it is left out; for staff to say.
    #[schema(nullable = false)]
    pub is_visible_to_client: Option<bool>,
    /// Whether the assigned writer sees it, as they do when it is left out; for staff to say.
    #[schema(nullable = false)]
    pub is_visible_to_writer: Option<bool>,
}

impl BundleFileForm {
    /// Reads what such a form has beside its file.
    pub(crate) fn read(fields: &mut Fields) -> Option<NewFile> {
        let description = fields.optional("description", read::text(Description::parse));
        Some(NewFile {
            description: description.unwrap_or_default(),
            is_visible_to_client: fields.optional("is_visible_to_client", read::boolean),
            is_visible_to_writer: fields.optional("is_visible_to_writer", read::boolean),
        })
    }
}

/// A change to a file of a bundle. What is left out stays.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"is_visible_to_client": false}))]
pub struct BundleFileChangeBody {
    /// What it is.
    #[schema(max_length = 20000, pattern = r"^[^\x00]*$", nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether the bundle's client sees it; for staff to say.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_visible_to_client: Option<bool>,
    /// Whether the assigned writer sees it; for staff to say.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_visible_to_writer: Option<bool>,
}

impl BundleFileChangeBody {
    /// Reads such a body.
    pub(crate) fn read(fields: &mut Fields) -> Option<FileChange> {
        Some(FileChange {
            description: fields.optional("description", read::text(Description::parse)),
            is_visible_to_client: fields.optional("is_visible_to_client", read::boolean),
            is_visible_to_writer: fields.optional("is_visible_to_writer", read::boolean),
        })
    }
}

//! What a bundle file is (docs/contract.md#files).

use crate::blobs::model::FileInfo;
use crate::ids::{BundleId, FileId};
use crate::text::Description;

/// Which party sees a file. Staff always do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Visibility {
    /// Whether the bundle's client sees it.
    pub to_client: bool,
    /// Whether the assigned writer sees it.
    pub to_writer: bool,
}

impl Default for Visibility {
    fn default() -> Self {
        Self {
            to_client: true,
            to_writer: true,
        }
    }
}

/// A file of a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleFile {
    /// Its id.
    pub id: FileId,
    /// The bundle.
    pub bundle: BundleId,
    /// What is known of it.
    pub file: FileInfo,
    /// What it is, in the uploader's words.
    pub description: Description,
    /// Which party sees it.
    pub visibility: Visibility,
    /// Counts its changes, from 1.
    pub version: i64,
}

/// What comes with a file that is put on a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NewFile {
    /// What it is.
    pub description: Description,
    /// Whether the client sees it; for staff to say.
    pub is_visible_to_client: Option<bool>,
    /// Whether the writer sees it; for staff to say.
    pub is_visible_to_writer: Option<bool>,
}

/// A change to a file; what is `None` stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FileChange {
    /// What it is.
    pub description: Option<Description>,
    /// Whether the client sees it.
    pub is_visible_to_client: Option<bool>,
    /// Whether the writer sees it.
    pub is_visible_to_writer: Option<bool>,
}

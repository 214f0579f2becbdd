//! What is said about files when they are put on a bundle or changed.

use classdesk_domain::files::{FileChange, NewFile};
use classdesk_domain::text::Description;

use crate::input::{File, input};

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

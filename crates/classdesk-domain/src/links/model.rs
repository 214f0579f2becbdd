//! What a link is.

use std::time::Duration;

use crate::blobs::model::{ContentType, Sha256Digest};
use crate::clock::Timestamp;
use crate::ids::{BundleId, FileId, MessageId, TicketAttachmentId, TicketId, UserId};
use crate::string_enum::string_enum;
use crate::validation::FieldError;

string_enum! {
    /// What a browser does with a file.
    Disposition {
        /// It saves it.
        Attachment = "attachment",
        /// It shows it.
        Inline = "inline",
    }
}

/// Raster images that browsers show. Images of vectors can run scripts.
const IMAGES: [&str; 6] = [
    "image/avif",
    "image/bmp",
    "image/gif",
    "image/jpeg",
    "image/png",
    "image/webp",
];

impl Disposition {
    /// Whether a file of this type may be treated like this: only what can't run is shown.
    #[must_use]
    pub fn suits(self, content_type: &ContentType) -> bool {
        let name = content_type.as_str();
        let cannot_run = IMAGES.contains(&name)
            || matches!(name, "application/pdf" | "text/plain")
            || name.starts_with("audio/")
            || name.starts_with("video/");
        self == Self::Attachment || cannot_run
    }
}

/// A file that a link can lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkedFile {
    /// A file of a bundle.
    Bundle(BundleId, FileId),
    /// The file that came with a message.
    Message(MessageId),
    /// A file of a ticket.
    Ticket(TicketId, TicketAttachmentId),
}

/// For how long a link can be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkLifetime(Duration);

impl LinkLifetime {
    /// The greatest number of seconds.
    pub const MAX: i64 = 300;
    /// The number of seconds when none is named.
    pub const DEFAULT: i64 = 60;

    /// Checks a number of seconds.
    ///
    /// # Errors
    /// [`FieldError::OutOfRange`].
    pub fn seconds(seconds: i64) -> Result<Self, FieldError> {
        let (min, max) = (1, Self::MAX);
        let within = u64::try_from(seconds).ok();
        let within = within.filter(|_| (min..=max).contains(&seconds));
        let seconds = within.ok_or(FieldError::OutOfRange { min, max })?;
        Ok(Self(Duration::from_secs(seconds)))
    }

    pub(super) fn after(self, now: Timestamp) -> Timestamp {
        now.plus(self.0)
    }
}

/// A link to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewLink {
    /// For how long.
    pub lifetime: LinkLifetime,
    /// What a browser does with the file.
    pub disposition: Disposition,
}

/// What a link says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileLink {
    /// Whose rights it goes by.
    pub person: UserId,
    /// The file.
    pub file: LinkedFile,
    /// The bytes that the file has.
    pub sha256: Sha256Digest,
    /// What a browser does with them.
    pub disposition: Disposition,
    /// When it can no longer be opened.
    pub expires_at: Timestamp,
}

impl FileLink {
    /// The day of the key that signs it, counted from 1970: that on which it was made, or the one
    /// before. So the link needs not name its key.
    #[must_use]
    pub fn key_day(&self) -> i64 {
        const MICROS: i64 = 24 * 60 * 60 * 1_000_000;
        let longest = Duration::from_secs(LinkLifetime::MAX.unsigned_abs());
        self.expires_at.minus(longest).micros().div_euclid(MICROS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_cannot_run_is_shown() {
        for (name, shown) in [
            ("image/png", true),
            ("image/webp", true),
            ("image/svg+xml", false),
            ("application/pdf", true),
            ("text/plain", true),
            ("text/html", false),
            ("text/xml", false),
            ("application/xhtml+xml", false),
            ("application/javascript", false),
            ("application/octet-stream", false),
            ("audio/mpeg", true),
            ("video/mp4", true),
        ] {
            let name = ContentType::parse(name).expect("a media type");
            assert_eq!(Disposition::Inline.suits(&name), shown, "{name:?}");
            assert!(Disposition::Attachment.suits(&name));
        }
    }

    #[test]
    fn a_link_lasts_for_one_second_to_five_minutes() {
        for (seconds, is_good) in [
            (-1, false),
            (0, false),
            (1, true),
            (300, true),
            (301, false),
        ] {
            assert_eq!(LinkLifetime::seconds(seconds).is_ok(), is_good, "{seconds}");
        }
    }
}

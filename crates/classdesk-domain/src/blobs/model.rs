//! What is known of stored bytes.

use std::fmt;
use std::time::Duration;

use crate::clock::Timestamp;
use crate::from_text::from_text;
use crate::ids::{BlobId, UserId};
use crate::string_enum::string_enum;
use crate::text::text_type;
use crate::validation::FieldError;

use super::file_name::FileName;
use crate::people::model::UserRef;

string_enum! {
    /// What an upload is for. It decides the prefix of its key (docs/contract.md#uploads).
    BlobPurpose {
        /// A file of a bundle.
        BundleFile = "bundle_file",
        /// A file that comes with a message.
        MessageAttachment = "message_attachment",
        /// A file on a ticket.
        TicketAttachment = "ticket_attachment",
    }
}

impl BlobPurpose {
    /// The prefix of its keys, with the final slash.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::BundleFile => "class_bundles/files/",
            Self::MessageAttachment => "message_attachments/",
            Self::TicketAttachment => "ticket_attachments/",
        }
    }
}

string_enum! {
    /// Where stored bytes are in their life.
    BlobState {
        /// The key is taken; bytes may be arriving. It has no owner.
        Pending = "pending",
        /// The bytes are durable and a record owns them.
        Stored = "stored",
        /// It has no owner any more; the sweeper removes bytes and row.
        Deleted = "deleted",
    }
}

/// How long an upload may stay without an owner.
pub const UPLOAD_GRACE: Duration = Duration::from_secs(24 * 60 * 60);

/// Where bytes are kept: a prefix and 64 random hexadecimal digits. It never contains anything
/// that a client sent, and no client ever sees it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StorageKey(String);

impl StorageKey {
    /// A fresh key of 256 random bits.
    #[must_use]
    pub fn fresh(purpose: BlobPurpose, random: [u8; 32]) -> Self {
        use fmt::Write as _;
        let mut key = String::with_capacity(purpose.prefix().len() + 64);
        key.push_str(purpose.prefix());
        for byte in random {
            let _ = write!(key, "{byte:02x}");
        }
        Self(key)
    }

    /// Reads a key that a store or a listing kept; `None` for anything that
    /// [`StorageKey::fresh`] can't have made.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = BlobPurpose::ALL
            .iter()
            .find_map(|purpose| text.strip_prefix(purpose.prefix()))?;
        let hexadecimal = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
        (digits.len() == 64 && digits.bytes().all(hexadecimal)).then(|| Self(text.to_owned()))
    }

    /// The key itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for StorageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for StorageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A SHA-256 of stored bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sha256Digest([u8; 32]);

impl Sha256Digest {
    /// Wraps a digest.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The digest's bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Sha256Digest {
    /// 64 lower-case hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (words, _) = self.0.as_chunks();
        words
            .iter()
            .try_for_each(|word| write!(f, "{:016x}", u64::from_be_bytes(*word)))
    }
}

impl fmt::Debug for Sha256Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

text_type! {
    /// A media type that was sniffed from the bytes, for example `application/pdf`.
    ContentType
}

from_text!(ContentType);

impl ContentType {
    /// The media type of bytes that are not recognised.
    #[must_use]
    pub fn unknown() -> Self {
        Self("application/octet-stream".to_owned())
    }

    /// Checks a media type: `type/subtype` of RFC 6838 characters, at most 127 of them, without
    /// parameters.
    ///
    /// # Errors
    /// A [`FieldError`] when it is malformed.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let name = |part: &str| {
            part.starts_with(|c: char| c.is_ascii_alphanumeric())
                && part
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
        };
        match text.split_once('/') {
            Some((kind, subtype)) if text.len() <= 127 && name(kind) && name(subtype) => {
                Ok(Self(text.to_owned()))
            }
            _ => Err(FieldError::MediaType),
        }
    }
}

/// What is known of bytes once they are durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobInfo {
    /// How many bytes, at least one.
    pub size: u64,
    /// Their digest.
    pub sha256: Sha256Digest,
    /// What they look like.
    pub content_type: ContentType,
}

/// Stored bytes that a record owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredBlob {
    /// The row.
    pub id: BlobId,
    /// Where the bytes are.
    pub key: StorageKey,
    /// What is known of them.
    pub info: BlobInfo,
}

/// What every viewer of a file may know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileInfo {
    /// Its name.
    pub name: FileName,
    /// Its size, digest and type.
    pub blob: BlobInfo,
    /// The uploader.
    pub uploaded_by: UserRef,
    /// When.
    pub uploaded_at: Timestamp,
}

/// An upload of which the bytes are durable, on its way to the record that will own it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinishedUpload {
    /// Its pending row.
    pub blob: BlobId,
    /// What is known of the bytes.
    pub info: BlobInfo,
    /// The file's name.
    pub name: FileName,
    /// The uploader.
    pub uploaded_by: UserId,
}

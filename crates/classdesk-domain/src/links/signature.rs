//! How a link is written and signed.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::blobs::model::Sha256Digest;
use crate::clock::Timestamp;
use crate::ids::{BundleId, FileId, MessageId, TicketAttachmentId, TicketId, UserId};

use super::model::{Disposition, FileLink, LinkedFile};

/// The bytes of a signature.
const SIGNATURE: usize = 32;

/// The bytes of a link without its signature: two words, four numbers and a digest.
const LENGTH: usize = 2 + 4 * 8 + 32;

/// What the links of a day are signed with (HMAC-SHA-256).
#[derive(Clone, PartialEq, Eq)]
pub struct LinkKey {
    /// The day, counted from 1970.
    pub day: i64,
    secret: [u8; 32],
}

impl LinkKey {
    /// A key of these unguessable bytes, or one that a store kept.
    #[must_use]
    pub const fn from_bytes(day: i64, secret: [u8; 32]) -> Self {
        Self { day, secret }
    }

    /// The bytes, for storing.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.secret
    }

    fn mac(&self, link: &[u8]) -> Hmac<Sha256> {
        let key = Hmac::<Sha256>::new_from_slice(&self.secret);
        key.expect("HMAC takes keys of any length")
            .chain_update(link)
    }

    /// The link as text that a URL can hold.
    #[must_use]
    pub fn sign(&self, link: &FileLink) -> String {
        let mut bytes = to_bytes(link);
        let signature = self.mac(&bytes).finalize().into_bytes();
        bytes.extend_from_slice(&signature);
        URL_SAFE_NO_PAD.encode(bytes)
    }
}

impl fmt::Debug for LinkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LinkKey({}, …)", self.day)
    }
}

/// A text that may be a link. Nobody has looked at its signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ClaimedLink {
    link: FileLink,
    bytes: Vec<u8>,
}

impl ClaimedLink {
    /// Reads a text.
    pub(super) fn parse(text: &str) -> Option<Self> {
        // Longer than any link in base64; nobody makes the server decode it.
        if text.len() > 2 * (LENGTH + SIGNATURE) {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (link, _) = bytes.split_at_checked(LENGTH)?;
        Some(Self {
            link: from_bytes(link)?,
            bytes,
        })
    }

    /// The day of the key that has to have signed it.
    pub(super) fn key_day(&self) -> i64 {
        self.link.key_day()
    }

    /// The link, if this key has signed it. It takes as long whatever is wrong.
    pub(super) fn verify(&self, key: &LinkKey) -> Option<FileLink> {
        let (link, signature) = self.bytes.split_at_checked(LENGTH)?;
        key.mac(link).verify_slice(signature).ok()?;
        Some(self.link)
    }
}

fn to_bytes(link: &FileLink) -> Vec<u8> {
    let (kind, first, second) = match link.file {
        LinkedFile::Bundle(bundle, file) => (0, bundle.get(), file.get()),
        LinkedFile::Message(message) => (1, message.get(), 0),
        LinkedFile::Ticket(ticket, attachment) => (2, ticket.get(), attachment.get()),
    };
    let disposition = match link.disposition {
        Disposition::Attachment => 0,
        Disposition::Inline => 1,
    };
    let expires_at = link.expires_at.micros();
    let numbers = [link.person.get(), first, second, expires_at].map(i64::to_be_bytes);
    [
        &[kind, disposition][..],
        numbers.as_flattened(),
        link.sha256.as_bytes(),
    ]
    .concat()
}

fn from_bytes(bytes: &[u8]) -> Option<FileLink> {
    let (&[kind, disposition], rest) = bytes.split_first_chunk()?;
    let (numbers, digest) = rest.split_at_checked(4 * 8)?;
    let (numbers, _) = numbers.as_chunks();
    let &[person, first, second, expires_at] = numbers else {
        return None;
    };
    let [person, first, second, expires_at] =
        [person, first, second, expires_at].map(i64::from_be_bytes);
    let file = match kind {
        0 => LinkedFile::Bundle(BundleId::new(first), FileId::new(second)),
        1 => LinkedFile::Message(MessageId::new(first)),
        2 => LinkedFile::Ticket(TicketId::new(first), TicketAttachmentId::new(second)),
        _ => return None,
    };
    let disposition = match disposition {
        0 => Disposition::Attachment,
        1 => Disposition::Inline,
        _ => return None,
    };
    Some(FileLink {
        person: UserId::new(person),
        file,
        sha256: Sha256Digest::from_bytes(digest.try_into().ok()?),
        disposition,
        expires_at: Timestamp::from_micros(expires_at),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 20_500;

    fn link() -> FileLink {
        FileLink {
            person: UserId::new(7),
            file: LinkedFile::Bundle(BundleId::new(42), FileId::new(3)),
            sha256: Sha256Digest::from_bytes([9; 32]),
            disposition: Disposition::Inline,
            expires_at: Timestamp::from_micros(DAY * 86_400_000_000 + 300_000_000),
        }
    }

    fn key() -> LinkKey {
        LinkKey::from_bytes(DAY, [1; 32])
    }

    fn verified(text: &str) -> Option<FileLink> {
        ClaimedLink::parse(text)?.verify(&key())
    }

    #[test]
    fn a_link_is_read_as_it_was_signed() {
        for file in [
            link().file,
            LinkedFile::Message(MessageId::new(5)),
            LinkedFile::Ticket(TicketId::new(i64::MAX), TicketAttachmentId::new(1)),
        ] {
            let signed = FileLink { file, ..link() };
            let text = key().sign(&signed);
            assert!(
                text.bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
            );
            assert_eq!(verified(&text), Some(signed));
        }
    }

    #[test]
    fn no_byte_of_a_link_can_be_another() {
        let bytes = URL_SAFE_NO_PAD.decode(key().sign(&link())).expect("base64");
        for at in 0..bytes.len() {
            let mut forged = bytes.clone();
            forged[at] ^= 1;
            assert_eq!(verified(&URL_SAFE_NO_PAD.encode(forged)), None, "{at}");
        }
        for length in 0..bytes.len() {
            assert_eq!(verified(&URL_SAFE_NO_PAD.encode(&bytes[..length])), None);
        }
        for text in ["", "?", "é", &"A".repeat(10_000)] {
            assert_eq!(verified(text), None);
        }
    }

    #[test]
    fn another_key_has_not_signed_it() {
        let text = LinkKey::from_bytes(DAY, [2; 32]).sign(&link());
        assert_eq!(verified(&text), None);
    }

    #[test]
    fn the_key_is_that_of_the_day_or_of_the_one_before() {
        assert_eq!(link().key_day(), DAY);
        let expires_at = Timestamp::from_micros(link().expires_at.micros() - 1);
        let earlier = FileLink {
            expires_at,
            ..link()
        };
        assert_eq!(earlier.key_day(), DAY - 1);
    }
}

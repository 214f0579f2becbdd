//! What bytes look like.

use classdesk_domain::blobs::ContentType;

/// How many first bytes are looked at. Office documents name themselves within these.
pub(crate) const HEAD_BYTES: usize = 16 * 1024;

/// Compound files: the older office formats, which only their directory tells apart.
const OLE: [u8; 8] = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];

/// The media type of a file that begins with `head`; `whole` says that there is nothing after it.
pub(crate) fn content_type(head: &[u8], whole: bool) -> ContentType {
    let name = if head.starts_with(&OLE) {
        Some("application/x-ole-storage")
    } else if let Some(document) = office_document(head) {
        Some(document)
    } else if let Some(known) = infer::get(head) {
        Some(known.mime_type())
    } else if is_text(head, whole) {
        Some("text/plain")
    } else {
        None
    };
    name.and_then(|name| ContentType::parse(name).ok())
        .unwrap_or_else(ContentType::unknown)
}

/// Office documents are archives that name their parts; which parts tells which document. `infer`
/// gives up on those with a first part of more than some kilobytes.
fn office_document(head: &[u8]) -> Option<&'static str> {
    const HEADER: &[u8] = b"PK\x03\x04";
    /// Where a part's name begins in its header.
    const NAME: usize = 30;
    const FIRST: [&[u8]; 3] = [b"[Content_Types].xml", b"_rels/", b"docProps/"];
    let name = |at: usize| head.get(at + NAME..).unwrap_or_default();
    if !head.starts_with(HEADER) || !FIRST.iter().any(|first| name(0).starts_with(first)) {
        return None;
    }
    let headers = head.windows(HEADER.len()).enumerate();
    headers
        .filter(|(_, window)| *window == HEADER)
        .find_map(|(at, _)| match name(at) {
            [b'w', b'o', b'r', b'd', b'/', ..] => {
                Some("application/vnd.openxmlformats-officedocument.wordprocessingml.document")
            }
            [b'x', b'l', b'/', ..] => {
                Some("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
            }
            [b'p', b'p', b't', b'/', ..] => {
                Some("application/vnd.openxmlformats-officedocument.presentationml.presentation")
            }
            _ => None,
        })
}

/// UTF-8 without control characters other than those of layout. A character that the end of the
/// head cuts in two is no fault of the text.
fn is_text(head: &[u8], whole: bool) -> bool {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if !whole && error.error_len().is_none() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    let layout = |c: char| matches!(c, '\t' | '\n' | '\r' | '\u{c}' | '\u{1b}');
    !text.is_empty() && text.chars().all(|c| !c.is_control() || layout(c))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(head: &[u8], expected: &str) {
        assert_eq!(content_type(head, true).as_str(), expected);
    }

    /// The beginning of a zip file with entries of these names.
    fn zip(names: &[&str]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for name in names {
            bytes.extend_from_slice(b"PK\x03\x04");
            bytes.extend_from_slice(&[20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            bytes.extend_from_slice(&4_u32.to_le_bytes());
            bytes.extend_from_slice(&4_u32.to_le_bytes());
            let length = u16::try_from(name.len()).expect("names are short");
            bytes.extend_from_slice(&length.to_le_bytes());
            bytes.extend_from_slice(&[0, 0]);
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b"body");
        }
        bytes
    }

    /// contract: conv.uploads.type
    #[test]
    fn formats_are_known_by_their_bytes() {
        check(b"%PDF-1.7\n", "application/pdf");
        check(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "image/png");
        check(&OLE, "application/x-ole-storage");
        check(&zip(&["notes.txt"]), "application/zip");
        check(
            &zip(&[
                "[Content_Types].xml",
                "_rels/.rels",
                "word/document.xml",
                "word/styles.xml",
            ]),
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        );
        check(
            &zip(&[
                "[Content_Types].xml",
                "_rels/.rels",
                "xl/workbook.xml",
                "xl/styles.xml",
            ]),
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        );
        check(
            &zip(&[
                "[Content_Types].xml",
                "_rels/.rels",
                "ppt/presentation.xml",
                "ppt/x.xml",
            ]),
            "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        );
    }

    /// contract: conv.uploads.type
    #[test]
    fn text_is_what_reads_as_text() {
        check("Grüße aus Köln\r\n".as_bytes(), "text/plain");
        check(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "text/plain");
        check(b"bell\x07", "application/octet-stream");
        check(b"\xff\xfe\xfd", "application/octet-stream");
        check(b"\0", "application/octet-stream");
    }

    #[test]
    fn a_character_that_is_cut_in_two_counts_only_when_more_follows() {
        let cut = &"aé".as_bytes()[..2];
        assert_eq!(content_type(cut, false).as_str(), "text/plain");
        assert_eq!(content_type(cut, true), ContentType::unknown());
        assert_eq!(content_type(b"\xc3", false), ContentType::unknown());
    }

    proptest! {
        /// Whatever comes, there is an answer: nothing in a file can stop an upload.
        #[test]
        fn hostile_bytes_are_answered(
            magic in prop::sample::select(vec![
                &b""[..], &OLE, b"PK\x03\x04", b"\x28\xb5\x2f\xfd", b"dex\n035\0", b"\x1a\x45\xdf\xa3",
                b"\x7fELF", b"MZ", b"\xca\xfe\xba\xbe", b"\0\0\0\x18ftyp", b"#!", b"<", b"\xef\xbb\xbf",
                b"\x50\x2a\x4d\x18", b"RIFF", b"ustar",
            ]),
            rest in prop::collection::vec(any::<u8>(), 0..600),
            at in 0_usize..64,
        ) {
            let mut bytes = vec![0; at.saturating_sub(1)];
            if at == 0 { bytes.clear(); }
            bytes.extend_from_slice(magic);
            bytes.extend_from_slice(&rest);
            let _ = content_type(&bytes, true);
            let _ = content_type(&bytes[at.saturating_sub(1).min(bytes.len())..], false);
        }

        /// The head of an office document with any lengths in it.
        #[test]
        fn hostile_archives_are_answered(size in any::<u32>(), cut in 0_usize..400) {
            let mut bytes = zip(&["[Content_Types].xml", "_rels/.rels", "word/document.xml"]);
            bytes[18..22].copy_from_slice(&size.to_le_bytes());
            bytes.truncate(cut);
            let _ = content_type(&bytes, true);
        }
    }
}

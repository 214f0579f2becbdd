//! The media type of an upload, from its bytes alone.

use classdesk_domain::blobs::ContentType;

/// How many first bytes are looked at.
const HEAD: usize = 16 * 1024;

/// How many last bytes of an archive are looked at. The directory of an office file fits.
const TAIL: usize = 256 * 1024;

/// Compound files: the older office formats, which only their directory tells apart.
const OLE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// A zip archive that is not empty.
const ZIP: &[u8] = b"PK\x03\x04";

/// Office files by the beginning of their main part's name.
const OFFICE: [(&[u8], &str); 3] = [
    (
        b"word/document",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    (
        b"xl/workbook",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    (
        b"ppt/presentation",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ),
];

/// Detects a media type while the bytes pass, in bounded memory.
#[derive(Default)]
pub(crate) struct Detector {
    head: Vec<u8>,
    /// Of an archive alone.
    tail: Vec<u8>,
    has_more: bool,
}

impl Detector {
    pub(crate) fn update(&mut self, chunk: &[u8]) {
        let missing = HEAD - self.head.len();
        self.has_more |= chunk.len() > missing;
        self.head
            .extend_from_slice(&chunk[..missing.min(chunk.len())]);
        if self.head.starts_with(ZIP) {
            self.tail.extend_from_slice(chunk);
            if self.tail.len() > 2 * TAIL {
                self.tail.drain(..self.tail.len() - TAIL);
            }
        }
    }

    pub(crate) fn finish(self) -> ContentType {
        let known = || infer::get(&self.head).map(|known| known.mime_type());
        let name = if self.head.starts_with(OLE) {
            Some("application/x-ole-storage")
        } else if self.head.starts_with(ZIP) {
            office_file(&self.tail)
                // The head does not show whether it is one.
                .or_else(|| known().filter(|name| !OFFICE.iter().any(|(_, office)| name == office)))
                .or(Some("application/zip"))
        } else {
            known().or_else(|| is_text(&self.head, self.has_more).then_some("text/plain"))
        };
        name.and_then(|name| ContentType::parse(name).ok())
            .unwrap_or_else(ContentType::unknown)
    }
}

/// The office type of an archive whose directory names the content types and a main part.
fn office_file(tail: &[u8]) -> Option<&'static str> {
    let (mut has_types, mut office) = (false, None);
    for name in entry_names(tail)? {
        has_types |= name == b"[Content_Types].xml";
        office = office.or_else(|| OFFICE.iter().find(|(main, _)| name.starts_with(main)));
    }
    office.filter(|_| has_types).map(|(_, office)| *office)
}

/// The names in the central directory of a zip archive (APPNOTE 4.3.12 and 4.3.16), from its end.
/// `None` when there is no directory, or not all of it.
fn entry_names(tail: &[u8]) -> Option<Vec<&[u8]>> {
    const END: &[u8] = b"PK\x05\x06";
    const ENTRY: &[u8] = b"PK\x01\x02";
    const ENTRY_LENGTH: usize = 46;
    let end = tail.windows(END.len()).rposition(|window| window == END)?;
    let size = usize::try_from(number::<4>(tail, end + 12)?).ok()?;
    let mut rest = &tail[end.checked_sub(size)?..end];
    let mut names = Vec::new();
    while !rest.is_empty() {
        let (name, extra, comment) = (
            usize::try_from(number::<2>(rest, 28)?).ok()?,
            usize::try_from(number::<2>(rest, 30)?).ok()?,
            usize::try_from(number::<2>(rest, 32)?).ok()?,
        );
        if !rest.starts_with(ENTRY) {
            return None;
        }
        names.push(rest.get(ENTRY_LENGTH..ENTRY_LENGTH + name)?);
        rest = rest.get(ENTRY_LENGTH + name + extra + comment..)?;
    }
    Some(names)
}

/// A number of `N` bytes, the least first.
fn number<const N: usize>(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..)?.first_chunk::<N>()?;
    let digits = bytes.iter().rev();
    Some(digits.fold(0, |number, byte| number << 8 | u32::from(*byte)))
}

/// UTF-8 without control characters other than those of layout. A character that the end of the
/// head cuts in two is no fault of the text.
fn is_text(head: &[u8], has_more: bool) -> bool {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if has_more && error.error_len().is_none() => {
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

    const DOCX: &str = OFFICE[0].1;
    const XLSX: &str = OFFICE[1].1;
    const PPTX: &str = OFFICE[2].1;

    fn detect(bytes: &[u8], chunk: usize) -> ContentType {
        let mut detector = Detector::default();
        for chunk in bytes.chunks(chunk) {
            detector.update(chunk);
        }
        detector.finish()
    }

    fn check(bytes: &[u8], expected: &str) {
        for chunk in [1, 1000, bytes.len()] {
            assert_eq!(detect(bytes, chunk).as_str(), expected, "by {chunk}");
        }
    }

    /// The fields that an entry's header and its line in the directory have in common.
    fn entry(start: &[u8], name: &str, size: usize, rest: &[u8]) -> Vec<u8> {
        let size = u32::try_from(size)
            .expect("entries are small")
            .to_le_bytes();
        let name_length = u16::try_from(name.len()).expect("names are short");
        [
            start,
            &[20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            &size,
            &size,
            &name_length.to_le_bytes(),
            &[0, 0],
            rest,
            name.as_bytes(),
        ]
        .concat()
    }

    /// A zip archive with entries of these names and sizes.
    fn zip(entries: &[(&str, usize)]) -> Vec<u8> {
        let (mut bytes, mut directory) = (Vec::new(), Vec::new());
        for (name, size) in entries {
            bytes.extend(entry(ZIP, name, *size, &[]));
            bytes.extend(vec![b'x'; *size]);
            directory.extend(entry(b"PK\x01\x02\x14\0", name, *size, &[0; 14]));
        }
        let size = u32::try_from(directory.len()).expect("few entries");
        let (count, start) = (entries.len() as u8, bytes.len() as u32);
        bytes.extend(directory);
        bytes.extend(b"PK\x05\x06\0\0\0\0");
        bytes.extend([count, 0, count, 0]);
        bytes.extend(size.to_le_bytes());
        bytes.extend(start.to_le_bytes());
        bytes.extend([0, 0]);
        bytes
    }

    /// contract: conv.uploads.type
    #[test]
    fn formats_are_known_by_their_bytes() {
        check(b"%PDF-1.7\n", "application/pdf");
        check(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "image/png");
        check(OLE, "application/x-ole-storage");
        check(&zip(&[("notes.txt", 4)]), "application/zip");
        let types = ("[Content_Types].xml", 4);
        let relations = ("_rels/.rels", 4);
        for (main, expected) in [
            ("word/document.xml", DOCX),
            ("xl/workbook.xml", XLSX),
            ("ppt/presentation.xml", PPTX),
        ] {
            check(&zip(&[types, relations, (main, 4)]), expected);
        }
    }

    /// contract: conv.uploads.type
    #[test]
    fn an_office_file_is_known_by_its_directory() {
        let types = ("[Content_Types].xml", 4);
        let main = ("word/document.xml", 4);
        let picture = ("word/media/picture.png", 600_000);
        check(&zip(&[picture, main, types]), DOCX);
        check(&zip(&[types, picture, main]), DOCX);
        check(&zip(&[main]), "application/zip");
        check(&zip(&[types, ("notes.txt", 4)]), "application/zip");
        check(
            &zip(&[types, ("word/media/picture.png", 4)]),
            "application/zip",
        );
        // Only the head looks like one.
        let mut cut = zip(&[types, ("_rels/.rels", 4), main]);
        cut.truncate(150);
        check(&cut, "application/zip");
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
        let mut text = vec![b'a'; HEAD - 1];
        text.extend("é".as_bytes());
        check(&text, "text/plain");
        text.pop();
        check(&text, "application/octet-stream");
        assert!(!is_text(b"\xc3", true));
    }

    proptest! {
        /// Nothing in a file can stop an upload.
        #[test]
        fn hostile_bytes_are_answered(
            magic in prop::sample::select(vec![
                &b""[..], OLE, b"PK\x03\x04", b"\x28\xb5\x2f\xfd", b"dex\n035\0", b"\x1a\x45\xdf\xa3",
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
            let _ = detect(&bytes, bytes.len().max(1));
            let _ = detect(&bytes[at.saturating_sub(1).min(bytes.len())..], 100);
        }

        /// An office file with any bytes in its directory, cut anywhere.
        #[test]
        fn hostile_archives_are_answered(
            at in 0_usize..400,
            bytes in any::<[u8; 4]>(),
            cut in 0_usize..600,
        ) {
            let names = ["[Content_Types].xml", "_rels/.rels", "word/document.xml"];
            let mut archive = zip(&names.map(|name| (name, 4)));
            let at = at.min(archive.len() - 4);
            archive[at..at + 4].copy_from_slice(&bytes);
            archive.truncate(cut);
            let _ = detect(&archive, archive.len().max(1));
        }
    }
}

//! The media type of an upload, from its bytes alone.

use std::collections::VecDeque;

use classdesk_domain::blobs::ContentType;

use crate::archive;

/// How many first bytes are looked at.
const HEAD: usize = 16 * 1024;

/// How many last bytes of an archive are looked at: a directory of some ten thousand entries.
const TAIL: usize = 1024 * 1024;

/// Compound files: the older office formats, which only their directory tells apart.
const OLE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// Types that are known by two or three letters, with which a text may begin as well.
const SHORT: [&str; 3] = [
    "application/vnd.microsoft.portable-executable",
    "audio/mpeg",
    "image/bmp",
];

/// Detects a media type while the bytes pass, in bounded memory.
#[derive(Default)]
pub(crate) struct Detector {
    head: Vec<u8>,
    /// Of an archive alone.
    tail: VecDeque<u8>,
    length: u64,
}

impl Detector {
    pub(crate) fn update(&mut self, chunk: &[u8]) {
        self.length += chunk.len() as u64;
        let missing = HEAD - self.head.len();
        self.head
            .extend_from_slice(&chunk[..missing.min(chunk.len())]);
        if self.head.starts_with(archive::ZIP) {
            let last = &chunk[chunk.len().saturating_sub(TAIL)..];
            let excess = (self.tail.len() + last.len()).saturating_sub(TAIL);
            self.tail.drain(..excess);
            self.tail.extend(last);
        }
    }

    pub(crate) fn finish(mut self) -> ContentType {
        let head = &self.head[..];
        let name = if head.starts_with(OLE) {
            Some("application/x-ole-storage")
        } else if head.starts_with(archive::ZIP) {
            let tail = self.tail.make_contiguous();
            Some(archive::media_type(head, tail, self.length))
        } else {
            let known = infer::get(head).map(|known| known.mime_type());
            let is_text = is_text(head);
            known
                .filter(|name| !is_text || !SHORT.contains(name))
                .or(is_text.then_some("text/plain"))
        };
        name.and_then(|name| ContentType::parse(name).ok())
            .unwrap_or_else(ContentType::unknown)
    }
}

/// Whether bytes are text in any encoding, as the WHATWG says (MIME Sniffing, section 7.2): they
/// begin with a byte order mark, or have no byte that only binary data has.
fn is_text(head: &[u8]) -> bool {
    const MARKS: [&[u8]; 3] = [b"\xfe\xff", b"\xff\xfe", b"\xef\xbb\xbf"];
    let is_binary = |byte: &u8| matches!(byte, 0..=8 | 0x0b | 0x0e..=0x1a | 0x1c..=0x1f);
    let has_mark = MARKS.iter().any(|mark| head.starts_with(mark));
    !head.is_empty() && (has_mark || !head.iter().any(is_binary))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DOCX: &[u8] = include_bytes!("../../classdesk-server/src/demo/files/finished-paper.docx");
    const DOCX_TYPE: &str =
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

    fn detect(bytes: &[u8], chunk: usize) -> ContentType {
        let mut detector = Detector::default();
        for chunk in bytes.chunks(chunk) {
            detector.update(chunk);
            assert!(detector.head.len() <= HEAD && detector.tail.len() <= TAIL);
        }
        detector.finish()
    }

    #[track_caller]
    fn check(bytes: &[u8], expected: &str) {
        let byte_by_byte = (bytes.len() < HEAD).then_some(1);
        for chunk in [1000, 300_000, bytes.len()].into_iter().chain(byte_by_byte) {
            assert_eq!(detect(bytes, chunk).as_str(), expected, "by {chunk}");
        }
    }

    /// contract: conv.uploads.type
    #[test]
    fn formats_are_known_by_their_bytes() {
        check(b"%PDF-1.7\n", "application/pdf");
        check(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "image/png");
        check(b"BM\x8a\0\0\0\0\0\0\0", "image/bmp");
        check(OLE, "application/x-ole-storage");
        check(b"PK\x05\x06\0\0\0\0", "application/zip");
        check(DOCX, DOCX_TYPE);
        // What comes first decides. Before an archive may stand the program that unpacks it.
        check(&[b"MZ\x90\0\x03\0", DOCX].concat(), SHORT[0]);
        check(&[b"\0", DOCX].concat(), "application/octet-stream");
    }

    /// contract: conv.uploads.type
    #[test]
    fn an_office_file_of_any_size_is_known_by_its_end() {
        // An entry before all others, as in a header that is followed by its bytes.
        let size = u32::try_from(3 * TAIL).unwrap().to_le_bytes();
        let mut large = [archive::ZIP, &[0; 14], &size, &size, b"\x01\0\0\0a"].concat();
        large.resize(large.len() + 3 * TAIL, b'x');
        let offset = DOCX.len() - 6;
        let start = u32::from_le_bytes(*DOCX[offset..].first_chunk().unwrap()) as usize;
        let start = u32::try_from(large.len() + start).unwrap();
        large.extend(DOCX);
        let offset = large.len() - 6;
        large[offset..offset + 4].copy_from_slice(&start.to_le_bytes());
        check(&large, DOCX_TYPE);
        large.truncate(offset);
        check(&large, "application/zip");
    }

    /// contract: conv.uploads.type
    #[test]
    fn text_is_what_has_no_binary_bytes() {
        check("Grüße aus Köln\r\n".as_bytes(), "text/plain");
        check(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "text/plain");
        check(b"\x1b[1mbold\x1b[0m", "text/plain");
        // Windows-1252, as a German Excel writes a table.
        check(b"Ort;Preis\r\nK\xf6ln;5,00 \x80\r\n", "text/plain");
        check(b"Shift_JIS: \x93\xfa\x96\x7b", "text/plain");
        // UTF-16 in both orders, as Excel's Unicode text is.
        let wide = "Grüße\t1\r\n".encode_utf16();
        let little: Vec<u8> = wide.clone().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = wide.flat_map(u16::to_be_bytes).collect();
        check(&[b"\xff\xfe", &little[..]].concat(), "text/plain");
        check(&[b"\xfe\xff", &big[..]].concat(), "text/plain");
        check(&little, "application/octet-stream");
        check("é".repeat(HEAD).as_bytes(), "text/plain");
        check(b"bell\x07", "application/octet-stream");
        check(b"\0", "application/octet-stream");
    }

    #[test]
    fn a_text_may_begin_like_a_picture_or_a_program() {
        check(b"BMI;Anna;21,5\r\n", "text/plain");
        check(b"MZ-Nr.;Name\r\n", "text/plain");
        check(b"ID3 is a kind of tag.\n", "text/plain");
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
    }
}

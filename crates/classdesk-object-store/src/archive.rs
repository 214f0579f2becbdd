//! What kind of document a zip archive is, from its first and last bytes. Nothing is unpacked.

/// How an archive with entries begins.
pub(crate) const ZIP: &[u8] = b"PK\x03\x04";

/// Office files by their main part: its name up to a number, and its extension.
const OFFICE: [(&[u8], &[u8], &str); 4] = [
    (
        b"word/document",
        b".xml",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    (
        b"xl/workbook",
        b".xml",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    (
        b"xl/workbook",
        b".bin",
        "application/vnd.ms-excel.sheet.binary.macroEnabled.12",
    ),
    (
        b"ppt/presentation",
        b".xml",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ),
];

/// The media type of an archive of `length` bytes that begins with `head` and ends with `tail`.
pub(crate) fn media_type<'a>(head: &'a [u8], tail: &[u8], length: u64) -> &'a str {
    named_type(head)
        .or_else(|| office_type(&entry_names(directory(tail, length)?)?))
        .unwrap_or("application/zip")
}

/// The type that a document names in its first entry. `OpenDocument` (part 2, section 3.3) and EPUB
/// (OCF, section 4.3) want it there, called `mimetype`, stored as it is and without extra fields.
fn named_type(head: &[u8]) -> Option<&str> {
    // The lengths of name and extra fields stand before the name.
    let value = head.get(26..)?.strip_prefix(b"\x08\0\0\0mimetype")?;
    let belongs = |byte: &u8| byte.is_ascii_lowercase() || b"/.+-".contains(byte);
    let end = value.iter().position(|byte| !belongs(byte));
    let value = str::from_utf8(&value[..end.unwrap_or(value.len())]).ok()?;
    let is_known = matches!(value, "application/epub+zip" | "image/openraster")
        || value.starts_with("application/vnd.oasis.opendocument.");
    is_known.then_some(value)
}

/// The type of an office file: its entries are `[Content_Types].xml` and a main part. Case does not
/// matter in their names (ECMA-376, part 2, section 6.2.2).
fn office_type(names: &[&[u8]]) -> Option<&'static str> {
    let has_types = names
        .iter()
        .any(|name| name.eq_ignore_ascii_case(b"[Content_Types].xml"));
    let mut mains = names.iter().filter_map(|name| {
        let name = name.to_ascii_lowercase();
        let is_main = |stem: &[u8], extension: &[u8]| {
            let number = name.strip_prefix(stem)?.strip_suffix(extension)?;
            number.iter().all(u8::is_ascii_digit).then_some(())
        };
        let mut kinds = OFFICE.iter();
        kinds.find(|(stem, extension, _)| is_main(stem, extension).is_some())
    });
    mains.next().filter(|_| has_types).map(|(_, _, kind)| *kind)
}

/// The names in a directory (APPNOTE 4.3.12). `None` when it is none.
fn entry_names(mut directory: &[u8]) -> Option<Vec<&[u8]>> {
    const LENGTH: usize = 46;
    let mut names = Vec::new();
    while !directory.is_empty() {
        if !directory.starts_with(ENTRY) {
            return None;
        }
        let (name, extra, comment) = (
            number::<2>(directory, 28)?,
            number::<2>(directory, 30)?,
            number::<2>(directory, 32)?,
        );
        names.push(directory.get(LENGTH..LENGTH + name)?);
        directory = directory.get(LENGTH + name + extra + comment..)?;
    }
    Some(names)
}

const ENTRY: &[u8] = b"PK\x01\x02";

/// The central directory. `None` when `tail` has none, or not all of it.
fn directory(tail: &[u8], length: u64) -> Option<&[u8]> {
    const END: &[u8] = b"PK\x05\x06";
    let mut before = tail.len();
    loop {
        let end = tail[..before]
            .windows(END.len())
            .rposition(|window| window == END)?;
        let found = directory_of(tail, end, length);
        if found.is_some() {
            return found;
        }
        // The signature may stand in the archive's comment, behind the end that it belongs to.
        before = end + END.len() - 1;
    }
}

/// The directory that an end of the archive names (APPNOTE 4.3.14 to 4.3.16). It has to be where
/// the end says: otherwise another archive ends here, one that is an entry of this one.
fn directory_of(tail: &[u8], end: usize, length: u64) -> Option<&[u8]> {
    const LOCATOR: &[u8] = b"PK\x06\x07";
    let record = tail.get(end..end + 22)?;
    let skipped = usize::try_from(length).ok()?.checked_sub(tail.len())?;
    let locator = end.checked_sub(20);
    let (end, size, start) = match locator.filter(|at| tail[*at..].starts_with(LOCATOR)) {
        // Of a zip64 archive.
        Some(locator) => {
            let end = number::<8>(tail, locator + 8)?.checked_sub(skipped)?;
            let record = tail.get(end..)?;
            (end, number::<8>(record, 40)?, number::<8>(record, 48)?)
        }
        None => (end, number::<4>(record, 12)?, number::<4>(record, 16)?),
    };
    let directory = tail.get(start.checked_sub(skipped)?..end)?;
    (directory.len() == size && directory.starts_with(ENTRY)).then_some(directory)
}

/// A number of `N` bytes, the least first.
fn number<const N: usize>(bytes: &[u8], at: usize) -> Option<usize> {
    let bytes = bytes.get(at..)?.first_chunk::<N>()?;
    let digits = bytes.iter().rev();
    let number = digits.fold(0, |number: u64, byte| number << 8 | u64::from(*byte));
    usize::try_from(number).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DOCX: &str = OFFICE[0].2;
    const XLSX: &str = OFFICE[1].2;
    const XLSB: &str = OFFICE[2].2;
    const PPTX: &str = OFFICE[3].2;
    const PLAIN: &str = "application/zip";

    /// How an archive is written.
    #[derive(Clone, Copy, Default)]
    struct Writer {
        /// Extra fields of every entry.
        extra: &'static [u8],
        /// Whether sizes stand behind the bytes, as a writer does that can't go back.
        streams: bool,
        /// Whether the directory is one of zip64.
        zip64: bool,
        comment: &'static [u8],
    }

    impl Writer {
        fn write(self, entries: &[(&str, &[u8])]) -> Vec<u8> {
            let (mut bytes, mut directory) = (Vec::new(), Vec::new());
            for (name, data) in entries {
                let start = number_32(bytes.len());
                let size = if self.streams { 0 } else { data.len() };
                bytes.extend(self.header(ZIP, name, size, &[]));
                bytes.extend(*data);
                if self.streams {
                    bytes.extend(b"PK\x07\x08\0\0\0\0");
                    bytes.extend([number_32(data.len()), number_32(data.len())].concat());
                }
                let rest = [&[0; 10][..], &start].concat();
                directory.extend(self.header(b"PK\x01\x02\x14\0", name, data.len(), &rest));
            }
            let (start, size) = (bytes.len(), directory.len());
            bytes.extend(directory);
            self.end(&mut bytes, entries.len(), size, start);
            bytes
        }

        /// The fields that an entry's header and its line in the directory have in common.
        fn header(self, begin: &[u8], name: &str, size: usize, rest: &[u8]) -> Vec<u8> {
            let flags = if self.streams { 8 } else { 0 };
            [
                begin,
                &[20, 0, flags, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
                &number_32(size),
                &number_32(size),
                &number_32(name.len())[..2],
                &number_32(self.extra.len())[..2],
                rest,
                name.as_bytes(),
                self.extra,
            ]
            .concat()
        }

        fn end(self, bytes: &mut Vec<u8>, count: usize, size: usize, start: usize) {
            let record = bytes.len() as u64;
            let (mut count, mut size, mut start) =
                (number_32(count), number_32(size), number_32(start));
            if self.zip64 {
                let wide = |narrow: [u8; 4]| [&narrow[..], &[0; 4]].concat();
                bytes.extend(b"PK\x06\x06\x2c\0\0\0\0\0\0\0\x2d\0\x2d\0\0\0\0\0\0\0\0\0");
                for number in [count, count, size, start] {
                    bytes.extend(wide(number));
                }
                bytes.extend(b"PK\x06\x07\0\0\0\0");
                bytes.extend(record.to_le_bytes());
                bytes.extend([1, 0, 0, 0]);
                (count, size, start) = ([255; 4], [255; 4], [255; 4]);
            }
            bytes.extend(b"PK\x05\x06\0\0\0\0");
            bytes.extend([&count[..2], &count[..2], &size, &start].concat());
            bytes.extend(&number_32(self.comment.len())[..2]);
            bytes.extend(self.comment);
        }
    }

    fn number_32(number: usize) -> [u8; 4] {
        u32::try_from(number)
            .expect("archives of tests are small")
            .to_le_bytes()
    }

    /// An archive as most writers write it, of entries with a few bytes.
    fn zip(names: &[&str]) -> Vec<u8> {
        let entries: Vec<_> = names.iter().map(|name| (*name, &b"text"[..])).collect();
        Writer::default().write(&entries)
    }

    fn found(archive: &[u8]) -> &str {
        media_type(archive, archive, archive.len() as u64)
    }

    #[track_caller]
    fn check(names: &[&str], expected: &str) {
        assert_eq!(found(&zip(names)), expected, "{names:?}");
    }

    const TYPES: &str = "[Content_Types].xml";

    /// contract: conv.uploads.type
    #[test]
    fn an_office_file_has_its_content_types_and_a_main_part() {
        // In the orders of Word, LibreOffice, Google Docs, python-docx and openpyxl.
        let document = "word/document.xml";
        check(&[TYPES, "_rels/.rels", document, "word/styles.xml"], DOCX);
        check(&["_rels/.rels", "docProps/app.xml", document, TYPES], DOCX);
        check(&["word/numbering.xml", document, TYPES], DOCX);
        check(&["customXml/item1.xml", TYPES, "word/document2.xml"], DOCX);
        check(&["docProps/app.xml", "xl/workbook.xml", TYPES], XLSX);
        check(
            &[TYPES, "xl/worksheets/sheet1.xml", "xl/workbook.xml"],
            XLSX,
        );
        check(&[TYPES, "xl/workbook.bin"], XLSB);
        check(
            &[TYPES, "ppt/slides/slide1.xml", "ppt/presentation.xml"],
            PPTX,
        );
        check(&["[content_types].xml", "Word/Document.xml"], DOCX);
        // A document may have a workbook inside.
        check(&[TYPES, "word/embeddings/a.xlsx", document], DOCX);
    }

    /// contract: conv.uploads.type
    #[test]
    fn an_archive_that_lacks_either_is_just_an_archive() {
        for names in [
            &["word/vocabulary.txt"][..],
            &["word/document.xml"],
            &["xl/workbook.xml", "_rels/.rels"],
            &[TYPES, "notes.txt"],
            &[TYPES, "word/vocabulary.txt", "ppt/talk.txt", "xl/list.csv"],
            &[TYPES, "word/documents/letter.xml"],
            &[TYPES, "word/document.txt", "word/document.xml.bak"],
            &[TYPES, "backup/word/document.xml"],
            &["backup/[Content_Types].xml", "word/document.xml"],
            // A package of .NET, a program of Java, one of Android.
            &[TYPES, "lib/net8.0/a.dll", "a.nuspec"],
            &["META-INF/MANIFEST.MF", "word/document.xml"],
            &["AndroidManifest.xml", "classes.dex"],
        ] {
            check(names, PLAIN);
        }
    }

    /// contract: conv.uploads.type
    #[test]
    fn the_way_an_archive_is_written_does_not_matter() {
        let picture = vec![b'x'; 300_000];
        let entries = [
            ("word/media/picture.png", &picture[..]),
            (TYPES, b"<Types/>"),
            ("word/document.xml", b"<d/>"),
        ];
        let usual = Writer::default();
        for writer in [
            usual,
            Writer {
                extra: b"UT\x05\0\x01\0\0\0\0",
                ..usual
            },
            Writer {
                streams: true,
                ..usual
            },
            Writer {
                zip64: true,
                ..usual
            },
            Writer {
                comment: b"Written for a test.",
                ..usual
            },
            // An end within the comment.
            Writer {
                comment: b"PK\x05\x06 and PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
                ..usual
            },
            Writer {
                zip64: true,
                comment: b"PK\x05\x06",
                ..usual
            },
        ] {
            let archive = writer.write(&entries);
            assert_eq!(found(&archive), DOCX);
            // The directory is read from the end alone.
            let tail = &archive[200_000..];
            assert_eq!(media_type(&archive[..16], tail, archive.len() as u64), DOCX);
        }
    }

    #[test]
    fn an_archive_is_not_what_its_entries_are() {
        let document = zip(&[TYPES, "word/document.xml"]);
        let mail = Writer::default().write(&[("letter.docx", &document), ("notes.txt", b"-")]);
        assert_eq!(found(&mail), PLAIN);
        // Cut where the document ends.
        let cut = 30 + "letter.docx".len() + document.len();
        assert_eq!(found(&mail[..cut]), PLAIN);
    }

    #[test]
    fn an_archive_without_its_directory_is_just_an_archive() {
        for writer in [
            Writer::default(),
            Writer {
                zip64: true,
                ..Writer::default()
            },
        ] {
            let archive = writer.write(&[(TYPES, b"<Types/>"), ("word/document.xml", b"<d/>")]);
            for length in ZIP.len()..archive.len() {
                assert_eq!(found(&archive[..length]), PLAIN, "{length} bytes");
            }
            // More than the end of it is not looked at.
            let tail = &archive[archive.len() - 100..];
            assert_eq!(media_type(&archive, tail, archive.len() as u64), PLAIN);
        }
    }

    /// contract: conv.uploads.type
    #[test]
    fn opendocument_and_epub_name_their_type_first() {
        let named = |writer: Writer, kind: &str| {
            writer.write(&[
                ("mimetype", kind.as_bytes()),
                ("META-INF/manifest.xml", b"<m/>"),
            ])
        };
        let usual = Writer::default();
        for kind in [
            "application/vnd.oasis.opendocument.text",
            "application/vnd.oasis.opendocument.text-template",
            "application/vnd.oasis.opendocument.spreadsheet",
            "application/vnd.oasis.opendocument.presentation",
            "application/vnd.oasis.opendocument.graphics",
            "application/epub+zip",
        ] {
            let document = named(usual, kind);
            assert_eq!(found(&document), kind);
            assert_eq!(found(&document[..38 + kind.len()]), kind);
            assert_eq!(
                found(&named(
                    Writer {
                        streams: true,
                        ..usual
                    },
                    kind
                )),
                kind
            );
            let extra = Writer {
                extra: b"UT\0\0",
                ..usual
            };
            assert_eq!(found(&named(extra, kind)), PLAIN);
        }
        // An uploader may not choose any type.
        for kind in ["text/html", "application/epub+zip-of-mine", "", "../../etc"] {
            assert_eq!(found(&named(usual, kind)), PLAIN, "{kind}");
        }
        let second: [(&str, &[u8]); 2] = [("a", b"a"), ("mimetype", b"application/epub+zip")];
        assert_eq!(found(&usual.write(&second)), PLAIN);
    }

    proptest! {
        /// An office file with any bytes in its directory, cut anywhere.
        #[test]
        fn hostile_archives_are_answered(
            zip64 in any::<bool>(),
            at in 0_usize..500,
            bytes in any::<[u8; 4]>(),
            cut in 0_usize..700,
        ) {
            let entries: [(&str, &[u8]); 2] = [(TYPES, b"<Types/>"), ("word/document.xml", b"<d/>")];
            let mut archive = Writer { zip64, ..Writer::default() }.write(&entries);
            let at = at.min(archive.len() - 4);
            archive[at..at + 4].copy_from_slice(&bytes);
            archive.truncate(cut);
            let _ = found(&archive);
            let tail = &archive[archive.len() / 2..];
            let _ = media_type(&archive, tail, archive.len() as u64);
        }
    }
}

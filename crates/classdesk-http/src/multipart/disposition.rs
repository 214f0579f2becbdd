//! What a part of a form says of itself: its name, and the name of its file.

use std::borrow::Cow;

use encoding_rs::{Encoding, WINDOWS_1252};
use percent_encoding::percent_decode;

use crate::parameters::Parameters;

/// A part's `Content-Disposition: form-data`, in the forms that clients send (RFC 7578, section 4.2).
pub(super) struct Disposition {
    /// The field that the part is.
    pub(super) name: String,
    /// The name of its file; empty when it has none, as where nothing was chosen.
    pub(super) file_name: String,
}

impl Disposition {
    /// Reads a header's value; `None` unless it is of a form and has a name.
    pub(super) fn parse(header: &[u8]) -> Option<Self> {
        let header = Parameters::parse(header).filter(|header| header.value == "form-data")?;
        let plain = || header.get("filename").map(|name| unescaped(&text(name)));
        let file_name = header.get("filename*").and_then(extended).or_else(plain);
        Some(Self {
            name: unescaped(&text(header.get("name")?)),
            file_name: file_name.unwrap_or_default(),
        })
    }
}

/// UTF-8, or else the bytes of older clients.
fn text(bytes: &[u8]) -> Cow<'_, str> {
    let utf8 = std::str::from_utf8(bytes).map(Cow::Borrowed);
    utf8.unwrap_or_else(|_| WINDOWS_1252.decode_without_bom_handling(bytes).0)
}

/// The three escapes that browsers write, and no other: a file may be called `100%25`.
fn unescaped(text: &str) -> String {
    text.replace("%22", "\"")
        .replace("%0D", "\r")
        .replace("%0A", "\n")
}

/// A name as `charset'language'percent-encoded` (RFC 8187), if it is one.
fn extended(value: &[u8]) -> Option<String> {
    let mut pieces = value.splitn(3, |b| *b == b'\'');
    let charset = Encoding::for_label(pieces.next()?)?;
    let encoded = pieces.nth(1)?;
    let bytes = percent_decode(encoded).collect::<Vec<u8>>();
    let decoded = charset.decode_without_bom_handling_and_without_replacement(&bytes);
    decoded.map(Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(parameters: &[u8], expected: &str) {
        let header = [b"form-data; name=\"file\"; ", parameters].concat();
        let read = Disposition::parse(&header).expect("it is of a form");
        assert_eq!(
            (read.name.as_str(), read.file_name.as_str()),
            ("file", expected)
        );
    }

    #[test]
    fn a_name_that_is_not_utf_8_is_read_as_windows_1252() {
        check(b"filename=\"\xdcbung \x80.txt\"", "Übung €.txt");
        check("filename=\"Übung.txt\"".as_bytes(), "Übung.txt");
    }

    #[test]
    fn quotes_come_as_browsers_escape_them() {
        check(b"filename=\"a%22b%0D%0A%25.txt\"", "a\"b\r\n%25.txt");
    }

    #[test]
    fn an_extended_name_goes_before_a_plain_one_if_it_can_be_read() {
        check(
            b"filename=\"a\"; filename*=UTF-8''%C3%9Cbung.pdf",
            "Übung.pdf",
        );
        check(
            b"filename=\"a\"; filename*=ISO-8859-1'de'%DCbung.pdf",
            "Übung.pdf",
        );
        for odd in ["UTF-8''%DC", "nonsense''b", "UTF-8", "''b"] {
            check(format!("filename*={odd}; filename=a").as_bytes(), "a");
        }
    }

    #[test]
    fn only_a_named_part_of_a_form_is_one() {
        for header in [
            "form-data",
            "form-data; filename=\"a\"",
            "attachment; name=\"a\"",
            "",
        ] {
            assert!(Disposition::parse(header.as_bytes()).is_none(), "{header}");
        }
    }
}

//! The names under which browsers save downloads.

use classdesk_domain::blobs::FileName;
use classdesk_domain::links::Disposition;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Everything but the `attr-char` of RFC 8187.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// The `Content-Disposition` of a file, with its name in ASCII for old clients and as it is for all
/// others.
pub(crate) fn content_disposition(disposition: Disposition, name: &FileName) -> String {
    let plain = ascii(name.as_str());
    let exact = utf8_percent_encode(name.as_str(), ENCODED);
    format!("{disposition}; filename=\"{plain}\"; filename*=UTF-8''{exact}")
}

/// The name with `_` for what clients read differently inside quotes (RFC 6266, appendix D).
fn ascii(name: &str) -> String {
    let plain = |c: char| (' '..='~').contains(&c) && !matches!(c, '"' | '\\' | '%' | '/');
    name.chars()
        .map(|c| if plain(c) { c } else { '_' })
        .collect()
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{ContentDisposition, HeaderValue};
    use proptest::prelude::*;

    use super::*;

    fn check_header(name: &str, expected: &str) {
        let header = content_disposition(Disposition::Attachment, &FileName::clean(name));
        assert_eq!(header, expected);
    }

    #[test]
    fn plain_names_stay() {
        check_header(
            "notes 1.pdf",
            "attachment; filename=\"notes 1.pdf\"; filename*=UTF-8''notes%201.pdf",
        );
    }

    /// contract: conv.downloads.headers
    #[test]
    fn unicode_travels_in_the_extended_name() {
        check_header(
            "Übung ✓.pdf",
            "attachment; filename=\"_bung _.pdf\"; \
             filename*=UTF-8''%C3%9Cbung%20%E2%9C%93.pdf",
        );
    }

    /// contract: conv.downloads.headers
    #[test]
    fn quotes_and_percents_can_not_break_out() {
        check_header(
            "a\";x=\"%41.txt",
            "attachment; filename=\"a_;x=__41.txt\"; \
             filename*=UTF-8''a%22%3Bx%3D%22%2541.txt",
        );
    }

    proptest! {
        #[test]
        fn every_name_makes_one_header_that_gives_it_back(raw in ".{0,300}") {
            let name = FileName::clean(&raw);
            let value = HeaderValue::from_str(&content_disposition(Disposition::Attachment, &name)).unwrap();
            let read = ContentDisposition::from_raw(&value).unwrap();
            prop_assert_eq!(read.parameters.len(), 2);
            let extended = read.get_filename_ext().unwrap();
            prop_assert_eq!(extended.value.as_slice(), name.as_str().as_bytes());
        }
    }
}

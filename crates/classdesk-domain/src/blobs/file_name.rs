//! File names as people gave them, made harmless (docs/contract.md#uploads).

use unicode_normalization::UnicodeNormalization;

use crate::text::text_type;

text_type! {
    /// The name of a file: Unicode in NFC, without path pieces, control or bidi-override characters,
    /// 1 to 255 bytes.
    ///
    /// ```
    /// use classdesk_domain::blobs::FileName;
    ///
    /// assert_eq!(FileName::clean("../../etc/pass\u{202e}wd").as_str(), "passwd");
    /// assert_eq!(FileName::clean("C:\\work\\Müller.pdf").as_str(), "Müller.pdf");
    /// ```
    FileName
}

/// The name of a file of whose name nothing is left.
const NAMELESS: &str = "file";

impl FileName {
    /// The greatest number of bytes.
    pub const MAX_BYTES: usize = 255;

    /// Cleans a name that a client sent. There is always a name left; one that is too long is cut
    /// on a character boundary, before its extension if it has a short one.
    #[must_use]
    pub fn clean(raw: &str) -> Self {
        let visible = |c: &char| !c.is_control() && !is_directional(*c);
        let last = raw
            .rsplit(['/', '\\'])
            .find(|piece| piece.chars().any(|c| visible(&c)));
        let name: String = last
            .unwrap_or_default()
            .chars()
            .filter(visible)
            .nfc()
            .collect();
        let name = name.trim();
        if name.is_empty() || name == "." || name == ".." {
            return Self(NAMELESS.to_owned());
        }
        Self(cut(name))
    }
}

/// The characters that change the direction of text (Unicode TR 9): they make `exe.txt` of
/// `txt.exe`. Line and paragraph separators break headers and listings alike.
const fn is_directional(c: char) -> bool {
    matches!(
        c,
        '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            | '\u{2028}' | '\u{2029}'
    )
}

/// Cuts to the greatest length, keeping an extension of up to 16 bytes.
fn cut(name: &str) -> String {
    if name.len() <= FileName::MAX_BYTES {
        return name.to_owned();
    }
    let extension = match name.rfind('.') {
        Some(dot) if dot > 0 && name.len() - dot <= 17 => &name[dot..],
        _ => "",
    };
    let stem = &name[..name.len() - extension.len()];
    let end = stem.floor_char_boundary(FileName::MAX_BYTES - extension.len());
    format!("{}{extension}", stem[..end].trim_end())
}

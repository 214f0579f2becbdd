//! Which characters can be seen, and which ones texts refuse or lose (docs/contract.md#text).

use std::ops::RangeInclusive;

/// Characters by their ranges, in ascending order.
pub type Characters = [RangeInclusive<char>];

/// Characters of which nothing can be seen: white space, control and format characters, variation
/// selectors, and letters and symbols that are blank.
///
/// `char` knows the first two only. The rest are the general category `Cf`, the property
/// `Default_Ignorable_Code_Point`, and the blank pattern of Braille (Unicode 16).
pub const INVISIBLE: &Characters = &[
    '\0'..='\u{20}',
    '\u{7f}'..='\u{a0}',
    '\u{ad}'..='\u{ad}',
    '\u{34f}'..='\u{34f}',
    '\u{600}'..='\u{605}',
    '\u{61c}'..='\u{61c}',
    '\u{6dd}'..='\u{6dd}',
    '\u{70f}'..='\u{70f}',
    '\u{890}'..='\u{891}',
    '\u{8e2}'..='\u{8e2}',
    '\u{115f}'..='\u{1160}',
    '\u{1680}'..='\u{1680}',
    '\u{17b4}'..='\u{17b5}',
    '\u{180b}'..='\u{180f}',
    '\u{2000}'..='\u{200f}',
    '\u{2028}'..='\u{202f}',
    '\u{205f}'..='\u{206f}',
    '\u{2800}'..='\u{2800}',
    '\u{3000}'..='\u{3000}',
    '\u{3164}'..='\u{3164}',
    '\u{fe00}'..='\u{fe0f}',
    '\u{feff}'..='\u{feff}',
    '\u{ffa0}'..='\u{ffa0}',
    '\u{fff0}'..='\u{fffb}',
    '\u{110bd}'..='\u{110bd}',
    '\u{110cd}'..='\u{110cd}',
    '\u{13430}'..='\u{1343f}',
    '\u{1bca0}'..='\u{1bca3}',
    '\u{1d173}'..='\u{1d17a}',
    '\u{e0000}'..='\u{e0fff}',
];

/// The characters that turn the direction of what follows them (Unicode TR 9): embeddings,
/// overrides and isolates. They make `exe.txt` of `txt.exe`.
pub const BIDI_OVERRIDES: &Characters = &['\u{202a}'..='\u{202e}', '\u{2066}'..='\u{2069}'];

/// Whether these characters have this one.
pub(crate) fn is_one_of(characters: &Characters, c: char) -> bool {
    let after = characters.partition_point(|range| *range.start() <= c);
    after > 0 && characters[after - 1].contains(&c)
}

/// Whether nothing of this character can be seen.
pub(crate) fn is_invisible(c: char) -> bool {
    is_one_of(INVISIBLE, c)
}

/// Whether nothing can be seen of a text.
pub(crate) fn is_blank(text: &str) -> bool {
    text.chars().all(is_invisible)
}

/// Whether a text goes on in another line behind this character.
pub(crate) const fn is_line_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_white_space_or_a_control_is_invisible() {
        let all = ('\0'..=char::MAX).filter(|c| c.is_whitespace() || c.is_control());
        let seen: Vec<char> = all.filter(|c| !is_invisible(*c)).collect();
        assert_eq!(seen, []);
    }

    #[test]
    fn letters_digits_and_signs_are_seen() {
        let blank_letters = "\u{115f}\u{1160}\u{3164}\u{ffa0}\u{17b4}\u{17b5}";
        let seen = |c: &char| c.is_alphanumeric() || c.is_ascii_punctuation();
        let hidden: Vec<char> = ('\0'..=char::MAX)
            .filter(seen)
            .filter(|c| is_invisible(*c) && !blank_letters.contains(*c))
            .collect();
        assert_eq!(hidden, []);
    }

    #[test]
    fn the_ranges_are_in_order() {
        for ranges in [INVISIBLE, BIDI_OVERRIDES] {
            assert!(ranges.iter().all(|range| range.start() <= range.end()));
            assert!(ranges.windows(2).all(|two| two[0].end() < two[1].start()));
        }
    }
}

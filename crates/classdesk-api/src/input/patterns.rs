//! The patterns of texts (ECMA-262 with the flag `u`, as JSON Schema reads them), made of the
//! domain's tables.

use classdesk_domain::text::{INVISIBLE, Lines};

/// The pattern of a text: what it may begin and end with and loses, and what is between. Something
/// can be seen of a text that must not be blank.
pub(super) fn text_pattern(lines: Lines, may_be_blank: bool) -> String {
    let edges = class(|c| c.is_whitespace() || lines.drop(c));
    let refused = class(|c| lines.refuse(c));
    if may_be_blank {
        format!("^[{edges}]*[^{refused}]*[{edges}]*$")
    } else {
        let invisible = class(|c| INVISIBLE.iter().any(|range| range.contains(&c)));
        format!("^[{edges}]*[^{refused}]*[^{invisible}][^{refused}]*[{edges}]*$")
    }
}

/// The inside of a class of those characters that can't be seen and are like this.
fn class(belongs: impl Fn(char) -> bool) -> String {
    let characters = INVISIBLE.iter().cloned().flatten();
    let mut runs: Vec<(char, char)> = Vec::new();
    for c in characters.filter(|c| belongs(*c)) {
        match runs.last_mut() {
            Some((_, last)) if u32::from(*last) + 1 == u32::from(c) => *last = c,
            _ => runs.push((c, c)),
        }
    }
    let written = runs.iter().map(|(first, last)| match first == last {
        true => escaped(*first),
        false => format!("{}-{}", escaped(*first), escaped(*last)),
    });
    written.collect()
}

/// A character as all programs read it. There is no such way for those beyond U+FFFF, so these
/// stand for themselves.
fn escaped(c: char) -> String {
    match u32::from(c) {
        code @ ..=0xffff => format!("\\u{code:04x}"),
        _ => c.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_name_what_texts_refuse() {
        assert_eq!(
            class(|c| Lines::One.refuse(c)),
            r"\u0000-\u001f\u007f-\u009f\u2028-\u2029"
        );
        assert_eq!(
            class(|c| Lines::Many.refuse(c)),
            r"\u0000-\u0008\u000b-\u000c\u000e-\u001f\u007f-\u009f"
        );
        assert_eq!(
            class(|c| !c.is_control() && c > '\u{110c0}' && c < '\u{13440}'),
            "\u{110cd}\u{13430}-\u{1343f}"
        );
    }
}

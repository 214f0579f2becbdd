//! The words of a text, whatever its case, accents, width and normal form.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::text::is_invisible;

/// The greatest number of bytes of a term. Words that are longer are compared up to here.
const MAX_BYTES: usize = 64;

/// A word of a text, or a sign of a script that puts no blanks between words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Term {
    /// Its letters, digits and marks, folded.
    pub(super) text: String,
    /// Whether nothing is between it and the term before.
    pub(super) continues: bool,
}

/// The terms of a text in their order.
pub(super) fn terms(text: &str) -> Vec<Term> {
    let mut terms: Vec<Term> = Vec::new();
    // What the last term is made of, while nothing has ended it.
    let mut open = None;
    for c in folded(text).chars() {
        if is_combining_mark(c) {
            if let Some(term) = terms.last_mut().filter(|_| open.is_some()) {
                term.text.push(c);
            }
        } else if c.is_alphanumeric() {
            let kind = Kind::of(c);
            match terms.last_mut() {
                Some(term) if kind == Kind::Letter && open == Some(kind) => term.text.push(c),
                _ => terms.push(Term {
                    text: c.to_string(),
                    continues: open.is_some(),
                }),
            }
            open = Some(kind);
        } else {
            open = None;
        }
    }
    for term in &mut terms {
        term.text.truncate(term.text.floor_char_boundary(MAX_BYTES));
    }
    terms
}

/// What a term is made of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Letters and digits up to something else.
    Letter,
    /// One sign alone: its script puts no blanks between words.
    Sign,
}

impl Kind {
    /// Han, Kana, Thai, Lao, Khmer and Myanmar have signs.
    const fn of(c: char) -> Self {
        match c {
            '\u{e00}'..='\u{eff}'
            | '\u{1000}'..='\u{109f}'
            | '\u{1780}'..='\u{17ff}'
            | '\u{3005}'..='\u{3007}'
            | '\u{3041}'..='\u{30ff}'
            | '\u{31f0}'..='\u{31ff}'
            | '\u{3400}'..='\u{4dbf}'
            | '\u{4e00}'..='\u{9fff}'
            | '\u{a9e0}'..='\u{a9ff}'
            | '\u{aa60}'..='\u{aa7f}'
            | '\u{f900}'..='\u{faff}'
            | '\u{1b000}'..='\u{1b16f}'
            | '\u{20000}'..='\u{3ffff}' => Self::Sign,
            _ => Self::Letter,
        }
    }
}

/// A text in NFKC and lower case, without what can't be seen, and without marks on letters of the
/// scripts whose readers do without them.
fn folded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let decomposed = text.nfkc().flat_map(char::to_lowercase).nfd();
    let mut folded = String::with_capacity(text.len());
    let mut loses_marks = false;
    for c in decomposed {
        let is_mark = is_combining_mark(c);
        let is_hidden = is_invisible(c) && !c.is_whitespace() && !c.is_control();
        if is_hidden || is_mark && loses_marks {
            continue;
        }
        if !is_mark {
            loses_marks = has_optional_marks(c);
        }
        match spelled_out(c) {
            Some(letters) => folded.push_str(letters),
            None => folded.push(c),
        }
    }
    folded.nfc().collect()
}

/// Whether this is a letter on which marks are accents or vowels that many leave out: Latin,
/// Greek, Cyrillic, Hebrew and Arabic. In other scripts marks are as much as letters.
const fn has_optional_marks(c: char) -> bool {
    matches!(
        c,
        '\0'..='\u{52f}'
            | '\u{590}'..='\u{6ff}'
            | '\u{750}'..='\u{77f}'
            | '\u{870}'..='\u{8ff}'
            | '\u{1c80}'..='\u{1c8f}'
            | '\u{1d00}'..='\u{1dbf}'
            | '\u{1e00}'..='\u{1fff}'
            | '\u{2c60}'..='\u{2c7f}'
            | '\u{a640}'..='\u{a69f}'
            | '\u{a720}'..='\u{a7ff}'
            | '\u{ab30}'..='\u{ab6f}'
    )
}

/// Letters that do not come apart by themselves, as they are written without them.
const fn spelled_out(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'ł' => "l",
        'đ' => "d",
        'ı' => "i",
        'ς' => "σ",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        terms(text).into_iter().map(|term| term.text).collect()
    }

    #[test]
    fn words_are_folded() {
        for (text, expected) in [
            ("Übung fehlt", "ubung fehlt"),
            ("U\u{308}BUNG", "ubung"),
            ("Straße STRASSE", "strasse strasse"),
            (
                "Łódź Øre Æther Œuvre Đakovo",
                "lodz ore aether oeuvre dakovo",
            ),
            ("Iğdır İZMİR", "igdir izmir"),
            ("ΣΊΣΥΦΟΣ Σίσυφος", "σισυφοσ σισυφοσ"),
            ("Ёлка ЁЛКА Йод", "елка елка иод"),
            ("Příliš žluťoučký", "prilis zlutoucky"),
            ("שָׁלוֹם", "שלום"),
            ("مُدَرِّسَة آدم", "مدرسة ادم"),
            ("ｆｕｌｌ　ｗｉｄｔｈ ﬁne №", "full width fine no"),
            ("हिन्दी", "हिन्दी"),
            ("한국어", "한국어"),
            ("\u{1112}\u{1161}\u{11ab}", "한"),
            ("日本語 カタカナ", "日 本 語 カ タ カ ナ"),
            ("ｶﾞ か\u{3099}", "ガ が"),
            ("ภาษาไทย", "ภ า ษ า ไ ท ย"),
            ("ที่นี่", "ที่ นี่"),
            ("INV-2026-001 a_b don't", "inv 2026 001 a b don t"),
            ("anna@example.org", "anna example org"),
            ("iPhone手机3", "iphone 手 机 3"),
            ("so\u{ad}ft می\u{200c}خواهم", "soft میخواهم"),
            ("👩\u{200d}👧 % \" * # ' \\ 🎉", ""),
            ("\u{301}a\u{301}", "a"),
        ] {
            assert_eq!(words(text).join(" "), expected, "{text:?}");
        }
    }

    #[test]
    fn terms_know_what_they_continue() {
        let continues: Vec<bool> = terms("ab日本 語-c3 x")
            .iter()
            .map(|term| term.continues)
            .collect();
        assert_eq!(continues, [false, true, true, false, false, false]);
    }

    #[test]
    fn long_words_are_cut_between_characters() {
        assert_eq!(words(&"a".repeat(20_000)), ["a".repeat(64)]);
        assert_eq!(
            words(&format!("a{}", "д".repeat(40))),
            [format!("a{}", "д".repeat(31))]
        );
    }
}

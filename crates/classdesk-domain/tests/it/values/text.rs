//! Text: what it loses, what it refuses, when it is blank, and its bounds.

use classdesk_domain::ids::{BundleId, UserId};
use classdesk_domain::subjects::{Parties, Subject, SubjectRef};
use classdesk_domain::text::{Description, DisplayName, Level, MessageText, SubjectLine, Title};
use classdesk_domain::validation::FieldError;
use proptest::prelude::*;

/// Whether a text of so many characters is taken.
macro_rules! check_bounds {
    ($($name:ident: $min:literal to $max:literal;)*) => {$(
        for (count, expected) in [
            (0, if $min == 0 { None } else { Some("blank") }),
            (1, None),
            ($max, None),
            ($max + 1, Some("too_long")),
        ] {
            // Characters count, not bytes; what is trimmed does not.
            let text = "ä".repeat(count);
            let parsed = $name::parse(&format!(" \n{text}\t\u{3000}"));
            let found = parsed.as_ref().err().map(FieldError::code);
            assert_eq!(found, expected, "{} of {count}", stringify!($name));
            if let Ok(parsed) = parsed {
                assert_eq!(parsed.as_str(), text);
                assert_eq!(parsed.to_string(), text);
                assert_eq!($name::from_stored(text.clone()), parsed);
                assert_eq!(parsed.into_string(), text);
            }
        }
        assert_eq!($name::parse("a\0b"), Err(FieldError::NulCharacter));
        assert_eq!($name::parse("\0"), Err(FieldError::NulCharacter));
        assert_eq!(($name::MIN, $name::MAX), ($min, $max));
    )*};
}

/// contract: conv.limits, conv.limits.text
#[test]
fn bounds_are_those_of_the_contract() {
    check_bounds! {
        Title: 1 to 255;
        SubjectLine: 1 to 255;
        MessageText: 1 to 10_000;
        Description: 0 to 20_000;
        Level: 0 to 50;
        DisplayName: 0 to 255;
    }
}

#[test]
fn a_message_may_be_empty_beside_a_file() {
    let empty = MessageText::parse_maybe_empty("  ").expect("it may");
    assert!(empty.is_empty());
    assert_eq!(empty, MessageText::empty());
    assert!(
        !MessageText::parse_maybe_empty(" x ")
            .expect("text")
            .is_empty()
    );
    let long = MessageText::parse_maybe_empty(&"x".repeat(10_001));
    assert_eq!(long, Err(FieldError::TooLong { max: 10_000 }));
    assert_eq!(Description::default().as_str(), "");
    assert_eq!(Level::default(), Level::empty());
}

/// What becomes of a text, or the code of what is wrong with it.
fn outcome<T: ToString>(parsed: Result<T, FieldError>) -> Result<String, &'static str> {
    parsed
        .map(|text| text.to_string())
        .map_err(|fault| fault.code())
}

/// What each kind of text makes of the same input: those of one line, then those of many.
fn check_lines(raw: &str, one: Result<&str, &'static str>, many: Result<&str, &'static str>) {
    let one = one.map(str::to_owned);
    for parsed in [
        outcome(Title::parse(raw)),
        outcome(SubjectLine::parse(raw)),
        outcome(Level::parse(raw)),
        outcome(DisplayName::parse(raw)),
    ] {
        assert_eq!(parsed, one, "{raw:?} as one line");
    }
    let many = many.map(str::to_owned);
    for parsed in [
        outcome(MessageText::parse(raw)),
        outcome(MessageText::parse_maybe_empty(raw)),
        outcome(Description::parse(raw)),
    ] {
        assert_eq!(parsed, many, "{raw:?} as a longer text");
    }
}

/// contract: conv.text.lines
#[test]
fn line_breaks_are_refused_or_become_lf() {
    for end in ["\n", "\r\n", "\r", "\u{2028}", "\u{2029}"] {
        let raw = format!("a{end}b");
        check_lines(&raw, Err("line_break"), Ok("a\nb"));
        check_lines(&format!("{end} a{end}"), Ok("a"), Ok("a"));
    }
    check_lines("a\r\n\r\nb\r\r", Err("line_break"), Ok("a\n\nb"));
}

/// contract: conv.text.lines
#[test]
fn line_breaks_count_as_one_character() {
    let lines = |end: &str| format!("{}b", format!("a{end}").repeat(4_999));
    let expected = Ok(lines("\n"));
    for end in ["\r\n", "\r", "\u{2028}"] {
        assert_eq!(outcome(MessageText::parse(&lines(end))), expected);
    }
    let description = "a\r\n".repeat(9_999) + "bc";
    assert!(Description::parse(&description).is_ok());
    let long = Description::parse(&(description + "d"));
    assert_eq!(outcome(long), Err("too_long"));
}

/// contract: conv.text.controls
#[test]
fn control_characters_are_refused() {
    let controls = ('\0'..='\u{9f}').filter(|c| c.is_control());
    for control in controls.filter(|c| !"\0\t\n\r".contains(*c)) {
        let fault = Err("control_character");
        check_lines(&format!("a{control}b"), fault, fault);
    }
    check_lines("a\tb", Err("control_character"), Ok("a\tb"));
    check_lines("a\0b", Err("nul_character"), Err("nul_character"));
    check_lines("\u{1b}", Err("control_character"), Err("control_character"));
    // Tabs and feeds around a text are trimmed like blanks.
    check_lines("\t\u{b}\u{c}\u{85}a\t", Ok("a"), Ok("a"));
}

/// contract: conv.text.controls
#[test]
fn one_line_loses_what_turns_its_direction() {
    for c in ('\u{202a}'..='\u{202e}').chain('\u{2066}'..='\u{2069}') {
        let raw = format!("a{c}b");
        check_lines(&raw, Ok("ab"), Ok(&raw));
    }
    for mark in ['\u{200e}', '\u{200f}', '\u{61c}'] {
        let raw = format!("a{mark}b");
        check_lines(&raw, Ok(&raw), Ok(&raw));
    }
    // Composed and trimmed after the loss.
    check_lines(
        "\u{2066} e\u{2069}\u{301} \u{202c}",
        Ok("é"),
        Ok("\u{2066} e\u{2069}\u{301} \u{202c}"),
    );
}

/// contract: conv.text.nfc
#[test]
fn text_is_in_nfc() {
    check_lines("U\u{308}bung", Ok("Übung"), Ok("Übung"));
    // Characters are counted as they are stored.
    let decomposed = "e\u{301}".repeat(255);
    assert_eq!(outcome(Title::parse(&decomposed)), Ok("é".repeat(255)));
}

/// Of these, nothing can be seen.
const INVISIBLE: &str = "\u{20}\u{a0}\u{2003}\u{3000}\u{2800}\u{ad}\u{34f}\u{61c}\u{115f}\u{1160}\
    \u{17b4}\u{180b}\u{180e}\u{180f}\u{200b}\u{200c}\u{200d}\u{200e}\u{200f}\u{202e}\u{2060}\u{2063}\
    \u{2065}\u{2069}\u{206a}\u{3164}\u{fe00}\u{fe0f}\u{feff}\u{ffa0}\u{fff9}\u{1d173}\u{e0001}\u{e0020}\
    \u{e0100}\u{e01ef}";

/// contract: conv.text.blank
#[test]
fn a_text_of_which_nothing_can_be_seen_is_blank() {
    let each = INVISIBLE.chars().map(String::from);
    for blank in each.chain(["".to_owned(), INVISIBLE.to_owned()]) {
        for parsed in [
            outcome(Title::parse(&blank)),
            outcome(SubjectLine::parse(&blank)),
            outcome(MessageText::parse(&blank)),
        ] {
            assert_eq!(parsed, Err("blank"), "{blank:?}");
        }
        for parsed in [
            outcome(Level::parse(&blank)),
            outcome(DisplayName::parse(&blank)),
            outcome(Description::parse(&blank)),
            outcome(MessageText::parse_maybe_empty(&blank)),
        ] {
            assert_eq!(parsed, Ok(String::new()), "{blank:?}");
        }
    }
}

/// contract: conv.text.blank
#[test]
fn what_can_be_seen_keeps_what_joins_it() {
    for text in [
        "👩\u{200d}👩\u{200d}👧",
        "❤\u{fe0f}",
        "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
        "می\u{200c}خواهم",
        ".",
        "\u{301}",
    ] {
        check_lines(text, Ok(text), Ok(text));
    }
}

proptest! {
    #[test]
    fn what_was_taken_is_taken_again(raw in ".{0,300}") {
        if let Ok(title) = Title::parse(&raw) {
            prop_assert_eq!(Title::parse(title.as_str()), Ok(title));
        }
        if let Ok(text) = Description::parse(&raw) {
            prop_assert_eq!(Description::parse(text.as_str()), Ok(text));
        }
    }

    #[test]
    fn a_line_is_cut_to_what_would_be_taken(raw in "[^\\pC\u{2028}\u{2029}]{1,400}") {
        let raw = Description::parse(&raw).expect("no control character");
        let line = SubjectLine::cut(raw.as_str());
        prop_assert!(raw.as_str().starts_with(line.as_str()));
        let taken = SubjectLine::parse(line.as_str());
        prop_assert!(taken == Ok(line) || taken == Err(FieldError::Blank));
    }
}

/// contract: tickets.subject-line
#[test]
fn a_subject_is_named_in_one_line() {
    let subject = Subject {
        external_id: None,
        reference: SubjectRef::bundle(BundleId::new(4)),
        parties: Parties {
            client: UserId::new(1),
            assigned_writer: None,
        },
        // As it was kept before such labels were refused.
        label: Title::from_stored("Autumn\nClass bundle #3:\u{2028}\u{202e}Another".to_owned()),
        version: 1,
    };
    let line = "Class bundle #4: Autumn Class bundle #3: Another";
    assert_eq!(subject.line(), line);
    assert_eq!(subject.default_subject_line().as_str(), line);
}

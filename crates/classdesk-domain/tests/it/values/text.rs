//! Bounded text.

use classdesk_domain::text::{
    Description, DisplayName, Level, MessageText, SearchText, SubjectLine, Title,
};
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
        SearchText: 1 to 255;
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

proptest! {
    #[test]
    fn what_was_taken_is_taken_again(raw in "\\PC{0,300}") {
        if let Ok(title) = Title::parse(&raw) {
            prop_assert_eq!(title.as_str(), raw.trim());
            prop_assert_eq!(Title::parse(title.as_str()), Ok(title));
        }
    }

    #[test]
    fn a_line_is_cut_to_what_would_be_taken(raw in "\\PC{1,400}") {
        prop_assume!(!raw.trim().is_empty());
        let line = SubjectLine::cut(&raw);
        prop_assert!(raw.trim().starts_with(line.as_str()));
        prop_assert_eq!(SubjectLine::parse(line.as_str()), Ok(line));
    }
}

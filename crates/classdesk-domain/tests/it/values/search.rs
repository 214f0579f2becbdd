//! Searching by words.

use classdesk_domain::search::{SearchText, Terms};
use classdesk_domain::text::Title;
use classdesk_domain::validation::FieldError;
use proptest::prelude::*;

fn search(q: &str) -> SearchText {
    SearchText::parse(q).expect("a search text")
}

#[test]
fn a_search_has_bounds() {
    for (q, code) in [
        ("", "blank"),
        (" \n", "blank"),
        ("\u{200b}", "blank"),
        ("a\0", "nul_character"),
        ("a\u{1b}", "control_character"),
        (&"a".repeat(256), "too_long"),
        (&"a ".repeat(17), "too_many_words"),
        (
            "1-2-3-4-5-6-7-8-9-10-11-12-13-14-15-16-17",
            "too_many_words",
        ),
    ] {
        let fault = SearchText::parse(q).expect_err("a fault");
        assert_eq!(fault.code(), code, "{q:?}");
    }
    let many = FieldError::TooManyWords { max: 16 };
    assert_eq!(SearchText::parse(&"a ".repeat(17)), Err(many));
    for q in [
        "a".repeat(255),
        "a ".repeat(16),
        "語".repeat(255),
        "a\tb\nc".to_owned(),
    ] {
        assert!(SearchText::parse(&q).is_ok(), "{q}");
    }
}

#[test]
fn words_are_taken_once_and_in_order() {
    let words = search("b A a #7 b");
    let seen: Vec<_> = words
        .words()
        .iter()
        .map(|word| (word.beginning.as_str(), word.number.as_deref()))
        .collect();
    assert_eq!(seen, [("7", Some("#7")), ("a", None), ("b", None)]);
    let terms = Terms::of_ticket(7, "b A", "a c-b");
    assert_eq!(terms.iter().collect::<Vec<_>>(), ["#7", "a", "b", "c"]);
}

#[test]
fn a_thing_has_sixteen_thousand_words_at_most() {
    let signs: String = ('\u{4e00}'..).take(20_000).collect();
    let terms = Terms::of_bundle("title", &signs);
    assert_eq!(terms.iter().len(), Terms::MAX);
    assert!(search("title").finds(&terms), "the title comes first");
    let numbered = Terms::of_ticket(1, "title", &signs);
    assert!(search("#1").finds(&numbered));
    assert!(Terms::of_bundle("", "").iter().next().is_none());
}

proptest! {
    /// What somebody copies out of a text finds it, whatever form it takes on the way.
    #[test]
    fn a_text_is_found_by_its_own_words(text in "\\PC{1,80}") {
        let terms = Terms::of_bundle(&text, "");
        for copied in [text.clone(), text.to_lowercase()] {
            if let Ok(search) = SearchText::parse(&copied) {
                prop_assert_eq!(search.finds(&terms), !search.words().is_empty(), "{:?}", copied);
            }
        }
    }

    /// Normal forms and repeated folding make no difference.
    #[test]
    fn a_word_folds_to_itself(text in "\\PC{1,80}") {
        let terms = Terms::of_bundle(&text, "");
        let again: Vec<&str> = terms.iter().collect();
        prop_assert_eq!(&Terms::of_bundle(&again.join(" "), ""), &terms);
        if let Ok(title) = Title::parse(&text) {
            prop_assert_eq!(Terms::of_bundle(title.as_str(), ""), terms);
        }
    }
}

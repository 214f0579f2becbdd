//! Bounded text is trimmed, within its bounds and free of NUL, checking it twice is checking it
//! once, and it is found by its words.

#![no_main]

use classdesk_domain::search::{SearchText, Terms};
use classdesk_domain::text::{Description, Level, MessageText, SubjectLine, Title};
use libfuzzer_sys::fuzz_target;

macro_rules! check {
    ($raw:expr, $($name:ident),+) => {$(
        if let Ok(text) = $name::parse($raw) {
            let kept = text.as_str();
            assert_eq!(kept, kept.trim());
            assert!(!kept.contains('\0'));
            assert!(($name::MIN..=$name::MAX).contains(&kept.chars().count()));
            assert_eq!($name::parse(kept), Ok(text.clone()));
        }
    )+};
}

fuzz_target!(|raw: &str| {
    check!(raw, Title, SubjectLine, MessageText, Description, Level);
    if let Ok(search) = SearchText::parse(raw) {
        let terms = Terms::of_bundle(raw, "");
        assert_eq!(search.finds(&terms), !search.words().is_empty());
    }
    assert!(SubjectLine::cut(raw).as_str().chars().count() <= SubjectLine::MAX);
});

//! Bounded text is trimmed, within its bounds and free of NUL, and checking it twice is checking
//! it once.

#![no_main]

use classdesk_domain::text::{Description, Level, MessageText, SearchText, SubjectLine, Title};
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
    check!(
        raw,
        Title,
        SubjectLine,
        MessageText,
        Description,
        Level,
        SearchText
    );
    assert!(SubjectLine::cut(raw).as_str().chars().count() <= SubjectLine::MAX);
});

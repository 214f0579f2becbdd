//! The kind of a subject is a short lower-case word.

#![no_main]

use classdesk_domain::subjects::SubjectKind;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|raw: &str| {
    let Ok(kind) = SubjectKind::parse(raw) else {
        return;
    };
    assert_eq!(kind.as_str(), raw);
    assert!((1..=32).contains(&raw.len()));
    assert!(raw.starts_with(|c: char| c.is_ascii_lowercase()));
    assert!(
        raw.bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    );
    assert_eq!(kind.is_native(), raw == "class_bundle");
    assert_eq!(kind.title().len(), raw.len());
});

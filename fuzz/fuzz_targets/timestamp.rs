//! A time that is accepted is written and read again without a change.

#![no_main]

use classdesk_domain::clock::Timestamp;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Some(at) = Timestamp::parse_rfc3339(text) else {
        return;
    };
    let written = at.to_string();
    assert_eq!(written.len(), "2026-03-01T10:00:00.000001Z".len());
    assert_eq!(Timestamp::parse_rfc3339(&written), Some(at));
    assert_eq!(Timestamp::from_micros(at.micros()), at);
});

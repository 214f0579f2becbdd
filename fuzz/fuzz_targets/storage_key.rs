//! A storage key that is accepted can't lead out of its folder.

#![no_main]

use classdesk_domain::blobs::StorageKey;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Some(key) = StorageKey::parse(text) else {
        return;
    };
    assert_eq!(key.as_str(), text);
    assert!(
        text.split('/')
            .all(|part| !part.is_empty() && !part.starts_with('.'))
    );
    assert!(
        text.bytes()
            .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'z' | b'_' | b'/'))
    );
});

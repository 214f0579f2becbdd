//! An idempotency key is printable ASCII and not long.

#![no_main]

use classdesk_domain::idempotency::IdempotencyKey;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|raw: &str| {
    let printable = raw.chars().all(|c| c == ' ' || c.is_ascii_graphic());
    let expected = printable && (1..=255).contains(&raw.len());
    match IdempotencyKey::parse(raw) {
        Ok(key) => assert!(expected && key.as_str() == raw),
        Err(_) => assert!(!expected),
    }
});

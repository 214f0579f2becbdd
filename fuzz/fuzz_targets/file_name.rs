//! Whatever a file is called, its clean name is short, visible and no path.

#![no_main]

use classdesk_domain::blobs::FileName;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|raw: &str| {
    let name = FileName::clean(raw);
    let text = name.as_str();
    assert!((1..=FileName::MAX_BYTES).contains(&text.len()));
    assert_ne!(text, ".");
    assert_ne!(text, "..");
    assert_eq!(text, text.trim());
    assert!(!text.contains(['/', '\\']));
    assert!(!text.chars().any(char::is_control));
    assert!(!text.contains(|c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')));
    assert_eq!(FileName::clean(text), name, "a clean name stays as it is");
});

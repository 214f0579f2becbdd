//! Names and addresses of people are folded once and for all.

#![no_main]

use classdesk_domain::people::{Email, Username};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|raw: &str| {
    if let Ok(username) = Username::parse(raw) {
        assert!((3..=64).contains(&username.as_str().len()));
        assert_eq!(Username::parse(username.as_str()), Ok(username.clone()));
    }
    if let Ok(email) = Email::parse(raw) {
        let kept = email.as_str();
        assert_eq!(kept.matches('@').count(), 1);
        assert!(!kept.contains(|c: char| c.is_control() || c.is_whitespace()));
        assert_eq!(Email::parse(kept), Ok(email.clone()));
    }
});

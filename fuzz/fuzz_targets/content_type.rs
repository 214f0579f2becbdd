//! A media type fits into a header as it is.

#![no_main]

use classdesk_domain::blobs::ContentType;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|raw: &str| {
    let Ok(media_type) = ContentType::parse(raw) else {
        return;
    };
    assert_eq!(media_type.as_str(), raw);
    assert!(raw.len() <= 127);
    assert!(
        raw.bytes()
            .all(|b| b.is_ascii_graphic() && !b" ;,\"()<>@:\\?=[]".contains(&b))
    );
    assert_eq!(raw.matches('/').count(), 1);
});

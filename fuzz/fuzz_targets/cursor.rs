//! A cursor that is accepted is one that was written for this very list.

#![no_main]

use classdesk_domain::paging::{Cursor, ListKind};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let lists = [ListKind::Users, ListKind::Threads, ListKind::Audit];
    let accepted = lists.map(|list| Cursor::decode(list, text).ok());
    for (list, position) in lists.into_iter().zip(accepted) {
        if let Some(position) = position {
            assert_eq!(position.encode(list), text);
        }
    }
    assert!(accepted.iter().flatten().count() <= 1);
});

//! Pages and cursors.

use classdesk_domain::paging::{Cursor, Limit, ListKind, Page, PageRequest};
use proptest::prelude::*;

const LISTS: [ListKind; 12] = [
    ListKind::Users,
    ListKind::Sessions,
    ListKind::Bundles,
    ListKind::Members,
    ListKind::Threads,
    ListKind::Messages,
    ListKind::Tickets,
    ListKind::TicketMessages,
    ListKind::TicketAttachments,
    ListKind::TicketHistory,
    ListKind::Files,
    ListKind::Audit,
];

fn list() -> impl Strategy<Value = ListKind> {
    proptest::sample::select(LISTS.to_vec())
}

proptest! {
    #[test]
    fn a_cursor_is_read_as_it_was_written(list in list(), key: i64, id: i64) {
        let position = Cursor { key, id };
        let text = position.encode(list);
        prop_assert_eq!(Cursor::decode(list, &text), Ok(position));
        prop_assert!(text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_'));
    }

    #[test]
    fn a_cursor_of_another_list_is_damaged(of in list(), by in list(), key: i64, id: i64) {
        let text = Cursor { key, id }.encode(of);
        prop_assert_eq!(Cursor::decode(by, &text).is_ok(), of == by);
    }

    /// contract: conv.lists.limit
    #[test]
    fn one_changed_character_is_damage(
        list in list(), key: i64, id: i64,
        place in 0_usize..28, character in "[A-Za-z0-9_=~ä-]",
    ) {
        let text = Cursor { key, id }.encode(list);
        prop_assert_eq!(text.len(), 28);
        let damaged = format!("{}{character}{}", &text[..place], &text[place + 1..]);
        let read = Cursor::decode(list, &damaged);
        if damaged == text {
            prop_assert!(read.is_ok());
        } else {
            prop_assert_eq!(read.map_err(|fault| fault.code()), Err("damaged_cursor"));
        }
    }

    #[test]
    fn a_cut_or_longer_cursor_is_damaged(list in list(), id: i64, keep in 0_usize..28, more in ".{1,60}") {
        let text = Cursor::of_id(id).encode(list);
        prop_assert!(Cursor::decode(list, &text[..keep]).is_err());
        prop_assert!(Cursor::decode(list, &(text + &more)).is_err());
    }

    #[test]
    fn no_text_is_a_cursor_by_chance(list in list(), text in ".{0,80}") {
        prop_assert!(Cursor::decode(list, &text).is_err());
    }

    /// contract: conv.lists.keyset
    #[test]
    fn walking_pages_meets_every_row_once(rows in proptest::collection::btree_set(any::<i64>(), 0..60), limit in 1_i64..=7) {
        let limit = Limit::new(limit).expect("a limit");
        let mut keyset = PageRequest { limit, after: None };
        let mut seen = Vec::new();
        loop {
            // What a store does: one row more than asked for, beyond the position.
            let beyond = |id: &&i64| keyset.after.is_none_or(|after| **id > after.id);
            let found = rows.iter().filter(beyond).take(limit.get() as usize + 1);
            let page = Page::cut(found.copied().collect(), limit, |id| Cursor::of_id(*id));
            prop_assert!(page.items.len() <= limit.get() as usize);
            let page = page.map(|id| id);
            seen.extend(page.items);
            let Some(next) = page.next else { break };
            keyset.after = Some(next);
        }
        prop_assert_eq!(seen, rows.into_iter().collect::<Vec<_>>());
    }
}

/// contract: conv.lists.limit
#[test]
fn a_limit_is_from_1_to_200() {
    for (limit, good) in [
        (i64::MIN, false),
        (0, false),
        (1, true),
        (200, true),
        (201, false),
    ] {
        assert_eq!(Limit::new(limit).is_ok(), good, "{limit}");
    }
    assert_eq!(
        Limit::new(201).map_err(|fault| fault.code()),
        Err("out_of_range")
    );
    assert_eq!(Limit::DEFAULT.get(), 50);
    assert_eq!(PageRequest::default().limit, Limit::DEFAULT);
    assert_eq!(Limit::GREATEST.get(), 200);
}

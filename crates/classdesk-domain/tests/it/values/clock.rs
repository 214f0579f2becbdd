//! Instants: writing, reading, moving.

use std::time::Duration;

use classdesk_domain::clock::Timestamp;
use proptest::prelude::*;

/// The years 0 to 9999, which RFC 3339 can write.
const FIRST: i64 = -62_167_219_200_000_000;
const LAST: i64 = 253_402_300_799_999_999;

proptest! {
    #[test]
    fn what_is_written_is_read_again(micros in FIRST..=LAST) {
        let at = Timestamp::from_micros(micros);
        let text = at.to_string();
        prop_assert_eq!(text.len(), "2026-03-01T10:00:00.000000Z".len());
        prop_assert_eq!(Timestamp::parse_rfc3339(&text), Some(at));
    }

    #[test]
    fn text_sorts_as_time_does(a in FIRST..=LAST, b in FIRST..=LAST) {
        let (a, b) = (Timestamp::from_micros(a), Timestamp::from_micros(b));
        prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
    }

    #[test]
    fn moving_forth_and_back_is_standing_still(micros in 0..LAST / 2, by in 0..LAST as u64 / 2) {
        let (at, by) = (Timestamp::from_micros(micros), Duration::from_micros(by));
        prop_assert_eq!(at.plus(by).minus(by), at);
        prop_assert_eq!(at.plus(by).since(at), by);
        prop_assert_eq!(at.since(at.plus(by)), Duration::ZERO);
    }

    #[test]
    fn any_number_is_an_instant_that_can_be_written(micros: i64, by: u64) {
        let at = Timestamp::from_micros(micros);
        prop_assert!((FIRST..=LAST).contains(&at.micros()));
        for moved in [at, at.plus(Duration::from_micros(by)), at.minus(Duration::from_secs(by))] {
            prop_assert_eq!(Timestamp::parse_rfc3339(&moved.to_string()), Some(moved));
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in ".{0,40}") {
        let _ = Timestamp::parse_rfc3339(&text);
    }
}

fn check_reads(text: &str, expected: Option<&str>) {
    let read = Timestamp::parse_rfc3339(text).map(|at| at.to_string());
    assert_eq!(read.as_deref(), expected, "{text}");
}

#[test]
fn offsets_fractions_and_nonsense() {
    check_reads("2026-03-01T10:00:00Z", Some("2026-03-01T10:00:00.000000Z"));
    check_reads(
        "2026-03-01T12:00:00+02:00",
        Some("2026-03-01T10:00:00.000000Z"),
    );
    check_reads(
        "2026-02-28T23:30:00-01:00",
        Some("2026-03-01T00:30:00.000000Z"),
    );
    check_reads(
        "2026-03-01T10:00:00.1234567Z",
        Some("2026-03-01T10:00:00.123456Z"),
    );
    // Cut towards the past on both sides of 1970.
    check_reads(
        "1969-12-31T23:59:59.9999999Z",
        Some("1969-12-31T23:59:59.999999Z"),
    );
    for nonsense in [
        "",
        "yesterday",
        "2026-03-01",
        "2026-02-30T10:00:00Z",
        "2026-03-01T10:00:00",
    ] {
        check_reads(nonsense, None);
    }
}

//! How long sessions hold, and when signing in opens again.

use std::time::Duration;

use classdesk_domain::clock::Timestamp;
use classdesk_domain::ids::{SessionId, UserId};
use classdesk_domain::people::{LoginLimits, Session, SessionLimits};
use proptest::prelude::*;

const WINDOW: i64 = 15 * 60 * 1_000_000;
const DAY: i64 = 24 * 60 * 60 * 1_000_000;
const NOW: i64 = 1_772_359_200_000_000;

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

fn opens(now: i64, account: &[i64], address: &[i64]) -> Option<i64> {
    let times = |times: &[i64]| times.iter().copied().map(at).collect::<Vec<_>>();
    LoginLimits::default()
        .opens_at(at(now), &times(account), &times(address))
        .map(Timestamp::micros)
}

/// contract: conv.login.throttle
#[test]
fn the_sixth_attempt_waits_until_the_first_failure_leaves_the_window() {
    let four: Vec<_> = (0..4).map(|n| NOW + n).collect();
    let five: Vec<_> = (0..5).map(|n| NOW + n).collect();
    let six: Vec<_> = (0..6).map(|n| NOW + n).collect();
    assert_eq!(opens(NOW + 10, &four, &four), None);
    assert_eq!(opens(NOW + 10, &five, &five), Some(NOW + WINDOW));
    // Of six failures the first two have to go before the limit of five is met no more.
    assert_eq!(opens(NOW + 10, &six, &six), Some(NOW + 1 + WINDOW));
    // At its last microsecond the window still holds the first failure.
    assert_eq!(opens(NOW + WINDOW - 1, &five, &five), Some(NOW + WINDOW));
    assert_eq!(opens(NOW + WINDOW, &five, &five), None);
}

/// contract: conv.login.address
#[test]
fn an_address_has_twenty_and_the_later_of_both_counts() {
    let nineteen: Vec<_> = (0..19).map(|n| NOW + n).collect();
    let twenty: Vec<_> = (0..20).map(|n| NOW + n).collect();
    assert_eq!(opens(NOW + 100, &[], &nineteen), None);
    assert_eq!(opens(NOW + 100, &[], &twenty), Some(NOW + WINDOW));
    let five: Vec<_> = (50..55).map(|n| NOW + n).collect();
    assert_eq!(opens(NOW + 100, &five, &twenty), Some(NOW + 50 + WINDOW));
    assert_eq!(opens(NOW + 100, &five, &nineteen), Some(NOW + 50 + WINDOW));
}

#[test]
fn a_limit_of_none_is_a_limit_of_one() {
    let limits = LoginLimits {
        per_name: 0,
        ..LoginLimits::default()
    };
    assert_eq!(limits.opens_at(at(NOW), &[], &[]), None);
    assert_eq!(
        limits.opens_at(at(NOW), &[at(NOW)], &[]),
        Some(at(NOW + WINDOW))
    );
}

proptest! {
    #[test]
    fn when_it_opens_it_is_open_and_just_before_it_is_not(
        account in proptest::collection::vec(0..2 * WINDOW, 0..12),
        address in proptest::collection::vec(0..2 * WINDOW, 0..40),
        now in WINDOW..2 * WINDOW,
    ) {
        match opens(now, &account, &address) {
            None => {
                let recent = |times: &[i64]| times.iter().filter(|at| **at + WINDOW > now).count();
                prop_assert!(recent(&account) < 5 && recent(&address) < 20);
            }
            Some(until) => {
                prop_assert!(until > now);
                prop_assert_eq!(opens(until, &account, &address), None);
                prop_assert!(opens(until - 1, &account, &address).is_some());
            }
        }
    }

    #[test]
    fn the_order_of_failures_does_not_matter(mut account in proptest::collection::vec(0..WINDOW, 0..12)) {
        let found = opens(WINDOW / 2, &account, &[]);
        account.reverse();
        prop_assert_eq!(opens(WINDOW / 2, &account, &[]), found);
    }
}

fn session() -> Session {
    Session {
        id: SessionId::new(1),
        user: UserId::new(1),
        created_at: at(NOW),
        last_used_at: at(NOW),
        expires_at: at(NOW + 14 * DAY),
        address: None,
        user_agent: None,
    }
}

/// contract: conv.auth.token
#[test]
fn a_session_ends_at_its_absolute_and_its_idle_end() {
    let limits = SessionLimits::default();
    let idle = session();
    assert!(idle.holds(at(NOW + DAY - 1), &limits));
    assert!(!idle.holds(at(NOW + DAY), &limits));
    let used = Session {
        last_used_at: at(NOW + 14 * DAY - 2),
        ..session()
    };
    assert!(used.holds(at(NOW + 14 * DAY - 1), &limits));
    assert!(!used.holds(at(NOW + 14 * DAY), &limits));
}

#[test]
fn a_use_is_noted_once_a_minute_or_more_often_where_idling_is_short() {
    let limits = SessionLimits::default();
    let minute = 60 * 1_000_000;
    assert!(!session().wants_touch(at(NOW + minute - 1), &limits));
    assert!(session().wants_touch(at(NOW + minute), &limits));
    let short = SessionLimits {
        idle: Duration::from_secs(100),
        ..limits
    };
    assert_eq!(short.touch_after(), Duration::from_secs(1));
}

//! Signatures, the schedule of attempts, and what failures lead to.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use classdesk_domain::clock::Timestamp;
use classdesk_domain::validation::FieldError;
use classdesk_domain::webhooks::{
    DisabledReason, OldFor, Reply, SendFailure, SendResult, Subscription, WebhookHealth,
    WebhookSecret, WebhookSecrets, WebhookUrl, next_attempt,
};

fn replied(status: u16) -> SendResult {
    Ok(Reply {
        status,
        retry_after: None,
        text: String::new(),
    })
}

const START: Timestamp = Timestamp::from_micros(1_772_359_200_000_000);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The example of the Standard Webhooks specification.
///
/// contract: webhooks.signed
#[test]
fn a_signature_is_that_of_standard_webhooks() {
    let bytes = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    let secret = WebhookSecret::from_bytes(bytes.expect("base64"));
    assert_eq!(secret.expose(), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    let signed = secret.sign(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1_614_265_330,
        br#"{"test": 2432232314}"#,
    );
    assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    assert_eq!(format!("{secret:?}"), "WebhookSecret(…)");
}

/// contract: webhooks.rotation
#[test]
fn a_request_is_signed_with_every_valid_secret() {
    let [old, new] = [[1; 32], [2; 32]].map(WebhookSecret::from_bytes);
    let until = START.plus(DAY);
    let secrets = WebhookSecrets {
        current: new.clone(),
        old: Some((old.clone(), until)),
    };
    let seconds = START.micros() / 1_000_000;
    let by = |secret: &WebhookSecret, later| secret.sign("evt_1", seconds + later, b"{}");
    assert_eq!(
        secrets.sign("evt_1", START, b"{}"),
        format!("{} {}", by(&new, 0), by(&old, 0))
    );
    let a_day = 24 * 60 * 60;
    assert_eq!(secrets.sign("evt_1", until, b"{}"), by(&new, a_day));
    assert_eq!(secrets.old_valid_until(START), Some(until));
    assert_eq!(secrets.old_valid_until(until), None);
    for (hours, expected) in [(-1, false), (0, true), (168, true), (169, false)] {
        assert_eq!(OldFor::hours(hours).is_ok(), expected, "{hours}");
    }
}

/// contract: webhooks.schedule
#[test]
fn ten_attempts_are_made_over_three_days() {
    const MINUTES: u64 = 60;
    const HOURS: u64 = 60 * MINUTES;
    let pauses = [
        5,
        5 * MINUTES,
        30 * MINUTES,
        2 * HOURS,
        5 * HOURS,
        10 * HOURS,
        14 * HOURS,
        20 * HOURS,
        24 * HOURS,
    ];
    let result = replied(500);
    let pause = |tries, chance| {
        let next = next_attempt(tries, START, &result, chance);
        next.map(|next| next.since(START).as_secs_f64())
    };
    for (tries, usual) in (1..).zip(pauses) {
        let usual = Duration::from_secs(usual).as_secs_f64();
        let close = |found: Option<f64>, share: f64| {
            let off = found.expect("another attempt") / (usual * share) - 1.0;
            assert!(off.abs() < 1e-4, "{tries}: {found:?}");
        };
        close(pause(tries, 0), 0.9);
        close(pause(tries, 255), 1.1);
    }
    assert_eq!(pause(10, 0), None);
    assert_eq!(pauses.iter().sum::<u64>(), 75 * HOURS + 35 * MINUTES + 5);
}

/// contract: webhooks.schedule
#[test]
fn a_receiver_may_ask_for_a_later_attempt() {
    let asking = |status, seconds| {
        Ok(Reply {
            status,
            retry_after: Some(Duration::from_secs(seconds)),
            text: String::new(),
        })
    };
    let after = |result: &SendResult| {
        let next = next_attempt(1, START, result, 0).expect("another attempt");
        next.since(START).as_secs_f64()
    };
    assert_eq!(after(&asking(429, 60)), 60.0);
    assert_eq!(after(&asking(503, 60)), 60.0);
    assert_eq!(after(&asking(500, 60)), 4.5, "not with another status");
    assert_eq!(after(&asking(503, 1)), 4.5, "not earlier");
    assert_eq!(after(&asking(503, 1_000_000)), DAY.as_secs_f64());
}

/// contract: webhooks.disabled
#[test]
fn a_webhook_is_disabled_after_five_days_of_failures() {
    let failed: SendResult = Err(SendFailure::Timeout);
    let mut health = WebhookHealth::default();
    for attempt in 0..19 {
        let (after, reason) = health.after(&failed, START.plus(DAY * attempt));
        assert_eq!(reason, None, "{attempt}");
        health = after;
    }
    assert_eq!((health.failures, health.failing_since), (19, Some(START)));
    let day_18 = START.plus(DAY * 18);
    assert_eq!(
        health.paused_until,
        Some(day_18.plus(Duration::from_secs(60)))
    );
    let (_, reason) = health.after(&failed, day_18);
    assert_eq!(reason, Some(DisabledReason::Failing));
    let (recovered, reason) = health.after(&replied(200), day_18);
    assert_eq!(reason, None);
    let clean = WebhookHealth {
        last_success_at: Some(day_18),
        ..WebhookHealth::default()
    };
    assert_eq!(recovered, clean);

    let mut quick = WebhookHealth::default();
    for _ in 0..1_000 {
        let before_five_days = START.plus(DAY * 5 - Duration::from_micros(1));
        let at = quick.failing_since.map_or(START, |_| before_five_days);
        let (after, reason) = quick.after(&failed, at);
        assert_eq!(reason, None);
        quick = after;
    }
    let (_, reason) = quick.after(&failed, START.plus(DAY * 5));
    assert_eq!(reason, Some(DisabledReason::Failing));
}

/// contract: webhooks.disabled
#[test]
fn a_receiver_that_is_gone_disables_at_once() {
    let (_, reason) = WebhookHealth::default().after(&replied(410), START);
    assert_eq!(reason, Some(DisabledReason::Gone));
    for status in [200, 204, 301, 307, 400, 404, 429, 500, 503] {
        let (health, reason) = WebhookHealth::default().after(&replied(status), START);
        assert_eq!(reason, None, "{status}");
        assert_eq!(health.failures == 0, status < 300, "{status}");
        assert_eq!(health.paused_until, None, "{status}");
    }
}

#[test]
fn the_origin_of_an_address_has_nothing_secret() {
    for (url, origin) in [
        ("https://a.example/key?b=c", "https://a.example"),
        ("https://a.example:8443?b=c", "https://a.example:8443"),
        ("https://a.example", "https://a.example"),
        ("https:\\\\a.example\\key", "https:"),
        ("nowhere", "nowhere"),
    ] {
        assert_eq!(WebhookUrl::from_stored(url.to_owned()).origin(), origin);
    }
    let long = "x".repeat(WebhookUrl::MAX + 1);
    let max = WebhookUrl::MAX;
    assert_eq!(WebhookUrl::parse(&long), Err(FieldError::TooLong { max }));
    assert_eq!(WebhookUrl::parse("  "), Err(FieldError::Blank));
}

/// contract: webhooks.types
#[test]
fn a_webhook_gets_events_of_the_feed_alone() {
    let parse =
        |words: &[&str]| Subscription::parse(words.iter().map(|word| (*word).to_owned()).collect());
    for words in [
        &["*"][..],
        &["ticket.*", "message.sent"],
        &["bundle.changed"],
    ] {
        assert_eq!(parse(words).expect("types").words(), words);
    }
    for word in [
        "",
        "user.*",
        "session.started",
        "webhook.*",
        "webhook.ping",
        "ticket",
        "a.*",
    ] {
        let refused = parse(&[word]);
        assert!(
            matches!(refused, Err(FieldError::NotAChoice { .. })),
            "{word}"
        );
    }
    assert_eq!(parse(&[]), Err(FieldError::Blank));
    let refused = parse(&["*"; Subscription::MAX + 1]);
    assert!(matches!(refused, Err(FieldError::TooManyWords { .. })));
}

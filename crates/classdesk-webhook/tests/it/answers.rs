//! What the sender makes of answers.

use std::time::{Duration, UNIX_EPOCH};

use classdesk_domain::clock::Clock as _;
use classdesk_domain::system::SystemClock;
use classdesk_domain::webhooks::{SendFailure, WebhookSender};
use classdesk_webhook::{HttpWebhookSender, WebhookOptions};

use crate::receiver::{Answer, Receiver, request};

/// A sender that reaches loopback.
fn sender(timeout: Duration) -> HttpWebhookSender {
    let options = WebhookOptions {
        allowed_networks: vec!["127.0.0.0/8".parse().expect("a network")],
        allows_http: true,
        timeout,
    };
    HttpWebhookSender::new(options).expect("a sender")
}

const LONG: Duration = Duration::from_secs(20);

/// contract: webhooks.signed
#[tokio::test]
async fn a_request_says_what_standard_webhooks_want() {
    let receiver = Receiver::answering("HTTP/1.1 204 No Content\r\n\r\n").await;
    let reply = sender(LONG).send(request(&receiver.url())).await.unwrap();
    assert!(reply.is_success());
    let requests = receiver.requests().await;
    let text = requests[0].to_ascii_lowercase();
    for line in [
        "post /hook http/1.1\r\n",
        "content-type: application/json\r\n",
        "webhook-id: evt_4711\r\n",
        "webhook-timestamp: 1795780800\r\n",
        "webhook-signature: v1,abc v1,def\r\n",
        concat!("user-agent: classdesk/", env!("CARGO_PKG_VERSION"), "\r\n"),
        "\r\n\r\n{\"type\":\"message.sent\"}",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
}

#[tokio::test]
async fn status_and_the_beginning_of_the_body_are_kept() {
    let body = format!("\0{}", "ä".repeat(1_000));
    let answer = format!(
        "HTTP/1.1 503 Busy\r\nRetry-After: 120\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let receiver = Receiver::answering(&answer).await;
    let reply = sender(LONG).send(request(&receiver.url())).await.unwrap();
    assert_eq!(reply.status, 503);
    assert_eq!(reply.retry_after, Some(Duration::from_secs(120)));
    assert!(reply.text.starts_with("\u{fffd}ää"), "{}", reply.text);
    assert_eq!(reply.text.chars().filter(|c| *c == 'ä').count(), 511);
}

/// contract: webhooks.schedule
#[tokio::test]
async fn a_receiver_names_seconds_or_a_date_after_which_to_come_again() {
    let now = u64::try_from(SystemClock.now().micros()).unwrap();
    let in_an_hour = UNIX_EPOCH + Duration::from_micros(now) + Duration::from_secs(3600);
    let date = httpdate::fmt_http_date(in_an_hour);
    let hour = Some(Duration::from_secs(3600));
    for (said, expected) in [
        ("3600", hour),
        (&*date, hour),
        ("Sun, 06 Nov 1994 08:49:37 GMT", None),
        ("-5", None),
        ("soon", None),
    ] {
        let answer =
            format!("HTTP/1.1 503 Busy\r\nRetry-After: {said}\r\nContent-Length: 0\r\n\r\n");
        let receiver = Receiver::answering(&answer).await;
        let reply = sender(LONG).send(request(&receiver.url())).await.unwrap();
        let asked = reply.retry_after;
        let differs = asked.zip(expected).map(|(one, other)| one.abs_diff(other));
        assert_eq!(asked.is_some(), expected.is_some(), "{said}: {asked:?}");
        assert!(
            differs.unwrap_or_default() < Duration::from_secs(60),
            "{said}: {asked:?}"
        );
    }
}

/// contract: webhooks.redirects
#[tokio::test]
async fn a_redirection_is_an_answer_that_is_not_followed() {
    let canary = Receiver::answering("HTTP/1.1 200 OK\r\n\r\n").await;
    let answer = format!("HTTP/1.1 307 There\r\nLocation: {}\r\n\r\n", canary.url());
    let receiver = Receiver::answering(&answer).await;
    let reply = sender(LONG).send(request(&receiver.url())).await.unwrap();
    assert_eq!((reply.status, reply.is_success()), (307, false));
    assert_eq!(canary.connections(), 0);
}

#[tokio::test]
async fn an_answer_without_end_is_broken_off() {
    let answer = Answer::Endless(format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(1024)));
    let receiver = Receiver::start("127.0.0.1:0", answer).await;
    let sent = sender(LONG).send(request(&receiver.url())).await;
    assert_eq!(sent, Err(SendFailure::TooLarge));
}

#[tokio::test]
async fn an_answer_of_exactly_64_kib_is_one() {
    let of_length = |length: usize| {
        let body = "x".repeat(length);
        format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}")
    };
    let longest = Receiver::answering(&of_length(64 * 1024)).await;
    let sent = sender(LONG).send(request(&longest.url())).await;
    assert!(sent.unwrap().is_success());
    let too_long = Receiver::answering(&of_length(64 * 1024 + 1)).await;
    let sent = sender(LONG).send(request(&too_long.url())).await;
    assert_eq!(sent, Err(SendFailure::TooLarge));
}

#[tokio::test]
async fn a_receiver_that_says_nothing_times_out() {
    let receiver = Receiver::start("127.0.0.1:0", Answer::Silence).await;
    let sender = sender(Duration::from_millis(50));
    let sent = sender.send(request(&receiver.url())).await;
    assert_eq!(sent, Err(SendFailure::Timeout));
}

#[tokio::test]
async fn a_connection_that_breaks_is_a_failure() {
    let receiver = Receiver::answering("").await;
    let sent = sender(LONG).send(request(&receiver.url())).await;
    assert_eq!(sent, Err(SendFailure::Connection));
    let broken = Receiver::answering("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf").await;
    let sent = sender(LONG).send(request(&broken.url())).await;
    assert_eq!(sent, Err(SendFailure::Connection));
}

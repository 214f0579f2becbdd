//! Published keys: fetched, kept, and looked for anew.

use std::time::Duration;

use classdesk_domain::people::{TokenError, TokenRefusal};
use serde_json::json;

use crate::issuer::{Answer, Publisher, Signer, claims, verifier, verify};

const LONG: Duration = Duration::from_secs(5);
const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn keys_are_asked_for_once_by_all_that_need_them() {
    let signer = Signer::rsa();
    let publisher = Publisher::start(Answer::keys(&[signer.jwk("k1")])).await;
    let (verifier, clock) = verifier(publisher.source(LONG));
    assert_eq!(publisher.requests(), 0);
    let token = signer.issue("k1", &claims(&clock));
    let verify = || verify(&verifier, &token);
    let (a, b, c) = tokio::join!(verify(), verify(), verify());
    assert!(a.is_ok() && b.is_ok() && c.is_ok());
    assert_eq!(publisher.requests(), 1);
}

#[tokio::test]
async fn an_unknown_key_is_looked_for_once_a_minute() {
    let (old, new) = (Signer::rsa(), Signer::ed());
    let publisher = Publisher::start(Answer::keys(&[old.jwk("k1")])).await;
    let (verifier, clock) = verifier(publisher.source(LONG));
    let first = old.issue("k1", &claims(&clock));
    assert!(verify(&verifier, &first).await.is_ok());
    publisher.answers(Answer::keys(&[old.jwk("k1"), new.jwk("k2")]));
    let second = new.issue("k2", &claims(&clock));
    let unknown = Err(TokenError::Refused(TokenRefusal::UnknownKey));
    assert_eq!(verify(&verifier, &second).await, unknown);
    assert_eq!(publisher.requests(), 1);
    clock.advance(MINUTE);
    assert!(verify(&verifier, &second).await.is_ok());
    assert_eq!(publisher.requests(), 2);
    for id in ["k3", "k4"] {
        assert_eq!(
            verify(&verifier, &new.issue(id, &claims(&clock))).await,
            unknown
        );
    }
    assert_eq!(publisher.requests(), 2);
}

#[tokio::test]
async fn known_keys_serve_while_the_issuer_is_down() {
    let signer = Signer::rsa();
    let publisher = Publisher::start(Answer::keys(&[signer.jwk("k1")])).await;
    let (verifier, clock) = verifier(publisher.source(LONG));
    let mut said = claims(&clock);
    said["exp"] = json!(4_000_000_000_u32);
    let known = signer.issue("k1", &said);
    assert!(verify(&verifier, &known).await.is_ok());
    publisher.answers(Answer::Nothing);
    clock.advance(MINUTE);
    let unknown = signer.issue("k2", &said);
    let down = Err(TokenError::Unavailable);
    assert_eq!(verify(&verifier, &unknown).await, down);
    assert_eq!(verify(&verifier, &unknown).await, down);
    assert_eq!(publisher.requests(), 2);
    clock.advance(Duration::from_secs(24 * 60 * 60));
    assert!(verify(&verifier, &known).await.is_ok());
}

#[tokio::test]
async fn a_key_that_was_withdrawn_goes() {
    let (old, new) = (Signer::rsa(), Signer::ed());
    let publisher = Publisher::start(Answer::keys(&[old.jwk("k1")])).await;
    let (verifier, clock) = verifier(publisher.source(LONG));
    let mut said = claims(&clock);
    said["exp"] = json!(4_000_000_000_u32);
    let (first, second) = (old.issue("k1", &said), new.issue("k2", &said));
    assert!(verify(&verifier, &first).await.is_ok());
    publisher.answers(Answer::keys(&[new.jwk("k2")]));
    clock.advance(10 * MINUTE);
    // Nobody waits for the keys that this one asks for, but the other one does.
    assert!(verify(&verifier, &first).await.is_ok());
    assert!(verify(&verifier, &second).await.is_ok());
    let gone = verify(&verifier, &first).await;
    assert_eq!(gone, Err(TokenError::Refused(TokenRefusal::UnknownKey)));
    assert_eq!(publisher.requests(), 2);
}

#[tokio::test]
async fn what_is_no_set_of_keys_is_no_answer() {
    let signer = Signer::rsa();
    let good = json!({"keys": [signer.jwk("k1")]}).to_string();
    let elsewhere = Publisher::start(Answer::Body("200 OK", good.clone())).await;
    let redirection = format!("302 Found\r\nLocation: {}", elsewhere.url());
    for answer in [
        Answer::Body("200 OK", "<html>".to_owned()),
        Answer::Body("200 OK", "[]".to_owned()),
        Answer::Body("200 OK", r#"{"keys": []}"#.to_owned()),
        Answer::Body("200 OK", format!("{good}{}", " ".repeat(256 * 1024))),
        Answer::Body("500 Internal Server Error", good.clone()),
        Answer::Body("404 Not Found", good.clone()),
        Answer::Body(redirection.leak(), String::new()),
        Answer::Endless,
        Answer::Silence,
        Answer::Nothing,
    ] {
        let told = format!("{answer:?}");
        let publisher = Publisher::start(answer).await;
        let (verifier, clock) = verifier(publisher.source(Duration::from_millis(500)));
        let token = signer.issue("k1", &claims(&clock));
        let answer = verify(&verifier, &token).await;
        assert_eq!(answer, Err(TokenError::Unavailable), "{told:.80}");
        assert_eq!(publisher.requests(), 1);
    }
    assert_eq!(elsewhere.requests(), 0);
}

#[tokio::test]
async fn keys_that_are_for_something_else_are_left_out() {
    let (signer, other) = (Signer::rsa(), Signer::ec());
    let with = |mut key: serde_json::Value, name: &str, value: serde_json::Value| {
        key[name] = value;
        key
    };
    let secret = Signer::Secret(vec![7; 32]);
    let keys = [
        json!("no key"),
        json!({"kty": "future", "kid": "k0"}),
        with(other.jwk("k1"), "use", "enc".into()),
        with(other.jwk("k2"), "key_ops", json!(["sign"])),
        with(other.jwk("k3"), "crv", "P-384".into()),
        with(other.jwk("k4"), "alg", "ES384".into()),
        secret.jwk("k5"),
        with(signer.jwk("k6"), "alg", "PS256".into()),
    ];
    let publisher = Publisher::start(Answer::keys(&keys)).await;
    let (verifier, clock) = verifier(publisher.source(LONG));
    let said = claims(&clock);
    let good = signer.token(&json!({"alg": "PS256", "kid": "k6"}), &said);
    assert!(verify(&verifier, &good).await.is_ok());
    let refused = |why| Err(TokenError::Refused(why));
    for id in ["k0", "k1", "k2", "k3", "k4"] {
        let answer = verify(&verifier, &other.issue(id, &said)).await;
        assert_eq!(answer, refused(TokenRefusal::UnknownKey), "{id}");
    }
    let answer = verify(&verifier, &secret.issue("k5", &said)).await;
    assert_eq!(answer, refused(TokenRefusal::Algorithm));
    let answer = verify(&verifier, &signer.issue("k6", &said)).await;
    assert_eq!(answer, refused(TokenRefusal::Algorithm));
}

//! Forged and foreign tokens, each of which is refused for its own reason.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use classdesk_domain::people::{TokenError, TokenRefusal};
use classdesk_identity::{JwtVerifier, KeySource, LONGEST_TOKEN};
use serde_json::{Value, json};

use crate::issuer::{Answer, PUBLIC_RSA, Publisher, Signer, claims, seconds, verifier, verify};

async fn check_refused(verifier: &JwtVerifier, token: &str, why: TokenRefusal) {
    let answer = verify(verifier, token).await;
    assert_eq!(answer, Err(TokenError::Refused(why)), "{token}");
}

fn claim(name: &str) -> TokenRefusal {
    TokenRefusal::Claim(name.to_owned())
}

/// A token that nobody signed.
fn unsigned(header: &Value, claims: &Value) -> String {
    let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    format!("{}.{}.", encode(header), encode(claims))
}

#[tokio::test]
async fn a_header_chooses_neither_key_nor_algorithm() {
    let signer = Signer::rsa();
    let publisher = Publisher::start(Answer::keys(&[signer.jwk("k1")])).await;
    let (published, clock) = verifier(publisher.source(Duration::from_secs(5)));
    let (fixed, _) = verifier(KeySource::PublicKey(PUBLIC_RSA.as_bytes().to_vec()));
    let said = claims(&clock);
    let attacker = Signer::ec();
    let by_secret = |secret: &[u8]| {
        Signer::Secret(secret.to_vec()).token(&json!({"alg": "HS256", "kid": "k1"}), &said)
    };
    let by_attacker = |extra: (&str, Value)| {
        let mut header = json!({"alg": "ES256", "kid": "k1"});
        header[extra.0] = extra.1;
        attacker.token(&header, &said)
    };
    let by_signer = |extra: (&str, Value)| {
        let mut header = json!({"alg": "RS256", "kid": "k1"});
        header[extra.0] = extra.1;
        signer.token(&header, &said)
    };
    let der = public_der(&signer);
    let address = "https://attacker.example/keys";
    for (token, why) in [
        (
            unsigned(&json!({"alg": "none"}), &said),
            TokenRefusal::Malformed,
        ),
        (
            unsigned(&json!({"alg": "NONE", "kid": "k1"}), &said),
            TokenRefusal::Malformed,
        ),
        (
            unsigned(&json!({"alg": "RS256", "kid": "k1"}), &said),
            TokenRefusal::Signature,
        ),
        // The public key is no secret.
        (by_secret(PUBLIC_RSA.as_bytes()), TokenRefusal::Algorithm),
        (
            by_secret(PUBLIC_RSA.trim_end().as_bytes()),
            TokenRefusal::Algorithm,
        ),
        (by_secret(&der), TokenRefusal::Algorithm),
        // A key of another kind, and one that the token brings itself.
        (by_attacker(("typ", "JWT".into())), TokenRefusal::Algorithm),
        (
            by_attacker(("jwk", attacker.jwk("k1"))),
            TokenRefusal::Algorithm,
        ),
        (
            by_attacker(("jku", address.into())),
            TokenRefusal::Algorithm,
        ),
        (
            by_attacker(("x5u", address.into())),
            TokenRefusal::Algorithm,
        ),
        (
            by_attacker(("alg", "RS256".into())),
            TokenRefusal::Signature,
        ),
        // Of the right key, but for something else.
        (by_signer(("alg", "RS512".into())), TokenRefusal::Algorithm),
        (by_signer(("typ", "logout+jwt".into())), TokenRefusal::Type),
        (by_signer(("crit", json!(["exp"]))), TokenRefusal::Malformed),
        (by_signer(("crit", json!([]))), TokenRefusal::Malformed),
        (by_signer(("b64", false.into())), TokenRefusal::Malformed),
        (by_signer(("kid", 1.into())), TokenRefusal::Malformed),
    ] {
        check_refused(&published, &token, why.clone()).await;
        check_refused(&fixed, &token, why).await;
    }
    assert_eq!(publisher.requests(), 1, "no header sends for other keys");
}

/// The public key as an attacker might take it for a secret.
fn public_der(signer: &Signer) -> Vec<u8> {
    match signer {
        Signer::Rsa(pair) => pair.public().as_ref().to_vec(),
        _ => Vec::new(),
    }
}

#[tokio::test]
async fn a_key_id_names_one_of_the_published_keys_or_nothing() {
    let (one, other) = (Signer::rsa(), Signer::ec());
    let keys = [one.jwk("k1"), other.jwk("k2")];
    let publisher = Publisher::start(Answer::keys(&keys)).await;
    let (verifier, clock) = verifier(publisher.source(Duration::from_secs(5)));
    let said = claims(&clock);
    assert!(verify(&verifier, &other.issue("k2", &said)).await.is_ok());
    for id in [
        "",
        "k3",
        "K1",
        "k1\0",
        "../../../../dev/null",
        "k1' OR '1'='1",
        "http://127.0.0.1/keys",
    ] {
        check_refused(&verifier, &one.issue(id, &said), TokenRefusal::UnknownKey).await;
    }
    let nameless = one.token(&json!({"alg": "RS256"}), &said);
    check_refused(&verifier, &nameless, TokenRefusal::UnknownKey).await;
    check_refused(&verifier, &one.issue("k2", &said), TokenRefusal::Algorithm).await;
}

#[tokio::test]
async fn claims_have_to_be_there_and_of_their_types() {
    let secret = Signer::Secret(vec![7; 32]);
    let (verifier, clock) = verifier(KeySource::Secret(vec![7; 32]));
    let now = seconds(&clock);
    let missing = Value::Null;
    for (name, value, why) in [
        ("iss", "https://id.example/".into(), TokenRefusal::Issuer),
        ("iss", json!(["https://id.example"]), claim("iss")),
        ("iss", missing.clone(), claim("iss")),
        ("aud", "classdesk2".into(), TokenRefusal::Audience),
        ("aud", json!([]), TokenRefusal::Audience),
        ("aud", json!({"classdesk": true}), claim("aud")),
        ("aud", missing.clone(), claim("aud")),
        ("exp", json!(now - 60), TokenRefusal::Expired),
        ("exp", json!(0), TokenRefusal::Expired),
        ("exp", json!((now + 300).to_string()), claim("exp")),
        ("exp", json!(-1), claim("exp")),
        ("exp", json!(1e300), claim("exp")),
        ("exp", missing.clone(), claim("exp")),
        ("nbf", json!(now + 61), TokenRefusal::NotYetValid),
        ("nbf", json!("soon"), claim("nbf")),
        ("sub", json!(4711), claim("sub")),
        ("sub", missing, claim("sub")),
        ("email", json!(["a@example.org"]), claim("email")),
        ("name", json!(1), claim("name")),
        ("role", json!({"name": "admin"}), claim("role")),
        ("role", json!(["client"]), claim("role")),
    ] {
        let mut said = claims(&clock);
        said[name] = value;
        check_refused(&verifier, &secret.issue("k1", &said), why).await;
    }
}

#[tokio::test]
async fn what_is_no_token_is_refused_before_anything_is_asked_for() {
    let signer = Signer::rsa();
    let publisher = Publisher::start(Answer::keys(&[signer.jwk("k1")])).await;
    let (verifier, clock) = verifier(publisher.source(Duration::from_secs(5)));
    let mut said = claims(&clock);
    said["filler"] = "x".repeat(LONGEST_TOKEN).into();
    let long = signer.issue("k1", &said);
    check_refused(&verifier, &long, TokenRefusal::TooLong).await;
    for text in [
        "", ".", "..", "a.b", "a.b.c", "a.b.c.d", "ey.ey.ey", "é.é.é",
    ] {
        check_refused(&verifier, text, TokenRefusal::Malformed).await;
    }
    assert_eq!(publisher.requests(), 0);

    let token = signer.issue("k1", &claims(&clock));
    let (message, signature) = token.rsplit_once('.').expect("three parts");
    let (header, _) = message.split_once('.').expect("three parts");
    let mut admin = claims(&clock);
    admin["sub"] = "admin".into();
    let other = URL_SAFE_NO_PAD.encode(admin.to_string());
    let twice = format!("{}{}", r#"{"sub":"a","#, &claims(&clock).to_string()[1..]);
    let twice = URL_SAFE_NO_PAD.encode(twice);
    for (token, why) in [
        (
            format!("{header}.{other}.{signature}"),
            TokenRefusal::Signature,
        ),
        (
            format!("{header}.{twice}.{signature}"),
            TokenRefusal::Signature,
        ),
        (format!("{token}="), TokenRefusal::Malformed),
        (
            format!("{message}.{}", &signature[..8]),
            TokenRefusal::Signature,
        ),
    ] {
        check_refused(&verifier, &token, why).await;
    }
}

#[tokio::test]
async fn a_claim_that_is_there_twice_is_refused() {
    let secret = Signer::Secret(vec![7; 32]);
    let (verifier, clock) = verifier(KeySource::Secret(vec![7; 32]));
    let body = claims(&clock).to_string();
    let twice = format!("{}{}", r#"{"sub":"admin","#, &body[1..]);
    let token = secret.raw_token(&json!({"alg": "HS256"}), twice.as_bytes());
    check_refused(&verifier, &token, TokenRefusal::Malformed).await;
}

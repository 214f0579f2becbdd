//! Tokens that are accepted, and what they say.

use std::time::Duration;

use classdesk_domain::clock::Timestamp;
use classdesk_domain::people::Identity;
use classdesk_identity::{ClaimNames, JwtSettings, JwtVerifier, KeySource};
use serde_json::{Value, json};

use crate::issuer::{
    AUDIENCE, Answer, ISSUER, Publisher, Signer, claims, seconds, verifier, verify,
};

const SECRET: [u8; 32] = [7; 32];

#[tokio::test]
async fn every_algorithm_is_accepted_with_a_key_of_its_kind() {
    for (signer, algorithm) in [
        (Signer::rsa(), "RS256"),
        (Signer::rsa(), "PS256"),
        (Signer::ec(), "ES256"),
        (Signer::ed(), "EdDSA"),
    ] {
        let publisher = Publisher::start(Answer::keys(&[signer.jwk("k1")])).await;
        let (published, clock) = verifier(publisher.source(Duration::from_secs(5)));
        let (fixed, _) = verifier(KeySource::PublicKey(signer.pem().into_bytes()));
        for header in [
            json!({"alg": algorithm, "kid": "k1"}),
            json!({"alg": algorithm, "kid": "k1", "typ": "at+jwt"}),
            json!({"alg": algorithm}),
        ] {
            let token = signer.token(&header, &claims(&clock));
            for verifier in [&published, &fixed] {
                let identity = verify(verifier, &token).await;
                let subject = identity.map(|identity| identity.subject);
                assert_eq!(subject.as_deref(), Ok("crm-4711"), "{header}");
            }
        }
    }
}

#[tokio::test]
async fn a_secret_signs_with_hs256() {
    let (verifier, clock) = verifier(KeySource::Secret(SECRET.to_vec()));
    let token = Signer::Secret(SECRET.to_vec()).issue("k1", &claims(&clock));
    assert!(verify(&verifier, &token).await.is_ok());
}

#[tokio::test]
async fn claims_of_other_names_say_who_a_person_is() {
    let (_, clock) = verifier(KeySource::Secret(SECRET.to_vec()));
    let names = ClaimNames {
        email: "mail".to_owned(),
        name: "nickname".to_owned(),
        role: "https://id.example/role".to_owned(),
    };
    let settings = JwtSettings {
        issuer: ISSUER.to_owned(),
        audience: AUDIENCE.to_owned(),
        claims: names,
        keys: KeySource::Secret(SECRET.to_vec()),
    };
    let verifier = JwtVerifier::new(settings, clock.clone()).expect("good settings");
    let mut said = claims(&clock);
    said["mail"] = "ann@example.org".into();
    said["nickname"] = "Ann".into();
    said["https://id.example/role"] = "client".into();
    // These have their types by other names.
    said["email"] = 1.into();
    said["role"] = json!({"admin": true});
    let token = Signer::Secret(SECRET.to_vec()).issue("k1", &said);
    let expected = Identity {
        subject: "crm-4711".to_owned(),
        email: Some("ann@example.org".to_owned()),
        name: Some("Ann".to_owned()),
        role: Some("client".to_owned()),
        expires_at: Timestamp::from_micros((seconds(&clock) + 360) * 1_000_000),
    };
    assert_eq!(verify(&verifier, &token).await, Ok(expected));
}

#[tokio::test]
async fn audiences_may_be_several_and_clocks_a_minute_apart() {
    let (verifier, clock) = verifier(KeySource::Secret(SECRET.to_vec()));
    let signer = Signer::Secret(SECRET.to_vec());
    let now = seconds(&clock);
    let changes: [(&str, Value); 6] = [
        ("aud", json!(["others", AUDIENCE])),
        ("exp", json!(now - 59)),
        ("exp", json!(now as f64 + 0.5)),
        ("exp", json!(1e15)),
        ("nbf", json!(now + 60)),
        ("email", Value::Null),
    ];
    for (claim, value) in changes {
        let mut said = claims(&clock);
        said[claim] = value;
        let answer = verify(&verifier, &signer.issue("k1", &said)).await;
        assert!(answer.is_ok(), "{said}: {answer:?}");
    }
}

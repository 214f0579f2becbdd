//! Keys of files, and addresses of keys.

use std::sync::Arc;
use std::time::Duration;

use classdesk_identity::{BuildError, ClaimNames, JwtSettings, JwtVerifier, KeySetUrl, KeySource};
use classdesk_memory::FrozenClock;

use crate::issuer::{AUDIENCE, ISSUER, PUBLIC_RSA};

fn build(keys: KeySource) -> Result<JwtVerifier, BuildError> {
    let settings = JwtSettings {
        issuer: ISSUER.to_owned(),
        audience: AUDIENCE.to_owned(),
        claims: ClaimNames::default(),
        keys,
    };
    JwtVerifier::new(settings, Arc::new(FrozenClock::default()))
}

#[test]
fn a_file_without_a_public_key_is_refused() {
    let private = include_str!("keys/rsa.pem");
    let p384 = "-----BEGIN PUBLIC KEY-----\n\
        MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEC1uWSXj2czCDwMTLWV5BFmwxdM6PX9p+\n\
        Pk9Yf9rIf374m5XP1U8q79dBhLSIuaojsvOT39UUcPJROSD1FqYLued0rXiooIii\n\
        1D3jaW6pmGVJFhodzC31cy5sfOYotrzF\n-----END PUBLIC KEY-----\n";
    for pem in [
        "",
        "no key",
        private,
        p384,
        &PUBLIC_RSA.replace("PUBLIC", "PRIVATE"),
    ] {
        let built = build(KeySource::PublicKey(pem.as_bytes().to_vec()));
        assert!(matches!(built, Err(BuildError::PublicKey)), "{pem}");
    }
}

#[test]
fn a_short_secret_is_refused() {
    let built = build(KeySource::Secret(vec![1; 31]));
    assert!(matches!(built, Err(BuildError::Secret)));
    assert!(build(KeySource::Secret(vec![1; 32])).is_ok());
}

#[test]
fn keys_come_by_https_or_from_this_machine() {
    for good in [
        "https://id.example/keys",
        "https://id.example:8443/keys?tenant=1",
        "http://127.0.0.1:9000/keys",
        "http://[::1]/keys",
        "http://localhost/keys",
    ] {
        assert!(good.parse::<KeySetUrl>().is_ok(), "{good}");
    }
    for bad in [
        "",
        "keys",
        "file:///etc/keys",
        "http://id.example/keys",
        "http://127.0.0.1.example/keys",
        "http://localhost.example/keys",
        "http://10.0.0.1/keys",
        "https://user@id.example/keys",
        "https://id.example/keys#k1",
    ] {
        assert!(bad.parse::<KeySetUrl>().is_err(), "{bad}");
    }
}

#[test]
fn settings_do_not_show_a_secret() {
    let secret = KeySource::Secret(b"a secret of at least thirty-two bytes".to_vec());
    assert_eq!(format!("{secret:?}"), "Secret(…)");
    let url = "https://id.example/keys".parse().expect("good");
    let timeout = Duration::from_secs(5);
    assert_eq!(format!("{:?}", KeySource::Url { url, timeout }), "Url(…)");
}

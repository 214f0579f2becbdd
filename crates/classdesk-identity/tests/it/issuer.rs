//! An issuer of tokens: its keys, what it signs, and the address at which it publishes its keys.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use classdesk_domain::clock::Clock as _;
use classdesk_domain::people::{Identity, TokenError, TokenVerifier as _};
use classdesk_identity::{ClaimNames, JwtSettings, JwtVerifier, KeySource};
use classdesk_memory::FrozenClock;
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RSA_PSS_SHA256, RsaEncoding, RsaKeyPair,
};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

pub(crate) const ISSUER: &str = "https://id.example";
pub(crate) const AUDIENCE: &str = "classdesk";
pub(crate) const PUBLIC_RSA: &str = include_str!("keys/rsa-public.pem");

/// A key that signs.
pub(crate) enum Signer {
    Rsa(Box<RsaKeyPair>),
    Ec(Box<EcdsaKeyPair>),
    Ed(Box<Ed25519KeyPair>),
    Secret(Vec<u8>),
}

impl Signer {
    pub(crate) fn rsa() -> Self {
        let pem = include_str!("keys/rsa.pem").lines();
        let body: String = pem
            .skip_while(|line| !line.starts_with("-----"))
            .filter(|line| !line.starts_with("-----"))
            .collect();
        let der = STANDARD.decode(body).expect("base64");
        Self::Rsa(Box::new(RsaKeyPair::from_pkcs8(&der).expect("a key")))
    }

    pub(crate) fn ec() -> Self {
        let (how, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let der = EcdsaKeyPair::generate_pkcs8(how, &random).expect("a key");
        let pair = EcdsaKeyPair::from_pkcs8(how, der.as_ref(), &random).expect("a key");
        Self::Ec(Box::new(pair))
    }

    pub(crate) fn ed() -> Self {
        let der = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key");
        Self::Ed(Box::new(
            Ed25519KeyPair::from_pkcs8(der.as_ref()).expect("a key"),
        ))
    }

    /// The algorithm that it usually signs with.
    pub(crate) fn algorithm(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "RS256",
            Self::Ec(_) => "ES256",
            Self::Ed(_) => "EdDSA",
            Self::Secret(_) => "HS256",
        }
    }

    fn signature(&self, message: &[u8], algorithm: &str) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Rsa(pair) => {
                let how: &dyn RsaEncoding = match algorithm {
                    "PS256" => &RSA_PSS_SHA256,
                    _ => &RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; pair.public().modulus_len()];
                let signed = pair.sign(how, &random, message, &mut signature);
                signed.expect("a signature");
                signature
            }
            Self::Ec(pair) => {
                let signed = pair.sign(&random, message).expect("a signature");
                signed.as_ref().to_vec()
            }
            Self::Ed(pair) => pair.sign(message).as_ref().to_vec(),
            Self::Secret(secret) => {
                let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret);
                ring::hmac::sign(&key, message).as_ref().to_vec()
            }
        }
    }

    /// Signs whatever it is given.
    pub(crate) fn token(&self, header: &Value, claims: &Value) -> String {
        self.raw_token(header, claims.to_string().as_bytes())
    }

    /// Signs claims that need not be JSON.
    pub(crate) fn raw_token(&self, header: &Value, claims: &[u8]) -> String {
        let header_part = URL_SAFE_NO_PAD.encode(header.to_string());
        let message = format!("{header_part}.{}", URL_SAFE_NO_PAD.encode(claims));
        let algorithm = header["alg"].as_str().unwrap_or_default();
        let signature = self.signature(message.as_bytes(), algorithm);
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// A token with its usual header.
    pub(crate) fn issue(&self, id: &str, claims: &Value) -> String {
        self.token(&json!({"alg": self.algorithm(), "kid": id}), claims)
    }

    /// The public key as it is published.
    pub(crate) fn jwk(&self, id: &str) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let mut key = match self {
            Self::Rsa(pair) => {
                let PublicKeyComponents { n, e } =
                    PublicKeyComponents::<Vec<u8>>::from(pair.public());
                json!({"kty": "RSA", "n": text(&n), "e": text(&e)})
            }
            Self::Ec(pair) => {
                let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
                json!({"kty": "EC", "crv": "P-256", "x": text(x), "y": text(y)})
            }
            Self::Ed(pair) => {
                json!({"kty": "OKP", "crv": "Ed25519", "x": text(pair.public_key().as_ref())})
            }
            Self::Secret(secret) => json!({"kty": "oct", "k": text(secret)}),
        };
        key["kid"] = id.into();
        key
    }

    /// The public key in PEM.
    pub(crate) fn pem(&self) -> String {
        let (prefix, key) = match self {
            Self::Ec(pair) => (
                "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE",
                &pair.public_key().as_ref()[1..],
            ),
            // The prefix has no whole number of groups of three bytes.
            Self::Ed(pair) => ("MCowBQYDK2VwAyEA", pair.public_key().as_ref()),
            _ => return PUBLIC_RSA.to_owned(),
        };
        let body = format!("{prefix}{}", STANDARD.encode(key));
        format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n")
    }
}

/// The claims of a token that holds for five minutes.
pub(crate) fn claims(clock: &FrozenClock) -> Value {
    json!({
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "crm-4711",
        "exp": seconds(clock) + 300,
    })
}

pub(crate) fn seconds(clock: &FrozenClock) -> i64 {
    clock.now().micros() / 1_000_000
}

/// A verifier of tokens with these keys, and its clock.
pub(crate) fn verifier(keys: KeySource) -> (JwtVerifier, Arc<FrozenClock>) {
    let clock = Arc::new(FrozenClock::default());
    let settings = JwtSettings {
        issuer: ISSUER.to_owned(),
        audience: AUDIENCE.to_owned(),
        claims: ClaimNames::default(),
        keys,
    };
    let verifier = JwtVerifier::new(settings, clock.clone()).expect("good settings");
    (verifier, clock)
}

pub(crate) async fn verify(verifier: &JwtVerifier, token: &str) -> Result<Identity, TokenError> {
    verifier.verify(token).await
}

/// How the address of the keys answers.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// With this status and body.
    Body(&'static str, String),
    /// With bytes without end.
    Endless,
    /// Never, but it keeps the connection.
    Silence,
    /// It closes the connection.
    Nothing,
}

impl Answer {
    pub(crate) fn keys(keys: &[Value]) -> Self {
        Self::Body("200 OK", json!({ "keys": keys }).to_string())
    }
}

/// The address at which keys are published.
pub(crate) struct Publisher {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
}

struct Shared {
    requests: usize,
    usual: Answer,
}

impl Publisher {
    pub(crate) async fn start(usual: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let shared = Arc::new(Mutex::new(Shared { requests: 0, usual }));
        let served = shared.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let answer = {
                    let mut shared = served.lock().expect("no test panics with it");
                    shared.requests += 1;
                    shared.usual.clone()
                };
                tokio::spawn(serve(stream, answer));
            }
        });
        Self { address, shared }
    }

    pub(crate) fn answers(&self, usual: Answer) {
        self.shared.lock().expect("no test panics with it").usual = usual;
    }

    pub(crate) fn requests(&self) -> usize {
        self.shared.lock().expect("no test panics with it").requests
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/keys", self.address)
    }

    pub(crate) fn source(&self, timeout: Duration) -> KeySource {
        KeySource::Url {
            url: self.url().parse().expect("loopback"),
            timeout,
        }
    }
}

async fn serve(mut stream: TcpStream, answer: Answer) {
    let mut request = vec![0; 4096];
    let _ = stream.read(&mut request).await;
    match answer {
        Answer::Body(status, body) => {
            let length = body.len();
            let text = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{body}");
            let _ = stream.write_all(text.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
        Answer::Endless => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
            while stream.write_all(&[b' '; 4096]).await.is_ok() {}
        }
        Answer::Silence => {
            let _ = stream.read(&mut request).await;
        }
        Answer::Nothing => {}
    }
}

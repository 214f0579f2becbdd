//! Verifying a token.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use classdesk_domain::clock::{Clock, Timestamp};
use classdesk_domain::people::{Identity, TokenError, TokenRefusal, TokenVerifier};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::{Header, Validation, decode, decode_header};
use serde_json::{Map, Value};

use crate::key::Key;
use crate::key_set::KeySet;
use crate::settings::{BuildError, ClaimNames, JwtSettings, KeySource};
use crate::signatures;

/// By how much clocks may differ.
pub const LEEWAY: Duration = Duration::from_secs(60);

/// How many bytes a token may have.
pub const LONGEST_TOKEN: usize = 8 * 1024;

/// What `typ` says of a token that gives access (RFC 7519 and RFC 9068).
const TYPES: [&str; 4] = ["jwt", "application/jwt", "at+jwt", "application/at+jwt"];

type Claims = Map<String, Value>;

/// Verifies the JSON Web Tokens of one issuer for one audience.
pub struct JwtVerifier {
    keys: Keys,
    validation: Validation,
    claims: ClaimNames,
    clock: Arc<dyn Clock>,
}

enum Keys {
    Fixed(Box<Key>),
    Published(KeySet),
}

impl JwtVerifier {
    /// A verifier of these tokens. Published keys are not asked for yet.
    ///
    /// # Errors
    /// [`BuildError`].
    pub fn new(settings: JwtSettings, clock: Arc<dyn Clock>) -> Result<Self, BuildError> {
        signatures::install();
        let fixed = |key| Keys::Fixed(Box::new(key));
        let keys = match settings.keys {
            KeySource::Url { url, timeout } => {
                Keys::Published(KeySet::new(url, timeout, clock.clone())?)
            }
            KeySource::PublicKey(pem) => fixed(Key::from_pem(&pem)?),
            KeySource::Secret(secret) => fixed(Key::from_secret(&secret)?),
        };
        let mut validation = Validation::default();
        validation.set_issuer(&[settings.issuer]);
        validation.set_audience(&[settings.audience]);
        validation.set_required_spec_claims(&["iss", "aud", "exp", "sub"]);
        // The time is the clock's to say.
        validation.validate_exp = false;
        Ok(Self {
            keys,
            validation,
            claims: settings.claims,
            clock,
        })
    }

    async fn key(&self, header: &Header) -> Result<Key, TokenError> {
        match &self.keys {
            Keys::Fixed(key) => Ok(key.for_algorithm(header)?.clone()),
            Keys::Published(keys) => keys.find(header).await,
        }
    }

    fn identity(&self, claims: &Claims) -> Result<Identity, TokenRefusal> {
        // The library takes a list of issuers too.
        text(claims, "iss")?;
        let now = self.clock.now();
        let expires_at = time(claims, "exp")?.ok_or_else(|| refused("exp"))?;
        let expires_at = expires_at.plus(LEEWAY);
        if now >= expires_at {
            return Err(TokenRefusal::Expired);
        }
        if time(claims, "nbf")?.is_some_and(|begin| now.plus(LEEWAY) < begin) {
            return Err(TokenRefusal::NotYetValid);
        }
        Ok(Identity {
            subject: text(claims, "sub")?.ok_or_else(|| refused("sub"))?,
            email: text(claims, &self.claims.email)?,
            name: text(claims, &self.claims.name)?,
            role: text(claims, &self.claims.role)?,
            expires_at,
        })
    }
}

#[async_trait]
impl TokenVerifier for JwtVerifier {
    async fn verify(&self, token: &str) -> Result<Identity, TokenError> {
        if token.len() > LONGEST_TOKEN {
            return Err(TokenRefusal::TooLong.into());
        }
        let header = decode_header(token).map_err(|_| TokenRefusal::Malformed)?;
        let is_access = |typ: &String| TYPES.contains(&typ.to_ascii_lowercase().as_str());
        if !header.typ.as_ref().is_none_or(is_access) {
            return Err(TokenRefusal::Type.into());
        }
        let key = self.key(&header).await?;
        let validation = Validation {
            algorithms: key.algorithms,
            ..self.validation.clone()
        };
        let decoded = decode::<Claims>(token, &key.decoding, &validation);
        let claims = decoded.map_err(refusal)?.claims;
        Ok(self.identity(&claims)?)
    }
}

fn refused(claim: &str) -> TokenRefusal {
    TokenRefusal::Claim(claim.to_owned())
}

/// A claim that is a text, if it is there.
fn text(claims: &Claims, name: &str) -> Result<Option<String>, TokenRefusal> {
    match claims.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(refused(name)),
    }
}

/// A claim that is a time in seconds, if it is there.
fn time(claims: &Claims, name: &str) -> Result<Option<Timestamp>, TokenRefusal> {
    match claims.get(name) {
        None => Ok(None),
        Some(Value::Number(seconds)) => {
            let seconds = seconds.as_f64().ok_or_else(|| refused(name))?;
            // A number beyond all times becomes the first or the last of them.
            let micros = (seconds * 1e6) as i64;
            Ok(Some(Timestamp::from_micros(micros)))
        }
        Some(_) => Err(refused(name)),
    }
}

fn refusal(error: Error) -> TokenRefusal {
    match error.into_kind() {
        ErrorKind::InvalidSignature => TokenRefusal::Signature,
        ErrorKind::InvalidIssuer => TokenRefusal::Issuer,
        ErrorKind::InvalidAudience => TokenRefusal::Audience,
        ErrorKind::InvalidAlgorithm => TokenRefusal::Algorithm,
        ErrorKind::MissingRequiredClaim(claim) | ErrorKind::InvalidClaimFormat(claim) => {
            TokenRefusal::Claim(claim)
        }
        _ => TokenRefusal::Malformed,
    }
}

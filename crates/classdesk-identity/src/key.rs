//! Keys, and which one a token is signed with.

use classdesk_domain::people::TokenRefusal;
use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse,
};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, Header};

use crate::settings::BuildError;

/// The least bytes of a secret (RFC 7518, section 3.2).
const SHORTEST_SECRET: usize = 32;

/// The bytes of an uncompressed point of P-256, and of an Ed25519 key.
const P256_POINT: usize = 65;
const ED25519_KEY: usize = 32;

/// A key, and what it is used with.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    id: Option<String>,
    pub(crate) decoding: DecodingKey,
    pub(crate) algorithms: Vec<Algorithm>,
}

impl Key {
    /// The key of a file.
    ///
    /// # Errors
    /// [`BuildError::PublicKey`].
    pub(crate) fn from_pem(pem: &[u8]) -> Result<Self, BuildError> {
        // The parser takes private keys and certificates too.
        let is_public = pem.windows(11).any(|part| part == b"PUBLIC KEY-");
        let decoding = DecodingKey::from_rsa_pem(pem)
            .or_else(|_| DecodingKey::from_ec_pem(pem))
            .or_else(|_| DecodingKey::from_ed_pem(pem));
        let key = decoding.ok().filter(|_| is_public).and_then(Self::of);
        key.ok_or(BuildError::PublicKey)
    }

    /// The key that both sides have.
    ///
    /// # Errors
    /// [`BuildError::Secret`].
    pub(crate) fn from_secret(secret: &[u8]) -> Result<Self, BuildError> {
        if secret.len() < SHORTEST_SECRET {
            return Err(BuildError::Secret);
        }
        let decoding = DecodingKey::from_secret(secret).map_err(|_| BuildError::Secret)?;
        Self::of(decoding).ok_or(BuildError::Secret)
    }

    /// A published key, if it is a public one for signatures that are known here.
    pub(crate) fn from_jwk(jwk: &Jwk) -> Option<Self> {
        let common = &jwk.common;
        let signs = common
            .public_key_use
            .as_ref()
            .is_none_or(|purpose| *purpose == PublicKeyUse::Signature);
        let verifies = common
            .key_operations
            .as_ref()
            .is_none_or(|operations| operations.contains(&KeyOperations::Verify));
        let is_public = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => true,
            AlgorithmParameters::EllipticCurve(point) => point.curve == EllipticCurve::P256,
            AlgorithmParameters::OctetKeyPair(pair) => pair.curve == EllipticCurve::Ed25519,
            _ => false,
        };
        if !signs || !verifies || !is_public {
            return None;
        }
        let mut key = Self::of(DecodingKey::from_jwk(jwk).ok()?)?;
        key.id.clone_from(&common.key_id);
        if let Some(only) = common.key_algorithm {
            key.algorithms
                .retain(|algorithm| KeyAlgorithm::from(*algorithm) == only);
        }
        Some(key).filter(|key| !key.algorithms.is_empty())
    }

    /// A key with the algorithms of its kind.
    fn of(decoding: DecodingKey) -> Option<Self> {
        let length = decoding.try_get_as_bytes().map_or(0, <[u8]>::len);
        let algorithms = match decoding.family() {
            AlgorithmFamily::Rsa => vec![Algorithm::RS256, Algorithm::PS256],
            AlgorithmFamily::Ec if length == P256_POINT => vec![Algorithm::ES256],
            AlgorithmFamily::Ed if length == ED25519_KEY => vec![Algorithm::EdDSA],
            AlgorithmFamily::Hmac => vec![Algorithm::HS256],
            AlgorithmFamily::Ec | AlgorithmFamily::Ed => return None,
        };
        Some(Self {
            id: None,
            decoding,
            algorithms,
        })
    }

    /// This key, if the token uses one of its algorithms.
    ///
    /// # Errors
    /// [`TokenRefusal::Algorithm`].
    pub(crate) fn for_algorithm(&self, header: &Header) -> Result<&Self, TokenRefusal> {
        let fits = self.algorithms.contains(&header.alg);
        fits.then_some(self).ok_or(TokenRefusal::Algorithm)
    }
}

/// The key that a token names; `None` when it is unknown. One that names none has the only one.
///
/// # Errors
/// [`TokenRefusal::Algorithm`] when it uses the key in another way, [`TokenRefusal::UnknownKey`] when
/// it names none of several.
pub(crate) fn choose<'a>(
    keys: &'a [Key],
    header: &Header,
) -> Result<Option<&'a Key>, TokenRefusal> {
    if header.kid.is_none() && keys.len() > 1 {
        return Err(TokenRefusal::UnknownKey);
    }
    let is_named = |key: &&Key| header.kid.is_none() || key.id == header.kid;
    let mut refusal = None;
    for key in keys.iter().filter(is_named) {
        match key.for_algorithm(header) {
            Ok(key) => return Ok(Some(key)),
            Err(other) => refusal = Some(other),
        }
    }
    refusal.map_or(Ok(None), Err)
}

//! Signatures by ring, which the tree has for TLS already (docs/adr/tokens-by-ring.md).

use jsonwebtoken::crypto::{CryptoProvider, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{ErrorKind, Result, new_error};
use jsonwebtoken::signature::{self, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind};
use ring::hmac;
use ring::rsa::PublicKeyComponents;
use ring::signature as signed;
use ring::signature::{RsaParameters, UnparsedPublicKey, VerificationAlgorithm};

/// It verifies and never signs.
static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |_, _| Err(new_error(ErrorKind::UnsupportedAlgorithm)),
    verifier_factory: |algorithm, key| {
        let signature = Signature::new(*algorithm, key)?;
        Ok(Box::new(signature))
    },
    key_utils: KeyUtils::new_unimplemented(),
};

/// Verifies by ring, unless the program has chosen something else already.
pub(crate) fn install() {
    if CryptoProvider::try_get_default().is_none() {
        // It fails only when another thread was faster.
        let _ = PROVIDER.install_default();
    }
}

struct Signature {
    algorithm: Algorithm,
    key: DecodingKey,
}

impl Signature {
    fn new(algorithm: Algorithm, key: &DecodingKey) -> Result<Self> {
        if !key.family().algorithms().contains(&algorithm) {
            return Err(new_error(ErrorKind::InvalidKeyFormat));
        }
        Ok(Self {
            algorithm,
            key: key.clone(),
        })
    }

    fn check_rsa(&self, how: &'static RsaParameters, message: &[u8], signature: &[u8]) -> Checked {
        match self.key.kind() {
            DecodingKeyKind::SecretOrDer(key) => check(how, key, message, signature),
            DecodingKeyKind::RsaModulusExponent { n, e } => {
                PublicKeyComponents { n, e }.verify(how, message, signature)
            }
        }
    }

    fn check(&self, message: &[u8], signature: &[u8]) -> Checked {
        let key = self.key.try_get_as_bytes().unwrap_or_default();
        match self.algorithm {
            Algorithm::RS256 => {
                self.check_rsa(&signed::RSA_PKCS1_2048_8192_SHA256, message, signature)
            }
            Algorithm::PS256 => {
                self.check_rsa(&signed::RSA_PSS_2048_8192_SHA256, message, signature)
            }
            Algorithm::ES256 => check(&signed::ECDSA_P256_SHA256_FIXED, key, message, signature),
            Algorithm::EdDSA => check(&signed::ED25519, key, message, signature),
            Algorithm::HS256 => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, key);
                hmac::verify(&key, message, signature)
            }
            _ => Err(ring::error::Unspecified),
        }
    }
}

type Checked = std::result::Result<(), ring::error::Unspecified>;

fn check(
    how: &'static dyn VerificationAlgorithm,
    key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Checked {
    UnparsedPublicKey::new(how, key).verify(message, signature)
}

impl Verifier<Vec<u8>> for Signature {
    fn verify(
        &self,
        message: &[u8],
        signature: &Vec<u8>,
    ) -> std::result::Result<(), signature::Error> {
        let checked = self.check(message, signature);
        checked.map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for Signature {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

//! Options of `classdesk serve` about tokens of another system.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use classdesk_domain::people::{Provisioning, Role};
use classdesk_identity::{ClaimNames, JwtSettings, KeySetUrl, KeySource};

use super::roles::role;
use crate::error::CliError;

/// How long asking for published keys may take.
const KEYS_TIMEOUT: Duration = Duration::from_secs(5);

/// Which tokens of another system are a sign-in too.
#[derive(Args)]
pub(crate) struct JwtArgs {
    /// Accept JSON Web Tokens of this issuer: their `iss`
    #[arg(long, value_name = "ISSUER", requires_all = ["jwt_audience", "jwt_keys"])]
    pub(crate) jwt_issuer: Option<String>,
    /// For whom they have to be made: their `aud`, or one of it
    #[arg(long, value_name = "AUDIENCE", requires = "jwt_issuer")]
    pub(crate) jwt_audience: Option<String>,
    /// Where the issuer publishes its keys: by https, or by http on this machine
    #[arg(long, value_name = "URL", group = "jwt_keys", requires = "jwt_issuer")]
    pub(crate) jwt_jwks_url: Option<KeySetUrl>,
    /// A file with the issuer's public key in PEM: RSA, P-256 or Ed25519
    #[arg(long, value_name = "FILE", group = "jwt_keys", requires = "jwt_issuer")]
    pub(crate) jwt_public_key_file: Option<PathBuf>,
    /// A file with a secret of at least 32 bytes that the issuer has too; its last line break does not
    /// count
    #[arg(long, value_name = "FILE", group = "jwt_keys", requires = "jwt_issuer")]
    pub(crate) jwt_secret_file: Option<PathBuf>,
    /// Create whom a token names and nobody knows, and let email address, name and role of people
    /// follow their tokens
    #[arg(long, requires = "jwt_issuer")]
    pub(crate) jwt_provision: bool,
    /// The roles that tokens may give
    #[arg(
        long,
        value_name = "ROLES",
        value_delimiter = ',',
        default_value = "client,writer",
        value_parser = role
    )]
    pub(crate) jwt_roles: Vec<Role>,
    /// The claim with the email address
    #[arg(long, value_name = "CLAIM", default_value_t = ClaimNames::default().email)]
    pub(crate) jwt_email_claim: String,
    /// The claim with the name for others
    #[arg(long, value_name = "CLAIM", default_value_t = ClaimNames::default().name)]
    pub(crate) jwt_name_claim: String,
    /// The claim with the role
    #[arg(long, value_name = "CLAIM", default_value_t = ClaimNames::default().role)]
    pub(crate) jwt_role_claim: String,
}

impl JwtArgs {
    /// As the verifier takes them; `None` when no tokens are trusted.
    ///
    /// # Errors
    /// A file can't be read.
    pub(crate) fn settings(&self) -> Result<Option<JwtSettings>, CliError> {
        let (Some(issuer), Some(audience)) = (&self.jwt_issuer, &self.jwt_audience) else {
            return Ok(None);
        };
        Ok(Some(JwtSettings {
            issuer: issuer.clone(),
            audience: audience.clone(),
            claims: ClaimNames {
                email: self.jwt_email_claim.clone(),
                name: self.jwt_name_claim.clone(),
                role: self.jwt_role_claim.clone(),
            },
            keys: self.keys()?,
        }))
    }

    fn keys(&self) -> Result<KeySource, CliError> {
        if let Some(url) = self.jwt_jwks_url.clone() {
            let timeout = KEYS_TIMEOUT;
            return Ok(KeySource::Url { url, timeout });
        }
        if let Some(file) = &self.jwt_public_key_file {
            return Ok(KeySource::PublicKey(read(file)?));
        }
        let file = self.jwt_secret_file.as_deref();
        let mut secret = read(file.unwrap_or(Path::new("")))?;
        if secret.ends_with(b"\n") {
            secret.pop();
        }
        if secret.ends_with(b"\r") {
            secret.pop();
        }
        Ok(KeySource::Secret(secret))
    }

    /// What tokens decide about people.
    pub(crate) fn provisioning(&self) -> Option<Provisioning> {
        let roles = self.jwt_roles.clone();
        self.jwt_provision.then_some(Provisioning { roles })
    }
}

fn read(file: &Path) -> Result<Vec<u8>, CliError> {
    let failed = |error| CliError::while_doing(&format!("can't read {}", file.display()), &error);
    std::fs::read(file).map_err(failed)
}

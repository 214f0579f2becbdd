//! Which servers are trusted over TLS.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use classdesk_domain::store::Cause;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::crypto::{self, CryptoProvider};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};
use tokio_postgres_rustls::MakeRustlsConnect;

/// Whom a connection may reach. The roots are in a file, or the system's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trust {
    /// Any server: what is sent can't be read on the way, unless by one that pretends to be the
    /// server.
    Anybody,
    /// A server whose certificate comes from one of the roots, whatever its name.
    Chain(Option<PathBuf>),
    /// A server whose certificate comes from one of the roots and is for its name.
    ChainAndName(Option<PathBuf>),
}

/// What makes TLS connections to such servers.
pub(super) fn connector(trust: &Trust) -> Result<MakeRustlsConnect, Cause> {
    let provider = Arc::new(crypto::ring::default_provider());
    let verifier = Arc::new(Verifier::new(trust, &provider)?);
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

/// Checks a server's certificate as far as it was asked for.
#[derive(Debug)]
struct Verifier {
    provider: Arc<CryptoProvider>,
    /// `None` when no certificate is checked.
    chain: Option<Arc<WebPkiServerVerifier>>,
    /// The certificates of the file. A server may have one of them for its own: it signed itself.
    given: Vec<CertificateDer<'static>>,
    with_name: bool,
}

impl Verifier {
    fn new(trust: &Trust, provider: &Arc<CryptoProvider>) -> Result<Self, Cause> {
        let (file, with_name) = match trust {
            Trust::Anybody => {
                return Ok(Self {
                    provider: Arc::clone(provider),
                    chain: None,
                    given: Vec::new(),
                    with_name: false,
                });
            }
            Trust::Chain(file) => (file, false),
            Trust::ChainAndName(file) => (file, true),
        };
        let mut roots = RootCertStore::empty();
        let mut given = Vec::new();
        match file {
            Some(file) => {
                given = certificates(file)?;
                for certificate in &given {
                    roots.add(certificate.clone())?;
                }
            }
            // What of the system's store can't be read is as good as not there.
            None => drop(
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs),
            ),
        }
        let provider = Arc::clone(provider);
        let chain =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
                .build()?;
        Ok(Self {
            provider,
            chain: Some(chain),
            given,
            with_name,
        })
    }
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, Cause> {
    let unreadable = |error| format!("{}: {error}", file.display());
    CertificateDer::pem_file_iter(file)
        .map_err(unreadable)?
        .map(|certificate| certificate.map_err(|error| unreadable(error).into()))
        .collect()
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(chain) = &self.chain else {
            return Ok(ServerCertVerified::assertion());
        };
        if !self.given.contains(end_entity) {
            let checked = chain.verify_server_cert(
                end_entity,
                intermediates,
                server_name,
                ocsp_response,
                now,
            );
            match checked {
                // The name comes last: the chain is good.
                Err(Error::InvalidCertificate(
                    CertificateError::NotValidForName
                    | CertificateError::NotValidForNameContext { .. },
                )) if !self.with_name => {}
                checked => return checked,
            }
        } else if self.with_name {
            verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

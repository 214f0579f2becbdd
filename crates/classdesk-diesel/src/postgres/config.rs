//! Where a server is and how it is reached, read from a URL.

use std::path::PathBuf;
use std::time::Duration;

use classdesk_domain::store::Cause;
use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::SslMode;

use super::tls::Trust;
use crate::error::ConnectError;
use crate::options::StoreOptions;
use crate::redact::without_password;

/// A server, as whom and how it is reached, and how long that may take.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct PgConfig {
    /// The URL without its secrets, for messages.
    shown: String,
    config: Config,
    trust: Trust,
    /// What the URL says itself about limits.
    named: Vec<String>,
}

impl PgConfig {
    /// Reads a URL `postgres://…`.
    pub(crate) fn parse(url: &str) -> Result<Self, ConnectError> {
        let shown = without_password(url);
        let unusable = |source: Cause| ConnectError::UnusableUrl {
            url: shown.clone(),
            source,
        };
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut mode, mut certificates) = (None, None);
        let (mut kept, mut named) = (Vec::new(), Vec::new());
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let value = || percent_decode_str(value).decode_utf8_lossy().into_owned();
            match name {
                "sslmode" => mode = Some(value()),
                "sslrootcert" => certificates = Some(value()),
                _ => {
                    kept.push(parameter);
                    named.push(name.to_owned());
                }
            }
        }
        let (encryption, trust) = encryption(mode.as_deref(), certificates).map_err(unusable)?;
        let mut config: Config = format!("{base}?{}", kept.join("&"))
            .parse()
            .map_err(|error: tokio_postgres::Error| unusable(error.into()))?;
        config.ssl_mode(encryption);
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            config.host("localhost");
        }
        Ok(Self {
            shown,
            config,
            trust,
            named,
        })
    }

    /// The same with limits for connecting and for a server that went silent, where the URL names
    /// none.
    pub(super) fn with_limits(mut self, options: &StoreOptions) -> Self {
        let silence = options.statement_timeout + options.connect_timeout;
        let config = &mut self.config;
        let is_named = |name: &str| self.named.iter().any(|one| one == name);
        if !is_named("connect_timeout") {
            config.connect_timeout(options.connect_timeout);
        }
        if !is_named("tcp_user_timeout") {
            config.tcp_user_timeout(silence);
        }
        if !is_named("keepalives_idle") {
            config.keepalives_idle(silence);
        }
        if !is_named("application_name") {
            config.application_name("classdesk");
        }
        self
    }

    pub(super) const fn config(&self) -> &Config {
        &self.config
    }

    pub(super) const fn trust(&self) -> &Trust {
        &self.trust
    }

    /// The URL without its secrets.
    pub(crate) fn shown(&self) -> &str {
        &self.shown
    }

    /// How long connecting may take until the server has let us in, with every host that is named
    /// given its time.
    pub(super) fn connect_timeout(&self) -> Option<Duration> {
        let hosts = self.config.get_hosts().len().max(1);
        let each = self.config.get_connect_timeout()?;
        each.checked_mul(u32::try_from(hosts).ok()?)
    }
}

/// What libpq means by `sslmode` and `sslrootcert`.
fn encryption(mode: Option<&str>, certificates: Option<String>) -> Result<(SslMode, Trust), Cause> {
    let roots = |certificates: Option<String>| match certificates.as_deref() {
        None | Some("system") => None,
        Some(path) => Some(PathBuf::from(path)),
    };
    match (mode.unwrap_or("prefer"), certificates) {
        ("disable" | "allow" | "prefer", Some(_)) => Err(
            "sslrootcert has no effect unless sslmode is require, verify-ca or verify-full".into(),
        ),
        ("disable", None) => Ok((SslMode::Disable, Trust::Anybody)),
        ("allow" | "prefer", None) => Ok((SslMode::Prefer, Trust::Anybody)),
        ("require", None) => Ok((SslMode::Require, Trust::Anybody)),
        ("require" | "verify-ca", certificates) => {
            Ok((SslMode::Require, Trust::Chain(roots(certificates))))
        }
        ("verify-full", certificates) => {
            Ok((SslMode::Require, Trust::ChainAndName(roots(certificates))))
        }
        (other, _) => Err(format!(
            "sslmode is disable, allow, prefer, require, verify-ca or verify-full, not `{other}`"
        )
        .into()),
    }
}

#[cfg(test)]
mod tests {
    use tokio_postgres::config::Host;

    use super::*;

    fn read(parameters: &str) -> Result<PgConfig, ConnectError> {
        PgConfig::parse(&format!(
            "postgres://desk:secret@db.example/classdesk{parameters}"
        ))
    }

    #[test]
    fn every_mode_of_encryption_is_understood() {
        let check = |parameters: &str, mode: SslMode, trust: Trust| {
            let address = read(parameters).unwrap();
            assert_eq!(address.config().get_ssl_mode(), mode, "{parameters}");
            assert_eq!(*address.trust(), trust, "{parameters}");
        };
        let file = || Some(PathBuf::from("/etc/my roots.pem"));
        check("", SslMode::Prefer, Trust::Anybody);
        check("?sslmode=disable", SslMode::Disable, Trust::Anybody);
        check("?sslmode=allow", SslMode::Prefer, Trust::Anybody);
        check("?sslmode=require", SslMode::Require, Trust::Anybody);
        check(
            "?sslmode=require&sslrootcert=/etc/my%20roots.pem",
            SslMode::Require,
            Trust::Chain(file()),
        );
        check("?sslmode=verify-ca", SslMode::Require, Trust::Chain(None));
        check(
            "?sslrootcert=/etc/my%20roots.pem&sslmode=verify-full",
            SslMode::Require,
            Trust::ChainAndName(file()),
        );
        check(
            "?sslmode=verify-full&sslrootcert=system",
            SslMode::Require,
            Trust::ChainAndName(None),
        );
    }

    #[test]
    fn a_url_that_means_nothing_is_refused_without_its_password() {
        for parameters in [
            "?sslmode=yes",
            "?sslrootcert=/etc/roots.pem",
            "?sslmode=prefer&sslrootcert=/etc/roots.pem",
            "?colour=blue",
            "?connect_timeout=soon",
        ] {
            let error = read(parameters).map(drop).unwrap_err();
            assert!(
                matches!(&error, ConnectError::UnusableUrl { url, .. } if !url.contains("secret")),
                "{parameters}: {error:?}"
            );
        }
    }

    #[test]
    fn limits_of_the_url_come_first() {
        let options = StoreOptions::default();
        let ours = read("").unwrap().with_limits(&options);
        assert_eq!(ours.connect_timeout(), Some(options.connect_timeout));
        let named = read("?connect_timeout=9&host=second.example").unwrap();
        let named = named.with_limits(&options);
        assert_eq!(named.connect_timeout(), Some(Duration::from_secs(18)));
        assert_eq!(named.config().get_application_name(), Some("classdesk"));
    }

    #[test]
    fn a_url_without_a_host_means_this_machine() {
        let address = PgConfig::parse("postgres:///classdesk").unwrap();
        assert_eq!(
            address.config().get_hosts(),
            [Host::Tcp("localhost".to_owned())]
        );
    }
}

//! Sending a request and reading its answer.

use std::error::Error;
use std::net::IpAddr;
use std::sync::{Arc, Once};
use std::time::{Duration, UNIX_EPOCH};

use async_trait::async_trait;
use classdesk_domain::clock::Clock as _;
use classdesk_domain::system::SystemClock;
use classdesk_domain::validation::FieldError;
use classdesk_domain::webhooks::{
    Reply, SendFailure, SendResult, WebhookRequest, WebhookSender, WebhookUrl,
};
use ipnet::IpNet;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, Response, Url, redirect};

use crate::address::PublicAddresses;
use crate::resolver::{GuardedResolver, Lookup, NotPublic, SystemLookup};

/// So many bytes an answer may have, and so many of them are kept.
const LONGEST: usize = 64 * 1024;
const KEPT: usize = 1024;

const USER_AGENT: &str = concat!("Classdesk/", env!("CARGO_PKG_VERSION"));

/// Where requests may go, and how long they may take.
#[derive(Debug, Clone)]
pub struct WebhookOptions {
    /// Networks beside the public internet.
    pub allowed_networks: Vec<IpNet>,
    /// Whether `http` is an address too.
    pub allows_http: bool,
    /// How long a request may take, until its answer is read.
    pub timeout: Duration,
}

impl Default for WebhookOptions {
    /// The public internet by https, for 15 seconds.
    fn default() -> Self {
        Self {
            allowed_networks: Vec::new(),
            allows_http: false,
            timeout: Duration::from_secs(15),
        }
    }
}

/// The client could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client for webhooks can't be made")]
pub struct BuildError(#[from] reqwest::Error);

/// Sends requests to public addresses alone.
pub struct HttpWebhookSender {
    client: Client,
    resolver: GuardedResolver,
    allows_http: bool,
}

impl HttpWebhookSender {
    /// A sender that looks names up as the operating system does.
    ///
    /// # Errors
    /// [`BuildError`].
    pub fn new(options: WebhookOptions) -> Result<Self, BuildError> {
        Self::with_lookup(options, Arc::new(SystemLookup))
    }

    /// A sender that looks names up by this.
    ///
    /// # Errors
    /// [`BuildError`].
    pub fn with_lookup(
        options: WebhookOptions,
        lookup: Arc<dyn Lookup>,
    ) -> Result<Self, BuildError> {
        install_crypto_provider();
        let resolver = GuardedResolver {
            lookup,
            allowed: Arc::new(PublicAddresses::and(options.allowed_networks)),
        };
        let client = Client::builder()
            .user_agent(USER_AGENT)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .dns_resolver(Arc::new(resolver.clone()))
            .pool_max_idle_per_host(0)
            .timeout(options.timeout)
            .build()?;
        Ok(Self {
            client,
            resolver,
            allows_http: options.allows_http,
        })
    }

    /// The parsed address, unless it is none that requests go to by itself.
    fn parse(&self, url: &WebhookUrl) -> Result<Url, FieldError> {
        let url = Url::parse(url.as_str()).map_err(|_| FieldError::WebhookUrl)?;
        let by_scheme = match url.scheme() {
            "https" => 443,
            "http" if self.allows_http => 80,
            _ => return Err(FieldError::WebhookUrl),
        };
        let has_user = !url.username().is_empty() || url.password().is_some();
        if has_user || url.fragment().is_some() {
            return Err(FieldError::WebhookUrl);
        }
        match url.port().unwrap_or(by_scheme) {
            port if port == 443 || port >= 1024 || port == by_scheme => {}
            _ => return Err(FieldError::WebhookPort),
        }
        match literal(&url) {
            Some(address) if !self.resolver.allowed.contain(address) => {
                Err(FieldError::WebhookAddress)
            }
            _ => Ok(url),
        }
    }

    async fn post(&self, url: Url, request: WebhookRequest) -> SendResult {
        let sent = self
            .client
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", request.id)
            .header("webhook-timestamp", request.timestamp)
            .header("webhook-signature", request.signature)
            .body(request.body)
            .send();
        read(sent.await.map_err(|error| failure(&error))?).await
    }
}

#[async_trait]
impl WebhookSender for HttpWebhookSender {
    async fn check(&self, url: &WebhookUrl) -> Result<(), FieldError> {
        let url = self.parse(url)?;
        let Some(name) = url.host_str().filter(|_| literal(&url).is_none()) else {
            return Ok(());
        };
        let found = self.resolver.addresses(name).await;
        found.map(drop).map_err(|_| FieldError::WebhookAddress)
    }

    async fn send(&self, request: WebhookRequest) -> SendResult {
        let url = self.parse(&request.url);
        self.post(url.map_err(|_| SendFailure::Address)?, request)
            .await
    }
}

/// Reads an answer to its end, and keeps its beginning.
async fn read(mut response: Response) -> SendResult {
    let (mut length, mut kept) = (0, Vec::new());
    while let Some(chunk) = response.chunk().await.map_err(|error| failure(&error))? {
        length += chunk.len();
        if length > LONGEST {
            return Err(SendFailure::TooLarge);
        }
        kept.extend(chunk.iter().take(KEPT - kept.len()));
    }
    let retry_after = response.headers().get(RETRY_AFTER);
    Ok(Reply {
        status: response.status().as_u16(),
        retry_after: retry_after.and_then(|value| pause(value.to_str().ok()?.trim())),
        // Not every store keeps a NUL.
        text: String::from_utf8_lossy(&kept).replace('\0', "\u{fffd}"),
    })
}

/// For how long a receiver wants to be left alone: so many seconds, or until a date.
fn pause(retry_after: &str) -> Option<Duration> {
    let seconds = retry_after.parse().map(Duration::from_secs);
    seconds.ok().or_else(|| {
        let until = httpdate::parse_http_date(retry_after).ok()?;
        let until = until.duration_since(UNIX_EPOCH).ok()?;
        let now = u64::try_from(SystemClock.now().micros()).ok()?;
        until.checked_sub(Duration::from_micros(now))
    })
}

fn failure(error: &reqwest::Error) -> SendFailure {
    let mut cause: Option<&dyn Error> = Some(error);
    while let Some(each) = cause {
        if each.is::<NotPublic>() {
            return SendFailure::Address;
        }
        cause = each.source();
    }
    if error.is_timeout() {
        SendFailure::Timeout
    } else {
        SendFailure::Connection
    }
}

/// The address that a host is by itself. The parser of URLs has put it into its usual spelling.
fn literal(url: &Url) -> Option<IpAddr> {
    let host = url.host_str()?;
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    bare.unwrap_or(host).parse().ok()
}

/// TLS takes its cryptography from ring, unless the program has chosen already.
fn install_crypto_provider() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            // It fails only when another thread was faster.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
    });
}

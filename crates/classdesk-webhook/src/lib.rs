//! The domain's [`WebhookSender`](classdesk_domain::webhooks::WebhookSender) on HTTP, by way of
//! `reqwest`.
//!
//! Whoever manages webhooks names addresses that this program then connects to. So that they never
//! reach what lies beside it, every attempt passes three gates:
//!
//! 1. A host that is an address by itself, in whatever spelling, has to be a public one.
//! 2. A name is looked up once. If any of its addresses is not public, there is no connection;
//!    otherwise the connection goes to exactly those addresses.
//! 3. No redirection is followed, no proxy is used, and no connection is kept for another request.
//!
//! An answer is read for at most 64 KiB, and a request ends after its timeout in any case.
//!
//! ```
//! use classdesk_domain::validation::FieldError;
//! use classdesk_domain::webhooks::{WebhookSender, WebhookUrl};
//! use classdesk_webhook::{HttpWebhookSender, WebhookOptions};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sender = HttpWebhookSender::new(WebhookOptions::default())?;
//! let inside = WebhookUrl::parse("https://0x7f.1:8443/hook")?;
//! assert_eq!(sender.check(&inside).await, Err(FieldError::WebhookAddress));
//! # Ok(())
//! # }
//! ```

mod address;
mod resolver;
mod sender;

pub use address::PublicAddresses;
pub use resolver::Lookup;
pub use sender::{BuildError, HttpWebhookSender, WebhookOptions};

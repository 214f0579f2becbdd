//! Options of `classdesk serve` about webhooks.

use std::time::Duration;

use clap::Args;
use classdesk_webhook::WebhookOptions;
use ipnet::IpNet;

use super::networks::network;
use super::stores::some_time;

/// How events are sent to webhooks.
#[derive(Args)]
pub(crate) struct WebhookArgs {
    /// Networks and addresses that webhooks may lead to beside the public internet, for example
    /// `10.20.0.0/16`
    #[arg(long, value_name = "NETWORKS", value_delimiter = ',', value_parser = network)]
    pub(crate) webhook_allow_networks: Vec<IpNet>,
    /// Let webhooks have addresses with http too
    #[arg(long)]
    pub(crate) webhook_allow_http: bool,
    /// How long a request to a webhook may take, 25s at most
    #[arg(long, value_name = "TIME", default_value = "15s", value_parser = webhook_time)]
    pub(crate) webhook_timeout: Duration,
    /// Webhooks that this process sends to at once
    #[arg(
        long,
        value_name = "N",
        default_value_t = 16,
        value_parser = clap::value_parser!(u32).range(1..=256)
    )]
    pub(crate) webhook_concurrency: u32,
    /// Leave sending to other processes
    #[arg(long)]
    pub(crate) no_webhooks: bool,
}

impl WebhookArgs {
    /// As the sender takes them.
    pub(crate) fn options(&self) -> WebhookOptions {
        WebhookOptions {
            allowed_networks: self.webhook_allow_networks.clone(),
            allows_http: self.webhook_allow_http,
            timeout: self.webhook_timeout,
        }
    }

    /// To how many webhooks this process sends at once.
    pub(crate) const fn slots(&self) -> u32 {
        if self.no_webhooks {
            0
        } else {
            self.webhook_concurrency
        }
    }
}

/// A time that fits into the lease of a webhook.
fn webhook_time(text: &str) -> Result<Duration, String> {
    let time = some_time(text)?;
    if time > Duration::from_secs(25) {
        return Err("expected a time of at most 25s".to_owned());
    }
    Ok(time)
}

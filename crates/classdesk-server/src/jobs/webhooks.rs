//! Bringing events to webhooks.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use classdesk_domain::clock::Timestamp;
use classdesk_domain::error::Error;
use classdesk_domain::jobs::Backlog;
use classdesk_domain::webhooks::{WebhookDeliveries, WebhookLease};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::runner::{Round, Task};
use crate::error::chain;

/// The queue of deliveries to webhooks.
pub(crate) const WEBHOOKS: &str = "webhooks";

/// Queues what the log tells, and sends what is due to some webhooks at once. A slow receiver keeps
/// its own slot busy, and no round waits for it.
pub(crate) struct SendToWebhooks {
    deliveries: WebhookDeliveries,
    slots: Arc<Semaphore>,
    slot_count: u32,
    stopping: watch::Sender<bool>,
}

impl SendToWebhooks {
    pub(crate) fn new(deliveries: WebhookDeliveries, slot_count: u32) -> Self {
        Self {
            deliveries,
            slots: Arc::new(Semaphore::new(slot_count as usize)),
            slot_count,
            stopping: watch::Sender::new(false),
        }
    }

    fn send(&self, lease: WebhookLease, slot: OwnedSemaphorePermit) {
        let (deliveries, stopping) = (self.deliveries.clone(), self.stopping.subscribe());
        tokio::spawn(async move {
            let sent = deliveries.deliver(lease, || *stopping.borrow()).await;
            let webhook = lease.webhook.get();
            match sent {
                Ok(sent) if sent.arrived + sent.failed > 0 => {
                    let (arrived, failed) = (sent.arrived, sent.failed);
                    tracing::info!(webhook, arrived, failed, "events sent to a webhook");
                }
                Ok(_) => {}
                Err(error) => {
                    let error = chain(&error);
                    tracing::warn!(webhook, error, "sending to a webhook broke off");
                }
            }
            drop(slot);
        });
    }
}

#[async_trait]
impl Task for SendToWebhooks {
    fn name(&self) -> &'static str {
        WEBHOOKS
    }

    fn interval(&self) -> Duration {
        Duration::from_secs(1)
    }

    async fn round(&self) -> Result<Round, Error> {
        let more = self.deliveries.queue_events().await?;
        while let Ok(slot) = self.slots.clone().try_acquire_owned() {
            match self.deliveries.lease().await? {
                Some(lease) => self.send(lease, slot),
                None => break,
            }
        }
        Ok(Round {
            done: 0,
            failed: 0,
            more,
        })
    }

    /// Lets each slot end the request that it is in.
    async fn finish(&self) {
        self.stopping.send_replace(true);
        // Nobody closes the semaphore.
        let _ = self.slots.acquire_many(self.slot_count).await;
    }

    async fn backlog(&self) -> Result<Option<Backlog>, Error> {
        self.deliveries.backlog().await.map(Some)
    }

    async fn behind_since(&self) -> Result<Option<Timestamp>, Error> {
        self.deliveries.behind_since().await
    }
}

//! A log that can be held shut, so that a test decides what happens between a commit and its
//! delivery.

use std::sync::Arc;

use async_trait::async_trait;
use classdesk_domain::events::{EventFilter, EventLog, EventPage, EventRange, Horizon, TailEvent};
use classdesk_domain::policy::AccessScope;
use classdesk_domain::store::StoreError;
use tokio::sync::watch;

/// A log behind a gate, which is open at first.
pub struct GatedLog {
    log: Arc<dyn EventLog>,
    is_open: watch::Sender<bool>,
    waiting: watch::Sender<u32>,
}

impl GatedLog {
    /// Puts a gate before a log.
    pub fn new(log: Arc<dyn EventLog>) -> Self {
        Self {
            log,
            is_open: watch::Sender::new(true),
            waiting: watch::Sender::new(0),
        }
    }

    /// From now on, whoever looks at the log waits.
    pub fn shut(&self) {
        self.is_open.send_replace(false);
    }

    /// Lets everybody in.
    pub fn open(&self) {
        self.is_open.send_replace(true);
    }

    /// Waits until somebody has come to the shut gate.
    pub async fn somebody_waits(&self) {
        let mut waiting = self.waiting.subscribe();
        // It fails only once this log is gone.
        let _ = waiting.wait_for(|count| *count > 0).await;
    }

    async fn pass(&self) {
        let mut is_open = self.is_open.subscribe();
        if *is_open.borrow() {
            return;
        }
        self.waiting.send_modify(|count| *count += 1);
        let _ = is_open.wait_for(|is_open| *is_open).await;
        self.waiting.send_modify(|count| *count -= 1);
    }
}

#[async_trait]
impl EventLog for GatedLog {
    async fn horizon(&self) -> Result<Horizon, StoreError> {
        self.pass().await;
        self.log.horizon().await
    }

    async fn visible_events(
        &self,
        scope: AccessScope,
        filter: EventFilter,
        range: EventRange,
        limit: u32,
    ) -> Result<EventPage, StoreError> {
        self.pass().await;
        self.log.visible_events(scope, filter, range, limit).await
    }

    async fn tail(&self, range: EventRange, limit: u32) -> Result<Vec<TailEvent>, StoreError> {
        self.pass().await;
        self.log.tail(range, limit).await
    }
}

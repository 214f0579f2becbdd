//! A log that can be held shut, so that a test decides what happens between a commit and its
//! delivery.

use std::sync::Arc;

use async_trait::async_trait;
use classdesk_domain::events::{EventFilter, EventLog, EventPage, EventRange, Horizon, TailEvent};
use classdesk_domain::policy::AccessScope;
use classdesk_domain::store::StoreError;
use classdesk_memory::MemoryStore;
use tokio::sync::watch;

/// The log of a store in memory behind a gate.
pub(crate) struct GatedLog {
    store: Arc<MemoryStore>,
    is_open: watch::Sender<bool>,
}

impl GatedLog {
    pub(crate) fn new(store: Arc<MemoryStore>) -> Self {
        let is_open = watch::Sender::new(true);
        Self { store, is_open }
    }

    /// From now on, whoever looks at the log waits.
    pub(crate) fn shut(&self) {
        self.is_open.send_replace(false);
    }

    pub(crate) fn open(&self) {
        self.is_open.send_replace(true);
    }

    async fn pass(&self) {
        let mut is_open = self.is_open.subscribe();
        is_open.wait_for(|is_open| *is_open).await.unwrap();
    }
}

#[async_trait]
impl EventLog for GatedLog {
    async fn horizon(&self) -> Result<Horizon, StoreError> {
        self.pass().await;
        self.store.horizon().await
    }

    async fn visible_events(
        &self,
        scope: AccessScope,
        filter: EventFilter,
        range: EventRange,
        limit: u32,
    ) -> Result<EventPage, StoreError> {
        self.pass().await;
        self.store.visible_events(scope, filter, range, limit).await
    }

    async fn tail(&self, range: EventRange, limit: u32) -> Result<Vec<TailEvent>, StoreError> {
        self.pass().await;
        self.store.tail(range, limit).await
    }
}

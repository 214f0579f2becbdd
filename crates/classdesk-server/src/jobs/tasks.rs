//! The jobs that there are.

use std::time::Duration;

use async_trait::async_trait;
use classdesk_domain::App;
use classdesk_domain::error::Error;
use classdesk_domain::jobs::Backlog;
use classdesk_domain::maintenance::MaintenanceService;

use super::runner::{Round, Task};
use super::webhooks::SendToWebhooks;

/// The queue of files that are to be removed.
pub(crate) const SWEEP: &str = "sweep";

/// Every job of the server.
pub(crate) fn all(app: &App, interval: Duration, webhook_slots: u32) -> Vec<Box<dyn Task>> {
    let service = || app.maintenance.clone();
    let mut tasks: Vec<Box<dyn Task>> = vec![
        Box::new(Sweep(service(), interval)),
        Box::new(AbortUploads(service(), interval)),
        Box::new(Purge(service(), interval)),
    ];
    if webhook_slots > 0 {
        let deliveries = app.webhook_deliveries.clone();
        tasks.push(Box::new(SendToWebhooks::new(deliveries, webhook_slots)));
    }
    tasks
}

/// Removes the bytes that no record owns, and their rows.
struct Sweep(MaintenanceService, Duration);

#[async_trait]
impl Task for Sweep {
    fn name(&self) -> &'static str {
        SWEEP
    }

    fn interval(&self) -> Duration {
        self.1
    }

    async fn round(&self) -> Result<Round, Error> {
        let swept = self.0.sweep().await?;
        Ok(Round {
            done: swept.removed,
            failed: swept.failed,
            more: swept.was_full(),
        })
    }

    async fn backlog(&self) -> Result<Option<Backlog>, Error> {
        self.0.sweep_backlog().await.map(Some)
    }
}

/// Removes what uploads that broke off have left in the storage.
struct AbortUploads(MaintenanceService, Duration);

#[async_trait]
impl Task for AbortUploads {
    fn name(&self) -> &'static str {
        "abort_uploads"
    }

    fn interval(&self) -> Duration {
        self.1
    }

    async fn round(&self) -> Result<Round, Error> {
        Ok(Round {
            done: self.0.abort_stale_uploads().await?,
            failed: 0,
            more: false,
        })
    }
}

/// Removes rows that have outlived their use.
struct Purge(MaintenanceService, Duration);

#[async_trait]
impl Task for Purge {
    fn name(&self) -> &'static str {
        "purge"
    }

    fn interval(&self) -> Duration {
        self.1
    }

    async fn round(&self) -> Result<Round, Error> {
        let done = self.0.purge().await?;
        Ok(Round {
            done,
            failed: 0,
            more: done > 0,
        })
    }
}

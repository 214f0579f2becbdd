//! What a store is: every repository in one, and the care for itself.

use async_trait::async_trait;

use crate::api_keys::ports::ApiKeyRepository;
use crate::blobs::ports::BlobRepository;
use crate::bundles::ports::BundleRepository;
use crate::clock::Timestamp;
use crate::events::ports::{EventLog, EventRepository};
use crate::files::ports::FileRepository;
use crate::idempotency::ports::IdempotencyRepository;
use crate::links::ports::LinkKeyRepository;
use crate::people::ports::{SessionRepository, UserRepository};
use crate::subjects::ports::SubjectRepository;
use crate::threads::ports::{MessageRepository, ThreadRepository};
use crate::tickets::ports::TicketRepository;

use crate::webhooks::ports::{DeliveryQueue, WebhookRepository};

use super::error::StoreError;

macro_rules! store {
    ($($port:ident,)+) => {
        /// Every repository port in one, for wiring: a type that implements all of them is a store.
        pub trait Store: $($port +)+ {}

        impl<S: $($port +)+> Store for S {}
    };
}

store! {
    UserRepository,
    SessionRepository,
    ApiKeyRepository,
    SubjectRepository,
    BundleRepository,
    ThreadRepository,
    MessageRepository,
    TicketRepository,
    FileRepository,
    BlobRepository,
    EventRepository,
    EventLog,
    IdempotencyRepository,
    LinkKeyRepository,
    WebhookRepository,
    DeliveryQueue,
    Maintenance,
}

/// What has outlived its use by now, as [`Maintenance::purge`] understands it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetentionCutoffs {
    /// Sessions that end at or before this are over.
    pub sessions_expired_by: Timestamp,
    /// Sessions last used before this are over.
    pub sessions_idle_since: Timestamp,
    /// Failed logins before this no longer count.
    pub login_failures_before: Timestamp,
    /// Networks from which the last login was before this are no longer known.
    pub login_networks_before: Timestamp,
    /// Deliveries that arrived before this are forgotten.
    pub deliveries_arrived_before: Timestamp,
    /// Deliveries that failed or were cancelled before this are forgotten.
    pub deliveries_ended_before: Timestamp,
    /// Idempotency records that end at or before this are forgotten.
    pub idempotency_expired_by: Timestamp,
}

/// Looking after the store itself.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Maintenance: Send + Sync {
    /// Answers when the store can read.
    async fn ping(&self) -> Result<(), StoreError>;

    /// Removes at most `limit` rows of each kind that have outlived their use, and says how many
    /// went. Deliveries of removed webhooks go, and then the webhooks themselves. It MUST NOT remove anything else, and several
    /// processes MAY call it at once.
    async fn purge(&self, outlived: RetentionCutoffs, limit: u32) -> Result<u64, StoreError>;
}

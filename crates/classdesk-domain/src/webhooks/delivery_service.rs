//! What administrators do with what is sent to webhooks.

use crate::clock::Timestamp;
use crate::error::{Conflict, Error};
use crate::events::audit::AuditFilter;
use crate::events::feed::EventRange;
use crate::events::model::EventAction;
use crate::ids::{DeliveryId, EventId, WebhookId};
use crate::paging::{Limit, Page, PageRequest};
use crate::people::model::Actor;
use crate::request_context::RequestContext;
use crate::store::commit::Commit;
use crate::use_case::retry_on_stale;
use crate::validation::Validated;

use super::model::{DeliveryAttempt, DeliveryFilter, WebhookDelivery, WebhookSettings};
use super::ports::{AtWebhook, ReplayEvents, RetryDelivery};
use super::service::Webhooks;

/// How many of a delivery's attempts are shown.
const SHOWN_ATTEMPTS: u32 = 50;

/// How many events one replay queues at most, and how many are read at once.
const MAX_REPLAYED: usize = 10_000;
const READ: u32 = 500;

/// Which events are sent once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replay {
    /// Those after an event, up to one.
    Events {
        /// Events with a greater id.
        after: EventId,
        /// Up to this one.
        until: Option<EventId>,
    },
    /// Those of a time.
    Times {
        /// At this time or later.
        since: Timestamp,
        /// Before this time.
        until: Option<Timestamp>,
    },
}

impl Webhooks {
    /// Queues a ping, ahead of everything else. It is sent once, also to a webhook that is not active.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`].
    pub async fn ping(
        &self,
        by: impl Into<RequestContext>,
        id: WebhookId,
    ) -> Result<WebhookDelivery, Error> {
        let by = by.into();
        let actor = &by.actor;
        retry_on_stale!(self.users, actor, async {
            self.get(actor, id).await?;
            by.check_unversioned()?;
            let at = self.clock.now();
            let commit = Commit::by(&by, at, AtWebhook { id, at }, []);
            Ok(self.webhooks.queue_ping(commit).await?)
        })
    }

    /// What is sent and was sent to a webhook, newest first.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`].
    pub async fn deliveries(
        &self,
        actor: &Actor,
        id: WebhookId,
        filter: DeliveryFilter,
        page: PageRequest,
    ) -> Result<Page<WebhookDelivery>, Error> {
        self.get(actor, id).await?;
        Ok(self.webhooks.list_deliveries(id, filter, page).await?)
    }

    /// One delivery with its latest attempts.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`].
    pub async fn delivery(
        &self,
        actor: &Actor,
        webhook: WebhookId,
        id: DeliveryId,
    ) -> Result<(WebhookDelivery, Vec<DeliveryAttempt>), Error> {
        self.authorize(actor)?;
        let found = self.webhooks.delivery(webhook, id, SHOWN_ATTEMPTS);
        found.await?.ok_or(Error::NotFound)
    }

    /// Sends a delivery again, also one that has arrived.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`], [`Conflict::WebhookInactive`].
    pub async fn retry(
        &self,
        by: impl Into<RequestContext>,
        webhook: WebhookId,
        id: DeliveryId,
    ) -> Result<WebhookDelivery, Error> {
        let by = by.into();
        let actor = &by.actor;
        retry_on_stale!(self.users, actor, async {
            let (delivery, _) = self.delivery(actor, webhook, id).await?;
            let target = self.get(actor, webhook).await?;
            by.check_unversioned()?;
            if delivery.kind.event().is_some() && !target.is_active() {
                return Err(Conflict::WebhookInactive.into());
            }
            let at = self.clock.now();
            let commit = Commit::by(&by, at, RetryDelivery { webhook, id, at }, []);
            let retried = self.webhooks.retry_delivery(commit).await?;
            retried.ok_or(Error::NotFound)
        })
    }

    /// Sends events of the log once more, or for the first time, and says how many were queued.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`], [`Error::Invalid`],
    /// [`Conflict::WebhookInactive`].
    pub async fn replay(
        &self,
        by: impl Into<RequestContext>,
        id: WebhookId,
        draft: impl Into<Validated<Replay>>,
    ) -> Result<u64, Error> {
        let (by, draft) = (by.into(), draft.into());
        let actor = &by.actor;
        retry_on_stale!(self.users, actor, async {
            let webhook = self.get(actor, id).await?;
            let replay = draft.as_result()?;
            by.check_unversioned()?;
            if !webhook.is_active() {
                return Err(Conflict::WebhookInactive.into());
            }
            let events = self.replayed(&webhook.settings, *replay).await?;
            let at = self.clock.now();
            let change = ReplayEvents {
                webhook: id,
                events,
                at,
            };
            let commit = Commit::by(&by, at, change, []);
            Ok(self.webhooks.replay_events(commit).await?)
        })
    }

    /// The events of a replay that the webhook gets, the oldest ones if there are too many.
    async fn replayed(
        &self,
        settings: &WebhookSettings,
        replay: Replay,
    ) -> Result<Vec<(EventId, EventAction)>, Error> {
        let horizon = self.log.horizon().await?.complete;
        let (mut after, up_to) = match replay {
            Replay::Events { after, until } => (after, until),
            Replay::Times { since, until } => {
                let end = match until {
                    Some(until) => Some(self.last_before(until).await?),
                    None => None,
                };
                (self.last_before(since).await?, end)
            }
        };
        let up_to = up_to.map_or(horizon, |up_to| up_to.min(horizon));
        let mut events = Vec::new();
        while after < up_to && events.len() < MAX_REPLAYED {
            let tail = self.log.tail(EventRange { after, up_to }, READ).await?;
            after = match tail.last() {
                Some(last) if tail.len() >= READ as usize => last.event.id(),
                _ => up_to,
            };
            let taken = tail.iter().filter(|told| settings.takes(&told.event));
            events.extend(taken.map(|told| (told.event.id(), told.event.line.action)));
        }
        events.truncate(MAX_REPLAYED);
        Ok(events)
    }

    /// The last event before a time.
    async fn last_before(&self, time: Timestamp) -> Result<EventId, Error> {
        let before = AuditFilter {
            until: Some(time),
            ..AuditFilter::default()
        };
        let one = PageRequest {
            limit: Limit::new(1).expect("one is a limit"),
            after: None,
        };
        let found = self.events.audit(before, one).await?.items;
        Ok(found.first().map_or(EventId::new(0), |entry| entry.id))
    }
}

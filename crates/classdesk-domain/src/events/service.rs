//! The use cases of the log: the audit log for superadmins, the feed for everybody.

use std::sync::Arc;

use crate::api_keys::model::ApiKey;
use crate::api_keys::ports::ApiKeyRepository;
use crate::error::Error;
use crate::ids::EventId;
use crate::paging::{Page, PageRequest};
use crate::people::model::Actor;
use crate::policy::access_scope::AccessScope;
use crate::policy::authorize::sees_every_event;
use crate::policy::permission::Permission;

use super::audit::{AuditEntry, AuditFilter};
use super::feed::{EventFilter, EventPage, EventRange, Horizon, TailEvent};
use super::ports::{EventLog, EventRepository};

/// An entry of the audit log with the key that it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditLine {
    /// The entry.
    pub entry: AuditEntry,
    /// By which key it was done, if a program did it. It may have ended.
    pub key: Option<ApiKey>,
}

/// Reading the audit log (docs/contract.md#audit-log).
#[derive(Clone)]
pub struct Audit {
    pub(crate) events: Arc<dyn EventRepository>,
    pub(crate) api_keys: Arc<dyn ApiKeyRepository>,
}

impl Audit {
    /// Checks the right to read the log, for adapters that check rights before parameters.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub fn authorize_list(&self, actor: &Actor) -> Result<(), Error> {
        Ok(actor.require(Permission::ReadAudit)?)
    }

    /// Entries that match, newest first.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub async fn list(
        &self,
        actor: &Actor,
        filter: AuditFilter,
        page: PageRequest,
    ) -> Result<Page<AuditLine>, Error> {
        self.authorize_list(actor)?;
        let entries = self.events.audit(filter, page).await?;
        let mut ids: Vec<_> = entries.items.iter().filter_map(|each| each.key).collect();
        ids.sort_unstable();
        ids.dedup();
        let keys = match ids.as_slice() {
            [] => Vec::new(),
            ids => self.api_keys.api_keys(ids).await?,
        };
        Ok(entries.map(|entry| AuditLine {
            key: keys.iter().find(|key| entry.key == Some(key.id)).cloned(),
            entry,
        }))
    }
}

/// Following the log: each reader gets what they may see at that moment, in the order of the ids
/// (docs/contract.md#events).
#[derive(Clone)]
pub struct EventFeed {
    pub(crate) log: Arc<dyn EventLog>,
}

impl EventFeed {
    /// Up to where the log can be followed now.
    ///
    /// # Errors
    /// That the store fails.
    pub async fn horizon(&self) -> Result<Horizon, Error> {
        Ok(self.log.horizon().await?)
    }

    /// The events after `after` that the actor may see, at most `limit`. The page MAY be empty and
    /// still end later than it begins.
    ///
    /// # Errors
    /// [`Error::PositionLost`] for a position beyond the log.
    pub async fn page(
        &self,
        actor: &Actor,
        filter: EventFilter,
        after: EventId,
        limit: u32,
    ) -> Result<EventPage, Error> {
        let horizon = self.horizon().await?;
        if after > horizon.last {
            return Err(Error::PositionLost { last: horizon.last });
        }
        let up_to = horizon.complete;
        self.range(actor, filter, EventRange { after, up_to }, limit)
            .await
    }

    /// The events of a range, which ends at or before the horizon, that the actor may see.
    ///
    /// # Errors
    /// That the store fails.
    pub async fn range(
        &self,
        actor: &Actor,
        filter: EventFilter,
        range: EventRange,
        limit: u32,
    ) -> Result<EventPage, Error> {
        if range.up_to <= range.after {
            return Ok(EventPage {
                events: Vec::new(),
                up_to: range.after,
            });
        }
        let scope = AccessScope::of(actor);
        Ok(self.log.visible_events(scope, filter, range, limit).await?)
    }

    /// The events of a range with the people whom they may concern: who has to look.
    ///
    /// # Errors
    /// That the store fails.
    pub async fn tail(&self, range: EventRange, limit: u32) -> Result<Vec<TailEvent>, Error> {
        Ok(self.log.tail(range, limit).await?)
    }

    /// Whether a page of this actor has every event of the feed, so that the tail of the log tells
    /// what it would be.
    #[must_use]
    pub fn sees_all(&self, actor: &Actor) -> bool {
        sees_every_event(actor)
    }
}

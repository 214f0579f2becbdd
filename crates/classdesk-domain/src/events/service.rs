//! The use cases of the audit log.

use std::sync::Arc;

use crate::error::Error;
use crate::paging::{Page, PageRequest};
use crate::people::model::Actor;
use crate::policy::permission::Permission;

use super::audit::{AuditEntry, AuditFilter};
use super::ports::EventRepository;

/// Reading the audit log (docs/contract.md#audit-log).
#[derive(Clone)]
pub struct Audit {
    pub(crate) events: Arc<dyn EventRepository>,
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
    ) -> Result<Page<AuditEntry>, Error> {
        self.authorize_list(actor)?;
        Ok(self.events.audit(filter, page).await?)
    }
}

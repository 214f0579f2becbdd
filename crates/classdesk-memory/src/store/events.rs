//! The log of changes.

use std::cmp::Reverse;

use async_trait::async_trait;
use classdesk_domain::events::{
    AuditEntry, AuditFilter, EventRecord, EventRepository, HistoryLine,
};
use classdesk_domain::ids::{EventId, TicketId};
use classdesk_domain::paging::{Cursor, Page, PageRequest, SeekRequest};
use classdesk_domain::policy::NoteScope;
use classdesk_domain::store::StoreError;

use super::MemoryStore;
use super::access_scope::note_in_scope;
use super::state::{State, page_down, page_seek};

impl State {
    fn audit_entry(&self, id: EventId, row: &EventRecord) -> AuditEntry {
        AuditEntry {
            id,
            at: row.at,
            actor: row.actor.map(|actor| self.person(actor)),
            action: row.action,
            content_type: row.content_type.clone(),
            object_id: row.object_id,
            from: row.from.clone(),
            to: row.to.clone(),
            detail: row.detail.clone(),
            scope: row.scope.clone(),
        }
    }

    /// A page of a ticket's history within the scope.
    pub(super) fn history(
        &self,
        ticket: TicketId,
        scope: NoteScope,
        page: SeekRequest,
    ) -> Page<HistoryLine> {
        let lines = self.events.iter().filter(|(_, row)| {
            row.scope
                .ticket
                .is_some_and(|line| line.ticket == ticket && note_in_scope(line.is_internal, scope))
        });
        let person = |id| Some(self.users.get(id)?.user.to_ref());
        let lines = lines.map(|(id, row)| self.audit_entry(id, row).into_line(person));
        page_seek(lines, page, |line| line.id.get())
    }
}

fn matches(row: &EventRecord, filter: &AuditFilter) -> bool {
    filter.actor.is_none_or(|actor| row.actor == Some(actor))
        && filter.action.is_none_or(|action| row.action == action)
        && filter
            .content_type
            .as_ref()
            .is_none_or(|content_type| row.content_type == *content_type)
        && filter.object_id.is_none_or(|id| row.object_id == id)
        && filter.since.is_none_or(|since| row.at >= since)
        && filter.until.is_none_or(|until| row.at < until)
}

#[async_trait]
impl EventRepository for MemoryStore {
    async fn audit(
        &self,
        filter: AuditFilter,
        page: PageRequest,
    ) -> Result<Page<AuditEntry>, StoreError> {
        Ok(self.read(|state| {
            let rows = state.events.iter();
            let mut rows: Vec<_> = rows.filter(|(_, row)| matches(row, &filter)).collect();
            rows.sort_unstable_by_key(|(id, row)| Reverse((row.at, *id)));
            let entries = rows.into_iter().map(|(id, row)| state.audit_entry(id, row));
            page_down(entries, page, |entry| Cursor {
                key: entry.at.micros(),
                id: entry.id.get(),
            })
        }))
    }
}

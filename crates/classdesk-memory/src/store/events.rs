//! The log of changes.

use std::cmp::Reverse;

use async_trait::async_trait;
use classdesk_domain::events::{
    AuditEntry, AuditFilter, Event, EventAction, EventFilter, EventLog, EventPage, EventRange,
    EventRecord, EventRepository, HistoryLine, Horizon, TailEvent,
};
use classdesk_domain::ids::{EventId, TicketId};
use classdesk_domain::paging::{Cursor, Page, PageRequest, SeekRequest};
use classdesk_domain::policy::{AccessScope, BundleScope, NoteScope, TicketScope};
use classdesk_domain::store::StoreError;

use super::MemoryStore;
use super::access_scope::{bundle_in_scope, file_in_scope, note_in_scope};
use super::state::{State, page_down, page_seek};

impl State {
    fn audit_entry(&self, id: EventId, row: &EventRecord) -> AuditEntry {
        AuditEntry {
            id,
            at: row.at,
            actor: row.actor.map(|actor| self.person(actor)),
            key: row.key,
            action: row.action,
            content_type: row.content_type.clone(),
            object_id: row.object_id,
            from: row.from.clone(),
            to: row.to.clone(),
            detail: row.detail.clone(),
            scope: row.scope.clone(),
        }
    }

    fn event(&self, id: EventId, row: &EventRecord) -> Event {
        let person = |id| Some(self.users.get(id)?.user.to_ref());
        self.audit_entry(id, row).into_event(person)
    }

    /// Whether what an event is about is in the scope now. Whose a ticket is and what a thread is
    /// about never changes, so that the event says it.
    fn event_in_scope(&self, row: &EventRecord, scope: &AccessScope) -> bool {
        let subject = row.scope.subject.as_ref();
        let parties = subject.and_then(|subject| self.subjects.get(subject).map(|row| row.parties));
        if let Some(line) = row.scope.ticket {
            let writer = parties.and_then(|parties| parties.assigned_writer);
            let (requester, even_the_writer) = match scope.tickets {
                TicketScope::All => return true,
                TicketScope::RequestedBy(requester) => (requester, true),
                TicketScope::RequestedByUnlessAssigned(requester) => (requester, false),
            };
            return row.scope.requester == Some(requester)
                && (even_the_writer || writer != Some(requester))
                && note_in_scope(line.is_internal, scope.notes);
        }
        if !parties.is_some_and(|parties| bundle_in_scope(&parties, scope.bundles)) {
            return false;
        }
        if let Some(thread) = row.scope.thread {
            let thread = self.threads.get(thread);
            return thread.is_some_and(|thread| thread.participants.contains(&scope.viewer));
        }
        let Some(file) = row.scope.file else {
            return row.action != EventAction::SubjectRemoved;
        };
        let visibility = match row.action {
            EventAction::FileDeleted => row.scope.seen_by,
            _ => self.files.get(file).map(|file| file.visibility),
        };
        visibility.is_some_and(|seen| file_in_scope(seen, scope.files))
    }

    /// The events of the feed in a range.
    fn feed(&self, range: EventRange) -> impl Iterator<Item = (EventId, &EventRecord)> {
        let within = move |id: EventId| id > range.after && id <= range.up_to;
        let rows = self.events.iter();
        rows.filter(move |(id, row)| within(*id) && row.action.is_in_feed())
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

#[async_trait]
impl EventLog for MemoryStore {
    async fn horizon(&self) -> Result<Horizon, StoreError> {
        let last = self.read(|state| state.events.iter().next_back().map(|(id, _)| id));
        let last = last.unwrap_or(EventId::new(0));
        Ok(Horizon {
            complete: last,
            last,
        })
    }

    async fn visible_events(
        &self,
        scope: AccessScope,
        filter: EventFilter,
        range: EventRange,
        limit: u32,
    ) -> Result<EventPage, StoreError> {
        let limit = limit as usize;
        Ok(self.read(|state| {
            let seen = state
                .feed(range)
                .filter(|(_, row)| {
                    scope.bundles == BundleScope::All || state.event_in_scope(row, &scope)
                })
                .map(|(id, row)| state.event(id, row))
                .filter(|event| filter.matches(event));
            let events: Vec<_> = seen.take(limit).collect();
            let full = events.last().filter(|_| events.len() == limit);
            EventPage {
                up_to: full.map_or(range.up_to, Event::id),
                events,
            }
        }))
    }

    async fn tail(&self, range: EventRange, limit: u32) -> Result<Vec<TailEvent>, StoreError> {
        Ok(self.read(|state| {
            let parties = |row: &EventRecord| {
                let subject = row.scope.subject.as_ref()?;
                Some(state.subjects.get(subject)?.parties)
            };
            let rows = state.feed(range).take(limit as usize);
            let tail = rows.map(|(id, row)| TailEvent {
                event: state.event(id, row),
                parties: parties(row),
            });
            tail.collect()
        }))
    }
}

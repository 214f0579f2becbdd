//! The append-only log of changes: the audit trail, the ticket history and the feed in one.

pub(crate) mod audit;
pub(crate) mod facts;
pub(crate) mod feed;
pub(crate) mod model;
pub(crate) mod ports;
pub(crate) mod record;
pub(crate) mod service;

pub use audit::{AuditEntry, AuditFilter, HistoryLine, HistoryValue};
pub use facts::{CommitIds, EventScope, EventThread, EventTicket, RowId, TicketLine};
pub use feed::{Event, EventFilter, EventPage, EventRange, EventTypes, Horizon, TailEvent};
pub use model::{DomainEvent, EventAction, NewEvent, UserChanges};
pub use ports::{EventLog, EventRepository};
#[cfg(feature = "mocks")]
pub use ports::{MockEventLog, MockEventRepository};
pub use record::{EventRecord, MAX_EVENTS, TooManyEvents};
pub use service::{Audit, AuditLine, EventFeed};

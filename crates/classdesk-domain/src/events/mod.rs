//! The append-only log of changes: the audit trail and the ticket history in one.

pub(crate) mod audit;
pub(crate) mod facts;
pub(crate) mod model;
pub(crate) mod ports;
pub(crate) mod record;
pub(crate) mod service;

pub use audit::{AuditEntry, AuditFilter, HistoryLine, HistoryValue};
pub use facts::{CommitIds, EventScope, EventThread, EventTicket, RowId, TicketLine};
pub use model::{DomainEvent, EventAction, NewEvent, UserChanges};
pub use ports::EventRepository;
#[cfg(feature = "mocks")]
pub use ports::MockEventRepository;
pub use record::{EventRecord, MAX_EVENTS, TooManyEvents};
pub use service::Audit;

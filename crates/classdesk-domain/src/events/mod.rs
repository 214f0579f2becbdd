//! The append-only log of changes: the audit trail and the ticket history in one.

pub(crate) mod action;
pub(crate) mod audit;
pub(crate) mod model;
pub(crate) mod ports;
pub(crate) mod record;
pub(crate) mod service;

pub use action::EventAction;
pub use audit::{AuditEntry, AuditFilter, HistoryLine};
pub use model::{DomainEvent, EventThread, EventTicket, NewEvent, RowId, UserChanges};
pub use ports::EventRepository;
#[cfg(feature = "mocks")]
pub use ports::MockEventRepository;
pub use record::{CommitIds, EventRecord, EventScope, MAX_EVENTS, TicketLine, TooManyEvents};
pub use service::Audit;

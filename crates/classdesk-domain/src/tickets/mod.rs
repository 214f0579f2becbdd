//! Support tickets.

mod model;
mod notes;
mod ports;
mod service;

pub use model::{
    NewTicket, NewTicketMessage, NewTicketOnSubject, Ticket, TicketAttachment, TicketCategory,
    TicketChange, TicketFilter, TicketMessage, TicketPriority, TicketStatus,
};
#[cfg(feature = "mocks")]
pub use ports::MockTicketRepository;
pub use ports::{
    InsertTicket, InsertTicketAttachment, InsertTicketMessage, TicketAttachedBlob, TicketQuery,
    TicketRepository, TicketUpdate,
};
pub use service::Tickets;

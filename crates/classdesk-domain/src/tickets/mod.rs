//! Support tickets.

pub(crate) mod messages;
pub(crate) mod model;
pub(crate) mod ports;
pub(crate) mod service;

pub use model::{
    InvalidTransition, NewTicket, NewTicketMessage, NewTicketOnSubject, Ticket, TicketAttachment,
    TicketCategory, TicketChange, TicketFilter, TicketMessage, TicketPriority, TicketStatus,
};
#[cfg(feature = "mocks")]
pub use ports::MockTicketRepository;
pub use ports::{
    InsertTicket, InsertTicketAttachment, InsertTicketMessage, TicketAttachedBlob,
    TicketAttachmentDeletion, TicketMessageDeletion, TicketQuery, TicketRepository, TicketUpdate,
};
pub use service::Tickets;

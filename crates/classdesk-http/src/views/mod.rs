//! What answers look like: the resources of section 4 of the contract, field by field.

mod attachments;
mod people;
mod threads;
mod tickets;

pub(crate) use attachments::{BundleFileView, TicketAttachmentView};
pub(crate) use people::UserRefView;
pub(crate) use threads::{MessageView, ThreadView};
pub(crate) use tickets::{HistoryLineView, TicketMessageView, TicketView};

//! Threads: conversations on a subject, and their messages.

pub(crate) mod message_service;
pub(crate) mod model;
pub(crate) mod ports;
pub(crate) mod service;

pub use message_service::Messages;
pub use model::{
    EDIT_WINDOW, Message, MessageAttachment, MessageKind, MessagePage, MessageStart, NewMessage,
    NewThread, ReadReceipt, Thread, ThreadChange, ThreadFilter, ThreadView,
};
pub use ports::{
    AttachedBlob, InsertMessage, InsertThread, MessageContext, MessageDeletion, MessageEdit,
    MessageQuery, MessageRepository, ParticipantAddition, ParticipantRemoval, PostContext,
    ReadMark, RecipientContext, ThreadContext, ThreadQuery, ThreadRepository, ThreadUpdate,
};
#[cfg(feature = "mocks")]
pub use ports::{MockMessageRepository, MockThreadRepository};
pub use service::Threads;

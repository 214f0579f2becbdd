//! Identifiers: one type each, so that a ticket's number never fits where a thread's is wanted.

use std::fmt;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(i64);

        impl $name {
            /// Wraps the number that a store assigned or a caller named.
            #[must_use]
            pub const fn new(id: i64) -> Self {
                Self(id)
            }

            /// The bare number, for storing and rendering.
            #[must_use]
            pub const fn get(self) -> i64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

ids! {
    /// A person.
    UserId;
    /// A signed-in session of a person.
    SessionId;
    /// A key of a program.
    ApiKeyId;
    /// A class bundle.
    BundleId;
    /// A conversation on a subject.
    ThreadId;
    /// A message in a thread.
    MessageId;
    /// A file that came with a message.
    MessageAttachmentId;
    /// A support ticket.
    TicketId;
    /// A message on a ticket.
    TicketMessageId;
    /// A file on a ticket.
    TicketAttachmentId;
    /// A file of a bundle.
    FileId;
    /// The record of stored bytes.
    BlobId;
    /// An entry of the append-only log of changes.
    EventId;
    /// A receiver of events outside.
    WebhookId;
    /// One event on its way to a webhook.
    DeliveryId;
    /// A reservation of an idempotency key.
    IdempotencyId;
}

//! Ids by the order in which their rows were created.

use std::collections::BTreeMap;

use classdesk_domain::api_keys::ApiKey;
use classdesk_domain::blobs::{FileInfo, LeasedBlob, StoredBlob, StoredBlobRow};
use classdesk_domain::bundles::{Bundle, BundleDetail, BundleView};
use classdesk_domain::events::{AuditEntry, Event, EventScope, HistoryLine, TailEvent, TicketLine};
use classdesk_domain::files::{BundleFile, BundleFileContext};
use classdesk_domain::idempotency::{Completed, Lease, Reservation};
use classdesk_domain::ids::{
    ApiKeyId, BlobId, BundleId, DeliveryId, EventId, FileId, IdempotencyId, MessageAttachmentId,
    MessageId, SessionId, ThreadId, TicketAttachmentId, TicketId, TicketMessageId, UserId,
    WebhookId,
};
use classdesk_domain::jobs::Backlog;
use classdesk_domain::paging::{Cursor, Page};
use classdesk_domain::people::{LoginThrottle, Session, SessionWithUser, User, UserRef};
use classdesk_domain::subjects::{Parties, Subject, SubjectRef};
use classdesk_domain::threads::{
    AttachedBlob, Message, MessageAttachment, MessageContext, PostContext, ReadReceipt,
    RecipientContext, Thread, ThreadContext, ThreadView,
};
use classdesk_domain::tickets::{Ticket, TicketAttachedBlob, TicketAttachment, TicketMessage};
use classdesk_domain::webhooks::{
    ConsumerState, DeliveryAttempt, DeliveryKind, DueDelivery, Webhook, WebhookDelivery,
    WebhookLease,
};

/// The ids of one store, by kind, in the order of creation.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    rows: BTreeMap<&'static str, Vec<i64>>,
}

impl Numbers {
    /// Notes a row that may be new.
    pub(super) fn note<I: Id>(&mut self, id: I) {
        let known = self.rows.entry(I::KIND).or_default();
        if !known.contains(&id.number()) {
            known.push(id.number());
        }
    }

    /// How many rows of a kind there are or were.
    pub(super) fn count<I: Id>(&self) -> usize {
        self.rows.get(I::KIND).map_or(0, Vec::len)
    }

    /// The id of the row with this number; of none, if there are not as many.
    pub(super) fn id<I: Id>(&self, number: usize) -> I {
        let known = self.rows.get(I::KIND);
        let id = known.and_then(|known| known.get(number)).copied();
        I::of(id.unwrap_or(i64::MAX - 1))
    }

    /// The id of the last row of a kind, if there is one.
    pub(super) fn last<I: Id>(&self) -> Option<I> {
        self.rows.get(I::KIND)?.last().copied().map(I::of)
    }

    /// The ids of every row of a kind that there is or was.
    pub(super) fn all<I: Id>(&self) -> Vec<I> {
        let known = self.rows.get(I::KIND).into_iter().flatten();
        known.map(|id| I::of(*id)).collect()
    }

    fn renumber(&self, kind: &str, id: &mut i64) {
        let known = self.rows.get(kind);
        let number = known.and_then(|known| known.iter().position(|known| known == id));
        let number = number.unwrap_or_else(|| panic!("the {kind} {id} was never created"));
        *id = number as i64;
    }
}

/// An id of a table.
pub(super) trait Id: Copy {
    const KIND: &'static str;
    fn of(number: i64) -> Self;
    fn number(self) -> i64;
}

/// Replaces every id in an answer by its number in the order of creation.
pub(super) trait Renumber {
    fn renumber(&mut self, numbers: &Numbers);
}

macro_rules! ids {
    ($($id:ident = $kind:literal,)+) => {$(
        impl Id for $id {
            const KIND: &'static str = $kind;

            fn of(number: i64) -> Self {
                Self::new(number)
            }

            fn number(self) -> i64 {
                self.get()
            }
        }

        impl Renumber for $id {
            fn renumber(&mut self, numbers: &Numbers) {
                let mut number = self.get();
                numbers.renumber($kind, &mut number);
                *self = Self::new(number);
            }
        }
    )+};
}

ids! {
    UserId = "user",
    SessionId = "session",
    ApiKeyId = "api_key",
    BundleId = "class_bundle",
    ThreadId = "thread",
    MessageId = "message",
    MessageAttachmentId = "message_attachment",
    TicketId = "ticket",
    TicketMessageId = "ticket_message",
    TicketAttachmentId = "ticket_attachment",
    FileId = "file",
    BlobId = "blob",
    IdempotencyId = "idempotency",
    WebhookId = "webhook",
    DeliveryId = "delivery",
}

impl Renumber for EventId {
    /// The log is compared by its order.
    fn renumber(&mut self, _: &Numbers) {
        *self = Self::new(0);
    }
}

impl Renumber for SubjectRef {
    fn renumber(&mut self, numbers: &Numbers) {
        if self.content_type.is_native() {
            numbers.renumber("class_bundle", &mut self.object_id);
        }
    }
}

impl Renumber for AuditEntry {
    fn renumber(&mut self, numbers: &Numbers) {
        self.id.renumber(numbers);
        self.actor.renumber(numbers);
        self.key.renumber(numbers);
        self.scope.renumber(numbers);
        for (name, value) in &mut self.detail {
            let kind = match name.as_str() {
                "client" | "assigned_writer" | "recipient" | "requester" | "sender" | "user" => {
                    "user"
                }
                "bundle" => "class_bundle",
                "thread" => "thread",
                "message" => "ticket_message",
                _ => continue,
            };
            let mut id = value.parse().expect("the detail is an id");
            numbers.renumber(kind, &mut id);
            *value = id.to_string();
        }
        if self.content_type != "order" {
            numbers.renumber(&self.content_type, &mut self.object_id);
        }
    }
}

impl Renumber for Event {
    fn renumber(&mut self, numbers: &Numbers) {
        self.line.renumber(numbers);
        self.scope.renumber(numbers);
        if self.content_type != "order" {
            numbers.renumber(&self.content_type, &mut self.object_id);
        }
    }
}

impl Renumber for Reservation {
    /// Every completion of a history is of a ticket.
    fn renumber(&mut self, numbers: &Numbers) {
        match self {
            Self::Reserved(lease) => lease.renumber(numbers),
            Self::Running => {}
            Self::Completed(Completed { object_id, .. }) => {
                numbers.renumber("ticket", object_id);
            }
        }
    }
}

impl<T: Renumber> Renumber for Page<T> {
    /// Where its items stand is told by the page itself.
    fn renumber(&mut self, numbers: &Numbers) {
        self.items.renumber(numbers);
        self.next = self.next.map(|_| Cursor::of_id(0));
        self.positions.fill(Cursor::of_id(0));
    }
}

impl<T: Renumber> Renumber for Option<T> {
    fn renumber(&mut self, numbers: &Numbers) {
        if let Some(inner) = self {
            inner.renumber(numbers);
        }
    }
}

impl<T: Renumber> Renumber for Vec<T> {
    fn renumber(&mut self, numbers: &Numbers) {
        self.iter_mut().for_each(|item| item.renumber(numbers));
    }
}

impl<A: Renumber, B: Renumber> Renumber for (A, B) {
    fn renumber(&mut self, numbers: &Numbers) {
        self.0.renumber(numbers);
        self.1.renumber(numbers);
    }
}

macro_rules! without_ids {
    ($($name:ty),+) => {$(
        impl Renumber for $name {
            fn renumber(&mut self, _: &Numbers) {}
        }
    )+};
}

without_ids!((), bool, u64, Backlog, LoginThrottle, DeliveryAttempt);

impl Renumber for DeliveryKind {
    fn renumber(&mut self, numbers: &Numbers) {
        if let Self::Event(event, _) = self {
            event.renumber(numbers);
        }
    }
}

macro_rules! fields {
    ($($name:ident { $($field:ident),+ })+) => {$(
        impl Renumber for $name {
            fn renumber(&mut self, numbers: &Numbers) {
                $(self.$field.renumber(numbers);)+
            }
        }
    )+};
}

fields! {
    User { id }
    UserRef { id }
    Session { id, user }
    SessionWithUser { session, user }
    ApiKey { id, owner }
    Parties { client, assigned_writer }
    Subject { reference, parties }
    Bundle { id, parties, created_by }
    BundleView { bundle }
    BundleDetail { view, files }
    FileInfo { uploaded_by }
    StoredBlob { id }
    StoredBlobRow { id }
    LeasedBlob { id }
    BundleFile { id, bundle, file }
    BundleFileContext { file, parties, blob }
    Thread { id, about }
    ThreadView { thread, created_by, participants, last_message }
    ThreadContext { id, about, parties, created_by }
    RecipientContext { user }
    PostContext { thread, sender, recipient }
    Message { id, thread, sender, recipient, reply_to, attachment, read_by }
    MessageAttachment { id, file }
    MessageContext { thread, id, sender }
    ReadReceipt { user }
    AttachedBlob { message, file }
    Ticket { id, about, parties, created_by, requester, assigned_to }
    TicketMessage { id, ticket, sender }
    TicketAttachment { id, ticket, file }
    TicketAttachedBlob { ticket, attachment, blob }
    HistoryLine { id, actor }
    EventScope { subject, thread, ticket, requester, file }
    TicketLine { ticket }
    TailEvent { event, parties }
    Lease { id }
    Webhook { id, created_by, starts_after }
    WebhookDelivery { id, webhook, kind }
    DueDelivery { id, kind }
    ConsumerState { position, webhooks }
    WebhookLease { webhook }
}

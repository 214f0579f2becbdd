//! A table: rows by id, with ids that are never used twice.

use std::collections::BTreeMap;
use std::sync::Arc;

use classdesk_domain::ids::{
    ApiKeyId, BlobId, BundleId, DeliveryId, EventId, FileId, IdempotencyId, MessageAttachmentId,
    MessageId, SessionId, ThreadId, TicketAttachmentId, TicketId, TicketMessageId, UserId,
    WebhookId,
};
use classdesk_domain::store::StoreError;

/// An id as a table hands it out.
pub(super) trait Key: Ord + Copy {
    fn from_number(number: i64) -> Self;
}

macro_rules! keys {
    ($($id:ident),+) => {$(
        impl Key for $id {
            fn from_number(number: i64) -> Self {
                Self::new(number)
            }
        }
    )+};
}

keys!(
    ApiKeyId,
    BlobId,
    BundleId,
    DeliveryId,
    EventId,
    FileId,
    IdempotencyId,
    MessageAttachmentId,
    MessageId,
    SessionId,
    ThreadId,
    TicketAttachmentId,
    TicketId,
    TicketMessageId,
    UserId,
    WebhookId
);

/// Rows by ascending id. A clone shares them until one of the two is changed.
#[derive(Debug, Clone)]
pub(super) struct Table<K, R> {
    rows: Arc<BTreeMap<K, R>>,
    last: i64,
}

impl<K, R> Default for Table<K, R> {
    fn default() -> Self {
        Self {
            rows: Arc::default(),
            last: 0,
        }
    }
}

impl<K: Key, R: Clone> Table<K, R> {
    pub(super) fn insert(&mut self, row: impl FnOnce(K) -> R) -> K {
        self.last += 1;
        let id = K::from_number(self.last);
        Arc::make_mut(&mut self.rows).insert(id, row(id));
        id
    }

    pub(super) fn get(&self, id: K) -> Option<&R> {
        self.rows.get(&id)
    }

    /// The row that a commit rests on or links to.
    pub(super) fn there(&self, id: K) -> Result<&R, StoreError> {
        self.get(id).ok_or(StoreError::Stale)
    }

    /// The row that a commit changes.
    pub(super) fn change(&mut self, id: K) -> Result<&mut R, StoreError> {
        Arc::make_mut(&mut self.rows)
            .get_mut(&id)
            .ok_or(StoreError::Stale)
    }

    pub(super) fn remove(&mut self, id: K) -> Result<R, StoreError> {
        Arc::make_mut(&mut self.rows)
            .remove(&id)
            .ok_or(StoreError::Stale)
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = (K, &R)> {
        self.rows.iter().map(|(id, row)| (*id, row))
    }

    pub(super) fn rows(&self) -> impl DoubleEndedIterator<Item = &R> {
        self.rows.values()
    }

    pub(super) fn rows_mut(&mut self) -> impl Iterator<Item = &mut R> {
        Arc::make_mut(&mut self.rows).values_mut()
    }

    /// Removes at most `limit` rows for which `over` holds and says how many there were.
    pub(super) fn remove_where(&mut self, limit: usize, over: impl Fn(&R) -> bool) -> u64 {
        let going: Vec<K> = self
            .iter()
            .filter(|(_, row)| over(row))
            .map(|(id, _)| id)
            .take(limit)
            .collect();
        let rows = Arc::make_mut(&mut self.rows);
        for id in &going {
            rows.remove(id);
        }
        going.len() as u64
    }
}

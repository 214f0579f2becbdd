//! Paging by cursor: a page is named by where it begins, never by how many rows to skip.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::validation::FieldError;

/// How many items a page has: 1 to 200, 50 by default (docs/contract.md#lists).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit(u32);

impl Limit {
    /// The greatest number of items on a page.
    pub const MAX: u32 = 200;
    /// The number of items by default.
    pub const DEFAULT: Self = Self(50);
    /// As many items as a page can have.
    pub const GREATEST: Self = Self(Self::MAX);

    /// Checks what was asked for.
    ///
    /// # Errors
    /// [`FieldError::OutOfRange`].
    pub fn new(limit: i64) -> Result<Self, FieldError> {
        match u32::try_from(limit) {
            Ok(limit @ 1..=Self::MAX) => Ok(Self(limit)),
            _ => Err(FieldError::OutOfRange {
                min: 1,
                max: i64::from(Self::MAX),
            }),
        }
    }

    /// The number of items.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Where a page of an ordered list begins: the sort key of an item and, for equal keys,
/// its id.
///
/// Lists that are ordered by id alone carry the id in both. Clients see it encoded: opaque, bound
/// to its list, and refused when damaged.
///
/// ```
/// use classdesk_domain::paging::{Cursor, ListKind};
///
/// let text = Cursor::of_id(42).encode(ListKind::Tickets);
/// assert_eq!(Cursor::decode(ListKind::Tickets, &text), Ok(Cursor::of_id(42)));
/// assert!(Cursor::decode(ListKind::Threads, &text).is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// The sort key; microseconds for lists that are ordered by time.
    pub key: i64,
    /// The item's id.
    pub id: i64,
}

impl Cursor {
    /// A place in a list that is ordered by id.
    #[must_use]
    pub const fn of_id(id: i64) -> Self {
        Self { key: id, id }
    }
}

/// Which page of a list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PageRequest {
    /// The greatest number of items.
    pub limit: Limit,
    /// The last item of the page before; `None` for the first page.
    pub after: Option<Cursor>,
}

/// From where in a list by ascending id a page is read, and in which direction.
///
/// The items of a page come by ascending id, whatever the direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seek {
    /// The first items after this id. The next page goes on from there.
    After(i64),
    /// The last items before this id. The next page goes further back.
    Before(i64),
}

impl Seek {
    /// From the beginning of the list.
    pub const START: Self = Self::After(0);
    /// From its end.
    pub const END: Self = Self::Before(i64::MAX);

    /// From where a further page is read, if `cursor` names one.
    #[must_use]
    pub fn continued(self, cursor: Option<Cursor>) -> Self {
        match (self, cursor) {
            (Self::After(id), Some(last)) => Self::After(id.max(last.id)),
            (Self::Before(id), Some(first)) => Self::Before(id.min(first.id)),
            (seek, None) => seek,
        }
    }
}

impl Default for Seek {
    fn default() -> Self {
        Self::START
    }
}

/// Which page is asked for of a list that is read from either end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SeekRequest {
    /// The greatest number of items.
    pub limit: Limit,
    /// From where they are read.
    pub seek: Seek,
}

/// A page of the list from its beginning.
impl From<PageRequest> for SeekRequest {
    fn from(page: PageRequest) -> Self {
        Self {
            limit: page.limit,
            seek: Seek::START.continued(page.after),
        }
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The items, at most as many as were asked for.
    pub items: Vec<T>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<Cursor>,
    /// Where each item stands, in the same order.
    pub positions: Vec<Cursor>,
    /// Which item stays when there is no room for all of them.
    pub read_from: ReadFrom,
}

/// From where a page is read. A page that gets shorter loses what is farthest from there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadFrom {
    /// Its first item. The next page goes on behind the last one.
    First,
    /// Its last item. The next page goes further back.
    Last,
    /// The item at this place. The next page goes on behind the last one.
    Middle(usize),
}

impl<T> Page<T> {
    /// Cuts rows that were read with one more than `limit` into a page.
    #[must_use]
    pub fn cut(mut rows: Vec<T>, limit: Limit, position: impl Fn(&T) -> Cursor) -> Self {
        let limit = limit.get() as usize;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let positions: Vec<_> = rows.iter().map(position).collect();
        Self {
            items: rows,
            next: positions.last().copied().filter(|_| more),
            positions,
            read_from: ReadFrom::First,
        }
    }

    /// A page without items, and the last one.
    #[must_use]
    pub const fn empty() -> Self {
        Self {
            items: Vec::new(),
            next: None,
            positions: Vec::new(),
            read_from: ReadFrom::First,
        }
    }

    /// The same for rows that were read in the direction of the request.
    #[must_use]
    pub fn cut_seek(rows: Vec<T>, page: SeekRequest, id: impl Fn(&T) -> i64) -> Self {
        let mut cut = Self::cut(rows, page.limit, |row| Cursor::of_id(id(row)));
        if matches!(page.seek, Seek::Before(_)) {
            cut.items.reverse();
            cut.positions.reverse();
            cut.read_from = ReadFrom::Last;
        }
        cut
    }

    /// The same page, read from the item with this id.
    #[must_use]
    pub fn around(mut self, id: i64) -> Self {
        let place = self.positions.iter().position(|each| each.id == id);
        self.read_from = place.map_or(ReadFrom::First, ReadFrom::Middle);
        self
    }

    /// The same page of other things.
    #[must_use]
    pub fn map<U>(self, each: impl FnMut(T) -> U) -> Page<U> {
        let items = self.items.into_iter().map(each).collect();
        Page {
            items,
            next: self.next,
            positions: self.positions,
            read_from: self.read_from,
        }
    }

    /// The same page of what all its items become together.
    ///
    /// # Errors
    /// That of `become_others`, which MUST give one thing for each item, in the same order.
    pub fn try_map_all<U, E>(
        self,
        become_others: impl FnOnce(Vec<T>) -> Result<Vec<U>, E>,
    ) -> Result<Page<U>, E> {
        Ok(Page {
            items: become_others(self.items)?,
            next: self.next,
            positions: self.positions,
            read_from: self.read_from,
        })
    }
}

/// The lists of the contract. A cursor of one list is not accepted by another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ListKind {
    /// People.
    Users = 1,
    /// A person's own sessions.
    Sessions = 2,
    /// Class bundles.
    Bundles = 3,
    /// The possible recipients on a bundle.
    Members = 4,
    /// Threads.
    Threads = 5,
    /// Messages of a thread.
    Messages = 6,
    /// Tickets.
    Tickets = 7,
    /// Messages of a ticket.
    TicketMessages = 8,
    /// Files of a ticket.
    TicketAttachments = 9,
    /// History of a ticket.
    TicketHistory = 10,
    /// Files of a bundle.
    Files = 11,
    /// The audit log.
    Audit = 12,
    /// Webhooks.
    Webhooks = 13,
    /// Deliveries of a webhook.
    WebhookDeliveries = 14,
    /// Keys of a person.
    ApiKeys = 15,
}

const CURSOR_BYTES: usize = 1 + 8 + 8 + 4;

impl Cursor {
    /// Writes it for clients of `list`.
    #[must_use]
    pub fn encode(self, list: ListKind) -> String {
        let mut bytes = Vec::with_capacity(CURSOR_BYTES);
        bytes.push(list as u8);
        bytes.extend_from_slice(&self.key.to_be_bytes());
        bytes.extend_from_slice(&self.id.to_be_bytes());
        let check = Self::checksum(&bytes);
        bytes.extend_from_slice(&check);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads what a client of `list` sent.
    ///
    /// # Errors
    /// [`FieldError::DamagedCursor`] for anything that [`Cursor::encode`] did
    /// not write for this list.
    pub fn decode(list: ListKind, text: &str) -> Result<Self, FieldError> {
        Self::read(list, text).ok_or(FieldError::DamagedCursor)
    }

    fn read(list: ListKind, text: &str) -> Option<Self> {
        if text.len() > CURSOR_BYTES * 2 {
            return None;
        }
        let bytes: [u8; CURSOR_BYTES] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
        let (body, check) = bytes.split_at(CURSOR_BYTES - 4);
        if body[0] != list as u8 || check != Self::checksum(body) {
            return None;
        }
        let number = |range: std::ops::Range<usize>| {
            Some(i64::from_be_bytes(body.get(range)?.try_into().ok()?))
        };
        Some(Self {
            key: number(1..9)?,
            id: number(9..17)?,
        })
    }

    fn checksum(body: &[u8]) -> [u8; 4] {
        let digest = Sha256::digest(body);
        [digest[0], digest[1], digest[2], digest[3]]
    }
}

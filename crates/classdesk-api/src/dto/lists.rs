//! What all lists have in common.

use classdesk_domain::paging::{Cursor, Limit, ListKind, PageRequest};

use crate::input::{FieldSet, Fields, input};

input! {
    /// How long a page is.
    part LimitParam -> Limit {
        /// How many items a page has.
        limit: Limit = Limit::DEFAULT.get(),
    } => limit
}

input! {
    /// Where a page begins.
    part CursorParam -> Option<String> {
        /// Where the page begins: opaque, taken from the `Link` header of the page before.
        cursor: Option<String>,
    } => cursor
}

input! {
    /// Which page of a list.
    query PageParams -> (Limit, Option<String>) {
        ..limit: LimitParam,
        ..cursor: CursorParam,
    } => (limit, cursor)
}

impl PageParams {
    /// Reads which page of this list is asked for. A cursor belongs to one list.
    pub(crate) fn read_for(fields: &mut Fields, list: ListKind) -> Option<PageRequest> {
        let limit = LimitParam::read(fields);
        let after = match CursorParam::read(fields)? {
            Some(text) => Some(fields.check("cursor", Cursor::decode(list, &text))?),
            None => None,
        };
        let limit = limit?;
        Some(PageRequest { limit, after })
    }
}

//! What all lists have in common.

use classdesk_domain::paging::{Cursor, Limit, ListKind, PageRequest, Seek};
use classdesk_domain::validation::FieldError;

use crate::input::{AnyId, AnyIdOrZero, FieldSet, Fields, input};

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

input! {
    /// From where in a list by ascending id a page is read. At most one of these is given.
    query SeekParams -> Option<Seek> {
        /// The first items after the one with this id; 0 is the beginning of the list.
        after: Option<AnyIdOrZero>,
        /// The last items before the one with this id. The next page goes further back.
        before: Option<AnyId>,
        /// `true`: the last items of the list. The next page goes further back.
        latest: Option<bool>,
    } => |fields| {
        let latest = latest.unwrap_or(false).then_some(Seek::END);
        let given = [
            ("after", after.map(Seek::After)),
            ("before", before.map(Seek::Before)),
            ("latest", latest),
        ];
        only_one(fields, given)
    }
}

/// The start of a page that is given, if one is. Each further one is an error.
pub(crate) fn only_one<T: PartialEq, const N: usize>(
    fields: &mut Fields,
    starts: [(&str, Option<T>); N],
) -> Option<Option<T>> {
    let mut found = Some(None);
    for (name, start) in starts {
        let Some(start) = start else { continue };
        if found == Some(None) {
            found = Some(Some(start));
        } else {
            let message = "Only one parameter can say where the page begins.";
            fields.check::<()>(
                name,
                Err(FieldError::malformed("mutually_exclusive", message)),
            );
            found = None;
        }
    }
    found
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

//! Pages by keyset.

use classdesk_domain::paging::{Cursor, Page, PageRequest};

use crate::error::Failure;

/// The id after which an ascending page begins.
pub(super) fn after(page: PageRequest) -> i64 {
    page.after.map_or(i64::MIN, |position| position.id)
}

/// The id before which a descending page begins.
pub(super) fn before(page: PageRequest) -> i64 {
    page.after.map_or(i64::MAX, |position| position.id)
}

/// One row more than the page has tells whether there is another page.
pub(super) fn one_more(page: PageRequest) -> i64 {
    i64::from(page.limit.get()) + 1
}

/// Cuts rows that are ordered by id into a page of what they mean.
pub(super) fn cut<R, T>(
    rows: Vec<R>,
    page: PageRequest,
    id: impl Fn(&R) -> i64,
    each: impl FnMut(R) -> Result<T, Failure>,
) -> Result<Page<T>, Failure> {
    let Page { items, next } = Page::cut(rows, page.limit, |row| Cursor::of_id(id(row)));
    let items = items.into_iter().map(each).collect::<Result<_, _>>()?;
    Ok(Page { items, next })
}

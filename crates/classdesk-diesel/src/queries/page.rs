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

/// A page whose rows are still to be read.
pub(super) struct Rows<R>(pub(super) Page<R>);

/// Cuts rows that are ordered by id into a page.
pub(super) fn cut<R>(rows: Vec<R>, page: PageRequest, id: impl Fn(&R) -> i64) -> Rows<R> {
    Rows(Page::cut(rows, page.limit, |row| Cursor::of_id(id(row))))
}

impl<R> Rows<R> {
    /// The page of what the rows mean.
    pub(super) fn try_map<T>(
        self,
        each: impl FnMut(R) -> Result<T, Failure>,
    ) -> Result<Page<T>, Failure> {
        Ok(Page {
            items: self
                .0
                .items
                .into_iter()
                .map(each)
                .collect::<Result<_, _>>()?,
            next: self.0.next,
        })
    }
}

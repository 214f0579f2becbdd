//! Pages by keyset.

use classdesk_domain::paging::{Cursor, Limit, Page, PageRequest};

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
    one_more_than(page.limit)
}

/// The same for a page of this length.
pub(super) fn one_more_than(limit: Limit) -> i64 {
    i64::from(limit.get()) + 1
}

/// The rows of a query on the side of an id where a page is read, cut into that page. A macro because
/// the type of a query tells its order.
macro_rules! seek {
    ($conn:expr, $page:expr, $query:expr, $id:expr, |$row:ident: $type:ty| $row_id:expr) => {{
        let page: classdesk_domain::paging::SeekRequest = $page;
        let limit = super::page::one_more_than(page.limit);
        let rows: Vec<$type> = match page.seek {
            classdesk_domain::paging::Seek::After(start) => {
                let later = $query.filter($id.gt(start)).order($id.asc());
                later.limit(limit).load($conn)?
            }
            classdesk_domain::paging::Seek::Before(end) => {
                let earlier = $query.filter($id.lt(end)).order($id.desc());
                earlier.limit(limit).load($conn)?
            }
        };
        classdesk_domain::paging::Page::cut_seek(rows, page, |$row: &$type| $row_id)
    }};
}
pub(super) use seek;

/// Cuts rows that are ordered by id into a page of what they mean.
pub(super) fn cut<R, T>(
    rows: Vec<R>,
    page: PageRequest,
    id: impl Fn(&R) -> i64,
    each: impl FnMut(R) -> Result<T, Failure>,
) -> Result<Page<T>, Failure> {
    let page = Page::cut(rows, page.limit, |row| Cursor::of_id(id(row)));
    meaning(page, each)
}

/// The page of what its rows mean.
pub(super) fn meaning<R, T>(
    page: Page<R>,
    each: impl FnMut(R) -> Result<T, Failure>,
) -> Result<Page<T>, Failure> {
    page.try_map_all(|rows| rows.into_iter().map(each).collect())
}

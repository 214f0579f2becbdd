//! The words by which bundles, tickets and people are found.

use classdesk_domain::search::Terms;
use diesel::prelude::*;

use super::Conn;
use super::dialect::put_terms;
use super::rows::schema::{
    bundle_terms, bundles, search_backlog, ticket_terms, tickets, user_terms, users,
};
use super::rows::values::TermsOf;
use crate::error::Failure;

/// The ids of what is found by a text, among things with these words.
macro_rules! found {
    ($terms:ident, $q:expr) => {{
        let wanted = diesel::IntoSql::into_sql::<super::column_types::TermQuery>(
            super::rows::values::Wanted($q),
        );
        $terms::table
            .filter(super::dialect::Matches::new($terms::terms, wanted))
            .select($terms::rowid)
    }};
}
pub(super) use found;

/// Writes the words of one thing.
macro_rules! put {
    ($conn:expr, $terms:ident, $id:expr, $words:expr) => {{
        let row = (
            $terms::rowid.eq($id),
            $terms::terms.eq(super::rows::values::TermsOf($words)),
        );
        super::dialect::put_terms!($terms, row).execute($conn)
    }};
}
pub(super) use put;

/// How many things get their words in one transaction.
const BATCH: i64 = 200;

/// Whether an older version has stored things that are not found yet.
pub(crate) fn has_backlog(conn: &mut Conn) -> Result<bool, Failure> {
    let next: Option<String> = search_backlog::table
        .select(search_backlog::things)
        .first(conn)
        .optional()?;
    Ok(next.is_some())
}

/// Gives words to the next things of a table, and tells the id of the last one.
macro_rules! put_next {
    (@each $text:ident) => { String };
    ($conn:ident, $things:ident after $up_to:ident in $terms:ident,
        |$id:ident, $($text:ident),+| $words:expr) => {{
        let rows: Vec<(i64, $(put_next!(@each $text)),+)> = $things::table
            .filter($things::id.gt($up_to))
            .order($things::id)
            .limit(BATCH)
            .select(($things::id, $($things::$text),+))
            .load($conn)?;
        let terms = rows.iter().map(|($id, $($text),+)| {
            ($terms::rowid.eq(*$id), $terms::terms.eq(TermsOf($words)))
        });
        put_terms!($terms, terms.collect::<Vec<_>>()).execute($conn)?;
        rows.last().map(|row| row.0)
    }};
}

/// Gives words to the next things that an older version has stored.
pub(crate) fn reduce_backlog(conn: &mut Conn) -> Result<(), Failure> {
    let next: Option<(String, i64)> = search_backlog::table
        .order(search_backlog::things)
        .first(conn)
        .optional()?;
    let Some((things, up_to)) = next else {
        return Ok(());
    };
    let last = match &*things {
        "bundles" => put_next!(conn, bundles after up_to in bundle_terms,
            |id, title, description| Terms::of_bundle(title, description)),
        "tickets" => put_next!(conn, tickets after up_to in ticket_terms,
            |id, title, description| Terms::of_ticket(*id, title, description)),
        "users" => put_next!(conn, users after up_to in user_terms,
            |id, username, email, display_name| Terms::of_user(username, email, display_name)),
        _ => return Err(Failure::corrupt("search_backlog")),
    };
    let row = search_backlog::table.find(things);
    match last {
        Some(last) => diesel::update(row)
            .set(search_backlog::up_to.eq(last))
            .execute(conn)?,
        None => diesel::delete(row).execute(conn)?,
    };
    Ok(())
}

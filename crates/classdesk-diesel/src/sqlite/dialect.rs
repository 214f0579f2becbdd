//! What only SQLite says in its own way.

use std::borrow::Borrow;

use classdesk_domain::events::Horizon;
use classdesk_domain::ids::EventId;
use diesel::dsl::{Eq, Filter, Select, max};
use diesel::prelude::*;

use super::rows::schema::{
    api_keys, blobs, bundles, events, idempotency_keys, login_failures, login_networks,
    message_attachments, messages, read_marks, sessions, subjects, thread_participants, threads,
    users, webhook_deliveries, webhooks,
};
use crate::error::Failure;

diesel::table! {
    /// The table-valued function of the same name. Its argument is a hidden column, so that a
    /// set of ids is one bound value and the statement stays cached whatever its size.
    json_each (value) {
        value -> BigInt,
        json -> Text,
    }
}

macro_rules! filtered_by_sets {
    ($($table:ident),+ $(,)?) => {
        $(diesel::allow_tables_to_appear_in_same_query!(json_each, $table);)+
    };
}

filtered_by_sets!(
    api_keys,
    blobs,
    bundles,
    events,
    idempotency_keys,
    login_failures,
    login_networks,
    message_attachments,
    messages,
    read_marks,
    sessions,
    subjects,
    thread_participants,
    threads,
    users,
    webhook_deliveries,
    webhooks,
);

diesel::infix_operator!(Matches, " MATCH ", backend: diesel::sqlite::Sqlite);

/// Writes the words of things, in the place of those they had.
macro_rules! put_terms {
    ($terms:ident, $values:expr) => {
        diesel::replace_into($terms::table).values($values)
    };
}
pub(crate) use put_terms;

/// A set of ids for `eq_any`.
pub(crate) type IdSet =
    Select<Filter<json_each::table, Eq<json_each::json, String>>, json_each::value>;

/// The set of these ids, for `eq_any`.
pub(crate) fn id_set(ids: impl IntoIterator<Item: Borrow<i64>>) -> IdSet {
    let mut json = String::from("[");
    for id in ids {
        if json.len() > 1 {
            json.push(',');
        }
        json.push_str(&id.borrow().to_string());
    }
    json.push(']');
    json_each::table
        .filter(json_each::json.eq(json))
        .select(json_each::value)
}

/// The id of the message that is being inserted: one more than the greatest.
pub(crate) const NEXT_MESSAGE: &str = "(SELECT coalesce(max(id), 0) + 1 FROM messages)";

/// Holds rows for a change: no other transaction writes while this one does.
macro_rules! for_update {
    ($query:expr) => {
        $query
    };
}
pub(crate) use for_update;

/// Passes over rows that another transaction has locked: there is no other one that writes.
macro_rules! skip_locked {
    ($query:expr) => {
        $query
    };
}
pub(crate) use skip_locked;

/// Lets one transaction at a time pass for each of these names; here there is only one.
#[expect(
    clippy::unnecessary_wraps,
    reason = "the other database's answer can be a failure"
)]
pub(crate) fn advisory_lock(_: &mut SqliteConnection, _: [&str; 2]) -> Result<(), Failure> {
    Ok(())
}

/// How far apart the first events of two commits are.
pub(crate) const EVENT_STEP: i64 = 1;

/// Up to where the log can be followed. There is one writer, so that events are committed in the
/// order of their ids.
pub(crate) fn horizon(conn: &mut SqliteConnection) -> Result<Horizon, Failure> {
    let last: Option<i64> = events::table.select(max(events::id)).first(conn)?;
    let last = EventId::new(last.unwrap_or(0));
    Ok(Horizon {
        complete: last,
        last,
    })
}

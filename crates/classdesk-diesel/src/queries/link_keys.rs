//! What links are signed with.

use classdesk_domain::links::{LinkKey, LinkKeyRepository};
use diesel::prelude::*;

use super::Conn;
use super::port::port;
use super::rows::schema::link_keys;
use crate::error::Failure;

port! {
    impl LinkKeyRepository {
        read link_key(day: i64) -> Option<LinkKey>;
        write keep_link_key(key: LinkKey) -> LinkKey;
    }
}

fn link_key(conn: &mut Conn, day: i64) -> Result<Option<LinkKey>, Failure> {
    let secret: Option<Vec<u8>> = link_keys::table
        .find(day)
        .select(link_keys::secret)
        .first(conn)
        .optional()?;
    let read = |secret: Vec<u8>| {
        let secret = secret
            .try_into()
            .map_err(|_| Failure::corrupt("link key"))?;
        Ok(LinkKey::from_bytes(day, secret))
    };
    secret.map(read).transpose()
}

fn keep_link_key(conn: &mut Conn, key: LinkKey) -> Result<LinkKey, Failure> {
    diesel::delete(link_keys::table.filter(link_keys::day.lt(key.day - 1))).execute(conn)?;
    diesel::insert_into(link_keys::table)
        .values((
            link_keys::day.eq(key.day),
            link_keys::secret.eq(key.as_bytes().as_slice()),
        ))
        .on_conflict_do_nothing()
        .execute(conn)?;
    // Another may have been first.
    Ok(link_key(conn, key.day)?.unwrap_or(key))
}

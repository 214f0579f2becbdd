//! Links by which people give themselves a password.

use classdesk_domain::ids::UserId;
use classdesk_domain::people::{NewPasswordLink, PasswordLink, TokenHash, UserUpdate};
use diesel::prelude::*;

use super::Conn;
use super::rows::schema::{password_links, users};
use super::rows::users::UserRow;
use super::rows::values::At;
use crate::error::Failure;
use crate::outcome::exactly_one;

pub(super) fn password_link(
    conn: &mut Conn,
    token: TokenHash,
) -> Result<Option<PasswordLink>, Failure> {
    let found: Option<(At, UserRow)> = password_links::table
        .inner_join(users::table.on(users::id.eq(password_links::user_id)))
        .filter(password_links::token_hash.eq(token.as_bytes().as_slice()))
        .select((password_links::expires_at, UserRow::as_select()))
        .first(conn)
        .optional()?;
    let Some((expires_at, user)) = found else {
        return Ok(None);
    };
    Ok(Some(PasswordLink {
        user: user.into_domain()?,
        expires_at: expires_at.into(),
    }))
}

/// Gives a person a link in the place of the one before.
pub(super) fn put_link(
    conn: &mut Conn,
    user: UserId,
    link: &NewPasswordLink,
) -> Result<(), Failure> {
    let values = (
        password_links::token_hash.eq(link.token.as_bytes().as_slice()),
        password_links::expires_at.eq(At::from(link.expires_at)),
    );
    diesel::insert_into(password_links::table)
        .values((password_links::user_id.eq(user.get()), values))
        .on_conflict(password_links::user_id)
        .do_update()
        .set(values)
        .execute(conn)?;
    Ok(())
}

/// Makes and ends the link of a person as their change asks for.
pub(super) fn change_link(conn: &mut Conn, update: &UserUpdate) -> Result<(), Failure> {
    let own = password_links::table.filter(password_links::user_id.eq(update.user.get()));
    if let Some(token) = &update.redeems {
        let same = own.filter(password_links::token_hash.eq(token.as_bytes().as_slice()));
        exactly_one(diesel::delete(same).execute(conn)?)?;
    }
    if let Some(link) = &update.link {
        put_link(conn, update.user, link)?;
    }
    if update.password.is_some() || update.is_active == Some(false) {
        diesel::delete(own).execute(conn)?;
    }
    Ok(())
}

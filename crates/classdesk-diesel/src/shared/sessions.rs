//! Sessions.

use classdesk_domain::clock::Timestamp;
use classdesk_domain::ids::{SessionId, UserId};
use classdesk_domain::paging::{Page, PageRequest};
use classdesk_domain::people::{
    EndSessions, NewSession, PasswordHash, Session, SessionWithUser, TokenHash, WhichSessions,
};
use classdesk_domain::store::Commit;
use diesel::prelude::*;

use super::Conn;
use super::commit::{Applied, Writes, commit, exactly_one};
use super::page::{before, cut, one_more};
use super::people::UserRow;
use super::schema::{login_failures, sessions, users};
use super::values::At;
use crate::error::Failure;

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = sessions)]
struct SessionRow {
    id: i64,
    user_id: i64,
    created_at: At,
    last_used_at: At,
    expires_at: At,
    address: Option<String>,
    user_agent: Option<String>,
}

impl From<SessionRow> for Session {
    fn from(row: SessionRow) -> Self {
        Self {
            id: SessionId::new(row.id),
            user: UserId::new(row.user_id),
            created_at: row.created_at.into(),
            last_used_at: row.last_used_at.into(),
            expires_at: row.expires_at.into(),
            address: row.address,
            user_agent: row.user_agent,
        }
    }
}

pub(super) fn session(
    conn: &mut Conn,
    token: &TokenHash,
) -> Result<Option<SessionWithUser>, Failure> {
    let found: Option<(SessionRow, UserRow)> = sessions::table
        .inner_join(users::table.on(users::id.eq(sessions::user_id)))
        .filter(sessions::token_hash.eq(token.as_bytes().as_slice()))
        .select((SessionRow::as_select(), UserRow::as_select()))
        .first(conn)
        .optional()?;
    found
        .map(|(session, user)| {
            Ok(SessionWithUser {
                session: session.into(),
                user: user.into_domain()?,
            })
        })
        .transpose()
}

pub(super) fn touch_session(conn: &mut Conn, id: SessionId, at: Timestamp) -> Result<(), Failure> {
    let at = At::from(at);
    diesel::update(
        sessions::table
            .find(id.get())
            .filter(sessions::last_used_at.lt(at)),
    )
    .set(sessions::last_used_at.eq(at))
    .execute(conn)?;
    Ok(())
}

pub(super) fn list_sessions(
    conn: &mut Conn,
    user: UserId,
    now: Timestamp,
    idle_since: Timestamp,
    page: PageRequest,
) -> Result<Page<Session>, Failure> {
    let rows = sessions::table
        .filter(sessions::user_id.eq(user.get()))
        .filter(sessions::expires_at.gt(At::from(now)))
        .filter(sessions::last_used_at.gt(At::from(idle_since)))
        .filter(sessions::id.lt(before(page)))
        .select(SessionRow::as_select())
        .order(sessions::id.desc())
        .limit(one_more(page))
        .load(conn)?;
    cut(rows, page, |row: &SessionRow| row.id).try_map(|row| Ok(row.into()))
}

#[derive(Insertable)]
#[diesel(table_name = sessions, treat_none_as_default_value = false)]
struct SessionInsert<'a> {
    user_id: i64,
    token_hash: &'a [u8],
    created_at: At,
    last_used_at: At,
    expires_at: At,
    address: Option<&'a str>,
    user_agent: Option<&'a str>,
}

pub(super) fn start_session(conn: &mut Conn, c: Commit<NewSession>) -> Result<Session, Failure> {
    let writes = |new: &NewSession| Writes {
        user: Some(new.user),
        ..Writes::default()
    };
    commit(conn, c, writes, |conn, new| {
        let user = new.user.get();
        let hash = new.upgraded_hash.as_ref().unwrap_or(&new.verified_hash);
        // The condition is the check: a hash that was changed meanwhile leaves no row to change.
        let changed = diesel::update(
            users::table
                .find(user)
                .filter(users::password_hash.eq(new.verified_hash.as_str())),
        )
        .set((
            users::last_login_at.eq(At::from(new.created_at)),
            users::password_hash.eq(PasswordHash::as_str(hash)),
        ))
        .execute(conn)?;
        exactly_one(changed)?;
        let row: SessionRow = diesel::insert_into(sessions::table)
            .values(SessionInsert {
                user_id: user,
                token_hash: new.token.as_bytes(),
                created_at: new.created_at.into(),
                last_used_at: new.created_at.into(),
                expires_at: new.expires_at.into(),
                address: new.address.as_deref(),
                user_agent: new.user_agent.as_deref(),
            })
            .returning(SessionRow::as_returning())
            .get_result(conn)?;
        diesel::delete(
            login_failures::table.filter(login_failures::account.eq(&new.clears_failures_of)),
        )
        .execute(conn)?;
        Ok(Applied::to(row.id, row.into()))
    })
}

pub(super) fn end_sessions(conn: &mut Conn, c: Commit<EndSessions>) -> Result<u64, Failure> {
    commit(
        conn,
        c,
        |_| Writes::default(),
        |conn, EndSessions { user, which }| {
            let ended = end(conn, user, which)?;
            Ok(match ended {
                0 => Applied::nothing(0),
                _ => Applied::to(user.get(), ended),
            })
        },
    )
}

/// Ends sessions of a person and says how many there were.
pub(super) fn end(conn: &mut Conn, user: UserId, which: WhichSessions) -> Result<u64, Failure> {
    let own = sessions::table.filter(sessions::user_id.eq(user.get()));
    let ended = match which {
        WhichSessions::All => diesel::delete(own).execute(conn)?,
        WhichSessions::One(id) => {
            diesel::delete(own.filter(sessions::id.eq(id.get()))).execute(conn)?
        }
        WhichSessions::AllBut(id) => {
            diesel::delete(own.filter(sessions::id.ne(id.get()))).execute(conn)?
        }
    };
    Ok(ended as u64)
}

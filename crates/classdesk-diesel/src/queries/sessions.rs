//! Sessions.

use classdesk_domain::clock::Timestamp;
use classdesk_domain::ids::{SessionId, UserId};
use classdesk_domain::paging::{Page, PageRequest};
use classdesk_domain::people::{
    EndSessions, LoginAttempt, LoginThrottle, NewSession, Session, SessionRepository,
    SessionWithUser, TokenHash, WhichSessions,
};
use classdesk_domain::store::Commit;
use diesel::prelude::*;

use super::Conn;
use super::commit::commit;
use super::login::{count_failure, lock_throttle, login_throttle, note_success};
use super::page::{before, cut, one_more};
use super::port::port;
use super::rows::schema::{sessions, users};
use super::rows::sessions::SessionRow;
use super::rows::users::UserRow;
use super::rows::values::At;
use crate::error::Failure;
use crate::outcome::{LockTarget, Outcome, exactly_one};
use crate::session_cache::Invalidate;

port! {
    impl SessionRepository {
        find_session(token) session(token: &TokenHash = *token) -> Option<SessionWithUser>;
        write_sessions(Invalidate::Session(id)) touch_session(id: SessionId, at: Timestamp) -> ();
        read list_sessions(user: UserId, now: Timestamp, idle_since: Timestamp, page: PageRequest)
            -> Page<Session>;
        write_sessions(Invalidate::Person(commit.change.user))
            start_session(commit: Commit<NewSession>) -> Session;
        write_sessions(Invalidate::Person(commit.change.user))
            end_sessions(commit: Commit<EndSessions>) -> u64;
        snapshot login_throttle(attempt: LoginAttempt) -> LoginThrottle;
        write count_failure(attempt: LoginAttempt) -> LoginThrottle;
    }
}

fn session(conn: &mut Conn, token: TokenHash) -> Result<Option<SessionWithUser>, Failure> {
    let found: Option<(SessionRow, UserRow)> = sessions::table
        .inner_join(users::table.on(users::id.eq(sessions::user_id)))
        .filter(sessions::token_hash.eq(token.as_bytes().as_slice()))
        .select((SessionRow::as_select(), UserRow::as_select()))
        .first(conn)
        .optional()?;
    let Some((session, user)) = found else {
        return Ok(None);
    };
    Ok(Some(SessionWithUser {
        session: session.into(),
        user: user.into_domain()?,
    }))
}

fn touch_session(conn: &mut Conn, id: SessionId, at: Timestamp) -> Result<(), Failure> {
    let at = At::from(at);
    let older = sessions::table
        .find(id.get())
        .filter(sessions::last_used_at.lt(at));
    diesel::update(older)
        .set(sessions::last_used_at.eq(at))
        .execute(conn)?;
    Ok(())
}

fn list_sessions(
    conn: &mut Conn,
    user: UserId,
    now: Timestamp,
    idle_since: Timestamp,
    page: PageRequest,
) -> Result<Page<Session>, Failure> {
    let rows = SessionRow::query()
        .filter(sessions::user_id.eq(user.get()))
        .filter(sessions::expires_at.gt(At::from(now)))
        .filter(sessions::last_used_at.gt(At::from(idle_since)))
        .filter(sessions::id.lt(before(page)))
        .order(sessions::id.desc())
        .limit(one_more(page))
        .load(conn)?;
    cut(rows, page, |row: &SessionRow| row.id, |row| Ok(row.into()))
}

fn start_session(conn: &mut Conn, c: Commit<NewSession>) -> Result<Session, Failure> {
    let (_, throttle) = lock_throttle(conn, &c.change.attempt)?;
    if throttle != LoginThrottle::Open {
        return Err(Failure::STALE);
    }
    let target = LockTarget::User(c.change.user);
    commit(conn, c, Some(target), |conn, new| {
        let user = new.user.get();
        let hash = new.upgraded_hash.as_ref().unwrap_or(&new.verified_hash);
        // The condition is the check: a hash that was changed meanwhile leaves no row to change.
        let verified = users::password_hash.eq(new.verified_hash.as_str());
        let changed = diesel::update(users::table.find(user).filter(verified))
            .set((
                users::last_login_at.eq(At::from(new.created_at)),
                users::password_hash.eq(hash.as_str()),
            ))
            .execute(conn)?;
        exactly_one(changed)?;
        let row: SessionRow = diesel::insert_into(sessions::table)
            .values((
                sessions::user_id.eq(user),
                sessions::token_hash.eq(new.token.as_bytes().as_slice()),
                sessions::created_at.eq(At::from(new.created_at)),
                sessions::last_used_at.eq(At::from(new.created_at)),
                sessions::expires_at.eq(At::from(new.expires_at)),
                sessions::address.eq(new.address),
                sessions::user_agent.eq(new.user_agent),
            ))
            .returning(SessionRow::as_returning())
            .get_result(conn)?;
        note_success(conn, new.user, &new.attempt)?;
        Ok(Outcome::to(row.id, row.into()))
    })
}

fn end_sessions(conn: &mut Conn, c: Commit<EndSessions>) -> Result<u64, Failure> {
    commit(conn, c, None, |conn, EndSessions { user, which }| {
        Ok(match end(conn, user, which)? {
            0 => Outcome::nothing(0),
            ended => Outcome::to(user.get(), ended),
        })
    })
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

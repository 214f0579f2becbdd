//! Sessions.

use async_trait::async_trait;
use classdesk_domain::clock::Timestamp;
use classdesk_domain::ids::{SessionId, UserId};
use classdesk_domain::paging::{Page, PageRequest};
use classdesk_domain::people::{
    EndSessions, LoginAttempt, LoginThrottle, NewSession, PasswordHash, Session, SessionRepository,
    SessionWithUser, TokenHash, WhichSessions,
};
use classdesk_domain::store::{Commit, StoreError};
use diesel::prelude::*;

use super::commit::commit;
use super::login::admit_login;
use super::page::{before, cut, one_more};
use super::rows::schema::{login_failures, sessions, users};
use super::rows::sessions::{SessionInsert, SessionRow};
use super::rows::users::UserRow;
use super::rows::values::At;
use super::{Conn, Database};
use crate::error::Failure;
use crate::outcome::{LockTargets, Outcome, exactly_one};
use crate::session_cache::Invalidate;

#[async_trait]
impl SessionRepository for Database {
    async fn session(&self, token: &TokenHash) -> Result<Option<SessionWithUser>, StoreError> {
        let looked_up = *token;
        self.find_session(token, move |conn| session(conn, &looked_up))
            .await
    }

    async fn touch_session(&self, id: SessionId, at: Timestamp) -> Result<(), StoreError> {
        let which = Invalidate::Session(id);
        self.write_sessions(which, move |conn| touch_session(conn, id, at))
            .await
    }

    async fn list_sessions(
        &self,
        user: UserId,
        now: Timestamp,
        idle_since: Timestamp,
        page: PageRequest,
    ) -> Result<Page<Session>, StoreError> {
        self.read(move |conn| list_sessions(conn, user, now, idle_since, page))
            .await
    }

    async fn start_session(&self, commit: Commit<NewSession>) -> Result<Session, StoreError> {
        let which = Invalidate::Person(commit.change.user);
        self.write_sessions(which, move |conn| start_session(conn, commit))
            .await
    }

    async fn end_sessions(&self, commit: Commit<EndSessions>) -> Result<u64, StoreError> {
        let which = Invalidate::Person(commit.change.user);
        self.write_sessions(which, move |conn| end_sessions(conn, commit))
            .await
    }

    async fn admit_login(&self, attempt: LoginAttempt) -> Result<LoginThrottle, StoreError> {
        self.write(move |conn| admit_login(conn, &attempt)).await
    }
}

fn session(conn: &mut Conn, token: &TokenHash) -> Result<Option<SessionWithUser>, Failure> {
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

fn touch_session(conn: &mut Conn, id: SessionId, at: Timestamp) -> Result<(), Failure> {
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

fn list_sessions(
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

fn start_session(conn: &mut Conn, c: Commit<NewSession>) -> Result<Session, Failure> {
    let targets = |new: &NewSession| LockTargets {
        user: Some(new.user),
        ..LockTargets::default()
    };
    commit(conn, c, targets, |conn, new| {
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
        Ok(Outcome::to(row.id, row.into()))
    })
}

fn end_sessions(conn: &mut Conn, c: Commit<EndSessions>) -> Result<u64, Failure> {
    commit(
        conn,
        c,
        |_| LockTargets::default(),
        |conn, EndSessions { user, which }| {
            let ended = end(conn, user, which)?;
            Ok(match ended {
                0 => Outcome::nothing(0),
                _ => Outcome::to(user.get(), ended),
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

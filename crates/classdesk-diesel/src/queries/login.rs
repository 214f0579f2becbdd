//! Failed logins, and how they slow the next ones down.

use classdesk_domain::clock::Timestamp;
use classdesk_domain::ids::UserId;
use classdesk_domain::people::{LoginAttempt, LoginKey, LoginThrottle};
use diesel::dsl::exists;
use diesel::prelude::*;

use super::Conn;
use super::dialect::advisory_lock;
use super::rows::schema::{login_failures, login_networks};
use super::rows::values::At;
use crate::error::Failure;

pub(super) fn login_throttle(
    conn: &mut Conn,
    attempt: LoginAttempt,
) -> Result<LoginThrottle, Failure> {
    let key = counts_under(conn, &attempt)?;
    throttle(conn, &attempt, key)
}

pub(super) fn count_failure(
    conn: &mut Conn,
    attempt: LoginAttempt,
) -> Result<LoginThrottle, Failure> {
    let (key, throttle) = lock_throttle(conn, &attempt)?;
    if throttle == LoginThrottle::Open {
        diesel::insert_into(login_failures::table)
            .values((
                login_failures::counted_under.eq(key.as_bytes().as_slice()),
                login_failures::user_id.eq(attempt.user.map(UserId::get)),
                login_failures::network.eq(attempt.network.to_string()),
                login_failures::failed_at.eq(At::from(attempt.at)),
            ))
            .execute(conn)?;
    }
    Ok(throttle)
}

/// Whether an attempt is throttled, held until the transaction ends: what counts for one account or
/// from one network is counted one after the other. Two that counted side by side would both find
/// room for one more.
pub(super) fn lock_throttle(
    conn: &mut Conn,
    attempt: &LoginAttempt,
) -> Result<(LoginKey, LoginThrottle), Failure> {
    let key = counts_under(conn, attempt)?;
    let account = format!("login account {:02x?}", key.as_bytes());
    let network = format!("login network {}", attempt.network);
    advisory_lock(conn, [&account, &network])?;
    Ok((key, throttle(conn, attempt, key)?))
}

fn counts_under(conn: &mut Conn, attempt: &LoginAttempt) -> Result<LoginKey, Failure> {
    // For a name without account too, so that both cost the same.
    let user = attempt.user.map_or(0, UserId::get);
    let known = login_networks::table
        .filter(login_networks::user_id.eq(user))
        .filter(login_networks::network.eq(attempt.network.to_string()))
        .filter(login_networks::last_login_at.ge(At::from(attempt.known_since())));
    let knows_network = diesel::select(exists(known)).get_result(conn)?;
    Ok(attempt.counts_under(knows_network))
}

fn throttle(
    conn: &mut Conn,
    attempt: &LoginAttempt,
    key: LoginKey,
) -> Result<LoginThrottle, Failure> {
    let limits = &attempt.limits;
    let since = At::from(attempt.at.minus(limits.window));
    // No more than the limit decides, and the newest decide.
    let of_account: Vec<At> = login_failures::table
        .filter(login_failures::counted_under.eq(key.as_bytes().as_slice()))
        .filter(login_failures::failed_at.ge(since))
        .select(login_failures::failed_at)
        .order(login_failures::failed_at.desc())
        .limit(i64::from(limits.per_name.max(1)))
        .load(conn)?;
    let of_network: Vec<At> = login_failures::table
        .filter(login_failures::network.eq(attempt.network.to_string()))
        .filter(login_failures::failed_at.ge(since))
        .select(login_failures::failed_at)
        .order(login_failures::failed_at.desc())
        .limit(i64::from(limits.per_network.max(1)))
        .load(conn)?;
    let times = |rows: Vec<At>| rows.into_iter().map(Timestamp::from).collect::<Vec<_>>();
    let opens_at = limits.opens_at(attempt.at, &times(of_account), &times(of_network));
    Ok(
        opens_at.map_or(LoginThrottle::Open, |until| LoginThrottle::Throttled {
            until,
        }),
    )
}

/// Notes that a person has signed in: the network is known, and their failures are forgotten.
pub(super) fn note_success(
    conn: &mut Conn,
    user: UserId,
    attempt: &LoginAttempt,
) -> Result<(), Failure> {
    let at = At::from(attempt.at);
    diesel::insert_into(login_networks::table)
        .values((
            login_networks::user_id.eq(user.get()),
            login_networks::network.eq(attempt.network.to_string()),
            login_networks::last_login_at.eq(at),
        ))
        .on_conflict((login_networks::user_id, login_networks::network))
        .do_update()
        .set(login_networks::last_login_at.eq(at))
        .execute(conn)?;
    forget_failures(conn, user, &[])
}

/// Forgets the failures of a person, and those under these keys.
pub(super) fn forget_failures(
    conn: &mut Conn,
    user: UserId,
    keys: &[LoginKey],
) -> Result<(), Failure> {
    let own = login_failures::user_id.eq(user.get());
    diesel::delete(login_failures::table.filter(own)).execute(conn)?;
    // A person has two names.
    for key in keys {
        let under = login_failures::counted_under.eq(key.as_bytes().as_slice());
        diesel::delete(login_failures::table.filter(under)).execute(conn)?;
    }
    Ok(())
}

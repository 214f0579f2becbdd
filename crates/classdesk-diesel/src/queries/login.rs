//! Failed logins, and how they slow the next ones down.

use classdesk_domain::clock::Timestamp;
use classdesk_domain::people::{LoginAttempt, LoginThrottle};
use diesel::prelude::*;

use super::Conn;
use super::dialect::advisory_lock;
use super::rows::schema::login_failures;
use super::rows::values::At;
use crate::error::Failure;

pub(super) fn admit_login(
    conn: &mut Conn,
    attempt: LoginAttempt,
) -> Result<LoginThrottle, Failure> {
    // Attempts on one account, or from one address, are counted one after the other: two that
    // counted side by side would both find room for one more.
    let account = format!("login account {}", attempt.account);
    let address = format!("login address {}", attempt.address);
    advisory_lock(conn, [&account, &address])?;
    let limits = &attempt.limits;
    let since = At::from(attempt.at.minus(limits.window));
    // No more than the limit decides, and the newest decide.
    let of_account: Vec<At> = login_failures::table
        .filter(login_failures::account.eq(&attempt.account))
        .filter(login_failures::failed_at.ge(since))
        .select(login_failures::failed_at)
        .order(login_failures::failed_at.desc())
        .limit(i64::from(limits.per_account.max(1)))
        .load(conn)?;
    let of_address: Vec<At> = login_failures::table
        .filter(login_failures::address.eq(&attempt.address))
        .filter(login_failures::failed_at.ge(since))
        .select(login_failures::failed_at)
        .order(login_failures::failed_at.desc())
        .limit(i64::from(limits.per_address.max(1)))
        .load(conn)?;
    let times = |rows: Vec<At>| rows.into_iter().map(Timestamp::from).collect::<Vec<_>>();
    let opens_at = limits.opens_at(attempt.at, &times(of_account), &times(of_address));
    if let Some(until) = opens_at {
        return Ok(LoginThrottle::Throttled { until });
    }
    diesel::insert_into(login_failures::table)
        .values((
            login_failures::account.eq(attempt.account),
            login_failures::address.eq(attempt.address),
            login_failures::failed_at.eq(At::from(attempt.at)),
        ))
        .execute(conn)?;
    Ok(LoginThrottle::Admitted)
}

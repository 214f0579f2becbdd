//! Keys.

use classdesk_domain::api_keys::{
    ApiKey, ApiKeyRepository, EndApiKey, InsertApiKey, KeysEnd, MAX_KEYS,
};
use classdesk_domain::clock::Timestamp;
use classdesk_domain::ids::{ApiKeyId, UserId};
use classdesk_domain::paging::{Page, PageRequest};
use classdesk_domain::people::TokenHash;
use classdesk_domain::store::Commit;
use diesel::prelude::*;

use super::Conn;
use super::commit::commit;
use super::dialect::id_set;
use super::page::{before, cut, one_more};
use super::port::port;
use super::rows::api_keys::ApiKeyRow;
use super::rows::schema::{api_keys, users};
use super::rows::values::At;
use crate::error::Failure;
use crate::outcome::{LockTarget, Outcome};

port! {
    impl ApiKeyRepository {
        read api_key_with_token(token: &TokenHash = *token) -> Option<ApiKey>;
        write touch_api_key(id: ApiKeyId, at: Timestamp) -> ();
        read api_key(id: ApiKeyId) -> Option<ApiKey>;
        read api_keys(ids: &[ApiKeyId] = ids.to_vec()) -> Vec<ApiKey>;
        read list_api_keys(owner: UserId, page: PageRequest) -> Page<ApiKey>;
        write create_api_key(commit: Commit<InsertApiKey>) -> Option<ApiKey>;
    }
    commits {
        end_api_key(EndApiKey) -> bool;
    }
}

fn api_key_with_token(conn: &mut Conn, token: TokenHash) -> Result<Option<ApiKey>, Failure> {
    let row: Option<ApiKeyRow> = ApiKeyRow::query()
        .filter(api_keys::token_hash.eq(token.as_bytes().as_slice()))
        .filter(users::is_active.eq(true))
        .first(conn)
        .optional()?;
    row.map(ApiKeyRow::into_domain).transpose()
}

fn touch_api_key(conn: &mut Conn, id: ApiKeyId, at: Timestamp) -> Result<(), Failure> {
    let at = At::from(at);
    let last = api_keys::last_used_at;
    let older = last.is_null().or(last.lt(at).assume_not_null());
    diesel::update(api_keys::table.find(id.get()).filter(older))
        .set(last.eq(at))
        .execute(conn)?;
    Ok(())
}

fn api_key(conn: &mut Conn, id: ApiKeyId) -> Result<Option<ApiKey>, Failure> {
    let row: Option<ApiKeyRow> = ApiKeyRow::query()
        .filter(api_keys::id.eq(id.get()))
        .filter(api_keys::token_hash.is_not_null())
        .first(conn)
        .optional()?;
    row.map(ApiKeyRow::into_domain).transpose()
}

fn api_keys(conn: &mut Conn, ids: Vec<ApiKeyId>) -> Result<Vec<ApiKey>, Failure> {
    ApiKeyRow::query()
        .filter(api_keys::id.eq_any(id_set(ids.into_iter().map(ApiKeyId::get))))
        .load(conn)?
        .into_iter()
        .map(ApiKeyRow::into_domain)
        .collect()
}

fn list_api_keys(
    conn: &mut Conn,
    owner: UserId,
    page: PageRequest,
) -> Result<Page<ApiKey>, Failure> {
    let rows = ApiKeyRow::query()
        .filter(api_keys::user_id.eq(owner.get()))
        .filter(api_keys::token_hash.is_not_null())
        .filter(api_keys::id.lt(before(page)))
        .order(api_keys::id.desc())
        .limit(one_more(page))
        .load(conn)?;
    cut(rows, page, |row: &ApiKeyRow| row.id, ApiKeyRow::into_domain)
}

fn create_api_key(conn: &mut Conn, c: Commit<InsertApiKey>) -> Result<Option<ApiKey>, Failure> {
    // Those that make one for the same person wait for each other, so that none is too many.
    let target = LockTarget::User(c.change.owner);
    commit(conn, c, Some(target), |conn, new| {
        let owner = new.owner.get();
        let there: i64 = api_keys::table
            .filter(api_keys::user_id.eq(owner))
            .filter(api_keys::token_hash.is_not_null())
            .count()
            .get_result(conn)?;
        if there >= i64::try_from(MAX_KEYS).unwrap_or(i64::MAX) {
            return Ok(Outcome::nothing(None));
        }
        let id: i64 = diesel::insert_into(api_keys::table)
            .values((
                api_keys::user_id.eq(owner),
                api_keys::name.eq(new.key.name.into_string()),
                api_keys::access.eq(new.key.access.as_str()),
                api_keys::act_as.eq(new.key.act_as),
                api_keys::token_hash.eq(new.token.as_bytes().as_slice()),
                api_keys::created_at.eq(At::from(new.created_at)),
                api_keys::expires_at.eq(new.key.expires_at.map(At::from)),
            ))
            .returning(api_keys::id)
            .get_result(conn)?;
        let key = api_key(conn, ApiKeyId::new(id))?.ok_or(Failure::STALE)?;
        Ok(Outcome::to(id, Some(key)))
    })
}

/// What is set of a key that ends.
macro_rules! ended {
    () => {
        api_keys::token_hash.eq(None::<Vec<u8>>)
    };
}

fn end_api_key(conn: &mut Conn, EndApiKey(id): &EndApiKey) -> Result<Outcome<bool>, Failure> {
    let key = api_keys::table
        .find(id.get())
        .filter(api_keys::token_hash.is_not_null());
    Ok(match diesel::update(key).set(ended!()).execute(conn)? {
        0 => Outcome::nothing(false),
        _ => Outcome::to(id.get(), true),
    })
}

/// Ends keys of a person.
pub(super) fn end_keys(conn: &mut Conn, owner: UserId, which: KeysEnd) -> Result<(), Failure> {
    let own = api_keys::table
        .filter(api_keys::user_id.eq(owner.get()))
        .filter(api_keys::token_hash.is_not_null());
    match which {
        KeysEnd::All => diesel::update(own).set(ended!()).execute(conn)?,
        KeysEnd::Acting => diesel::update(own.filter(api_keys::act_as.eq(true)))
            .set(ended!())
            .execute(conn)?,
    };
    Ok(())
}

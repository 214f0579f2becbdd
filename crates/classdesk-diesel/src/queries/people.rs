//! People.

use std::collections::HashMap;

use classdesk_domain::ExternalId;
use classdesk_domain::ids::UserId;
use classdesk_domain::paging::{Page, PageRequest};
use classdesk_domain::people::{
    Assignments, Credentials, Email, InsertUser, LoginName, LoginThrottle, PasswordHash,
    PasswordLink, Role, TokenHash, User, UserFilter, UserRef, UserRepository, UserUpdate, Username,
};
use classdesk_domain::search::Terms;
use classdesk_domain::store::{Commit, StoreError, Unique};
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};

use super::Conn;
use super::api_keys::end_keys;
use super::assignments::{assignments, release};
use super::commit::commit;
use super::dialect::id_set;
use super::filter::only;
use super::login::{forget_failures, lock_throttle};
use super::page::{after, cut, one_more};
use super::password_links::{change_link, password_link, put_link};
use super::port::port;
use super::rows::schema::{user_terms, users};
use super::rows::users::{PersonRow, UserRow};
use super::rows::values::At;
use super::search::{found, put};
use super::sessions::end;
use crate::error::Failure;
use crate::outcome::{LockTarget, Outcome};
use crate::session_cache::Invalidate;

port! {
    impl UserRepository {
        read user(id: UserId) -> Option<User>;
        read user_by_external_id(id: &ExternalId = id.as_str().to_owned()) -> Option<User>;
        read users(ids: &[UserId] = ids.to_vec()) -> Vec<User>;
        read any_user() -> bool;
        read credentials(login: &LoginName = login.as_str().to_owned()) -> Option<Credentials>;
        read credentials_of(id: UserId) -> Option<Credentials>;
        read password_link(token: &TokenHash = *token) -> Option<PasswordLink>;
        snapshot assignments(user: UserId, limit: usize) -> Assignments;
        read list_users(filter: UserFilter, page: PageRequest) -> Page<User>;
        write_sessions(Invalidate::Person(commit.change.user))
            update_user(commit: Commit<UserUpdate>) -> User;
    }
    commits {
        create_user(InsertUser) -> User;
    }
}

/// People that are named on a page, read by one statement whatever their number.
#[derive(Debug, Default)]
pub(super) struct People(HashMap<i64, UserRef>);

impl People {
    pub(super) fn load(
        conn: &mut Conn,
        ids: impl IntoIterator<Item = i64>,
    ) -> Result<Self, Failure> {
        let mut people = Self::default();
        people.add_missing(conn, ids)?;
        Ok(people)
    }

    /// Reads those that are not known yet.
    pub(super) fn add_missing(
        &mut self,
        conn: &mut Conn,
        ids: impl IntoIterator<Item = i64>,
    ) -> Result<(), Failure> {
        let mut missing: Vec<i64> = ids
            .into_iter()
            .filter(|id| !self.0.contains_key(id))
            .collect();
        missing.sort_unstable();
        missing.dedup();
        if missing.is_empty() {
            return Ok(());
        }
        let rows: Vec<PersonRow> = PersonRow::query()
            .filter(users::id.eq_any(id_set(&missing)))
            .load(conn)?;
        for row in rows {
            self.insert(row.into_domain()?);
        }
        Ok(())
    }

    pub(super) fn insert(&mut self, person: UserRef) {
        self.0.insert(person.id.get(), person);
    }

    /// The person with this id. Foreign keys see to it that there is one.
    pub(super) fn get(&self, id: i64) -> Result<UserRef, Failure> {
        self.0
            .get(&id)
            .cloned()
            .ok_or_else(|| Failure::corrupt("person"))
    }
}

pub(super) fn user(conn: &mut Conn, id: UserId) -> Result<Option<User>, Failure> {
    UserRow::query()
        .find(id.get())
        .first(conn)
        .optional()?
        .map(UserRow::into_domain)
        .transpose()
}

fn user_by_external_id(conn: &mut Conn, id: String) -> Result<Option<User>, Failure> {
    UserRow::query()
        .filter(users::external_id.eq(id))
        .first(conn)
        .optional()?
        .map(UserRow::into_domain)
        .transpose()
}

fn users(conn: &mut Conn, ids: Vec<UserId>) -> Result<Vec<User>, Failure> {
    UserRow::query()
        .filter(users::id.eq_any(id_set(ids.into_iter().map(UserId::get))))
        .load(conn)?
        .into_iter()
        .map(UserRow::into_domain)
        .collect()
}

fn any_user(conn: &mut Conn) -> Result<bool, Failure> {
    let first: Option<i64> = users::table.select(users::id).first(conn).optional()?;
    Ok(first.is_some())
}

fn credentials(conn: &mut Conn, login: String) -> Result<Option<Credentials>, Failure> {
    // Two statements on unique indexes; the first finds nearly every user.
    let columns = (UserRow::as_select(), users::password_hash);
    let by_username = users::table
        .filter(users::username.eq(&login))
        .select(columns)
        .first(conn)
        .optional()?;
    let found = match by_username {
        None => users::table
            .filter(users::email.eq(login))
            .select(columns)
            .first(conn)
            .optional()?,
        found => found,
    };
    found.map(with_hash).transpose()
}

fn credentials_of(conn: &mut Conn, id: UserId) -> Result<Option<Credentials>, Failure> {
    users::table
        .find(id.get())
        .select((UserRow::as_select(), users::password_hash))
        .first(conn)
        .optional()?
        .map(with_hash)
        .transpose()
}

fn with_hash((user, hash): (UserRow, Option<String>)) -> Result<Credentials, Failure> {
    Ok(Credentials {
        user: user.into_domain()?,
        password: hash.map(PasswordHash::new),
    })
}

fn list_users(
    conn: &mut Conn,
    filter: UserFilter,
    page: PageRequest,
) -> Result<Page<User>, Failure> {
    let mut query = UserRow::query()
        .filter(users::id.gt(after(page)))
        .order(users::id)
        .limit(one_more(page))
        .into_boxed();
    only!(query,
        users::role => filter.role.map(Role::as_str),
        users::is_active => filter.is_active,
    );
    if let Some(q) = filter.q {
        query = query.filter(users::id.eq_any(found!(user_terms, q)));
    }
    let rows = query.load(conn)?;
    cut(rows, page, |row| row.person.id, UserRow::into_domain)
}

fn create_user(conn: &mut Conn, new: &InsertUser) -> Result<Outcome<User>, Failure> {
    let created: Option<UserRow> = diesel::insert_into(users::table)
        .values((
            users::external_id.eq(new.external_id.as_ref().map(ExternalId::as_str)),
            users::username.eq(new.username.as_str()),
            users::email.eq(new.email.as_str()),
            users::display_name.eq(new.display_name.as_str()),
            users::role.eq(new.role.as_str()),
            users::is_active.eq(new.is_active),
            users::language.eq(new.language.as_str()),
            users::time_zone.eq(new.time_zone.as_str()),
            users::password_hash.eq(new.password.as_ref().map(PasswordHash::as_str)),
            users::created_at.eq(At::from(new.created_at)),
        ))
        .on_conflict_do_nothing()
        .returning(UserRow::as_returning())
        .get_result(conn)
        .optional()?;
    let Some(row) = created else {
        names_are_free(conn, NOBODY, Some(&new.username), Some(&new.email))?;
        return Err(StoreError::Duplicate(Unique::ExternalId).into());
    };
    let user = row.into_domain()?;
    put_user_terms(conn, &user)?;
    if let Some(link) = &new.link {
        put_link(conn, user.id, link)?;
    }
    Ok(Outcome::to(user.id.get(), user))
}

/// No person's id: ids count up from 1.
const NOBODY: i64 = 0;

/// Checks that nobody but this person has this username or address.
fn names_are_free(
    conn: &mut Conn,
    but: i64,
    username: Option<&Username>,
    email: Option<&Email>,
) -> Result<(), Failure> {
    let others = || users::table.filter(users::id.ne(but));
    if let Some(username) = username {
        let same = others().filter(users::username.eq(username.as_str()));
        if diesel::select(exists(same)).get_result(conn)? {
            return Err(StoreError::Duplicate(Unique::Username).into());
        }
    }
    if let Some(email) = email {
        let same = others().filter(users::email.eq(email.as_str()));
        if diesel::select(exists(same)).get_result(conn)? {
            return Err(StoreError::Duplicate(Unique::Email).into());
        }
    }
    Ok(())
}

/// Writes the words by which a person is found.
fn put_user_terms(conn: &mut Conn, user: &User) -> Result<(), Failure> {
    let (username, email) = (user.username.as_str(), user.email.as_str());
    let words = Terms::of_user(username, email, user.display_name.as_str());
    put!(conn, user_terms, user.id.get(), words)?;
    Ok(())
}

fn update_user(conn: &mut Conn, c: Commit<UserUpdate>) -> Result<User, Failure> {
    if let Some(attempt) = &c.change.attempt
        && lock_throttle(conn, attempt)?.1 != LoginThrottle::Open
    {
        return Err(Failure::STALE);
    }
    let target = LockTarget::User(c.change.user);
    commit(conn, c, Some(target), |conn, update| {
        let id = update.user.get();
        let counted = i64::from(update.counts_version());
        names_are_free(conn, id, update.username.as_ref(), update.email.as_ref())?;
        if let Some(Some(external_id)) = &update.external_id {
            let same = users::table.filter(users::external_id.eq(external_id.as_str()));
            if diesel::select(exists(same.filter(users::id.ne(id)))).get_result(conn)? {
                return Err(StoreError::Duplicate(Unique::ExternalId).into());
            }
        }
        let before: Option<Option<String>> = users::table
            .find(id)
            .select(users::password_hash)
            .first(conn)
            .optional()?;
        let before = before.ok_or(Failure::STALE)?.map(PasswordHash::new);
        if update.verified_hash.is_some() && update.verified_hash != before {
            return Err(Failure::STALE);
        }
        change_link(conn, &update)?;
        let hash = update.password.or(before);
        let has_other_words =
            update.username.is_some() || update.display_name.is_some() || update.email.is_some();
        let changed: Option<UserRow> = diesel::update(users::table.find(id))
            .set((
                (update.username).map(|name| users::username.eq(name.as_str().to_owned())),
                (update.external_id)
                    .map(|id| users::external_id.eq(id.map(|id| id.as_str().to_owned()))),
                (update.language).map(|language| users::language.eq(language.as_str())),
                (update.time_zone).map(|zone| users::time_zone.eq(zone.as_str().to_owned())),
                (update.display_name).map(|name| users::display_name.eq(name.into_string())),
                (update.email).map(|email| users::email.eq(email.as_str().to_owned())),
                (update.role).map(|role| users::role.eq(role.as_str())),
                (update.is_active).map(|is_active| users::is_active.eq(is_active)),
                users::password_hash.eq(hash.as_ref().map(PasswordHash::as_str)),
                users::version.eq(users::version + counted),
            ))
            .returning(UserRow::as_returning())
            .get_result(conn)
            .optional()
            .map_err(|error| match error {
                // Another client took a name between the look and the change.
                Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => Failure::STALE,
                error => error.into(),
            })?;
        let user = changed.ok_or(Failure::STALE)?.into_domain()?;
        if has_other_words {
            put_user_terms(conn, &user)?;
        }
        if let Some(which) = update.ends {
            end(conn, update.user, which)?;
        }
        if let Some(which) = update.ends_keys {
            end_keys(conn, update.user, which)?;
        }
        if let Some(released) = update.release {
            release(conn, update.user, released)?;
        }
        if let Some(keys) = update.forgets_failures {
            forget_failures(conn, update.user, &keys)?;
        }
        Ok(Outcome::to(id, user))
    })
}

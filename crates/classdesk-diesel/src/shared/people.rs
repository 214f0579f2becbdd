//! People.

use std::collections::HashMap;

use classdesk_domain::ids::UserId;
use classdesk_domain::paging::{Page, PageRequest};
use classdesk_domain::people::{
    Credentials, Email, InsertUser, LoginName, PasswordHash, Role, User, UserFilter, UserRef,
    UserUpdate, Username,
};
use classdesk_domain::store::{Commit, StoreError, Unique};
use classdesk_domain::text::DisplayName;
use diesel::prelude::*;

use super::commit::{Applied, Writes, commit};
use super::dialect::{among, ascii_lower};
use super::page::{after, cut, one_more};
use super::schema::users;
use super::values::{At, containing, word};
use super::{Conn, sessions};
use crate::error::Failure;

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = users)]
pub(super) struct UserRow {
    id: i64,
    username: String,
    email: String,
    display_name: String,
    role: String,
    is_active: bool,
    created_at: At,
    last_login_at: Option<At>,
}

impl UserRow {
    pub(super) fn into_domain(self) -> Result<User, Failure> {
        Ok(User {
            id: UserId::new(self.id),
            username: Username::from_stored(self.username),
            email: Email::from_stored(self.email),
            display_name: DisplayName::from_stored(self.display_name),
            role: word(Role::parse, &self.role, "user")?,
            is_active: self.is_active,
            created_at: self.created_at.into(),
            last_login_at: self.last_login_at.map(Into::into),
        })
    }
}

/// What other people see of somebody.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = users)]
pub(super) struct PersonRow {
    id: i64,
    username: String,
    display_name: String,
    role: String,
}

impl PersonRow {
    pub(super) fn into_domain(self) -> Result<UserRef, Failure> {
        Ok(UserRef {
            id: UserId::new(self.id),
            username: Username::from_stored(self.username),
            display_name: DisplayName::from_stored(self.display_name),
            role: word(Role::parse, &self.role, "user")?,
        })
    }
}

/// People who are named on a page, read by one statement whatever their number.
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

    /// Reads those who are not known yet.
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
        let rows: Vec<PersonRow> = users::table
            .filter(users::id.eq_any(among(&missing)))
            .select(PersonRow::as_select())
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
    users::table
        .find(id.get())
        .select(UserRow::as_select())
        .first(conn)
        .optional()?
        .map(UserRow::into_domain)
        .transpose()
}

pub(super) fn users(conn: &mut Conn, ids: &[UserId]) -> Result<Vec<User>, Failure> {
    let ids: Vec<i64> = ids.iter().map(|id| id.get()).collect();
    users::table
        .filter(users::id.eq_any(among(&ids)))
        .select(UserRow::as_select())
        .load(conn)?
        .into_iter()
        .map(UserRow::into_domain)
        .collect()
}

pub(super) fn any_user(conn: &mut Conn) -> Result<bool, Failure> {
    let first: Option<i64> = users::table.select(users::id).first(conn).optional()?;
    Ok(first.is_some())
}

pub(super) fn credentials(
    conn: &mut Conn,
    login: &LoginName,
) -> Result<Option<Credentials>, Failure> {
    // Two statements on unique indexes; the first finds nearly everybody.
    let columns = (UserRow::as_select(), users::password_hash);
    let by_username = users::table
        .filter(users::username.eq(login.as_str()))
        .select(columns)
        .first(conn)
        .optional()?;
    let found: Option<(UserRow, String)> = match by_username {
        None => users::table
            .filter(users::email.eq(login.as_str()))
            .select(columns)
            .first(conn)
            .optional()?,
        found => found,
    };
    found.map(with_hash).transpose()
}

pub(super) fn credentials_of(conn: &mut Conn, id: UserId) -> Result<Option<Credentials>, Failure> {
    users::table
        .find(id.get())
        .select((UserRow::as_select(), users::password_hash))
        .first(conn)
        .optional()?
        .map(with_hash)
        .transpose()
}

fn with_hash((user, hash): (UserRow, String)) -> Result<Credentials, Failure> {
    Ok(Credentials {
        user: user.into_domain()?,
        password: PasswordHash::new(hash),
    })
}

pub(super) fn list_users(
    conn: &mut Conn,
    filter: &UserFilter,
    page: PageRequest,
) -> Result<Page<User>, Failure> {
    let mut query = users::table
        .filter(users::id.gt(after(page)))
        .select(UserRow::as_select())
        .order(users::id)
        .limit(one_more(page))
        .into_boxed();
    if let Some(role) = filter.role {
        query = query.filter(users::role.eq(role.as_str()));
    }
    if let Some(is_active) = filter.is_active {
        query = query.filter(users::is_active.eq(is_active));
    }
    if let Some(q) = &filter.q {
        let pattern = containing(q.as_str());
        query = query.filter(
            ascii_lower(users::username)
                .like(pattern.clone())
                .escape('\\')
                .or(ascii_lower(users::email).like(pattern.clone()).escape('\\'))
                .or(ascii_lower(users::display_name).like(pattern).escape('\\')),
        );
    }
    let rows = query.load(conn)?;
    cut(rows, page, |row: &UserRow| row.id).try_map(UserRow::into_domain)
}

#[derive(Insertable)]
#[diesel(table_name = users, treat_none_as_default_value = false)]
struct UserInsert<'a> {
    username: &'a str,
    email: &'a str,
    display_name: &'a str,
    role: &'a str,
    is_active: bool,
    password_hash: &'a str,
    created_at: At,
    last_login_at: Option<At>,
}

pub(super) fn create_user(conn: &mut Conn, c: Commit<InsertUser>) -> Result<User, Failure> {
    commit(
        conn,
        c,
        |_| Writes::default(),
        |conn, new| {
            let created: Option<UserRow> = diesel::insert_into(users::table)
                .values(UserInsert {
                    username: new.username.as_str(),
                    email: new.email.as_str(),
                    display_name: new.display_name.as_str(),
                    role: new.role.as_str(),
                    is_active: true,
                    password_hash: new.password.as_str(),
                    created_at: new.created_at.into(),
                    last_login_at: None,
                })
                .on_conflict_do_nothing()
                .returning(UserRow::as_returning())
                .get_result(conn)
                .optional()?;
            let Some(row) = created else {
                let same_name: Option<i64> = users::table
                    .filter(users::username.eq(new.username.as_str()))
                    .select(users::id)
                    .first(conn)
                    .optional()?;
                let taken = same_name.map_or(Unique::Email, |_| Unique::Username);
                return Err(StoreError::Duplicate(taken).into());
            };
            Ok(Applied::to(row.id, row.into_domain()?))
        },
    )
}

pub(super) fn update_user(conn: &mut Conn, c: Commit<UserUpdate>) -> Result<User, Failure> {
    let writes = |update: &UserUpdate| Writes {
        user: Some(update.user),
        ..Writes::default()
    };
    commit(conn, c, writes, |conn, update| {
        let id = update.user.get();
        if let Some(email) = &update.email {
            let other: Option<i64> = users::table
                .filter(users::email.eq(email.as_str()))
                .filter(users::id.ne(id))
                .select(users::id)
                .first(conn)
                .optional()?;
            if other.is_some() {
                return Err(StoreError::Duplicate(Unique::Email).into());
            }
        }
        let before: Option<(String, String, String, bool, String)> = users::table
            .find(id)
            .select((
                users::display_name,
                users::email,
                users::role,
                users::is_active,
                users::password_hash,
            ))
            .first(conn)
            .optional()?;
        let (display_name, email, role, is_active, hash) = before.ok_or(Failure::STALE)?;
        if update
            .verified_hash
            .is_some_and(|verified_hash| verified_hash.as_str() != hash)
        {
            return Err(Failure::STALE);
        }
        let new = |change: Option<&str>, before| change.map_or(before, ToOwned::to_owned);
        let changed: Option<UserRow> = diesel::update(users::table.find(id))
            .set((
                users::display_name.eq(new(
                    update.display_name.as_ref().map(DisplayName::as_str),
                    display_name,
                )),
                users::email.eq(new(update.email.as_ref().map(Email::as_str), email)),
                users::role.eq(new(update.role.map(Role::as_str), role)),
                users::is_active.eq(update.is_active.unwrap_or(is_active)),
                users::password_hash.eq(new(
                    update.password.as_ref().map(PasswordHash::as_str),
                    hash,
                )),
            ))
            .returning(UserRow::as_returning())
            .get_result(conn)
            .optional()
            .map_err(|error| match error {
                // Somebody else took the address between the look and the change.
                diesel::result::Error::DatabaseError(
                    diesel::result::DatabaseErrorKind::UniqueViolation,
                    _,
                ) => StoreError::Duplicate(Unique::Email).into(),
                error => Failure::from(error),
            })?;
        let user = changed.ok_or(Failure::STALE)?.into_domain()?;
        if let Some(which) = update.ends {
            sessions::end(conn, update.user, which)?;
        }
        Ok(Applied::to(id, user))
    })
}

//! People.

use std::collections::HashMap;

use async_trait::async_trait;
use classdesk_domain::ids::UserId;
use classdesk_domain::paging::{Page, PageRequest};
use classdesk_domain::people::{
    Credentials, Email, InsertUser, LoginName, PasswordHash, Role, User, UserFilter, UserRef,
    UserRepository, UserUpdate,
};
use classdesk_domain::store::{Commit, StoreError, Unique};
use classdesk_domain::text::DisplayName;
use diesel::prelude::*;

use super::commit::commit;
use super::dialect::{ascii_lower, id_set};
use super::page::{after, cut, one_more};
use super::rows::schema::users;
use super::rows::users::{PersonRow, UserInsert, UserRow};
use super::rows::values::containing;
use super::{Conn, Database, sessions as session_queries};
use crate::error::Failure;
use crate::outcome::{LockTargets, Outcome};
use crate::session_cache::Invalidate;

#[async_trait]
impl UserRepository for Database {
    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        self.read(move |conn| user(conn, id)).await
    }

    async fn users(&self, ids: &[UserId]) -> Result<Vec<User>, StoreError> {
        let ids = ids.to_vec();
        self.read(move |conn| users(conn, &ids)).await
    }

    async fn any_user(&self) -> Result<bool, StoreError> {
        self.read(any_user).await
    }

    async fn credentials(&self, login: &LoginName) -> Result<Option<Credentials>, StoreError> {
        let login = login.clone();
        self.read(move |conn| credentials(conn, &login)).await
    }

    async fn credentials_of(&self, id: UserId) -> Result<Option<Credentials>, StoreError> {
        self.read(move |conn| credentials_of(conn, id)).await
    }

    async fn list_users(
        &self,
        filter: UserFilter,
        page: PageRequest,
    ) -> Result<Page<User>, StoreError> {
        self.read(move |conn| list_users(conn, &filter, page)).await
    }

    async fn create_user(&self, commit: Commit<InsertUser>) -> Result<User, StoreError> {
        self.write(move |conn| create_user(conn, commit)).await
    }

    async fn update_user(&self, commit: Commit<UserUpdate>) -> Result<User, StoreError> {
        let which = Invalidate::Person(commit.change.user);
        self.write_sessions(which, move |conn| update_user(conn, commit))
            .await
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
            .filter(users::id.eq_any(id_set(&missing)))
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

fn users(conn: &mut Conn, ids: &[UserId]) -> Result<Vec<User>, Failure> {
    let ids: Vec<i64> = ids.iter().map(|id| id.get()).collect();
    users::table
        .filter(users::id.eq_any(id_set(&ids)))
        .select(UserRow::as_select())
        .load(conn)?
        .into_iter()
        .map(UserRow::into_domain)
        .collect()
}

fn any_user(conn: &mut Conn) -> Result<bool, Failure> {
    let first: Option<i64> = users::table.select(users::id).first(conn).optional()?;
    Ok(first.is_some())
}

fn credentials(conn: &mut Conn, login: &LoginName) -> Result<Option<Credentials>, Failure> {
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

fn credentials_of(conn: &mut Conn, id: UserId) -> Result<Option<Credentials>, Failure> {
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

fn list_users(
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

fn create_user(conn: &mut Conn, c: Commit<InsertUser>) -> Result<User, Failure> {
    commit(
        conn,
        c,
        |_| LockTargets::default(),
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
            Ok(Outcome::to(row.id, row.into_domain()?))
        },
    )
}

fn update_user(conn: &mut Conn, c: Commit<UserUpdate>) -> Result<User, Failure> {
    let targets = |update: &UserUpdate| LockTargets {
        user: Some(update.user),
        ..LockTargets::default()
    };
    commit(conn, c, targets, |conn, update| {
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
            session_queries::end(conn, update.user, which)?;
        }
        Ok(Outcome::to(id, user))
    })
}

//! People.

use std::sync::Arc;

use async_trait::async_trait;
use classdesk_domain::ExternalId;
use classdesk_domain::ids::UserId;
use classdesk_domain::paging::{Cursor, Page, PageRequest};
use classdesk_domain::people::{
    AssignedTicket, Assignments, Credentials, Email, InsertUser, LoginName, LoginThrottle,
    PasswordLink, Release, TokenHash, User, UserFilter, UserRepository, UserUpdate, Username,
};
use classdesk_domain::search::Terms;
use classdesk_domain::store::{Commit, StoreError, Unique};
use classdesk_domain::tickets::TicketStatus;

use super::MemoryStore;
use super::commit::Outcome;
use super::rows::UserRow;
use super::state::{State, page_up};

impl State {
    /// Checks that nobody but this person has one of these names.
    fn names_are_free(
        &self,
        username: Option<&Username>,
        email: Option<&Email>,
        external_id: Option<&ExternalId>,
        except: Option<UserId>,
    ) -> Result<(), StoreError> {
        let others = || self.users.rows().map(|row| &row.user);
        let taken = |has: &dyn Fn(&User) -> bool| {
            let mut others = others().filter(|user| Some(user.id) != except);
            others.any(has)
        };
        let unique = if taken(&|user| Some(&user.username) == username) {
            Unique::Username
        } else if taken(&|user| Some(&user.email) == email) {
            Unique::Email
        } else if external_id.is_some() && taken(&|user| user.external_id.as_ref() == external_id) {
            Unique::ExternalId
        } else {
            return Ok(());
        };
        Err(StoreError::Duplicate(unique))
    }
}

impl State {
    fn assignments(&self, user: UserId) -> Assignments {
        let tickets = self
            .tickets
            .rows()
            .filter(|row| row.assigned_to == Some(user) && row.status != TicketStatus::Closed);
        let subjects = self.subjects.values();
        let subjects = subjects.filter(|row| row.parties.assigned_writer == Some(user));
        Assignments {
            tickets: tickets
                .map(|row| AssignedTicket {
                    id: row.id,
                    requester: row.requester,
                    about: row.about.clone(),
                })
                .collect(),
            subjects: subjects
                .map(|row| (row.reference.clone(), row.parties))
                .collect(),
        }
    }

    fn release(&mut self, user: UserId, release: Release) -> Result<(), StoreError> {
        let Assignments { tickets, subjects } = self.assignments(user);
        let tickets: Vec<_> = tickets.iter().map(|ticket| ticket.id).collect();
        let subjects: Vec<_> = subjects.into_iter().map(|(subject, _)| subject).collect();
        let same_tickets = release
            .tickets
            .as_ref()
            .is_none_or(|named| *named == tickets);
        let same_subjects = release
            .subjects
            .as_ref()
            .is_none_or(|named| *named == subjects);
        if !same_tickets || !same_subjects {
            return Err(StoreError::Stale);
        }
        for id in release.tickets.into_iter().flatten() {
            let row = self.tickets.change(id)?;
            row.assigned_to = None;
            row.updated_at = release.at;
            row.version += 1;
        }
        for reference in release.subjects.into_iter().flatten() {
            if let Some(bundle) = reference.as_bundle() {
                let row = self.bundles.change(bundle)?;
                row.updated_at = release.at;
                row.version += 1;
            }
            if let Some(subject) = Arc::make_mut(&mut self.subjects).get_mut(&reference) {
                subject.parties.assigned_writer = None;
                subject.version += 1;
            }
            self.change_parties(&reference, None);
        }
        Ok(())
    }
}

fn credentials(row: &UserRow) -> Credentials {
    Credentials {
        user: row.user.clone(),
        password: row.password.clone(),
    }
}

fn matches(user: &User, filter: &UserFilter) -> bool {
    filter.role.is_none_or(|role| user.role == role)
        && filter.is_active.is_none_or(|is| user.is_active == is)
        && filter.q.as_ref().is_none_or(|q| {
            let (username, email) = (user.username.as_str(), user.email.as_str());
            q.finds(&Terms::of_user(username, email, user.display_name.as_str()))
        })
}

#[async_trait]
impl UserRepository for MemoryStore {
    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        Ok(self.read(|state| state.users.get(id).map(|row| row.user.clone())))
    }

    async fn user_by_external_id(&self, id: &ExternalId) -> Result<Option<User>, StoreError> {
        Ok(self.read(|state| {
            let mut users = state.users.rows().map(|row| &row.user);
            let found = users.find(|user| user.external_id.as_ref() == Some(id));
            found.cloned()
        }))
    }

    async fn users(&self, ids: &[UserId]) -> Result<Vec<User>, StoreError> {
        Ok(self.read(|state| {
            let wanted = state.users.rows().filter(|row| ids.contains(&row.user.id));
            wanted.map(|row| row.user.clone()).collect()
        }))
    }

    async fn any_user(&self) -> Result<bool, StoreError> {
        Ok(self.read(|state| state.users.rows().next().is_some()))
    }

    async fn credentials(&self, login: &LoginName) -> Result<Option<Credentials>, StoreError> {
        Ok(self.read(|state| {
            let by_username = state
                .users
                .rows()
                .find(|row| row.user.username.as_str() == login.as_str());
            let by_email = || {
                state
                    .users
                    .rows()
                    .find(|row| row.user.email.as_str() == login.as_str())
            };
            by_username.or_else(by_email).map(credentials)
        }))
    }

    async fn credentials_of(&self, id: UserId) -> Result<Option<Credentials>, StoreError> {
        Ok(self.read(|state| state.users.get(id).map(credentials)))
    }

    async fn list_users(
        &self,
        filter: UserFilter,
        page: PageRequest,
    ) -> Result<Page<User>, StoreError> {
        Ok(self.read(|state| {
            let rows = state.users.rows().map(|row| &row.user);
            let matching = rows.filter(|user| matches(user, &filter)).cloned();
            page_up(matching, page, |user| Cursor::of_id(user.id.get()))
        }))
    }

    async fn password_link(&self, token: &TokenHash) -> Result<Option<PasswordLink>, StoreError> {
        Ok(self.read(|state| {
            let mut links = state.users.rows().filter_map(|row| Some((row, row.link?)));
            let found = links.find(|(_, link)| link.token == *token);
            found.map(|(row, link)| PasswordLink {
                user: row.user.clone(),
                expires_at: link.expires_at,
            })
        }))
    }

    async fn create_user(&self, commit: Commit<InsertUser>) -> Result<User, StoreError> {
        self.commit(commit, |state, new| {
            let (username, email) = (Some(&new.username), Some(&new.email));
            state.names_are_free(username, email, new.external_id.as_ref(), None)?;
            let id = state.users.insert(|id| UserRow {
                user: User {
                    id,
                    external_id: new.external_id,
                    username: new.username,
                    email: new.email,
                    display_name: new.display_name,
                    role: new.role,
                    is_active: new.is_active,
                    language: new.language,
                    time_zone: new.time_zone,
                    created_at: new.created_at,
                    last_login_at: None,
                    version: 1,
                },
                password: new.password,
                link: new.link,
            });
            let user = state.users.there(id)?.user.clone();
            Ok((user, Outcome::changed(id.get())))
        })
    }

    async fn assignments(&self, user: UserId, limit: usize) -> Result<Assignments, StoreError> {
        let mut found = self.read(|state| state.assignments(user));
        found.tickets.truncate(limit);
        found.subjects.truncate(limit);
        Ok(found)
    }

    async fn update_user(&self, commit: Commit<UserUpdate>) -> Result<User, StoreError> {
        self.commit(commit, |state, update| {
            state.names_are_free(
                update.username.as_ref(),
                update.email.as_ref(),
                update.external_id.as_ref().and_then(Option::as_ref),
                Some(update.user),
            )?;
            if let Some(attempt) = &update.attempt
                && state.login_throttle(attempt) != LoginThrottle::Open
            {
                return Err(StoreError::Stale);
            }
            let counted = i64::from(update.counts_version());
            let row = state.users.change(update.user)?;
            if update
                .verified_hash
                .is_some_and(|verified_hash| Some(verified_hash) != row.password)
            {
                return Err(StoreError::Stale);
            }
            if update.redeems.is_some() && update.redeems != row.link.map(|link| link.token) {
                return Err(StoreError::Stale);
            }
            if update.link.is_some() {
                row.link = update.link;
            }
            if update.password.is_some() || update.is_active == Some(false) {
                row.link = None;
            }
            if let Some(username) = update.username {
                row.user.username = username;
            }
            if let Some(external_id) = update.external_id {
                row.user.external_id = external_id;
            }
            if let Some(language) = update.language {
                row.user.language = language;
            }
            if let Some(time_zone) = update.time_zone {
                row.user.time_zone = time_zone;
            }
            if let Some(display_name) = update.display_name {
                row.user.display_name = display_name;
            }
            if let Some(email) = update.email {
                row.user.email = email;
            }
            if let Some(role) = update.role {
                row.user.role = role;
            }
            if let Some(is_active) = update.is_active {
                row.user.is_active = is_active;
            }
            if let Some(password) = update.password {
                row.password = Some(password);
            }
            row.user.version += counted;
            let user = row.user.clone();
            if let Some(which) = update.ends {
                state.end_sessions(user.id, which);
            }
            if let Some(which) = update.ends_keys {
                state.end_keys(user.id, which);
            }
            if let Some(release) = update.release {
                state.release(user.id, release)?;
            }
            if let Some(keys) = update.forgets_failures {
                state.forget_failures(user.id, &keys);
            }
            let outcome = Outcome::changed(user.id.get());
            Ok((user, outcome))
        })
    }
}

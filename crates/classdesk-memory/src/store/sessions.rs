//! Sessions and failed logins.

use std::sync::Arc;

use async_trait::async_trait;
use classdesk_domain::clock::Timestamp;
use classdesk_domain::ids::{SessionId, UserId};
use classdesk_domain::paging::{Cursor, Page, PageRequest};
use classdesk_domain::people::{
    EndSessions, LoginAttempt, LoginThrottle, NewSession, Session, SessionRepository,
    SessionWithUser, TokenHash, WhichSessions,
};
use classdesk_domain::store::{Commit, StoreError, Unique};

use super::MemoryStore;
use super::commit::Outcome;
use super::rows::{Failure, SessionRow};
use super::state::{State, page_down};

impl State {
    /// Ends sessions of a person and says how many there were.
    pub(super) fn end_sessions(&mut self, user: UserId, which: WhichSessions) -> u64 {
        self.sessions.remove_where(usize::MAX, |row| {
            row.session.user == user
                && match which {
                    WhichSessions::One(id) => row.session.id == id,
                    WhichSessions::All => true,
                    WhichSessions::AllBut(id) => row.session.id != id,
                }
        })
    }
}

#[async_trait]
impl SessionRepository for MemoryStore {
    async fn session(&self, token: &TokenHash) -> Result<Option<SessionWithUser>, StoreError> {
        Ok(self.read(|state| {
            let row = state.sessions.rows().find(|row| row.token == *token)?;
            let owner = state.users.get(row.session.user)?;
            Some(SessionWithUser {
                session: row.session.clone(),
                user: owner.user.clone(),
            })
        }))
    }

    async fn touch_session(&self, id: SessionId, at: Timestamp) -> Result<(), StoreError> {
        self.write(|state| {
            if let Ok(row) = state.sessions.change(id) {
                row.session.last_used_at = row.session.last_used_at.max(at);
            }
            Ok(())
        })
    }

    async fn list_sessions(
        &self,
        user: UserId,
        now: Timestamp,
        idle_since: Timestamp,
        page: PageRequest,
    ) -> Result<Page<Session>, StoreError> {
        Ok(self.read(|state| {
            let rows = state.sessions.rows().rev().map(|row| &row.session);
            let own = rows
                .filter(|session| session.user == user)
                .filter(|session| now < session.expires_at && idle_since < session.last_used_at)
                .cloned();
            page_down(own, page, |session| Cursor::of_id(session.id.get()))
        }))
    }

    async fn start_session(&self, commit: Commit<NewSession>) -> Result<Session, StoreError> {
        self.commit(commit, |state, new| {
            let owner = state.users.change(new.user)?;
            if owner.password != new.verified_hash {
                return Err(StoreError::Stale);
            }
            owner.user.last_login_at = Some(new.created_at);
            if let Some(upgraded_hash) = new.upgraded_hash {
                owner.password = upgraded_hash;
            }
            if state.sessions.rows().any(|row| row.token == new.token) {
                return Err(StoreError::Duplicate(Unique::Other));
            }
            let id = state.sessions.insert(|id| SessionRow {
                session: Session {
                    id,
                    user: new.user,
                    created_at: new.created_at,
                    last_used_at: new.created_at,
                    expires_at: new.expires_at,
                    address: new.address,
                    user_agent: new.user_agent,
                },
                token: new.token,
            });
            Arc::make_mut(&mut state.failures)
                .retain(|failure| failure.account != new.clears_failures_of);
            let session = state.sessions.there(id)?.session.clone();
            Ok((session, Outcome::changed(id.get())))
        })
    }

    async fn end_sessions(&self, commit: Commit<EndSessions>) -> Result<u64, StoreError> {
        self.commit(commit, |state, EndSessions { user, which }| {
            let ended = state.end_sessions(user, which);
            let outcome = if ended == 0 {
                Outcome::Unchanged
            } else {
                Outcome::changed(user.get())
            };
            Ok((ended, outcome))
        })
    }

    async fn admit_login(&self, attempt: LoginAttempt) -> Result<LoginThrottle, StoreError> {
        self.write(|state| {
            let failures = Arc::make_mut(&mut state.failures);
            let times = |counts: &dyn Fn(&Failure) -> bool| -> Vec<Timestamp> {
                let counted = failures.iter().filter(|failure| counts(failure));
                counted.map(|failure| failure.at).collect()
            };
            let account = times(&|failure| failure.account == attempt.account);
            let address = times(&|failure| failure.address == attempt.address);
            if let Some(until) = attempt.limits.opens_at(attempt.at, &account, &address) {
                return Ok(LoginThrottle::Throttled { until });
            }
            failures.push(Failure {
                account: attempt.account,
                address: attempt.address,
                at: attempt.at,
            });
            Ok(LoginThrottle::Admitted)
        })
    }
}

//! Sessions and failed logins.

use std::sync::Arc;

use async_trait::async_trait;
use classdesk_domain::clock::Timestamp;
use classdesk_domain::ids::{SessionId, UserId};
use classdesk_domain::paging::{Cursor, Page, PageRequest};
use classdesk_domain::people::{
    EndSessions, LoginAttempt, LoginKey, LoginThrottle, NewSession, Session, SessionRepository,
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

    fn counts_under(&self, attempt: &LoginAttempt) -> LoginKey {
        let last = attempt
            .user
            .and_then(|user| self.login_networks.get(&(user, attempt.network)));
        attempt.counts_under(last.is_some_and(|last| *last >= attempt.known_since()))
    }

    pub(super) fn login_throttle(&self, attempt: &LoginAttempt) -> LoginThrottle {
        let key = self.counts_under(attempt);
        let times = |counts: &dyn Fn(&Failure) -> bool| -> Vec<Timestamp> {
            let counted = self.failures.iter().filter(|failure| counts(failure));
            counted.map(|failure| failure.at).collect()
        };
        let account = times(&|failure| failure.counted_under == key);
        let network = times(&|failure| failure.network == attempt.network);
        let opens_at = attempt.limits.opens_at(attempt.at, &account, &network);
        opens_at.map_or(LoginThrottle::Open, |until| LoginThrottle::Throttled {
            until,
        })
    }

    /// Forgets the failures of a person, and those under these keys.
    pub(super) fn forget_failures(&mut self, user: UserId, keys: &[LoginKey]) {
        Arc::make_mut(&mut self.failures)
            .retain(|failure| failure.user != Some(user) && !keys.contains(&failure.counted_under));
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
            if state.login_throttle(&new.attempt) != LoginThrottle::Open {
                return Err(StoreError::Stale);
            }
            let owner = state.users.change(new.user)?;
            if owner.password.as_ref() != Some(&new.verified_hash) {
                return Err(StoreError::Stale);
            }
            owner.user.last_login_at = Some(new.created_at);
            if let Some(upgraded_hash) = new.upgraded_hash {
                owner.password = Some(upgraded_hash);
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
            state.forget_failures(new.user, &[]);
            Arc::make_mut(&mut state.login_networks)
                .insert((new.user, new.attempt.network), new.attempt.at);
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

    async fn login_throttle(&self, attempt: LoginAttempt) -> Result<LoginThrottle, StoreError> {
        Ok(self.read(|state| state.login_throttle(&attempt)))
    }

    async fn count_failure(&self, attempt: LoginAttempt) -> Result<LoginThrottle, StoreError> {
        self.write(|state| {
            let throttle = state.login_throttle(&attempt);
            if throttle == LoginThrottle::Open {
                let failure = Failure {
                    counted_under: state.counts_under(&attempt),
                    user: attempt.user,
                    network: attempt.network,
                    at: attempt.at,
                };
                Arc::make_mut(&mut state.failures).push(failure);
            }
            Ok(throttle)
        })
    }
}

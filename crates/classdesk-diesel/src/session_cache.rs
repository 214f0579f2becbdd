//! What was just read of sessions, so that a person at work costs no look-up at every request.
//!
//! It is for a database that one process serves from, SQLite. What is remembered is what a look-up
//! would find: whatever this process changes about a session or its person is forgotten before the
//! change is answered. A change by another process goes unnoticed for [`SPAN`] at most, so whoever
//! makes one waits for so long ([`DieselStore::wait_for_cache_expiry`](crate::DieselStore::wait_for_cache_expiry)).

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use classdesk_domain::ids::{SessionId, UserId};
use classdesk_domain::people::{SessionWithUser, TokenHash};

/// For how long a session is believed to be what it was.
pub(crate) const SPAN: Duration = Duration::from_millis(500);

/// How many sessions are remembered. One has some 500 bytes.
const CAPACITY: usize = 8192;

/// Invalidate sessions are no longer what they were.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Invalidate {
    /// Those of a person.
    Person(UserId),
    /// This one.
    Session(SessionId),
    /// Anybody's.
    Anybody,
}

/// The sessions that were read a moment ago.
#[derive(Default)]
pub(crate) struct SessionCache(Mutex<Remembered>);

#[derive(Default)]
struct Remembered {
    /// Counts how often something was forgotten.
    forgotten: u64,
    sessions: HashMap<TokenHash, Known>,
}

struct Known {
    owner: SessionWithUser,
    since: Instant,
}

/// The moment at which a session was not remembered, before it is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReadToken {
    forgotten: u64,
    at: Instant,
}

impl SessionCache {
    /// The session with this token, or the moment from which on it has to be read.
    pub(crate) fn get(&self, token: &TokenHash) -> Result<SessionWithUser, ReadToken> {
        let at = Instant::now();
        let remembered = self.lock();
        match remembered.sessions.get(token) {
            Some(known) if at.duration_since(known.since) < SPAN => Ok(known.owner.clone()),
            _ => Err(ReadToken {
                forgotten: remembered.forgotten,
                at,
            }),
        }
    }

    /// Remembers what was read after a moment, unless something was forgotten since: the reader
    /// may have seen the state before that change.
    pub(crate) fn remember(&self, moment: ReadToken, token: TokenHash, owner: &SessionWithUser) {
        let mut remembered = self.lock();
        if remembered.forgotten != moment.forgotten {
            return;
        }
        if remembered.sessions.len() >= CAPACITY && !remembered.sessions.contains_key(&token) {
            remembered
                .sessions
                .retain(|_, known| moment.at.duration_since(known.since) < SPAN);
            if remembered.sessions.len() >= CAPACITY {
                return;
            }
        }
        let known = Known {
            owner: owner.clone(),
            since: moment.at,
        };
        remembered.sessions.insert(token, known);
    }

    /// Forgets sessions that are about to be answered as changed.
    pub(crate) fn forget(&self, whose: Invalidate) {
        let mut remembered = self.lock();
        remembered.forgotten += 1;
        match whose {
            Invalidate::Person(user) => remembered
                .sessions
                .retain(|_, known| known.owner.user.id != user),
            Invalidate::Session(session) => remembered
                .sessions
                .retain(|_, known| known.owner.session.id != session),
            Invalidate::Anybody => remembered.sessions.clear(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Remembered> {
        // Nothing that is done under the lock can leave half a change behind.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use classdesk_domain::clock::Timestamp;
    use classdesk_domain::people::{Email, Role, Session, User, Username};
    use classdesk_domain::text::DisplayName;

    use super::*;

    fn owner(session: i64, user: i64) -> SessionWithUser {
        let at = Timestamp::from_micros(0);
        SessionWithUser {
            session: Session {
                id: SessionId::new(session),
                user: UserId::new(user),
                created_at: at,
                last_used_at: at,
                expires_at: at,
                address: None,
                user_agent: None,
            },
            user: User {
                id: UserId::new(user),
                username: Username::parse("client").unwrap(),
                email: Email::parse("client@desk.example").unwrap(),
                display_name: DisplayName::parse("Clara").unwrap(),
                role: Role::Client,
                is_active: true,
                created_at: at,
                last_login_at: None,
            },
        }
    }

    fn token(number: u8) -> TokenHash {
        TokenHash::from_bytes([number; 32])
    }

    fn learn(memory: &SessionCache, number: u8, user: i64) {
        let moment = memory.get(&token(number)).unwrap_err();
        memory.remember(moment, token(number), &owner(number.into(), user));
        assert!(memory.get(&token(number)).is_ok());
    }

    #[test]
    fn what_is_forgotten_is_somebodys_and_nobody_elses() {
        for (whose, left) in [
            (Invalidate::Person(UserId::new(7)), [false, false, true]),
            (Invalidate::Session(SessionId::new(2)), [true, false, true]),
            (Invalidate::Anybody, [false; 3]),
        ] {
            let memory = SessionCache::default();
            for (number, user) in [(1, 7), (2, 7), (3, 8)] {
                learn(&memory, number, user);
            }
            memory.forget(whose);
            let known = [1, 2, 3].map(|number| memory.get(&token(number)).is_ok());
            assert_eq!(known, left, "{whose:?}");
        }
    }

    #[test]
    fn what_was_read_before_a_change_is_not_remembered_after_it() {
        let memory = SessionCache::default();
        let moment = memory.get(&token(1)).unwrap_err();
        memory.forget(Invalidate::Person(UserId::new(9)));
        memory.remember(moment, token(1), &owner(1, 7));
        assert!(memory.get(&token(1)).is_err());
    }

    #[test]
    fn nothing_is_believed_for_long() {
        let memory = SessionCache::default();
        let mut moment = memory.get(&token(1)).unwrap_err();
        moment.at = moment.at.checked_sub(SPAN).unwrap();
        memory.remember(moment, token(1), &owner(1, 7));
        assert!(memory.get(&token(1)).is_err());
    }

    #[test]
    fn it_has_its_limit() {
        let memory = SessionCache::default();
        for number in 0..=CAPACITY {
            let mut bytes = [0; 32];
            bytes[..8].copy_from_slice(&number.to_le_bytes());
            let token = TokenHash::from_bytes(bytes);
            let moment = memory.get(&token).unwrap_err();
            memory.remember(moment, token, &owner(1, 1));
        }
        assert_eq!(memory.lock().sessions.len(), CAPACITY);
    }
}

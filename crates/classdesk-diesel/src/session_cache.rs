//! Sessions that were read a moment ago, so that a client at work costs no look-up at each request.
//!
//! It is for a database that one process serves from, SQLite. What is cached is what a look-up
//! would find: whatever this process changes about a session or its person is invalidated before
//! the change is answered. A change by another process goes unnoticed for [`TTL`] at most
//! ([`DieselStore::wait_for_cache_expiry`](crate::DieselStore::wait_for_cache_expiry)).

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use classdesk_domain::ids::{SessionId, UserId};
use classdesk_domain::people::{SessionWithUser, TokenHash};
use quick_cache::sync::Cache;

/// For how long a cached session is valid.
pub(crate) const TTL: Duration = Duration::from_millis(500);

/// How many sessions are cached. One has some 500 bytes.
const CAPACITY: usize = 8192;

/// Which sessions have changed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Invalidate {
    /// Those of a person.
    Person(UserId),
    /// This one.
    Session(SessionId),
    /// All.
    All,
}

/// The cache.
pub(crate) struct SessionCache {
    sessions: Cache<TokenHash, Cached>,
    /// How often something was invalidated. Entries are put in and taken out under its lock.
    invalidations: Mutex<u64>,
}

#[derive(Clone)]
struct Cached {
    session: SessionWithUser,
    since: Instant,
}

/// The state of the cache before a session is read from the database.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReadToken {
    invalidations: u64,
    at: Instant,
}

impl Default for SessionCache {
    fn default() -> Self {
        Self {
            sessions: Cache::new(CAPACITY),
            invalidations: Mutex::default(),
        }
    }
}

impl SessionCache {
    /// The session with this token, or what [`SessionCache::insert`] needs once it is read.
    pub(crate) fn get(&self, token: &TokenHash) -> Result<SessionWithUser, ReadToken> {
        let at = Instant::now();
        match self.sessions.get(token) {
            Some(cached) if at.duration_since(cached.since) < TTL => Ok(cached.session),
            _ => Err(ReadToken {
                invalidations: *self.lock(),
                at,
            }),
        }
    }

    /// Caches what was read, unless something was invalidated since: the reader may have seen the
    /// state before that change.
    pub(crate) fn insert(&self, read: ReadToken, token: TokenHash, session: &SessionWithUser) {
        let invalidations = self.lock();
        if *invalidations == read.invalidations {
            let cached = Cached {
                session: session.clone(),
                since: read.at,
            };
            self.sessions.insert(token, cached);
        }
    }

    /// Drops sessions whose change is about to be answered.
    pub(crate) fn invalidate(&self, which: Invalidate) {
        let mut invalidations = self.lock();
        *invalidations += 1;
        match which {
            Invalidate::Person(user) => self
                .sessions
                .retain(|_, cached| cached.session.user.id != user),
            Invalidate::Session(session) => self
                .sessions
                .retain(|_, cached| cached.session.session.id != session),
            Invalidate::All => self.sessions.clear(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, u64> {
        // Nothing that is done under the lock can leave half a change behind.
        self.invalidations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use classdesk_domain::clock::Timestamp;
    use classdesk_domain::people::{Email, Language, Role, Session, TimeZone, User, Username};
    use classdesk_domain::text::DisplayName;

    use super::*;

    fn session(id: i64, user: i64) -> SessionWithUser {
        let at = Timestamp::from_micros(0);
        SessionWithUser {
            session: Session {
                id: SessionId::new(id),
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
                external_id: None,
                language: Language::default(),
                time_zone: TimeZone::default(),
                created_at: at,
                last_login_at: None,
                version: 1,
            },
        }
    }

    fn token(number: u8) -> TokenHash {
        TokenHash::from_bytes([number; 32])
    }

    fn fill(cache: &SessionCache, number: u8, user: i64) {
        let read = cache.get(&token(number)).unwrap_err();
        cache.insert(read, token(number), &session(number.into(), user));
        assert!(cache.get(&token(number)).is_ok());
    }

    #[test]
    fn an_invalidation_drops_what_it_names_alone() {
        for (which, left) in [
            (Invalidate::Person(UserId::new(7)), [false, false, true]),
            (Invalidate::Session(SessionId::new(2)), [true, false, true]),
            (Invalidate::All, [false; 3]),
        ] {
            let cache = SessionCache::default();
            for (number, user) in [(1, 7), (2, 7), (3, 8)] {
                fill(&cache, number, user);
            }
            cache.invalidate(which);
            let found = [1, 2, 3].map(|number| cache.get(&token(number)).is_ok());
            assert_eq!(found, left, "{which:?}");
        }
    }

    #[test]
    fn what_was_read_before_a_change_is_not_cached_after_it() {
        let cache = SessionCache::default();
        let read = cache.get(&token(1)).unwrap_err();
        cache.invalidate(Invalidate::Person(UserId::new(9)));
        cache.insert(read, token(1), &session(1, 7));
        assert!(cache.get(&token(1)).is_err());
    }

    #[test]
    fn an_entry_expires() {
        let cache = SessionCache::default();
        let mut read = cache.get(&token(1)).unwrap_err();
        read.at = read.at.checked_sub(TTL).unwrap();
        cache.insert(read, token(1), &session(1, 7));
        assert!(cache.get(&token(1)).is_err());
    }

    #[test]
    fn the_cache_has_its_limit() {
        let cache = SessionCache::default();
        for number in 0..=CAPACITY {
            let mut bytes = [0; 32];
            bytes[..8].copy_from_slice(&number.to_le_bytes());
            let token = TokenHash::from_bytes(bytes);
            let read = cache.get(&token).unwrap_err();
            cache.insert(read, token, &session(1, 1));
        }
        assert!(cache.sessions.len() <= CAPACITY);
    }
}

//! One caller at a time for each key, and a bounded line behind it.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The lines of callers, each before a semaphore with one permit. Only keys with callers have one.
pub(crate) struct Turns<K> {
    /// How many callers of one key may wait.
    longest: usize,
    lines: Mutex<HashMap<K, Line>>,
}

struct Line {
    turn: Arc<Semaphore>,
    callers: usize,
}

/// A caller's place in a line, and its turn once that has come. Both end when this is dropped.
pub(crate) struct Turn<K: Eq + Hash> {
    turns: Arc<Turns<K>>,
    key: K,
    permit: Option<OwnedSemaphorePermit>,
}

impl<K: Eq + Hash + Copy> Turns<K> {
    pub(crate) fn new(longest: usize) -> Self {
        Self {
            longest,
            lines: Mutex::default(),
        }
    }

    fn lines(&self) -> MutexGuard<'_, HashMap<K, Line>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a caller would be refused.
    pub(crate) fn is_full(&self, key: &K) -> bool {
        let lines = self.lines();
        lines
            .get(key)
            .is_some_and(|line| line.callers > self.longest)
    }

    /// Waits for the caller's turn; `None` when the line is full.
    pub(crate) async fn wait(self: &Arc<Self>, key: K) -> Option<Turn<K>> {
        let (mut turn, semaphore) = self.enter(key)?;
        turn.permit = semaphore.acquire_owned().await.ok();
        Some(turn)
    }

    fn enter(self: &Arc<Self>, key: K) -> Option<(Turn<K>, Arc<Semaphore>)> {
        let mut lines = self.lines();
        let line = lines.entry(key).or_insert_with(|| Line {
            turn: Arc::new(Semaphore::new(1)),
            callers: 0,
        });
        if line.callers > self.longest {
            return None;
        }
        line.callers += 1;
        let turn = Turn {
            turns: Arc::clone(self),
            key,
            permit: None,
        };
        Some((turn, Arc::clone(&line.turn)))
    }
}

impl<K: Eq + Hash> Drop for Turn<K> {
    fn drop(&mut self) {
        drop(self.permit.take());
        let mut lines = self
            .turns
            .lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = lines.get_mut(&self.key) {
            line.callers -= 1;
            if line.callers == 0 {
                lines.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn a_key_has_one_turn_at_a_time_and_others_do_not_wait_for_it() {
        let turns = Arc::new(Turns::new(1));
        let first = turns.wait('a').await.unwrap();
        let mut second = Box::pin(turns.wait('a'));
        assert!((&mut second).now_or_never().is_none());
        assert!(turns.is_full(&'a') && turns.wait('a').await.is_none());
        assert!(!turns.is_full(&'b') && turns.wait('b').await.is_some());
        drop(first);
        assert!(second.await.is_some());
    }

    #[tokio::test]
    async fn a_caller_that_has_gone_leaves_nothing_behind() {
        let turns = Arc::new(Turns::new(1));
        let first = turns.wait('a').await;
        assert!(turns.wait('a').now_or_never().is_none());
        assert!(!turns.is_full(&'a'), "the one that waited has gone");
        drop(first);
        assert!(turns.lines().is_empty());
    }
}

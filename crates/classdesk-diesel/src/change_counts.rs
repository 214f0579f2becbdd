//! Counting changes, so that whether something has changed is known without reading it.
//!
//! It is for a database that one process writes to, SQLite. Every commit says what it touches, and
//! counts it up once before anybody can read it and once more when it has ended: an odd count is a
//! change under way. What another process changes is looked for when a mark is asked for and the
//! last look is [`SPAN`] ago; whoever makes such a change waits for so long
//! ([`DieselStore::settle`](crate::DieselStore::settle)).

use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use classdesk_domain::changes::{ChangeMark, ChangeScope};

use tokio::sync::Notify;

use crate::session_memory::SPAN;

/// How long a look is waited for. Whoever got none reads instead, which takes no longer.
const PATIENCE: Duration = Duration::from_millis(5);

/// How many counts there are. Scopes that share one look changed together, which is not wrong.
const COUNTS: usize = 4096;

/// What a commit changes of what marks are given for. It says less than everything only where
/// nothing else can change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Touches {
    /// Nothing that is part of any scope.
    Nothing,
    /// This scope alone.
    KeyScope(ChangeScope),
    /// Any scope, as people do.
    Everything,
}

/// How often what was changed.
pub(crate) struct ChangeCounts {
    everything: AtomicU64,
    scopes: Box<[AtomicU64]>,
    hasher: RandomState,
    begun: Instant,
    /// When other processes' changes were last looked for, in nanoseconds since `begun`.
    looked_at: AtomicU64,
    /// Whether a look has been asked for and did not happen yet.
    look_is_due: AtomicBool,
    look_ended: Notify,
}

impl Default for ChangeCounts {
    fn default() -> Self {
        Self {
            everything: AtomicU64::new(0),
            scopes: (0..COUNTS).map(|_| AtomicU64::new(0)).collect(),
            hasher: RandomState::new(),
            begun: Instant::now(),
            looked_at: AtomicU64::new(0),
            look_is_due: AtomicBool::new(false),
            look_ended: Notify::new(),
        }
    }
}

impl ChangeCounts {
    /// The mark of a scope, unless a change is under way.
    pub(crate) fn mark(&self, scope: &ChangeScope) -> Option<ChangeMark> {
        // If the second count is the one of an earlier mark, it was so at the first load as well,
        // since counts only go up: both tell of that moment.
        let everything = self.everything.load(Ordering::SeqCst);
        let own = self.scopes[self.place(scope)].load(Ordering::SeqCst);
        let at_rest = everything.is_multiple_of(2) && own.is_multiple_of(2);
        at_rest.then(|| ChangeMark::new(u128::from(everything) << 64 | u128::from(own)))
    }

    /// Counts what a group of commits touches as under way, until the guard is dropped.
    pub(crate) fn under_way<'t>(
        &self,
        touched: impl IntoIterator<Item = &'t Touches>,
    ) -> UnderWay<'_> {
        let mut everything = false;
        let mut places = BTreeSet::new();
        for touches in touched {
            match touches {
                Touches::Nothing => {}
                Touches::KeyScope(scope) => _ = places.insert(self.place(scope)),
                Touches::Everything => everything = true,
            }
        }
        let under_way = UnderWay {
            counts: self,
            everything,
            places,
        };
        under_way.count_up();
        under_way
    }

    /// Whether other processes' changes were looked for within a part of the span.
    pub(crate) fn has_looked(&self, within: Within) -> bool {
        let looked_at = self.looked_at.load(Ordering::SeqCst);
        let now = nanoseconds(self.begun, Instant::now());
        let span = u64::try_from(SPAN.as_nanos()).unwrap_or(u64::MAX);
        now.saturating_sub(looked_at)
            < match within {
                Within::Span => span,
                Within::HalfOfIt => span / 2,
            }
    }

    /// Notes that changes up to a moment were looked for, and whether there were any.
    pub(crate) fn looked(&self, at: Instant, found: bool) {
        if found {
            drop(self.under_way([&Touches::Everything]));
        }
        let at = nanoseconds(self.begun, at);
        self.looked_at.store(at, Ordering::SeqCst);
    }

    /// Waits a moment for a look, for which `ask` asks unless somebody has done so already, and
    /// says whether one happened lately enough.
    pub(crate) async fn wait_for_look(&self, ask: impl FnOnce() -> bool) -> bool {
        let ended = self.look_ended.notified();
        // Before it is asked for, so that its end is not missed.
        tokio::pin!(ended);
        ended.as_mut().enable();
        if !self.look_is_due.swap(true, Ordering::SeqCst) && !ask() {
            self.end_look();
        }
        // Out of time or not, what counts is whether there was one.
        let _ = tokio::time::timeout(PATIENCE, ended).await;
        self.has_looked(Within::Span)
    }

    /// Lets everybody go on who waits for a look, whatever came of it.
    pub(crate) fn end_look(&self) {
        self.look_is_due.store(false, Ordering::SeqCst);
        self.look_ended.notify_waiters();
    }

    fn place(&self, scope: &ChangeScope) -> usize {
        let hash = self.hasher.hash_one(scope);
        usize::try_from(hash % COUNTS as u64).unwrap_or_default()
    }
}

/// How long ago is recently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Within {
    /// As long as a mark may go by it.
    Span,
    /// Half of that, so that who looks anyway does so before it is needed.
    HalfOfIt,
}

fn nanoseconds(since: Instant, until: Instant) -> u64 {
    let passed = until.saturating_duration_since(since);
    u64::try_from(passed.as_nanos()).unwrap_or(u64::MAX)
}

/// Commits that readers may see by now or may not.
pub(crate) struct UnderWay<'c> {
    counts: &'c ChangeCounts,
    everything: bool,
    places: BTreeSet<usize>,
}

impl UnderWay<'_> {
    fn count_up(&self) {
        if self.everything {
            self.counts.everything.fetch_add(1, Ordering::SeqCst);
        }
        for place in &self.places {
            self.counts.scopes[*place].fetch_add(1, Ordering::SeqCst);
        }
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.count_up();
    }
}

#[cfg(test)]
mod tests {
    use classdesk_domain::ids::ThreadId;

    use super::*;

    fn thread(id: i64) -> ChangeScope {
        ChangeScope::Thread(ThreadId::new(id))
    }

    /// Two scopes that do not share a count.
    fn two(counts: &ChangeCounts) -> (ChangeScope, ChangeScope) {
        let other = (2..)
            .map(thread)
            .find(|other| counts.place(other) != counts.place(&thread(1)));
        (thread(1), other.unwrap())
    }

    #[test]
    fn a_change_gives_its_scope_another_mark_and_none_meanwhile() {
        let counts = ChangeCounts::default();
        let (one, other) = two(&counts);
        let before = (counts.mark(&one).unwrap(), counts.mark(&other).unwrap());
        let under_way = counts.under_way([&Touches::KeyScope(one.clone()), &Touches::Nothing]);
        assert_eq!(counts.mark(&one), None);
        assert_eq!(counts.mark(&other), Some(before.1));
        drop(under_way);
        assert_ne!(counts.mark(&one).unwrap(), before.0);
        assert_eq!(counts.mark(&other), Some(before.1));
    }

    #[test]
    fn two_changes_of_one_scope_in_a_group_are_one_under_way() {
        let counts = ChangeCounts::default();
        let touched = [Touches::KeyScope(thread(1)), Touches::KeyScope(thread(1))];
        let under_way = counts.under_way(&touched);
        assert_eq!(counts.mark(&thread(1)), None);
        drop(under_way);
        assert!(counts.mark(&thread(1)).is_some());
    }

    #[test]
    fn what_touches_everything_touches_every_scope() {
        let counts = ChangeCounts::default();
        let (one, other) = two(&counts);
        let before = (counts.mark(&one).unwrap(), counts.mark(&other).unwrap());
        let under_way = counts.under_way([&Touches::Everything]);
        assert_eq!((counts.mark(&one), counts.mark(&other)), (None, None));
        drop(under_way);
        assert_ne!(counts.mark(&one).unwrap(), before.0);
        assert_ne!(counts.mark(&other).unwrap(), before.1);
    }

    #[test]
    fn what_another_process_changed_touches_everything() {
        let counts = ChangeCounts::default();
        let before = counts.mark(&thread(1)).unwrap();
        counts.looked(Instant::now(), false);
        assert_eq!(counts.mark(&thread(1)), Some(before));
        counts.looked(Instant::now(), true);
        assert_ne!(counts.mark(&thread(1)).unwrap(), before);
    }

    #[test]
    fn a_look_counts_from_the_moment_that_it_tells_of() {
        let long_ago = Instant::now();
        let counts = ChangeCounts {
            begun: long_ago.checked_sub(10 * SPAN).unwrap(),
            ..ChangeCounts::default()
        };
        assert!(!counts.has_looked(Within::Span));
        counts.looked(long_ago.checked_sub(2 * SPAN).unwrap(), false);
        assert!(!counts.has_looked(Within::Span));
        let lately = Instant::now().checked_sub(SPAN.mul_f32(0.6)).unwrap();
        counts.looked(lately, false);
        assert!(!counts.has_looked(Within::HalfOfIt));
        counts.looked(Instant::now(), false);
        assert!(counts.has_looked(Within::Span) && counts.has_looked(Within::HalfOfIt));
    }
}

//! What a hash gets of the processors while others want them too.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A hash that takes so many times as long as the quickest one has not got enough to go on with.
const STARVED: u64 = 10;

/// What a hash gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Share {
    /// What nobody else wants. Whoever wants a processor has it at once, which is what a storm of
    /// sign-ins must not change for everybody else.
    Rest,
    /// The least that everybody gets, so that people can sign in to a server that is always busy.
    /// Others wait for it, for a few milliseconds at a time.
    Least,
}

/// How long hashes took, and so what the next one gets.
#[derive(Debug)]
pub(crate) struct Shares {
    /// In microseconds.
    quickest: AtomicU64,
    /// In microseconds.
    latest: AtomicU64,
}

impl Shares {
    pub(crate) const fn new() -> Self {
        Self {
            quickest: AtomicU64::new(u64::MAX),
            latest: AtomicU64::new(0),
        }
    }

    /// What the next hash gets.
    pub(crate) fn next(&self) -> Share {
        let quickest = self.quickest.load(Ordering::Relaxed);
        let latest = self.latest.load(Ordering::Relaxed);
        if latest / STARVED > quickest {
            Share::Least
        } else {
            Share::Rest
        }
    }

    /// A hash took so long.
    pub(crate) fn took(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.quickest.fetch_min(micros, Ordering::Relaxed);
        self.latest.store(micros, Ordering::Relaxed);
    }
}

impl Share {
    /// Gives the calling thread no more than this. It can't be taken back.
    #[cfg(target_os = "linux")]
    pub(crate) fn take(self) {
        use thread_priority::{
            NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy,
            set_thread_priority_and_policy, thread_native_id,
        };

        let policy = match self {
            Self::Rest => NormalThreadSchedulePolicy::Idle,
            Self::Least => NormalThreadSchedulePolicy::Other,
        };
        let policy = ThreadSchedulePolicy::Normal(policy);
        // Where it is forbidden, hashing goes on.
        let _ = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, policy);
    }

    #[cfg(not(target_os = "linux"))]
    pub(crate) fn take(self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_starved_gets_the_least_until_there_is_more_than_that() {
        let shares = Shares::new();
        let next_after = |millis| {
            shares.took(Duration::from_millis(millis));
            shares.next()
        };
        assert_eq!(shares.next(), Share::Rest);
        assert_eq!(next_after(3000), Share::Rest, "nothing to compare with");
        assert_eq!(next_after(25), Share::Rest);
        assert_eq!(next_after(240), Share::Rest);
        assert_eq!(next_after(8000), Share::Least);
        assert_eq!(next_after(1700), Share::Least);
        assert_eq!(next_after(60), Share::Rest);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn linux_gives_no_more() {
        // The numbers of its policies.
        const OTHER: &str = "0";
        const IDLE: &str = "5";
        for (share, expected) in [(Share::Rest, ("0", IDLE)), (Share::Least, ("19", OTHER))] {
            let stat = std::thread::spawn(move || {
                share.take();
                std::fs::read_to_string("/proc/thread-self/stat").unwrap()
            });
            let stat = stat.join().unwrap();
            let (_, fields) = stat.rsplit_once(") ").unwrap();
            // Counted as in proc(5), where the state after the name is the third.
            let field = |number: usize| fields.split(' ').nth(number - 3).unwrap();
            assert_eq!((field(19), field(41)), expected, "{share:?}");
        }
    }
}

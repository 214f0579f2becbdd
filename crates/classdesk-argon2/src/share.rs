//! What a hash gets of the processors while others want them too.

use std::sync::atomic::{AtomicBool, Ordering};

/// A hash that waited so many times as long as it ran has not got enough to go on with.
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

/// What the next hash gets, from how the latest one fared.
#[derive(Debug, Default)]
pub(crate) struct Shares {
    starved: AtomicBool,
}

impl Shares {
    /// What the next hash gets.
    pub(crate) fn next(&self) -> Share {
        if self.starved.load(Ordering::Relaxed) {
            Share::Least
        } else {
            Share::Rest
        }
    }

    /// Takes note of how the calling thread fared, which has computed a hash and nothing else.
    #[cfg(target_os = "linux")]
    pub(crate) fn learn(&self) {
        // Where the system does not tell, nobody can say that it was too little.
        if let Some((ran, waited)) = ran_and_waited() {
            self.fared(ran, waited);
        }
    }

    #[cfg(not(target_os = "linux"))]
    pub(crate) fn learn(&self) {}

    /// A hash ran for so long, and waited for so long for a processor.
    #[cfg(any(target_os = "linux", test))]
    fn fared(&self, ran: u64, waited: u64) {
        self.starved
            .store(waited / STARVED > ran, Ordering::Relaxed);
    }
}

/// For how long the calling thread ran and waited for a processor, in nanoseconds.
#[cfg(target_os = "linux")]
fn ran_and_waited() -> Option<(u64, u64)> {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let mut figures = told.split_whitespace().map(str::parse);
    Some((figures.next()?.ok()?, figures.next()?.ok()?))
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
        let shares = Shares::default();
        let next_after = |ran, waited| {
            shares.fared(ran, waited);
            shares.next()
        };
        assert_eq!(shares.next(), Share::Rest);
        assert_eq!(next_after(25, 200), Share::Rest);
        assert_eq!(next_after(25, 8000), Share::Least);
        assert_eq!(next_after(25, 1700), Share::Least);
        assert_eq!(next_after(25, 60), Share::Rest);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn linux_tells_how_a_thread_fared() {
        let (before, _) = ran_and_waited().unwrap();
        while ran_and_waited().unwrap().0 == before {
            std::hint::spin_loop();
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn linux_gives_no_more() {
        // The numbers of its policies.
        const OTHER: &str = "0";
        const IDLE: &str = "5";
        let taken = |share: Share| {
            let stat = std::thread::spawn(move || {
                share.take();
                std::fs::read_to_string("/proc/thread-self/stat").unwrap()
            });
            let stat = stat.join().unwrap();
            let (_, fields) = stat.rsplit_once(") ").unwrap();
            // Counted as in proc(5), where the state after the name is the third.
            let field = |number: usize| fields.split(' ').nth(number - 3).unwrap().to_owned();
            (field(19), field(41))
        };
        assert_eq!(taken(Share::Rest).1, IDLE);
        assert_eq!(taken(Share::Least), ("19".to_owned(), OTHER.to_owned()));
    }
}

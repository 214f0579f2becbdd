//! What a hash gets of the processors while others want them too.

use std::sync::atomic::{AtomicBool, Ordering};

use classdesk_background::Share;

/// A hash that waited so many times as long as it ran has not got enough to go on with.
const STARVED: u64 = 10;

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

    /// Computes a hash, and takes note of how the calling thread fared meanwhile.
    pub(crate) fn learn_from<T>(&self, hash: impl FnOnce() -> T) -> T {
        let before = ran_and_waited();
        let result = hash();
        // Where the system does not tell, nobody can say that it was too little.
        if let (Some(before), Some(after)) = (before, ran_and_waited()) {
            let (ran, waited) = (
                after.0.saturating_sub(before.0),
                after.1.saturating_sub(before.1),
            );
            self.fared(ran, waited);
        }
        result
    }

    /// A hash ran for so long, and waited for so long for a processor.
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

#[cfg(not(target_os = "linux"))]
fn ran_and_waited() -> Option<(u64, u64)> {
    None
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
}

//! What a thread gets of the processors while others want them too.

use std::io;

/// What a thread gets of the processors while others want them too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// What nobody else wants.
    Rest,
    /// The least that everybody gets. Others wait for it, for a few milliseconds at a time.
    Least,
}

impl Share {
    /// Gives the calling thread no more than this, and the threads that it begins from now on. It
    /// can't be taken back without a privilege.
    ///
    /// # Errors
    /// The system does not let the thread do so, or knows nothing of the kind.
    #[cfg(target_os = "linux")]
    pub fn take(self) -> io::Result<()> {
        use thread_priority::{
            NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy,
            set_thread_priority_and_policy, thread_native_id, thread_schedule_policy,
        };

        let policy = ThreadSchedulePolicy::Normal(match self {
            Self::Rest => NormalThreadSchedulePolicy::Idle,
            Self::Least => NormalThreadSchedulePolicy::Other,
        });
        let taken = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, policy);
        // A greater `nice` value of before is not made smaller, which is called a failure. Who
        // comes last has no use for it.
        let comes_last =
            self == Self::Rest && thread_schedule_policy().is_ok_and(|present| present == policy);
        if comes_last {
            return Ok(());
        }
        taken.map_err(io::Error::other)
    }

    /// Gives the calling thread no more than this.
    ///
    /// # Errors
    /// Always: this system is not asked.
    #[cfg(not(target_os = "linux"))]
    pub fn take(self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    #[test]
    fn linux_gives_no_more() {
        // The numbers of its policies.
        const OTHER: &str = "0";
        const IDLE: &str = "5";
        let taken = |share: Share| {
            let stat = std::thread::spawn(move || {
                share.take().unwrap();
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

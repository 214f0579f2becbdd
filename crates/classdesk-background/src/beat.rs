//! What makes Linux look anew who should run.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::Duration;

/// How long others may wait for the system to notice.
const EVERY: Duration = Duration::from_micros(500);

/// On more processors than this it would be many threads for the sake of few, and somebody who
/// waits is likelier to be taken over by another processor.
const MOST_PROCESSORS: usize = 8;

/// Sees to it that threads that get [the rest](crate::Share::Rest) do not keep others waiting.
///
/// Linux (6.6 and later) gives a processor to whoever has had less of it than their due, and a
/// thread that gets next to nothing is soon in that position again: when the one before it waits
/// for something for a moment, or has just been woken. Its due is a few microseconds, but the
/// system notices that they are over only when something else wakes up on that processor, or at
/// the next tick of its clock, up to 10 ms later. So while such work is done, a thread of its own
/// wakes up on each processor twice in a millisecond and does nothing.
#[derive(Debug, Default)]
pub struct Beat(Mutex<Weak<Ends>>);

/// One for each thread that beats until it is dropped.
type Ends = Vec<Sender<()>>;

/// The beat goes on until the last of these is dropped.
#[derive(Debug, Clone)]
pub struct Beating(
    #[cfg_attr(not(test), expect(dead_code, reason = "it counts by being there"))] Arc<Ends>,
);

impl Beat {
    /// Keeps it going, begun by the first that does so. To be called by a thread that has its whole
    /// share, since those that beat begin with the same.
    pub fn keep(&self) -> Beating {
        let mut latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(going_on) = latest.upgrade() {
            return Beating(going_on);
        }
        let begin = |processor| {
            let (kept, end) = channel();
            let begun = thread::Builder::new()
                .name("beat".to_owned())
                .spawn(move || beat(processor, &end));
            // Without it, others wait longer.
            begun.is_ok().then_some(kept)
        };
        let begun = Arc::new(processors().into_iter().filter_map(begin).collect());
        *latest = Arc::downgrade(&begun);
        Beating(begun)
    }
}

#[cfg(target_os = "linux")]
fn beat(processor: usize, end: &Receiver<()>) {
    use rustix::thread::{CpuSet, sched_setaffinity};

    let mut alone = CpuSet::new();
    alone.set(processor);
    // It must be noticed, and weigh nothing.
    if sched_setaffinity(None, &alone).is_err() || crate::Share::Least.take().is_err() {
        return;
    }
    while end.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {}
}

/// Those that the calling thread may run on, if they are few.
#[cfg(target_os = "linux")]
fn processors() -> Vec<usize> {
    use rustix::thread::{CpuSet, sched_getaffinity};

    let Ok(allowed) = sched_getaffinity(None) else {
        return Vec::new();
    };
    let allowed: Vec<_> = (0..CpuSet::MAX_CPU)
        .filter(|processor| allowed.is_set(*processor))
        .collect();
    if allowed.len() > MOST_PROCESSORS {
        return Vec::new();
    }
    allowed
}

#[cfg(not(target_os = "linux"))]
fn beat(_: usize, _: &Receiver<()>) {}

#[cfg(not(target_os = "linux"))]
fn processors() -> Vec<usize> {
    Vec::new()
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::fs;

    use super::*;

    /// On which processors those threads of this process may run that beat.
    fn beats() -> Vec<String> {
        let mut found = Vec::new();
        for task in fs::read_dir("/proc/self/task").unwrap() {
            // A thread may end in between.
            let Ok(status) = fs::read_to_string(task.unwrap().path().join("status")) else {
                continue;
            };
            let figure = |name: &str| {
                let line = status.lines().find_map(|line| line.strip_prefix(name));
                line.unwrap_or_default().trim().to_owned()
            };
            if figure("Name:") == "beat" {
                found.push(figure("Cpus_allowed_list:"));
            }
        }
        found.sort();
        found
    }

    fn until(holds: impl Fn() -> bool) {
        while !holds() {
            thread::yield_now();
        }
    }

    #[test]
    fn each_processor_has_one_beat_as_long_as_somebody_keeps_it() {
        let mut each: Vec<_> = processors().iter().map(ToString::to_string).collect();
        each.sort();
        let beat = Beat::default();
        let (first, second) = (beat.keep(), beat.keep());
        until(|| beats() == each);
        drop(first);
        let third = beat.keep();
        assert!(Arc::ptr_eq(&second.0, &third.0), "it is kept, not doubled");
        drop((second, third));
        until(|| beats().is_empty());
        drop(beat.keep());
    }
}

//! The threads that compute hashes.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use crossbeam_channel::{Receiver, Sender, unbounded};

/// The `nice` value of these threads. Requests go first, and a hash still gets its part of a
/// processor that is busy at normal priority.
#[cfg(target_os = "linux")]
const NICE: i32 = 5;

/// What a thread is to do.
pub(crate) type Job = Box<dyn FnOnce() + Send>;

/// A fixed number of threads that do jobs in order. They end when this is dropped and the jobs
/// are done.
pub(crate) struct Workers(Sender<Job>);

impl Workers {
    /// Starts so many threads.
    ///
    /// # Errors
    /// The system refuses a thread.
    pub(crate) fn start(number: usize) -> io::Result<Self> {
        let (sender, receiver) = unbounded();
        for _ in 0..number {
            let jobs = receiver.clone();
            thread::Builder::new()
                .name("password-hash".to_owned())
                .spawn(move || work(&jobs))?;
        }
        Ok(Self(sender))
    }

    /// Queues a job. The caller bounds how many there are.
    pub(crate) fn queue(&self, job: Job) {
        // A job that can't be sent is dropped, and its caller sees that.
        let _ = self.0.send(job);
    }
}

fn work(jobs: &Receiver<Job>) {
    lower_priority();
    for job in jobs {
        // A panic is reported by its hook. It must not cost a thread.
        let _ = catch_unwind(AssertUnwindSafe(job));
    }
}

/// On Linux a thread has a `nice` value of its own; elsewhere it would be the whole process's.
fn lower_priority() {
    // A greater value of before can't be lowered, and need not be.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, NICE);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Does something on one of the workers.
    fn on<T: Send + 'static>(workers: &Workers, job: impl FnOnce() -> T + Send + 'static) -> T {
        let (answer, result) = unbounded();
        workers.queue(Box::new(move || answer.send(job()).unwrap()));
        result.recv().unwrap()
    }

    #[test]
    fn a_job_that_panics_costs_no_thread() {
        let workers = Workers::start(1).unwrap();
        let first = on(&workers, || thread::current().id());
        workers.queue(Box::new(|| panic!("on purpose")));
        assert_eq!(on(&workers, || thread::current().id()), first);
    }

    #[test]
    fn queued_jobs_are_done_before_the_threads_end() {
        let (answer, result) = unbounded();
        let workers = Workers::start(2).unwrap();
        for job in 0..10 {
            let answer = answer.clone();
            workers.queue(Box::new(move || answer.send(job).unwrap()));
        }
        drop((workers, answer));
        let mut done: Vec<_> = result.iter().collect();
        done.sort_unstable();
        assert_eq!(done, (0..10).collect::<Vec<_>>());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn workers_are_nice_and_never_starve() {
        let stat = || std::fs::read_to_string("/proc/thread-self/stat").unwrap();
        let workers = Workers::start(1).unwrap();
        // Counted as in proc(5), where the state after the name is the third.
        let field = |stat: &str, number: usize| -> i32 {
            let (_, fields) = stat.rsplit_once(") ").unwrap();
            fields.split(' ').nth(number - 3).unwrap().parse().unwrap()
        };
        let (worker, caller) = (on(&workers, stat), stat());
        let (nice, policy) = (19, 41);
        assert_eq!(field(&worker, nice), NICE.max(field(&caller, nice)));
        assert_eq!(field(&worker, policy), field(&caller, policy));
    }
}

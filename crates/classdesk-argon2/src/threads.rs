//! The threads that compute hashes.

use classdesk_background::{Beat, Share};
use classdesk_domain::store::Cause;
use tokio::runtime::{Builder, Runtime};

/// Threads for each [`Share`], begun when there is something to do and ended some seconds after
/// there was. What a thread has given up it does not get back, so no thread changes its share; and
/// none is begun anew for each hash, since the system treats newcomers as if they had waited.
pub(crate) struct Threads {
    rest: Pool,
    least: Pool,
    beat: Beat,
}

impl Threads {
    /// So many of each kind.
    pub(crate) fn new(at_once: usize) -> Self {
        Self {
            rest: Pool::new(Share::Rest, at_once),
            least: Pool::new(Share::Least, at_once),
            beat: Beat::default(),
        }
    }

    /// Does some work with this share, while others need not wait for it.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        share: Share,
        work: impl FnOnce() -> Result<T, Cause> + Send + 'static,
    ) -> Result<T, Cause> {
        let pool = match share {
            Share::Rest => &self.rest,
            Share::Least => &self.least,
        };
        let beating = self.beat.keep();
        pool.runtime()
            .spawn_blocking(move || {
                let result = work();
                drop(beating);
                result
            })
            .await?
    }
}

/// The threads of a runtime that runs nothing else.
struct Pool(Option<Runtime>);

impl Pool {
    fn new(share: Share, at_once: usize) -> Self {
        let runtime = Builder::new_current_thread()
            .max_blocking_threads(at_once)
            .thread_name("hash")
            .on_thread_start(move || {
                // Where it is forbidden, hashing goes on.
                let _ = share.take();
            })
            .build();
        Self(Some(
            runtime.expect("without drivers nothing is asked of the system"),
        ))
    }

    fn runtime(&self) -> &Runtime {
        self.0.as_ref().expect("it is there until it is dropped")
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            // It may be dropped where nobody may wait for what is still computed.
            runtime.shutdown_background();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread::{self, ThreadId};

    use super::*;

    async fn who(threads: &Threads, share: Share) -> ThreadId {
        let who = threads.run(share, || Ok(thread::current().id()));
        who.await.unwrap()
    }

    #[tokio::test]
    async fn who_has_given_up_something_goes_on_with_the_same_share() {
        let threads = Threads::new(1);
        let rest = who(&threads, Share::Rest).await;
        let least = who(&threads, Share::Least).await;
        assert_ne!(rest, least);
        assert_eq!(who(&threads, Share::Rest).await, rest);
        assert_eq!(who(&threads, Share::Least).await, least);
    }

    #[tokio::test]
    async fn what_panics_is_a_failure_and_the_next_goes_on() {
        let threads = Threads::new(1);
        let panics: Result<(), _> = threads.run(Share::Rest, || panic!("on purpose")).await;
        assert!(panics.is_err());
        who(&threads, Share::Rest).await;
    }
}

//! How long the head of a request may take.
//!
//! actix-web looks at the time of a connection's first head alone, and after the first bytes of
//! another one it has no timer at all.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::rt::time::{Instant, Sleep, sleep_until};

/// The time of the head that a connection waits for.
pub(crate) struct HeadTime {
    limit: Duration,
    until: Instant,
    /// It is set anew only when it has gone off, and not for every head.
    alarm: Option<Pin<Box<Sleep>>>,
}

impl HeadTime {
    /// That of the first head begins with the connection.
    pub(crate) fn new(limit: Duration) -> Self {
        Self {
            limit,
            until: Instant::now() + limit,
            alarm: None,
        }
    }

    /// Another head begins.
    pub(crate) fn begin(&mut self) {
        self.until = Instant::now() + self.limit;
    }

    /// Waits until the time is over.
    pub(crate) fn poll_over(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let until = self.until;
        let alarm = self
            .alarm
            .get_or_insert_with(|| Box::pin(sleep_until(until)));
        loop {
            ready!(alarm.as_mut().poll(context));
            if alarm.deadline() >= until {
                return Poll::Ready(());
            }
            alarm.as_mut().reset(until);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use actix_web::rt::time::sleep;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);

    async fn over(time: &mut HeadTime) -> Duration {
        let begun = Instant::now();
        poll_fn(|context| time.poll_over(context)).await;
        begun.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn each_head_has_the_whole_time() {
        let mut time = HeadTime::new(LIMIT);
        let almost = LIMIT - Duration::from_secs(1);
        tokio::select! {
            _ = over(&mut time) => panic!("too early"),
            () = sleep(almost) => {}
        }
        // Before the alarm of the head before has gone off, and long after.
        time.begin();
        assert_eq!(over(&mut time).await, LIMIT);
        sleep(LIMIT).await;
        time.begin();
        assert_eq!(over(&mut time).await, LIMIT);
    }
}

//! Until when something has to have come.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::rt::time::{Instant, Sleep, sleep_until};

/// The deadline of a connection.
pub(super) struct Deadline {
    at: Instant,
    /// Mostly what was waited for comes in time. So the alarm is not set for each deadline, but when
    /// it has gone off or would go off too late.
    alarm: Option<Pin<Box<Sleep>>>,
}

impl Deadline {
    pub(super) fn after(limit: Duration) -> Self {
        Self {
            at: Instant::now() + limit,
            alarm: None,
        }
    }

    /// From now on it is another one.
    pub(super) fn begin(&mut self, limit: Duration) {
        self.at = Instant::now() + limit;
    }

    /// Waits for it.
    pub(super) fn poll_over(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let at = self.at;
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep_until(at)));
        if alarm.deadline() > at {
            alarm.as_mut().reset(at);
        }
        loop {
            ready!(alarm.as_mut().poll(context));
            if alarm.deadline() == at {
                return Poll::Ready(());
            }
            alarm.as_mut().reset(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use actix_web::rt::time::sleep;

    use super::*;

    const LONG: Duration = Duration::from_secs(10);
    const SHORT: Duration = Duration::from_secs(1);

    async fn over(deadline: &mut Deadline) -> Duration {
        let begun = Instant::now();
        poll_fn(|context| deadline.poll_over(context)).await;
        begun.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn each_deadline_is_met_exactly() {
        let mut deadline = Deadline::after(LONG);
        tokio::select! {
            _ = over(&mut deadline) => panic!("too early"),
            () = sleep(SHORT) => {}
        }
        // The alarm of the one before would be too early, has gone off long since, or is too late.
        deadline.begin(LONG);
        assert_eq!(over(&mut deadline).await, LONG);
        sleep(LONG).await;
        deadline.begin(LONG);
        tokio::select! {
            _ = over(&mut deadline) => panic!("too early"),
            () = sleep(SHORT) => {}
        }
        deadline.begin(SHORT);
        assert_eq!(over(&mut deadline).await, SHORT);
    }
}

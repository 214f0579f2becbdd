//! The stream of one client.

use std::convert::Infallible;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use actix_web::dev::RequestHead;
use actix_web::rt::time::{Instant, sleep_until};
use actix_web::web::Data;
use bytes::{Bytes, BytesMut};
use classdesk_domain::error::Error;
use classdesk_domain::events::{EventFilter, EventRange};
use classdesk_domain::ids::EventId;
use classdesk_domain::people::Actor;
use futures_util::{Stream, StreamExt as _, stream as streams};

use super::follower::Subscription;
use super::frames::{self, End};
use crate::acting::principal_now;
use crate::state::AppState;

/// How many events are read and sent at once.
const LIMIT: u32 = 100;

/// The pause between two looks of a stream that is up to date.
const PAUSE: Duration = Duration::from_millis(50);

/// The pause after a look that failed.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Where a stream begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Start {
    /// After this event.
    pub(crate) after: EventId,
    /// Whether the client wanted to begin beyond the end of the log.
    pub(crate) is_reset: bool,
}

/// The events that a person may see, from the start on, until the client goes or the stream ends.
pub(crate) fn stream(
    state: Data<AppState>,
    subscription: Subscription,
    head: RequestHead,
    filter: EventFilter,
    start: Start,
) -> impl Stream<Item = Result<Bytes, Infallible>> {
    let now = Instant::now();
    let limits = subscription.follower().limits();
    let follow = Follow {
        next_look: now,
        heartbeat: now + limits.heartbeat,
        ends: now + limits.lifetime.mul_f64(0.9 + 0.2 * chance()),
        subscription,
        state,
        head,
        filter,
        cursor: start.after,
        sees_all: false,
        has_more: true,
    };
    let ready = if start.is_reset {
        [frames::ready(start.after), frames::reset(start.after)]
            .concat()
            .into()
    } else {
        frames::ready(start.after)
    };
    let events = streams::unfold(Some(follow), |follow| async move {
        let mut follow = follow?;
        let (frames, goes_on) = follow.next().await;
        Some((Ok(frames), goes_on.then_some(follow)))
    });
    streams::iter([Ok(ready)]).chain(events)
}

/// A number from 0 to 1.
fn chance() -> f64 {
    let bits = RandomState::new().hash_one(0) >> 32;
    f64::from(u32::try_from(bits).unwrap_or(0)) / f64::from(u32::MAX)
}

/// A stream that has begun.
struct Follow {
    state: Data<AppState>,
    subscription: Subscription,
    /// The head of the request, which says who the client is.
    head: RequestHead,
    filter: EventFilter,
    /// Everything up to here was sent.
    cursor: EventId,
    /// Whether this person sees every event, as far as is known.
    sees_all: bool,
    /// Whether there was more than was read.
    has_more: bool,
    next_look: Instant,
    heartbeat: Instant,
    ends: Instant,
}

impl Follow {
    /// What is sent next, and whether the stream goes on.
    async fn next(&mut self) -> (Bytes, bool) {
        loop {
            if let Some(why) = self.wait().await {
                return (self.end(why), false);
            }
            match self.look().await {
                Ok(frames) if !frames.is_empty() => return self.told(frames),
                Ok(_) if Instant::now() >= self.heartbeat => {
                    return self.told(frames::heartbeat(self.cursor));
                }
                Ok(_) => {}
                Err(error) if error.is_unauthenticated() => {
                    return (self.end(End::Unauthenticated), false);
                }
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "a stream of events can't go on just now");
                    self.next_look = Instant::now() + AFTER_FAILURE;
                    self.has_more = true;
                }
            }
        }
    }

    /// What is sent of a stream that goes on. The next heartbeat is due a while later.
    fn told(&mut self, frames: Bytes) -> (Bytes, bool) {
        self.heartbeat = Instant::now() + self.subscription.follower().limits().heartbeat;
        (frames, true)
    }

    /// Waits until a look is worth while, or says why the stream ends.
    async fn wait(&mut self) -> Option<End> {
        let (subscription, sees_all, has_more) =
            (&mut self.subscription, self.sees_all, self.has_more);
        let mut stop = subscription.stop_signal();
        let ends = self.ends;
        let (next_look, heartbeat) = (self.next_look, self.heartbeat);
        let worth_while = async {
            sleep_until(next_look).await;
            if !has_more {
                tokio::select! {
                    () = subscription.woken(sees_all) => {}
                    () = sleep_until(heartbeat) => {}
                }
            }
        };
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => Some(End::Stopping),
            () = sleep_until(ends) => Some(End::Lifetime),
            () = worth_while => None,
        }
    }

    /// What this person may see now of what comes after the cursor. Nobody is sent anything by what
    /// was true before.
    async fn look(&mut self) -> Result<Bytes, Error> {
        self.next_look = Instant::now() + PAUSE;
        let principal = principal_now(&self.state, &self.head).await?;
        let follower = self.subscription.follower();
        self.sees_all = follower.feed().sees_all(&principal.actor);
        let up_to = follower.reached().unwrap_or(self.cursor);
        if up_to <= self.cursor {
            self.has_more = false;
            return Ok(Bytes::new());
        }
        let frames = self.read(&principal.actor, up_to).await?;
        self.has_more = self.cursor < up_to;
        if self.has_more {
            self.next_look = Instant::now();
        }
        Ok(frames)
    }

    async fn read(&mut self, actor: &Actor, up_to: EventId) -> Result<Bytes, Error> {
        let follower = self.subscription.follower();
        let mut frames = BytesMut::new();
        let latest = || follower.latest(self.cursor, LIMIT as usize);
        if self.sees_all
            && let Some((events, read_to)) = latest()
        {
            let wanted = events
                .iter()
                .filter(|one| self.filter.matches(&one.told.event));
            wanted.for_each(|one| frames.extend_from_slice(&one.frame));
            self.cursor = read_to;
        } else {
            let after = self.cursor;
            let range = EventRange { after, up_to };
            let filter = self.filter.clone();
            let page = follower.feed().range(actor, filter, range, LIMIT).await?;
            let sent = page.events.iter();
            sent.for_each(|event| frames.extend_from_slice(&frames::event(event)));
            self.cursor = page.up_to;
        }
        Ok(frames.freeze())
    }

    fn end(&self, why: End) -> Bytes {
        let retry = Duration::from_secs(1) + Duration::from_secs(4).mul_f64(chance());
        frames::end(why, retry)
    }
}

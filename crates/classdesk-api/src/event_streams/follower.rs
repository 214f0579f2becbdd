//! One look at the log for all who follow it: a task of the process reads what is new, and wakes
//! those whom it may concern. A wake says only that a look is worth while.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::rt::time::{Instant, sleep};
use bytes::Bytes;
use classdesk_domain::error::Error;
use classdesk_domain::events::{EventFeed, EventRange, Horizon, TailEvent};
use classdesk_domain::ids::{EventId, UserId};
use classdesk_http::problem::{Problem, ProblemKind};
use tokio::sync::watch;

use super::frames;
use super::limits::StreamLimits;

/// How often the log is looked at while somebody follows it.
const INTERVAL: Duration = Duration::from_millis(50);

/// How long a look that failed is in the past before the next one.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// How many events are read at once.
const BATCH: u32 = 500;

/// How many of the latest events are kept, for those who see all of them.
const KEPT: usize = 1000;

/// When a client may come again that found all subscriptions taken.
const COME_AGAIN: Duration = Duration::from_secs(5);

/// Follows the log for all streams of a process.
pub(crate) struct Follower {
    feed: EventFeed,
    limits: StreamLimits,
    state: Mutex<State>,
    stop: watch::Sender<bool>,
}

struct State {
    is_running: bool,
    /// Up to where the log was looked at, since the task began.
    reached: Option<EventId>,
    latest: Latest,
    /// When the log was last complete further on, while something is on its way.
    stuck_since: Option<Instant>,
    count: usize,
    /// Only people who follow have an entry.
    people: HashMap<UserId, Person>,
    /// Wakes those who see every event.
    all: watch::Sender<()>,
}

struct Person {
    count: usize,
    wake: watch::Sender<()>,
}

/// The latest events, with their frames.
struct Latest {
    /// All after this one are there.
    after: EventId,
    events: VecDeque<Arc<LatestEvent>>,
}

/// An event that all who see it are sent in the same words.
pub(super) struct LatestEvent {
    pub(super) told: TailEvent,
    pub(super) frame: Bytes,
}

impl Follower {
    pub(crate) fn new(feed: EventFeed, limits: StreamLimits) -> Self {
        let nowhere = EventId::new(0);
        Self {
            feed,
            limits,
            state: Mutex::new(State {
                is_running: false,
                reached: None,
                latest: Latest {
                    after: nowhere,
                    events: VecDeque::new(),
                },
                stuck_since: None,
                count: 0,
                people: HashMap::new(),
                all: watch::Sender::new(()),
            }),
            stop: watch::Sender::new(false),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) const fn feed(&self) -> &EventFeed {
        &self.feed
    }

    pub(super) const fn limits(&self) -> &StreamLimits {
        &self.limits
    }

    /// Ends every stream, and lets no other begin.
    pub(crate) fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// How many follow.
    pub(crate) fn count(&self) -> usize {
        self.state().count
    }

    /// For how long a transaction has kept the log from being complete further on.
    pub(crate) fn lag(&self) -> Duration {
        let since = self.state().stuck_since;
        since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// Subscribes a person to the log.
    ///
    /// # Errors
    /// The person has too many, or the process has.
    pub(crate) fn join(self: &Arc<Self>, user: UserId) -> Result<Subscription, Problem> {
        let mut state = self.state();
        let own = state.people.get(&user).map_or(0, |person| person.count);
        if own >= self.limits.max_of_person {
            let problem = Problem::of(ProblemKind::TooManyStreams);
            return Err(problem.retry_after(COME_AGAIN));
        }
        if state.count >= self.limits.max || *self.stop.borrow() {
            let problem = Problem::of(ProblemKind::Overloaded);
            return Err(problem.retry_after(COME_AGAIN));
        }
        state.count += 1;
        let person = state.people.entry(user).or_insert_with(|| Person {
            count: 0,
            wake: watch::Sender::new(()),
        });
        person.count += 1;
        let own = person.wake.subscribe();
        let subscription = Subscription {
            follower: Arc::clone(self),
            user,
            own,
            all: state.all.subscribe(),
            stop: self.stop.subscribe(),
        };
        drop(state);
        self.run();
        Ok(subscription)
    }

    /// Sees to it that the log is followed. The worker that did so may have ended.
    fn run(self: &Arc<Self>) {
        let mut state = self.state();
        if !state.is_running {
            state.is_running = true;
            let task = Running {
                follower: Arc::clone(self),
                has_ended: false,
            };
            actix_web::rt::spawn(task.follow());
        }
    }

    /// Up to where the log was looked at; `None` before the first look.
    pub(super) fn reached(&self) -> Option<EventId> {
        self.state().reached
    }

    /// All events after a position, at most `limit`, and up to where they reach; `None` when they
    /// are no longer kept.
    pub(super) fn latest(
        &self,
        after: EventId,
        limit: usize,
    ) -> Option<(Vec<Arc<LatestEvent>>, EventId)> {
        let state = self.state();
        let reached = state.reached.filter(|_| after >= state.latest.after)?;
        let kept = &state.latest.events;
        let start = kept.partition_point(|one| one.told.event.id() <= after);
        let events: Vec<_> = kept.iter().skip(start).take(limit).cloned().collect();
        let full = events.last().filter(|_| events.len() == limit);
        let up_to = full.map_or(reached, |last| last.told.event.id());
        Some((events, up_to))
    }

    /// Looks at the log once.
    async fn look(&self) -> Result<(), Error> {
        let Horizon { complete, last } = self.feed.horizon().await?;
        let after = {
            let mut state = self.state();
            let is_stuck = complete < last && state.reached.is_some_and(|at| complete <= at);
            state.stuck_since = match state.stuck_since {
                Some(since) if is_stuck => Some(since),
                _ => is_stuck.then(Instant::now),
            };
            state.reached.unwrap_or_else(|| state.begin_at(complete))
        };
        let mut range = EventRange {
            after,
            up_to: complete,
        };
        while range.after < range.up_to {
            let tail = self.feed.tail(range, BATCH).await?;
            let is_full = tail.len() == BATCH as usize;
            let last = tail.last().map(|told| told.event.id());
            range.after = last.filter(|_| is_full).unwrap_or(range.up_to);
            self.state().tell(tail, range.after);
        }
        Ok(())
    }
}

impl State {
    /// Begins to follow. Those who came before look at what was there.
    fn begin_at(&mut self, position: EventId) -> EventId {
        self.reached = Some(position);
        self.latest.after = position;
        self.latest.events.clear();
        for person in self.people.values() {
            person.wake.send_replace(());
        }
        self.all.send_replace(());
        position
    }

    /// Takes in what is new, and wakes whom it may concern.
    fn tell(&mut self, tail: Vec<TailEvent>, up_to: EventId) {
        self.reached = Some(up_to);
        let people: HashSet<UserId> = tail.iter().flat_map(TailEvent::audience).collect();
        for user in &people {
            if let Some(person) = self.people.get(user) {
                person.wake.send_replace(());
            }
        }
        if !tail.is_empty() {
            self.all.send_replace(());
        }
        let events = tail.into_iter().map(|told| LatestEvent {
            frame: frames::event(&told.event),
            told,
        });
        let kept = &mut self.latest;
        kept.events.extend(events.map(Arc::new));
        while kept.events.len() > KEPT
            && let Some(oldest) = kept.events.pop_front()
        {
            kept.after = oldest.told.event.id();
        }
    }
}

/// The task, as long as somebody follows.
struct Running {
    follower: Arc<Follower>,
    has_ended: bool,
}

impl Running {
    async fn follow(mut self) {
        loop {
            let pause = match self.follower.look().await {
                Ok(()) => INTERVAL,
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "the log of changes can't be followed just now");
                    AFTER_FAILURE
                }
            };
            sleep(pause).await;
            let mut state = self.follower.state();
            if state.count == 0 {
                state.end();
                self.has_ended = true;
                return;
            }
        }
    }
}

impl State {
    fn end(&mut self) {
        self.is_running = false;
        self.reached = None;
        self.stuck_since = None;
    }
}

impl Drop for Running {
    /// The worker on which the task runs may end before the others do.
    fn drop(&mut self) {
        if !self.has_ended {
            self.follower.state().end();
        }
    }
}

/// Somebody follows the log until this is dropped.
pub(crate) struct Subscription {
    follower: Arc<Follower>,
    user: UserId,
    own: watch::Receiver<()>,
    all: watch::Receiver<()>,
    stop: watch::Receiver<bool>,
}

impl Subscription {
    /// What follows the log for all.
    pub(super) fn follower(&self) -> &Follower {
        self.follower.run();
        &self.follower
    }

    /// Waits until a look may be worth while for this person, or for somebody who sees every event.
    pub(crate) async fn woken(&mut self, sees_all: bool) {
        let wake = if sees_all {
            &mut self.all
        } else {
            &mut self.own
        };
        if wake.changed().await.is_err() {
            // The sender lives as long as the subscription.
            std::future::pending::<()>().await;
        }
    }

    /// Becomes true when the streams have to end.
    pub(crate) fn stop_signal(&self) -> watch::Receiver<bool> {
        self.stop.clone()
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut state = self.follower.state();
        state.count -= 1;
        if let Some(person) = state.people.get_mut(&self.user) {
            person.count -= 1;
            if person.count == 0 {
                state.people.remove(&self.user);
            }
        }
    }
}

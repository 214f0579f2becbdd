//! Places for requests that the server itself works on.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::rt::time::timeout;
use tokio::sync::oneshot;

use crate::settings::Settings;

/// How long somebody waits while there is no crowd. A burst is worked off within this time, also
/// on a slow machine.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long somebody waits in a crowd. More would be added to the answer of whoever is served.
const IN_A_CROWD: Duration = Duration::from_millis(1);

/// How many in line for each of those are a crowd.
const CROWD: usize = 128;

/// So are this many for each of them who are being turned away.
const TURNED_AWAY: usize = 8;

/// A number of places, fewer of them in a crowd. Clones share them.
///
/// Whoever comes new and finds none waits in line, and in a crowd that the server can't keep up
/// with for a moment only. There the newest is served first: in their order, everybody would have
/// waited as long as is bearable before anything is done for them. Whoever has had a place and
/// given it back comes before all of them, in order, and is never sent away, since much may have
/// been done for them. Whoever brings much to read comes last, and while they have not come back they
/// have no more places together than there are in a crowd.
#[derive(Clone)]
pub(crate) struct Places(Arc<Inner>);

struct Inner {
    state: Mutex<State>,
}

struct State {
    all: usize,
    /// How many of them there are in a crowd.
    few: usize,
    taken: usize,
    /// How many of those are taken by who brings much.
    taken_by_laden: usize,
    /// How many are being turned away.
    turned_away: usize,
    /// The number of the next to wait.
    next: u64,
    returning: BTreeMap<u64, oneshot::Sender<WorkPlace>>,
    new: BTreeMap<u64, oneshot::Sender<WorkPlace>>,
    laden: BTreeMap<u64, oneshot::Sender<WorkPlace>>,
}

impl State {
    fn line(&mut self, line: Line) -> &mut BTreeMap<u64, oneshot::Sender<WorkPlace>> {
        match line {
            Line::New(Load::Light) => &mut self.new,
            Line::New(Load::Heavy) => &mut self.laden,
            Line::Returning => &mut self.returning,
        }
    }

    fn is_crowded(&mut self, line: Line) -> bool {
        let few = self.few;
        self.line(line).len() > CROWD * few || self.turned_away > TURNED_AWAY * few
    }

    /// Takes a place if there is one.
    fn take(&mut self, load: Load) -> bool {
        let is_crowded = [Load::Light, Load::Heavy].map(|load| self.is_crowded(Line::New(load)));
        let places = if is_crowded.contains(&true) {
            self.few
        } else {
            self.all
        };
        let is_laden = load == Load::Heavy;
        let is_free = self.taken < places && !(is_laden && self.taken_by_laden >= self.few);
        self.taken += usize::from(is_free);
        self.taken_by_laden += usize::from(is_free && is_laden);
        is_free
    }

    /// Takes a place for the next in line if there are both.
    fn take_for_next(&mut self) -> Option<(oneshot::Sender<WorkPlace>, Load)> {
        let line = if !self.returning.is_empty() {
            Line::Returning
        } else if !self.new.is_empty() {
            Line::New(Load::Light)
        } else if !self.laden.is_empty() {
            Line::New(Load::Heavy)
        } else {
            return None;
        };
        if !self.take(line.load()) {
            return None;
        }
        let is_crowded = matches!(line, Line::New(_)) && self.is_crowded(line);
        let next = if is_crowded {
            self.line(line).pop_last()
        } else {
            self.line(line).pop_first()
        };
        next.map(|(_, sender)| (sender, line.load()))
    }

    /// Whether nobody stands before who comes now.
    fn is_next(&self, line: Line) -> bool {
        let is_first = self.returning.is_empty() && self.new.is_empty();
        is_first && (line.load() == Load::Light || self.laden.is_empty())
    }
}

/// How much a request brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Load {
    /// Nothing, or a small body.
    Light,
    /// A large body, or one whose size nobody knows.
    Heavy,
}

#[derive(Clone, Copy)]
enum Line {
    New(Load),
    Returning,
}

impl Line {
    const fn load(self) -> Load {
        match self {
            Self::New(load) => load,
            Self::Returning => Load::Light,
        }
    }
}

impl Places {
    /// So many places, at least one.
    pub(crate) fn new(all: usize) -> Self {
        Self(Arc::new(Inner {
            state: Mutex::new(State {
                all: all.max(1),
                few: (all / Settings::PLACES_FOR_ONE_IN_A_CROWD)
                    .max(2)
                    .min(all.max(1)),
                taken: 0,
                taken_by_laden: 0,
                turned_away: 0,
                next: 0,
                returning: BTreeMap::new(),
                new: BTreeMap::new(),
                laden: BTreeMap::new(),
            }),
        }))
    }

    /// A place for somebody who comes new; `None` when none gets free in time.
    pub(crate) async fn enter(&self, load: Load) -> Option<WorkPlace> {
        match self.enter_at_once(load) {
            Ok(place) => Some(place),
            Err(waiting) => waiting.turn().await,
        }
    }

    /// A place for somebody who comes new, or one in line.
    pub(crate) fn enter_at_once(&self, load: Load) -> Result<WorkPlace, Waiting> {
        let lined_up = self.line_up(Line::New(load));
        lined_up.map_err(|(queued, patience)| Waiting { queued, patience })
    }

    /// A place for somebody who has had one.
    pub(crate) async fn come_back(&self) -> WorkPlace {
        match self.line_up(Line::Returning) {
            Ok(place) => place,
            Err((queued, _)) => queued.turn().await,
        }
    }

    /// How many are taken.
    pub(crate) fn taken(&self) -> usize {
        self.0.state().taken
    }

    /// Notes that somebody is being turned away, until this is dropped.
    pub(crate) fn turn_away(&self) -> TurnedAway {
        self.0.state().turned_away += 1;
        TurnedAway(self.0.clone())
    }

    /// Takes a place or waits in line, for so long.
    fn line_up(&self, line: Line) -> Result<WorkPlace, (Queued, Duration)> {
        // Whoever waits, although a crowd that is gone had left fewer places, comes first.
        self.0.hand_on();
        let mut state = self.0.state();
        if state.is_next(line) && state.take(line.load()) {
            return Ok(WorkPlace {
                places: self.0.clone(),
                load: line.load(),
            });
        }
        let patience = if state.is_crowded(line) {
            IN_A_CROWD
        } else {
            PATIENCE
        };
        let number = state.next;
        state.next += 1;
        let (sender, receiver) = oneshot::channel();
        state.line(line).insert(number, sender);
        let queued = Queued {
            places: self.0.clone(),
            line,
            number,
            receiver,
        };
        Err((queued, patience))
    }
}

impl Inner {
    /// Gives those in line the places that are free.
    fn hand_on(self: &Arc<Self>) {
        loop {
            let next = self.state().take_for_next();
            let Some((next, load)) = next else { return };
            let place = WorkPlace {
                places: Arc::clone(self),
                load,
            };
            // Who has just gone away drops the place, which hands it on again.
            let _ = next.send(place);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that panics happens while it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place among the requests that the server works on. Dropping it hands it on.
pub(crate) struct WorkPlace {
    places: Arc<Inner>,
    load: Load,
}

impl WorkPlace {
    /// How much the request in it brings.
    pub(crate) const fn load(&self) -> Load {
        self.load
    }
}

impl Drop for WorkPlace {
    fn drop(&mut self) {
        let mut state = self.places.state();
        state.taken -= 1;
        state.taken_by_laden -= usize::from(self.load == Load::Heavy);
        drop(state);
        self.places.hand_on();
    }
}

/// Somebody who is being turned away.
pub(crate) struct TurnedAway(Arc<Inner>);

impl Drop for TurnedAway {
    fn drop(&mut self) {
        self.0.state().turned_away -= 1;
        // It may have been the last of a crowd, which leaves more places.
        self.0.hand_on();
    }
}

/// Somebody new in line, for as long as they have patience.
pub(crate) struct Waiting {
    queued: Queued,
    patience: Duration,
}

impl Waiting {
    /// A place; `None` when none gets free in time.
    pub(crate) async fn turn(self) -> Option<WorkPlace> {
        timeout(self.patience, self.queued.turn()).await.ok()
    }
}

/// Somebody in line, who leaves it when dropped.
struct Queued {
    places: Arc<Inner>,
    line: Line,
    number: u64,
    receiver: oneshot::Receiver<WorkPlace>,
}

impl Queued {
    async fn turn(mut self) -> WorkPlace {
        let place = (&mut self.receiver).await;
        place.expect("a sender leaves the line only to send, or when its receiver is dropped")
    }
}

impl Drop for Queued {
    fn drop(&mut self) {
        let line = self.line;
        let gone = self.places.state().line(line).remove(&self.number);
        drop(gone);
        // They may have been the last who made it a crowd, which leaves more places.
        self.places.hand_on();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use futures_util::future::join;

    use super::*;

    #[tokio::test]
    async fn who_returns_comes_first_then_the_oldest_and_who_brings_much_comes_last() {
        let places = Places::new(1);
        let place = places.enter(Load::Light).await.unwrap();
        let mut older = Box::pin(places.enter(Load::Light));
        let mut newer = Box::pin(places.enter(Load::Light));
        let mut laden = Box::pin(places.enter(Load::Heavy));
        let mut returning = Box::pin(places.come_back());
        assert!((&mut older).now_or_never().is_none());
        assert!((&mut newer).now_or_never().is_none());
        assert!((&mut laden).now_or_never().is_none());
        assert!((&mut returning).now_or_never().is_none());
        drop(place);
        assert!((&mut older).now_or_never().is_none());
        drop(returning.await);
        let oldest = older.await;
        assert!(oldest.is_some());
        assert!((&mut newer).now_or_never().is_none());
        drop(oldest);
        let newest = newer.await;
        assert!(newest.is_some());
        assert!((&mut laden).now_or_never().is_none());
        drop(newest);
        assert!(laden.await.is_some());
        assert_eq!(places.taken(), 0);
    }

    #[tokio::test]
    async fn in_a_crowd_the_newest_comes_first() {
        let places = Places::new(1);
        let place = places.enter(Load::Light).await.unwrap();
        let mut line: Vec<_> = (0..=CROWD)
            .map(|_| Box::pin(places.enter(Load::Light)))
            .collect();
        for one in &mut line {
            assert!(one.now_or_never().is_none());
        }
        drop(place);
        assert!(line[0].as_mut().now_or_never().is_none());
        assert!(line[CROWD].as_mut().now_or_never().flatten().is_some());
        // One less is no crowd any more.
        assert!(line[0].as_mut().now_or_never().flatten().is_some());
    }

    #[tokio::test]
    async fn a_crowd_leaves_few_places_until_it_is_gone() {
        let all = 3 * Settings::PLACES_FOR_ONE_IN_A_CROWD;
        let places = Places::new(all);
        let mut at_work = Vec::new();
        for _ in 0..all {
            at_work.push(places.enter(Load::Light).await.unwrap());
        }
        let mut crowd: Vec<_> = (0..=3 * CROWD)
            .map(|_| Box::pin(places.enter(Load::Light)))
            .collect();
        for one in &mut crowd {
            assert!(one.now_or_never().is_none());
        }
        at_work.truncate(3);
        assert_eq!(places.taken(), 3);
        assert!(crowd.iter_mut().all(|one| one.now_or_never().is_none()));
        // With one less in line it is no crowd, and whoever comes next stands behind the others.
        crowd.pop();
        assert_eq!(places.taken(), all);
        let mut last = Box::pin(places.enter(Load::Light));
        assert!((&mut last).now_or_never().is_none());
        let served = crowd.iter_mut().filter_map(|one| one.now_or_never());
        let served: Vec<_> = served.flatten().collect();
        assert_eq!(served.len(), all - 3);
    }

    #[tokio::test]
    async fn who_brings_much_leaves_room_for_others() {
        let places = Places::new(2 * Settings::PLACES_FOR_ONE_IN_A_CROWD);
        let one = places.enter(Load::Heavy).await.unwrap();
        let other = places.enter(Load::Heavy).await.unwrap();
        let mut third = Box::pin(places.enter(Load::Heavy));
        assert!((&mut third).now_or_never().is_none());
        let light = places.enter(Load::Light).now_or_never().flatten();
        assert!(light.is_some(), "the third keeps it from its place");
        drop((light, other));
        assert!(third.await.is_some());
        drop(one);
        assert_eq!(places.taken(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_in_vain_or_goes_away_leaves_no_trace() {
        let places = Places::new(1);
        let place = places.enter(Load::Light).await.unwrap();
        let (one, other) = join(places.enter(Load::Light), places.enter(Load::Light)).await;
        assert!(one.is_none() && other.is_none(), "nobody has left");
        let mut gone = Box::pin(places.enter(Load::Light));
        assert!((&mut gone).now_or_never().is_none());
        // The place is on its way to somebody who is dropped before they take it.
        drop(place);
        assert_eq!(places.taken(), 1);
        drop(gone);
        assert_eq!(places.taken(), 0);
        assert!(places.0.state().new.is_empty());
    }
}

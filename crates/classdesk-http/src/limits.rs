//! How many requests are worked on and how many bodies arrive at once.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::rt::time::timeout;
use actix_web::{HttpMessage as _, HttpRequest};
use classdesk_domain::ClientNetwork;
use classdesk_domain::ids::UserId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long a request waits for a permit before it is shed. A burst is worked off meanwhile.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// One sender has at most this share of the bodies that may arrive, so that a single sender can't
/// lock everybody else out.
const SHARE_OF_ONE_SENDER: usize = 4;

/// Why a request was shed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShedReason {
    /// No permit got free in time.
    ConcurrentRequests,
    /// As many bodies arrive as may, in all or from this sender.
    ArrivingBodies,
    /// The queue of the password hasher is full.
    PasswordHashing,
}

impl ShedReason {
    /// Its label in the metrics.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::ConcurrentRequests => "concurrent_requests",
            Self::ArrivingBodies => "arriving_bodies",
            Self::PasswordHashing => "password_hashing",
        }
    }
}

/// The limits of one server.
pub(crate) struct Limits {
    max_concurrent: usize,
    concurrent: Arc<Semaphore>,
    arriving: Arc<ArrivingBodies>,
}

/// The right to be worked on. A request keeps it in its extensions.
struct Permit(#[expect(dead_code, reason = "it counts until it is dropped")] OwnedSemaphorePermit);

/// Takes a request's permit back, so that others are worked on: it is answered, or waits for
/// something that has a queue of its own.
pub fn end_work(request: &HttpRequest) {
    request.extensions_mut().remove::<Permit>();
}

impl Limits {
    pub(crate) fn new(max_concurrent_requests: usize, max_arriving_bodies: usize) -> Self {
        let max_concurrent = max_concurrent_requests.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            max_concurrent,
            concurrent: Arc::new(Semaphore::new(max_concurrent)),
            arriving: Arc::new(ArrivingBodies::new(max_arriving_bodies)),
        }
    }

    /// How many requests are worked on.
    pub(crate) fn requests_in_progress(&self) -> usize {
        self.max_concurrent - self.concurrent.available_permits()
    }

    /// How many bodies arrive.
    pub(crate) fn bodies_arriving(&self) -> usize {
        self.arriving.state().total
    }

    /// Gives a request its permit, or sheds it after [`LONGEST_WAIT`].
    pub(crate) async fn begin_work(&self, request: &HttpRequest) -> Result<(), ShedReason> {
        let permit = timeout(LONGEST_WAIT, self.concurrent.clone().acquire_owned()).await;
        let permit = permit.map_err(|_| ShedReason::ConcurrentRequests)?;
        let permit = permit.expect("the semaphore is never closed");
        request.extensions_mut().insert(Permit(permit));
        Ok(())
    }

    /// Counts a body from this address and person until the value is dropped.
    pub(crate) fn begin_body(
        &self,
        address: IpAddr,
        user: Option<UserId>,
    ) -> Result<ArrivingBody, ShedReason> {
        self.arriving.enter(senders(address, user))
    }
}

/// What sends a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Sender {
    Network(ClientNetwork),
    User(UserId),
}

/// The senders of a body: a network, and the person that has signed in there.
fn senders(address: IpAddr, user: Option<UserId>) -> Vec<Sender> {
    let network = Sender::Network(ClientNetwork::of(address));
    user.map_or(vec![network], |user| vec![network, Sender::User(user)])
}

/// Bodies that arrive, in all and by sender. Only senders with a body have an entry.
struct ArrivingBodies {
    max: usize,
    max_of_sender: usize,
    state: Mutex<Arriving>,
}

#[derive(Default)]
struct Arriving {
    total: usize,
    by_sender: HashMap<Sender, usize>,
}

/// A body that arrives. It no longer counts when this is dropped.
pub(crate) struct ArrivingBody {
    bodies: Arc<ArrivingBodies>,
    senders: Vec<Sender>,
}

impl ArrivingBodies {
    fn new(max: usize) -> Self {
        Self {
            max,
            max_of_sender: max.div_ceil(SHARE_OF_ONE_SENDER),
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, Arriving> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(self: &Arc<Self>, senders: Vec<Sender>) -> Result<ArrivingBody, ShedReason> {
        let mut state = self.state();
        let of = |sender| state.by_sender.get(sender).copied().unwrap_or(0);
        if state.total >= self.max || senders.iter().any(|one| of(one) >= self.max_of_sender) {
            return Err(ShedReason::ArrivingBodies);
        }
        state.total += 1;
        for sender in &senders {
            *state.by_sender.entry(*sender).or_default() += 1;
        }
        Ok(ArrivingBody {
            bodies: Arc::clone(self),
            senders,
        })
    }
}

impl Drop for ArrivingBody {
    fn drop(&mut self) {
        let mut state = self.bodies.state();
        state.total -= 1;
        for sender in &self.senders {
            if let Entry::Occupied(mut count) = state.by_sender.entry(*sender) {
                *count.get_mut() -= 1;
                if *count.get() == 0 {
                    count.remove();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn senders(address: &str, user: Option<i64>) -> Vec<Sender> {
        super::senders(address.parse().unwrap(), user.map(UserId::new))
    }

    #[test]
    fn one_sender_leaves_room_for_others() {
        let bodies = Arc::new(ArrivingBodies::new(8));
        let enter = |address, user| bodies.enter(senders(address, user));
        let first = enter("192.0.2.1", Some(1)).ok().unwrap();
        let _second = enter("192.0.2.2", Some(1)).ok().unwrap();
        assert!(enter("192.0.2.3", Some(1)).is_err(), "the person's share");
        let _third = enter("192.0.2.2", Some(2)).ok().unwrap();
        assert!(enter("192.0.2.2", None).is_err(), "the address's share");
        drop(first);
        let _fourth = enter("192.0.2.3", Some(1)).ok().unwrap();
        assert_eq!(bodies.state().total, 3);
    }

    #[test]
    fn an_ipv6_network_is_one_sender() {
        let bodies = Arc::new(ArrivingBodies::new(4));
        let _first = bodies.enter(senders("2001:db8::1", None)).ok().unwrap();
        assert!(bodies.enter(senders("2001:db8::2", None)).is_err());
        assert!(bodies.enter(senders("2001:db8:0:1::1", None)).is_ok());
    }

    #[test]
    fn all_together_have_a_limit_and_leave_nothing_behind() {
        let bodies = Arc::new(ArrivingBodies::new(2));
        let first = bodies.enter(senders("192.0.2.1", None)).ok();
        let second = bodies.enter(senders("192.0.2.2", None)).ok();
        assert!(bodies.enter(senders("192.0.2.3", None)).is_err());
        drop((first, second));
        assert!(bodies.state().by_sender.is_empty());
    }
}

//! What clients make the server hold, bounded in all and for each client.
//!
//! At a bound the newcomer gets in, and what was held longest goes. A client that holds on to what
//! it has keeps nobody out.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use classdesk_domain::ClientNetwork;
use classdesk_domain::ids::UserId;

/// One client has at most this part of the whole.
const PART_OF_ONE_CLIENT: usize = 4;

/// What counts as one client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Client {
    /// A person who has signed in, wherever they are.
    User(UserId),
    /// All requests of a network without a sign-in.
    Network(ClientNetwork),
}

/// What is held for all clients together. Each thing has a size, and ends when its `T` is dropped.
pub(crate) struct Shares<T> {
    max: usize,
    max_of_client: usize,
    held: Mutex<Held<T>>,
}

struct Held<T> {
    size: usize,
    newest: u64,
    /// Only clients that hold something have an entry.
    by_client: HashMap<Client, Share<T>>,
}

struct Share<T> {
    size: usize,
    by_age: BTreeMap<u64, (usize, T)>,
}

/// Holds a thing until this is dropped, unless it has to go before.
pub(crate) struct Claim<T> {
    shares: Arc<Shares<T>>,
    client: Client,
    age: u64,
}

impl<T> Shares<T> {
    pub(crate) fn new(max: usize) -> Self {
        Self {
            max,
            max_of_client: max.div_ceil(PART_OF_ONE_CLIENT),
            held: Mutex::new(Held {
                size: 0,
                newest: 0,
                by_client: HashMap::new(),
            }),
        }
    }

    /// The size of all that is held.
    pub(crate) fn size(&self) -> usize {
        self.held().size
    }

    fn held(&self) -> MutexGuard<'_, Held<T>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Holds a thing. Where it passes the client's bound, the client's oldest things end. Where it
    /// passes the bound of all, the oldest things of the client that has most do.
    pub(crate) fn hold(self: &Arc<Self>, client: Client, size: usize, thing: T) -> Claim<T> {
        let mut held = self.held();
        while held.of(client) + size > self.max_of_client && held.end_oldest(client) {}
        while held.size + size > self.max
            && let Some(largest) = held.largest()
        {
            held.end_oldest(largest);
        }
        held.newest += 1;
        held.size += size;
        let age = held.newest;
        let share = held.by_client.entry(client).or_insert_with(|| Share {
            size: 0,
            by_age: BTreeMap::new(),
        });
        share.size += size;
        share.by_age.insert(age, (size, thing));
        Claim {
            shares: Arc::clone(self),
            client,
            age,
        }
    }
}

impl<T> Held<T> {
    fn of(&self, client: Client) -> usize {
        self.by_client.get(&client).map_or(0, |share| share.size)
    }

    /// The client that has most, and of several the one that has had something longest.
    fn largest(&self) -> Option<Client> {
        let rank = |share: &Share<T>| (share.size, Reverse(share.by_age.keys().next().copied()));
        let largest = (self.by_client.iter()).max_by_key(|(_, share)| rank(share));
        largest.map(|(client, _)| *client)
    }

    fn end_oldest(&mut self, client: Client) -> bool {
        let oldest = (self.by_client.get(&client)).and_then(|share| share.by_age.keys().next());
        oldest.copied().is_some_and(|age| self.end(client, age))
    }

    fn end(&mut self, client: Client, age: u64) -> bool {
        let Some(share) = self.by_client.get_mut(&client) else {
            return false;
        };
        let Some((size, _)) = share.by_age.remove(&age) else {
            return false;
        };
        share.size -= size;
        self.size -= size;
        if share.by_age.is_empty() {
            self.by_client.remove(&client);
        }
        true
    }
}

impl<T> Drop for Claim<T> {
    fn drop(&mut self) {
        self.shares.held().end(self.client, self.age);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A thing that says whether it is held.
    type Thing = Arc<()>;

    fn user(id: i64) -> Client {
        Client::User(UserId::new(id))
    }

    fn hold(shares: &Arc<Shares<Thing>>, client: Client, size: usize) -> (Claim<Thing>, Thing) {
        let thing = Thing::default();
        (shares.hold(client, size, thing.clone()), thing)
    }

    fn are_held(claims: &[(Claim<Thing>, Thing)]) -> Vec<bool> {
        let held = claims.iter().map(|(_, thing)| Arc::strong_count(thing) > 1);
        held.collect()
    }

    #[test]
    fn a_client_beyond_its_bound_loses_its_oldest() {
        let shares = Arc::new(Shares::new(8));
        let claims = [
            hold(&shares, user(2), 1),
            hold(&shares, user(1), 1),
            hold(&shares, user(1), 1),
            hold(&shares, user(1), 1),
        ];
        assert_eq!(are_held(&claims), [true, false, true, true]);
        assert_eq!(shares.size(), 3);
    }

    #[test]
    fn beyond_all_bounds_the_largest_loses_its_oldest() {
        let shares = Arc::new(Shares::new(4));
        let small = hold(&shares, user(0), 0);
        let mut claims: Vec<_> = (1..=4).map(|id| hold(&shares, user(id), 1)).collect();
        claims.push(hold(&shares, user(5), 1));
        // Of equals it is the one that has had something longest.
        assert_eq!(are_held(&claims), [false, true, true, true, true]);
        assert_eq!(are_held(&[small]), [true]);
    }

    #[test]
    fn what_is_larger_than_all_others_is_held_alone() {
        let shares = Arc::new(Shares::new(4));
        let claims = [
            hold(&shares, user(1), 1),
            hold(&shares, user(2), 9),
            hold(&shares, user(2), 1),
        ];
        assert_eq!(are_held(&claims), [false, false, true]);
    }

    #[test]
    fn nothing_is_left_behind() {
        let shares = Arc::new(Shares::new(2));
        let network = Client::Network(ClientNetwork::of("192.0.2.1".parse().unwrap()));
        let claims: Vec<_> = (0..3).map(|_| hold(&shares, network, 1)).collect();
        drop(claims);
        assert_eq!(shares.size(), 0);
        assert!(shares.held().by_client.is_empty());
    }
}

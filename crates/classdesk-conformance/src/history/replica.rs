//! One of the two stores, and what a history has put into it so far.

use std::collections::HashMap;
use std::fmt::Debug;
use std::time::Duration;

use classdesk_domain::blobs::FinishedUpload;
use classdesk_domain::clock::Timestamp;
use classdesk_domain::idempotency::Lease;
use classdesk_domain::ids::{BundleId, FileId, UserId};
use classdesk_domain::people::{Actor, Role};
use classdesk_domain::policy::AccessScope;
use classdesk_domain::store::{Store, StoreError};
use classdesk_domain::webhooks::WebhookLease;
use fastrand::Rng;

use super::numbers::{Id, Numbers, Renumber};
use crate::Fixture;

/// A store with its own ids. Two sides on which the same steps were taken differ in nothing else.
pub(super) struct Replica<'s> {
    pub(super) store: &'s dyn Store,
    pub(super) numbers: Numbers,
    pub(super) dice: Rng,
    /// Everybody, in the role in which they were created.
    pub(super) people: Vec<Actor>,
    pub(super) uploads: Vec<FinishedUpload>,
    /// Where each file is.
    pub(super) bundle_of: HashMap<FileId, BundleId>,
    pub(super) leases: Vec<Lease>,
    /// Leases of webhooks.
    pub(super) held: Vec<WebhookLease>,
    /// How many unique things were named.
    pub(super) named: u64,
    fixture: Option<Fixture>,
}

impl<'s> Replica<'s> {
    pub(super) fn new(store: &'s dyn Store) -> Self {
        Self {
            store,
            numbers: Numbers::default(),
            dice: Rng::with_seed(0),
            people: Vec::new(),
            uploads: Vec::new(),
            bundle_of: HashMap::new(),
            leases: Vec::new(),
            held: Vec::new(),
            named: 0,
            fixture: None,
        }
    }

    /// People of every role, and a bundle.
    pub(super) async fn populate(&mut self) {
        let fixture = Fixture::create(self.store).await;
        for person in fixture.everybody() {
            self.meet(person);
        }
        self.numbers.note(fixture.bundle);
        self.fixture = Some(fixture);
    }

    pub(super) fn meet(&mut self, person: Actor) {
        self.numbers.note(person.id);
        self.people.push(person);
    }

    pub(super) fn fixture(&self) -> &Fixture {
        self.fixture.as_ref().expect("a replica is populated first")
    }

    /// The present, or a few seconds later.
    pub(super) fn tick(&mut self) -> Timestamp {
        let seconds = self.dice.u64(0..4);
        let clock = &self.fixture().clock;
        clock.advance(Duration::from_secs(seconds));
        self.fixture().now()
    }

    /// True once in `times` times.
    pub(super) fn once_in(&mut self, times: usize) -> bool {
        self.dice.usize(0..times) == 0
    }

    /// Some value of a list.
    pub(super) fn any<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.dice.usize(0..of.len())]
    }

    /// A row of some kind: mostly a late one, now and then one that was never there.
    pub(super) fn row<I: Id>(&mut self) -> I {
        let count = self.numbers.count::<I>();
        if count == 0 || self.once_in(30) {
            return self.numbers.id(usize::MAX);
        }
        let number = self.dice.usize(0..count).max(self.dice.usize(0..count));
        self.numbers.id(number)
    }

    /// A user.
    pub(super) fn person(&mut self) -> Actor {
        let number = self.dice.usize(0..self.people.len());
        self.people[number]
    }

    /// A user of a role.
    pub(super) fn person_of(&mut self, role: Role) -> UserId {
        let of_role: Vec<_> = self
            .people
            .iter()
            .filter(|person| person.role == role)
            .collect();
        let number = self.dice.usize(0..of_role.len());
        of_role[number].id
    }

    /// What a user may see.
    pub(super) fn scope(&mut self) -> AccessScope {
        AccessScope::of(&self.person())
    }

    /// An answer as it is compared: by its fields and numbers, a refusal by its kind.
    pub(super) fn report<T: Renumber + Debug>(
        &self,
        what: &str,
        answer: Result<T, StoreError>,
    ) -> String {
        match answer {
            Ok(mut answer) => {
                answer.renumber(&self.numbers);
                format!("{what}: {answer:#?}")
            }
            Err(StoreError::Stale) => format!("{what}: stale"),
            Err(StoreError::Referenced) => format!("{what}: referenced"),
            Err(StoreError::Duplicate(what_is_taken)) => format!("{what}: {what_is_taken:?}"),
            Err(failure) => panic!("{what} failed: {failure:?}"),
        }
    }
}

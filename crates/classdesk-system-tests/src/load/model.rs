//! What clients asked for and what they were told, in the order in which it happened to them.
//!
//! This is the whole expectation of a run. Something acknowledged has to be there; something
//! refused must not be; of anything without an answer both is right, but never half of it.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use super::content::Content;

/// An instant of the run. What orders them depends on the attack; they never go back.
pub(crate) type Stamp = u64;

/// Gives the present instant.
pub(crate) type Now = Box<dyn Fn() -> Stamp + Send + Sync>;

/// The number of a record, which is also the beginning of its text or file name.
pub(crate) type Number = usize;

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Nobody knows: there was no answer, or one that says that the server failed.
    Unknown,
    /// It was done.
    Acknowledged(Stamp),
    /// It was not done.
    Refused,
}

/// What a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// A message of a thread.
    Message,
    /// A ticket of a bundle.
    Ticket,
    /// A message of a ticket.
    Note,
    /// An attachment of a ticket.
    Attachment,
    /// A file of a bundle.
    File,
}

/// What can change after something was created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum State {
    /// A message's text, a file's description, a ticket's priority.
    Text(String),
    /// A message's id, a person's id.
    Id(i64),
    /// It was deleted.
    Deleted,
}

/// Something whose state changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Variable {
    /// The text or description of a record.
    Record(Number),
    /// The priority of a ticket.
    Priority(Number),
    /// The status of a ticket.
    Status(Number),
    /// How far a person has read in a thread.
    ReadMark { thread: i64, person: i64 },
    /// The assigned writer of a bundle; id 0 for nobody.
    Writer { bundle: i64 },
}

/// Something that a user asked to be created.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    /// What it is.
    pub(crate) kind: Kind,
    /// The thread, ticket or bundle that it belongs to.
    pub(crate) parent: i64,
    /// Who asked.
    pub(crate) author: i64,
    /// Its idempotency key, if the request had one.
    pub(crate) key: Option<String>,
    /// Its text when it was created.
    pub(crate) text: String,
    /// Its bytes, if it has any.
    pub(crate) content: Option<Content>,
    /// Its id, once that is known.
    pub(crate) id: Option<i64>,
    /// When it was asked for.
    pub(crate) begun: Stamp,
    /// How that ended.
    pub(crate) outcome: Outcome,
}

#[derive(Debug, Clone)]
struct Change {
    begun: Stamp,
    outcome: Outcome,
    to: State,
}

/// Whether a record has to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    Required,
    Possible,
    Forbidden,
}

#[derive(Default)]
struct Entries {
    records: Vec<Record>,
    changes: HashMap<Variable, Vec<Change>>,
    violations: Vec<String>,
}

/// Every request of a run. All clients write into one.
pub(crate) struct Model {
    entries: Mutex<Entries>,
    acknowledged: AtomicU64,
    now: Now,
}

impl Model {
    /// An empty one.
    pub(crate) fn new(now: Now) -> Self {
        Self {
            entries: Mutex::default(),
            acknowledged: AtomicU64::new(0),
            now,
        }
    }

    /// One whose instants are counted.
    pub(crate) fn counting() -> Self {
        let ticks = AtomicU64::new(0);
        Self::new(Box::new(move || ticks.fetch_add(1, Ordering::SeqCst)))
    }

    fn entries(&self) -> std::sync::MutexGuard<'_, Entries> {
        self.entries
            .lock()
            .expect("no client panics while it writes")
    }

    /// How many requests were acknowledged.
    pub(crate) fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::SeqCst)
    }

    /// The present instant.
    pub(crate) fn now(&self) -> Stamp {
        (self.now)()
    }

    /// Notes that something is about to be asked for. `describe` learns its number.
    pub(crate) fn begin(&self, describe: impl FnOnce(Number) -> Record) -> (Number, Record) {
        let begun = self.now();
        let mut entries = self.entries();
        let number = entries.records.len();
        let mut record = describe(number);
        record.begun = begun;
        let state = Change {
            begun,
            outcome: Outcome::Acknowledged(begun),
            to: State::Text(record.text.clone()),
        };
        entries
            .changes
            .insert(Variable::Record(number), vec![state]);
        entries.records.push(record.clone());
        (number, record)
    }

    /// Notes that something was created.
    pub(crate) fn acknowledge(&self, number: Number, id: i64) {
        let at = self.now();
        let mut entries = self.entries();
        let record = &mut entries.records[number];
        if record.id.is_some_and(|known| known != id) {
            let known = record.id;
            entries.violations.push(format!(
                "record {number} was answered as {known:?} and as {id}"
            ));
            return;
        }
        record.id = Some(id);
        if record.outcome == Outcome::Unknown {
            record.outcome = Outcome::Acknowledged(at);
            self.acknowledged.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Notes that something was not created.
    pub(crate) fn refuse(&self, number: Number) {
        let mut entries = self.entries();
        if let Outcome::Acknowledged(_) = entries.records[number].outcome {
            entries.violations.push(format!(
                "record {number} was refused after it was acknowledged"
            ));
        } else {
            entries.records[number].outcome = Outcome::Refused;
        }
    }

    /// Notes the state that something has before the first change.
    pub(crate) fn initial(&self, variable: Variable, state: State) {
        let at = self.now();
        let change = Change {
            begun: at,
            outcome: Outcome::Acknowledged(at),
            to: state,
        };
        self.entries().changes.insert(variable, vec![change]);
    }

    /// Notes that a change is about to be asked for.
    pub(crate) fn begin_change(&self, variable: Variable, to: State) {
        let begun = self.now();
        let outcome = Outcome::Unknown;
        let change = Change { begun, outcome, to };
        self.entries()
            .changes
            .entry(variable)
            .or_default()
            .push(change);
    }

    /// Notes how the latest change ended.
    pub(crate) fn end_change(&self, variable: Variable, done: bool) {
        let at = self.now();
        let mut entries = self.entries();
        let latest = entries
            .changes
            .get_mut(&variable)
            .and_then(|all| all.last_mut());
        let latest = latest.expect("a change was begun before it ends");
        latest.outcome = if done {
            self.acknowledged.fetch_add(1, Ordering::SeqCst);
            Outcome::Acknowledged(at)
        } else {
            Outcome::Refused
        };
    }

    /// Notes a broken promise.
    pub(crate) fn violation(&self, what: String) {
        self.entries().violations.push(what);
    }

    /// Takes what was noted of broken promises.
    pub(crate) fn take_violations(&self) -> Vec<String> {
        std::mem::take(&mut self.entries().violations)
    }

    /// One record.
    pub(crate) fn record(&self, number: Number) -> Option<Record> {
        self.entries().records.get(number).cloned()
    }

    /// The records of a parent, by number.
    pub(crate) fn records(&self, kind: Kind, parent: i64) -> Vec<(Number, Record)> {
        let entries = self.entries();
        let all = entries.records.iter().enumerate();
        all.filter(|(_, record)| record.kind == kind && record.parent == parent)
            .map(|(number, record)| (number, record.clone()))
            .collect()
    }

    /// The id of the latest acknowledged record of a parent.
    pub(crate) fn latest(&self, kind: Kind, parent: i64) -> Option<i64> {
        let entries = self.entries();
        let mut all = entries.records.iter().rev();
        all.find(|one| {
            one.kind == kind
                && one.parent == parent
                && matches!(one.outcome, Outcome::Acknowledged(_))
        })?
        .id
    }

    /// The states that something may have when the run was cut off at an instant.
    pub(crate) fn states(&self, variable: Variable, cut: Stamp) -> Vec<State> {
        let entries = self.entries();
        let mut possible = Vec::new();
        for change in entries.changes.get(&variable).into_iter().flatten() {
            match change.outcome {
                _ if change.begun > cut => {}
                Outcome::Refused => {}
                Outcome::Acknowledged(at) if at <= cut => possible = vec![change.to.clone()],
                Outcome::Acknowledged(_) | Outcome::Unknown => possible.push(change.to.clone()),
            }
        }
        possible
    }

    /// Notes what was seen where several states were possible: from now on it is that one.
    pub(crate) fn settle(&self, variable: Variable, seen: State) {
        let at = self.now();
        let mut entries = self.entries();
        let changes = entries.changes.entry(variable).or_default();
        if matches!(changes.last(), Some(last) if last.outcome == Outcome::Unknown) {
            changes.push(Change {
                begun: at,
                outcome: Outcome::Acknowledged(at),
                to: seen,
            });
        }
    }
}

impl Record {
    /// Whether it has to be there when the run was cut off at an instant.
    pub(crate) fn presence(&self, cut: Stamp) -> Presence {
        match self.outcome {
            _ if self.begun > cut => Presence::Forbidden,
            Outcome::Refused => Presence::Forbidden,
            Outcome::Acknowledged(at) if at <= cut => Presence::Required,
            Outcome::Acknowledged(_) | Outcome::Unknown => Presence::Possible,
        }
    }

    /// When it was answered, if it was.
    pub(crate) const fn answered(&self) -> Option<Stamp> {
        match self.outcome {
            Outcome::Acknowledged(at) => Some(at),
            Outcome::Unknown | Outcome::Refused => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VARIABLE: Variable = Variable::Writer { bundle: 1 };

    #[test]
    fn a_change_without_an_answer_leaves_both_states_possible() {
        let model = Model::counting();
        model.initial(VARIABLE, State::Id(1));
        model.begin_change(VARIABLE, State::Id(2));
        assert_eq!(
            model.states(VARIABLE, Stamp::MAX),
            [State::Id(1), State::Id(2)]
        );
        model.settle(VARIABLE, State::Id(1));
        assert_eq!(model.states(VARIABLE, Stamp::MAX), [State::Id(1)]);
    }

    #[test]
    fn what_was_answered_after_the_cut_is_only_possible() {
        let model = Model::counting();
        model.initial(VARIABLE, State::Id(1));
        model.begin_change(VARIABLE, State::Id(2));
        let cut = model.now();
        model.end_change(VARIABLE, true);
        assert_eq!(model.states(VARIABLE, cut), [State::Id(1), State::Id(2)]);
        assert_eq!(model.states(VARIABLE, Stamp::MAX), [State::Id(2)]);
    }

    #[test]
    fn a_record_that_was_answered_twice_differently_is_a_violation() {
        let model = Model::counting();
        let (number, _) = model.begin(|_| Record {
            kind: Kind::Ticket,
            parent: 1,
            author: 1,
            key: None,
            text: String::new(),
            content: None,
            id: None,
            begun: 0,
            outcome: Outcome::Unknown,
        });
        model.acknowledge(number, 1);
        model.acknowledge(number, 2);
        assert_eq!(model.take_violations().len(), 1);
    }
}

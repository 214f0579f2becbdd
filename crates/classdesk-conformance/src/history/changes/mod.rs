//! The commits of a history.

mod api_keys;
mod files;
mod maintenance;
mod people;
mod subjects;
mod threads;
mod tickets;
mod webhooks;

use classdesk_domain::events::{DomainEvent, NewEvent};
use classdesk_domain::ids::ApiKeyId;
use classdesk_domain::people::Role;
use classdesk_domain::store::{Commit, Precondition, Versioned};
use classdesk_domain::subjects::{Parties, SubjectKind, SubjectRef};
use fastrand::Rng;

use super::replica::Replica;

/// A subject from outside.
pub(in crate::history) fn order(number: i64) -> SubjectRef {
    SubjectRef::new(SubjectKind::from_stored("order".to_owned()), number)
}

impl Replica<'_> {
    /// Changes something, or tries to, and says what came of it.
    pub(in crate::history) async fn change(&mut self, dice: Rng) -> String {
        self.dice = dice;
        match self.dice.u32(0..43) {
            0 => self.create_user().await,
            1 => self.update_user().await,
            2 | 3 => self.start_session().await,
            4 => self.end_sessions().await,
            5 => self.fail_to_log_in().await,
            6 => self.put_subject().await,
            7 => self.delete_subject().await,
            8 => self.create_bundle().await,
            9 => self.update_bundle().await,
            10 => self.assign_writer().await,
            11 | 12 => self.open_thread().await,
            13 => self.update_thread().await,
            14 => self.add_participant().await,
            15 => self.remove_participant().await,
            16..=18 => self.mark_read().await,
            19..=23 => self.post_message().await,
            24 => self.edit_message().await,
            25 => self.delete_message().await,
            26..=28 => self.create_ticket().await,
            29 => self.update_ticket().await,
            30 | 31 => self.add_note().await,
            32 => self.attach_to_ticket().await,
            33 | 34 => self.create_upload().await,
            35 => self.add_file().await,
            36 => self.change_file().await,
            37 => self.sweep().await,
            38 => self.use_a_key().await,
            39 => self.create_api_key().await,
            40 => self.end_api_key().await,
            41 => self.delete_from_ticket().await,
            _ => self.purge().await,
        }
    }

    /// A commit with events, and now and then with a precondition and a completion.
    async fn commit<C>(&mut self, change: C, event: DomainEvent) -> Commit<C> {
        let actor = self.person().id;
        let key = self.once_in(6).then(|| self.numbers.last::<ApiKeyId>());
        let event = NewEvent::new(self.fixture().now(), Some(actor), event);
        let event = event.by_key(key.flatten());
        let mut commit = Commit::new(change).with_event(event);
        if self.once_in(4) {
            commit = commit.require(self.fact().await);
        }
        commit
    }

    /// Something that may hold or not.
    async fn fact(&mut self) -> Precondition {
        match self.dice.u32(0..8) {
            0 | 1 => {
                let person = self.person();
                Precondition::ActiveUser {
                    user: person.id,
                    role: person.role,
                }
            }
            2 => {
                let subject = self.subject();
                let found = self.store.subject(&subject).await.ok().flatten();
                let parties = found.map_or_else(|| self.parties(), |found| found.parties);
                Precondition::Parties { subject, parties }
            }
            3 => Precondition::Participant {
                thread: self.row(),
                user: self.person().id,
            },
            4 => Precondition::ThreadActive {
                thread: self.row(),
                active: !self.once_in(4),
            },
            _ => {
                let of = match self.dice.u32(0..8) {
                    0 => Versioned::User(self.row()),
                    1 => Versioned::Subject(self.subject()),
                    2 => Versioned::Bundle(self.row()),
                    3 => Versioned::Thread(self.row()),
                    4 => Versioned::Ticket(self.row()),
                    5 => Versioned::Message(self.row()),
                    6 => Versioned::Webhook(self.row()),
                    _ => Versioned::File(self.row()),
                };
                of.at(self.dice.i64(1..4))
            }
        }
    }

    /// A subject that may be there.
    pub(in crate::history) fn subject(&mut self) -> SubjectRef {
        if self.once_in(3) {
            order(self.dice.i64(1..5))
        } else {
            SubjectRef::bundle(self.row())
        }
    }

    fn parties(&mut self) -> Parties {
        let writer = self.person_of(Role::Writer);
        Parties {
            client: self.person_of(Role::Client),
            assigned_writer: (!self.once_in(3)).then_some(writer),
        }
    }

    /// A number that nothing had before.
    fn fresh(&mut self) -> u64 {
        self.named += 1;
        self.named
    }
}

//! What is so: a naive record of people and objects, with no rule in it.
//!
//! It says what somebody *is* to an object; what follows from that stands in the table.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};

use super::table::Place;

/// An object that something can be asked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Object {
    Nothing,
    Person(i64),
    Subject(Subject),
    Thread(i64),
    Message(i64),
    Ticket(i64),
    TicketNote(i64),
    TicketAttachment(i64),
    File(i64),
}

impl Object {
    /// Its kind, as the table calls it.
    pub(crate) const fn kind(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Person(_) => "person",
            Self::Subject(Subject::Bundle(_)) => "bundle",
            Self::Subject(Subject::Order(_)) => "order",
            Self::Thread(_) => "thread",
            Self::Message(_) => "message",
            Self::Ticket(_) => "ticket",
            Self::TicketNote(_) => "ticket_note",
            Self::TicketAttachment(_) => "ticket_attachment",
            Self::File(_) => "file",
        }
    }
}

/// What threads and tickets are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Subject {
    Bundle(i64),
    Order(i64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    Client,
    Writer,
    Editor,
    Admin,
    Superadmin,
}

impl Role {
    pub(crate) const ALL: [Self; 5] = [
        Self::Client,
        Self::Writer,
        Self::Editor,
        Self::Admin,
        Self::Superadmin,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Writer => "writer",
            Self::Editor => "editor",
            Self::Admin => "admin",
            Self::Superadmin => "superadmin",
        }
    }

    pub(crate) fn is_staff(self) -> bool {
        self >= Self::Editor
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Person {
    pub(crate) role: Role,
    pub(crate) is_active: bool,
    /// Whether the token that they hold still opens anything.
    pub(crate) has_session: bool,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Parties {
    pub(crate) client: i64,
    pub(crate) writer: Option<i64>,
    pub(crate) is_completed: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Thread {
    pub(crate) subject: Subject,
    pub(crate) creator: i64,
    pub(crate) participants: BTreeSet<i64>,
    pub(crate) is_private: bool,
    pub(crate) is_open: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) thread: i64,
    pub(crate) sender: i64,
    pub(crate) attachment: Option<Vec<u8>>,
    pub(crate) is_deleted: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Ticket {
    pub(crate) subject: Option<Subject>,
    pub(crate) requester: i64,
    pub(crate) status: &'static str,
}

#[derive(Debug, Clone)]
pub(crate) struct OnTicket {
    pub(crate) ticket: i64,
    pub(crate) is_internal: bool,
    /// The bytes of an attachment.
    pub(crate) bytes: Vec<u8>,
}

#[derive(Debug, Clone)]
pub(crate) struct File {
    pub(crate) bundle: i64,
    pub(crate) uploader: i64,
    pub(crate) for_client: bool,
    pub(crate) for_writer: bool,
    pub(crate) bytes: Vec<u8>,
}

/// Everything that is so, by id.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    pub(crate) people: BTreeMap<i64, Person>,
    pub(crate) subjects: BTreeMap<Subject, Parties>,
    pub(crate) threads: BTreeMap<i64, Thread>,
    pub(crate) messages: BTreeMap<i64, Message>,
    pub(crate) tickets: BTreeMap<i64, Ticket>,
    pub(crate) notes: BTreeMap<i64, OnTicket>,
    pub(crate) attachments: BTreeMap<i64, OnTicket>,
    pub(crate) files: BTreeMap<i64, File>,
}

impl Facts {
    pub(crate) fn person(&self, id: i64) -> Result<Person> {
        self.people.get(&id).copied().context("an unknown person")
    }

    pub(crate) fn parties(&self, subject: Subject) -> Result<Parties> {
        let parties = self.subjects.get(&subject).copied();
        parties.with_context(|| format!("an unknown subject {subject:?}"))
    }

    /// The people of whom this is so.
    pub(crate) fn people_who(&self, is_so: impl Fn(i64, Person) -> bool) -> Vec<i64> {
        let people = self.people.iter();
        people
            .filter(|(id, person)| is_so(**id, **person))
            .map(|(id, _)| *id)
            .collect()
    }

    /// Whether threads or tickets are about a subject.
    fn is_linked(&self, subject: Subject) -> bool {
        self.threads
            .values()
            .any(|thread| thread.subject == subject)
            || self
                .tickets
                .values()
                .any(|ticket| ticket.subject == Some(subject))
    }

    /// The state of an object and what somebody is to it; `None` when there is no such object.
    pub(crate) fn place(&self, asker: i64, object: Object) -> Result<Option<Place<'static>>> {
        let person = self.person(asker)?;
        let (state, standing) = match object {
            Object::Nothing => ("always", person.role.name()),
            Object::Person(id) => {
                let Some(other) = self.people.get(&id) else {
                    return Ok(None);
                };
                let standing = if id == asker {
                    "self"
                } else {
                    person.role.name()
                };
                (other.role.name(), standing)
            }
            Object::Subject(subject) => {
                let Some(parties) = self.subjects.get(&subject) else {
                    return Ok(None);
                };
                let state = match subject {
                    Subject::Bundle(_) if parties.is_completed => "completed",
                    Subject::Bundle(_) => "in_progress",
                    Subject::Order(_) if self.is_linked(subject) => "linked",
                    Subject::Order(_) => "unlinked",
                };
                (state, relation(asker, person, *parties))
            }
            Object::Thread(id) => {
                let Some(thread) = self.threads.get(&id) else {
                    return Ok(None);
                };
                let state = if thread.is_open { "open" } else { "closed" };
                (state, self.standing_to_thread(asker, person, thread)?)
            }
            Object::Message(id) => {
                let Some(message) = self.messages.get(&id) else {
                    return Ok(None);
                };
                let state = match message {
                    Message {
                        is_deleted: true, ..
                    } => "deleted",
                    Message {
                        attachment: Some(_),
                        ..
                    } => "attached",
                    _ => "plain",
                };
                (state, self.standing_to_message(asker, person, message)?)
            }
            Object::Ticket(id) => {
                let Some(ticket) = self.tickets.get(&id) else {
                    return Ok(None);
                };
                (
                    ticket.status,
                    self.standing_to_ticket(asker, person, ticket)?,
                )
            }
            Object::TicketNote(id) | Object::TicketAttachment(id) => {
                let all = match object {
                    Object::TicketNote(_) => &self.notes,
                    _ => &self.attachments,
                };
                let Some(it) = all.get(&id) else {
                    return Ok(None);
                };
                let ticket = self.tickets.get(&it.ticket).context("an unknown ticket")?;
                let state = if it.is_internal { "internal" } else { "public" };
                (state, self.standing_to_ticket(asker, person, ticket)?)
            }
            Object::File(id) => {
                let Some(file) = self.files.get(&id) else {
                    return Ok(None);
                };
                let state = match (file.for_client, file.for_writer) {
                    (true, true) => "both",
                    (true, false) => "client",
                    (false, true) => "writer",
                    (false, false) => "staff",
                };
                let parties = self.parties(Subject::Bundle(file.bundle))?;
                let relation = relation(asker, person, parties);
                let standing = match (relation, file.uploader == asker) {
                    ("owner", true) => "owner_uploader",
                    ("writer", true) => "writer_uploader",
                    ("owner" | "writer" | "none", _) => relation,
                    _ => "staff",
                };
                (state, standing)
            }
        };
        Ok(Some(Place { state, standing }))
    }

    fn standing_to_thread(
        &self,
        asker: i64,
        person: Person,
        thread: &Thread,
    ) -> Result<&'static str> {
        let takes_part = thread.participants.contains(&asker);
        let parties = self.parties(thread.subject)?;
        Ok(match (relation(asker, person, parties), takes_part) {
            ("owner", true) if thread.creator == asker => "owner_creator",
            ("owner", true) => "owner_in",
            ("owner", false) => "owner_out",
            ("writer", true) if thread.creator == asker => "writer_creator",
            ("writer", true) => "writer_in",
            ("writer", false) => "writer_out",
            ("none", _) => "none",
            (_, true) => "staff_in",
            (_, false) => "staff_out",
        })
    }

    fn standing_to_message(
        &self,
        asker: i64,
        person: Person,
        message: &Message,
    ) -> Result<&'static str> {
        let thread = self.threads.get(&message.thread);
        let thread = thread.context("an unknown thread")?;
        let is_sender = message.sender == asker;
        let standing = self.standing_to_thread(asker, person, thread)?;
        Ok(match (standing, is_sender) {
            ("none", _) => "none",
            ("owner_out" | "writer_out", _) => "party_out",
            ("owner_creator" | "owner_in", true) => "owner_sender",
            ("owner_creator" | "owner_in", false) => "owner_in",
            ("writer_creator" | "writer_in", true) => "writer_sender",
            ("writer_creator" | "writer_in", false) => "writer_in",
            (_, true) => "staff_sender",
            (_, false) => "staff",
        })
    }

    fn standing_to_ticket(
        &self,
        asker: i64,
        person: Person,
        ticket: &Ticket,
    ) -> Result<&'static str> {
        let relation = match ticket.subject {
            Some(subject) => relation(asker, person, self.parties(subject)?),
            None if person.role.is_staff() => "staff",
            None => "none",
        };
        Ok(match (relation, ticket.requester == asker) {
            ("owner", true) => "requester",
            ("none", true) => "requester_stranger",
            ("owner" | "writer" | "none", _) => relation,
            _ => "staff",
        })
    }
}

/// What somebody is to a subject with these parties.
fn relation(asker: i64, person: Person, parties: Parties) -> &'static str {
    match person.role {
        Role::Client if parties.client == asker => "owner",
        Role::Writer if parties.writer == Some(asker) => "writer",
        Role::Client | Role::Writer => "none",
        staff => staff.name(),
    }
}

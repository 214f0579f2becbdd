//! What is so: a naive record of people and objects, with no rule in it.
//!
//! It says what a user *is* to an object; what follows from that stands in the table.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};

use super::table::Case;

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
    Webhook(i64),
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
            Self::Webhook(_) => "webhook",
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

impl Message {
    const fn state(&self) -> &'static str {
        match (self.is_deleted, &self.attachment) {
            (true, _) => "deleted",
            (false, Some(_)) => "attached",
            (false, None) => "plain",
        }
    }
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

impl OnTicket {
    const fn state(&self) -> &'static str {
        if self.is_internal {
            "internal"
        } else {
            "public"
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct File {
    pub(crate) bundle: i64,
    pub(crate) uploader: i64,
    pub(crate) for_client: bool,
    pub(crate) for_writer: bool,
    pub(crate) bytes: Vec<u8>,
}

impl File {
    const fn state(&self) -> &'static str {
        match (self.for_client, self.for_writer) {
            (true, true) => "both",
            (true, false) => "client",
            (false, true) => "writer",
            (false, false) => "staff",
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Webhook {
    pub(crate) is_active: bool,
    /// The first ping of it.
    pub(crate) delivery: i64,
}

/// Everything that is so, by id.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    pub(crate) people: BTreeMap<i64, Person>,
    pub(crate) subjects: BTreeMap<Subject, Parties>,
    pub(crate) threads: BTreeMap<i64, Thread>,
    pub(crate) messages: BTreeMap<i64, Message>,
    pub(crate) tickets: BTreeMap<i64, Ticket>,
    pub(crate) notes: BTreeMap<i64, OnTicket>,
    pub(crate) attachments: BTreeMap<i64, OnTicket>,
    pub(crate) files: BTreeMap<i64, File>,
    pub(crate) webhooks: BTreeMap<i64, Webhook>,
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

    /// The state of an object and what a user is to it; `None` when there is no such object.
    pub(crate) fn case(&self, asker: i64, object: Object) -> Result<Option<Case<'static>>> {
        let person = self.person(asker)?;
        let Some(state) = self.state(object) else {
            return Ok(None);
        };
        let relation = self.relation(asker, person, object)?;
        Ok(Some(Case { state, relation }))
    }

    fn state(&self, object: Object) -> Option<&'static str> {
        Some(match object {
            Object::Nothing => "always",
            Object::Person(id) => self.people.get(&id)?.role.name(),
            Object::Subject(subject) => {
                let parties = self.subjects.get(&subject)?;
                match subject {
                    Subject::Bundle(_) if parties.is_completed => "completed",
                    Subject::Bundle(_) => "in_progress",
                    Subject::Order(_) if self.is_linked(subject) => "linked",
                    Subject::Order(_) => "unlinked",
                }
            }
            Object::Thread(id) if self.threads.get(&id)?.is_open => "open",
            Object::Thread(_) => "closed",
            Object::Message(id) => self.messages.get(&id)?.state(),
            Object::Ticket(id) => self.tickets.get(&id)?.status,
            Object::TicketNote(id) => self.notes.get(&id)?.state(),
            Object::TicketAttachment(id) => self.attachments.get(&id)?.state(),
            Object::File(id) => self.files.get(&id)?.state(),
            Object::Webhook(id) if self.webhooks.get(&id)?.is_active => "active",
            Object::Webhook(_) => "inactive",
        })
    }

    fn relation(&self, asker: i64, person: Person, object: Object) -> Result<&'static str> {
        match object {
            Object::Person(id) if id == asker => Ok("self"),
            Object::Nothing | Object::Person(_) | Object::Webhook(_) => Ok(person.role.name()),
            Object::Subject(subject) => self.relation_to_subject(asker, person, subject),
            Object::Thread(id) => self.relation_to_thread(asker, person, id),
            Object::Message(id) => self.relation_to_message(asker, person, id),
            Object::Ticket(id) => self.relation_to_ticket(asker, person, id),
            Object::TicketNote(id) => {
                let note = self.notes.get(&id).context("an unknown note")?;
                self.relation_to_ticket(asker, person, note.ticket)
            }
            Object::TicketAttachment(id) => {
                let attachment = self.attachments.get(&id).context("an unknown attachment")?;
                self.relation_to_ticket(asker, person, attachment.ticket)
            }
            Object::File(id) => self.relation_to_file(asker, person, id),
        }
    }

    fn relation_to_subject(
        &self,
        asker: i64,
        person: Person,
        subject: Subject,
    ) -> Result<&'static str> {
        let parties = self.parties(subject)?;
        Ok(match person.role {
            Role::Client if parties.client == asker => "owner",
            Role::Writer if parties.writer == Some(asker) => "writer",
            Role::Client | Role::Writer => "none",
            staff => staff.name(),
        })
    }

    /// Whether somebody who is in threads of a subject takes part in them now.
    pub(crate) fn takes_part(&self, id: i64, subject: Subject) -> Result<bool> {
        let person = self.person(id)?;
        let relation = self.relation_to_subject(id, person, subject)?;
        Ok(person.is_active && relation != "none")
    }

    fn relation_to_thread(&self, asker: i64, person: Person, id: i64) -> Result<&'static str> {
        let thread = self.threads.get(&id).context("an unknown thread")?;
        let takes_part = thread.participants.contains(&asker);
        let to_subject = self.relation_to_subject(asker, person, thread.subject)?;
        Ok(match (to_subject, takes_part) {
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

    fn relation_to_message(&self, asker: i64, person: Person, id: i64) -> Result<&'static str> {
        let message = self.messages.get(&id).context("an unknown message")?;
        let is_sender = message.sender == asker;
        let to_thread = self.relation_to_thread(asker, person, message.thread)?;
        Ok(match (to_thread, is_sender) {
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

    fn relation_to_ticket(&self, asker: i64, person: Person, id: i64) -> Result<&'static str> {
        let ticket = self.tickets.get(&id).context("an unknown ticket")?;
        let to_subject = match ticket.subject {
            Some(subject) => self.relation_to_subject(asker, person, subject)?,
            None if person.role.is_staff() => "staff",
            None => "none",
        };
        Ok(match (to_subject, ticket.requester == asker) {
            ("owner", true) => "requester",
            ("none", true) => "requester_stranger",
            ("owner" | "writer" | "none", _) => to_subject,
            _ => "staff",
        })
    }

    fn relation_to_file(&self, asker: i64, person: Person, id: i64) -> Result<&'static str> {
        let file = self.files.get(&id).context("an unknown file")?;
        let bundle = Subject::Bundle(file.bundle);
        let to_bundle = self.relation_to_subject(asker, person, bundle)?;
        Ok(match (to_bundle, file.uploader == asker) {
            ("owner", true) => "owner_uploader",
            ("writer", true) => "writer_uploader",
            ("owner" | "writer" | "none", _) => to_bundle,
            _ => "staff",
        })
    }
}

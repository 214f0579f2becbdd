//! What becomes so when an operation succeeds.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, bail};
use reqwest::Method;
use serde_json::Value;

use super::facts::{
    File, Message, Object, OnTicket, Parties, Role, Subject, Thread, Ticket, Webhook,
};
use super::fixture::{Choices, Fixture};
use super::table::Operation;
use crate::client::Answer;

/// The states of a ticket, as the contract calls them.
const TICKET_STATES: [&str; 5] = [
    "open",
    "in_progress",
    "awaiting_response",
    "escalated",
    "closed",
];

impl Fixture<'_> {
    /// Remembers what an operation changed, and gives what it made.
    pub(crate) async fn record(
        &mut self,
        operation: &Operation,
        asker: i64,
        object: Object,
        choices: &Choices,
        bytes: Vec<u8>,
        answer: &Answer,
    ) -> Result<Option<Object>> {
        let chosen = |name: &str| choices.get(name).copied().context("nobody was chosen");
        let name = operation.name.as_str();
        let made = match (name, object) {
            ("create a bundle" | "create a bundle by its external id", _) => {
                let id = answer.created()?;
                let parties = Parties {
                    client: chosen("client")?,
                    writer: None,
                    is_completed: false,
                };
                let bundle = Subject::Bundle(id);
                self.facts.subjects.insert(bundle, parties);
                Some(Object::Subject(bundle))
            }
            ("register a subject" | "register a subject by its external id", _) => {
                let parties = Parties {
                    client: chosen("client")?,
                    writer: None,
                    is_completed: false,
                };
                let number = answer.json(201)?["object_id"].as_i64();
                let order = Subject::Order(number.context("a subject without a number")?);
                self.facts.subjects.insert(order, parties);
                Some(Object::Subject(order))
            }
            ("change a subject", Object::Subject(subject)) => {
                let (client, writer) = (chosen("client")?, chosen("writer")?);
                self.set_parties(subject, |parties| {
                    parties.client = client;
                    parties.writer = Some(writer);
                })?;
                // Who of the new parties joins is not said for such subjects: the server tells.
                self.learn_participants(subject).await?;
                None
            }
            ("delete a subject", Object::Subject(subject)) => {
                self.facts.subjects.remove(&subject);
                None
            }
            ("assign a bundle's writer", Object::Subject(subject)) => {
                let writer = chosen("other_writer")?;
                self.set_parties(subject, |parties| parties.writer = Some(writer))?;
                let threads = self.facts.threads.values_mut();
                for thread in threads.filter(|it| it.subject == subject && !it.is_private) {
                    thread.participants.insert(writer);
                }
                None
            }
            ("take a bundle's writer off", Object::Subject(subject)) => {
                self.set_parties(subject, |parties| parties.writer = None)?;
                None
            }
            (name, _) if name.starts_with("link a") => None,
            ("change a bundle", _) => None,
            (name, Object::Subject(subject)) if name.starts_with("open a ticket") => {
                let on_behalf = name == "open a ticket for the client";
                let requester = if on_behalf { chosen("client")? } else { asker };
                Some(self.add_ticket(answer, Some(subject), requester)?)
            }
            ("create a webhook", _) => Some(self.add_webhook(answer).await?),
            ("create a ticket on nothing", _) => Some(self.add_ticket(answer, None, asker)?),
            (name, Object::Subject(subject)) if name.starts_with("open a") => {
                let is_private = name == "open a private thread on a bundle";
                let recipient = chosen("recipient")?;
                Some(self.add_thread(answer, subject, asker, recipient, is_private)?)
            }
            (name, Object::Subject(Subject::Bundle(bundle))) if name.starts_with("upload") => {
                let file = File {
                    bundle,
                    uploader: asker,
                    for_client: operation.fields.is_empty(),
                    for_writer: true,
                    bytes,
                };
                let id = answer.created()?;
                self.facts.files.insert(id, file);
                Some(Object::File(id))
            }
            (_, Object::Thread(id)) => {
                self.record_in_thread(name, asker, id, choices, bytes, answer)?
            }
            ("edit a message", _) => None,
            ("delete a message", Object::Message(id)) => {
                let message = self.facts.messages.get_mut(&id).context("no message")?;
                message.is_deleted = true;
                None
            }
            // It keeps its place in the list.
            ("delete a ticket's message", Object::TicketNote(_)) => None,
            ("delete a ticket's attachment", Object::TicketAttachment(id)) => {
                self.facts.attachments.remove(&id);
                None
            }
            (_, Object::Ticket(id)) => {
                self.record_on_ticket(name, asker, id, bytes, answer)
                    .await?
            }
            (_, Object::File(id)) => {
                self.record_on_file(name, id)?;
                None
            }
            (_, Object::Webhook(id)) => {
                self.record_on_webhook(name, id)?;
                None
            }
            (_, Object::Person(id)) => {
                self.record_of_person(name, id)?;
                None
            }
            (name, Object::Nothing) if name.starts_with("create a") => {
                let told = answer.json(201)?["role"].clone();
                let role = Role::ALL.into_iter().find(|role| told == role.name());
                self.remember(answer.created()?, role.context("an unknown role")?);
                None
            }
            _ => bail!("nobody knows what «{name}» changes"),
        };
        Ok(made)
    }

    fn set_parties(&mut self, subject: Subject, set: impl FnOnce(&mut Parties)) -> Result<()> {
        let parties = self.facts.subjects.get_mut(&subject);
        set(parties.context("an unknown subject")?);
        Ok(())
    }

    /// Takes over who has joined the threads of a subject.
    async fn learn_participants(&mut self, subject: Subject) -> Result<()> {
        let threads = self.facts.threads.iter();
        let of_subject: Vec<i64> = threads
            .filter(|(_, thread)| thread.subject == subject)
            .map(|(id, _)| *id)
            .collect();
        for id in of_subject {
            let path = format!("/api/v1/communications/threads/{id}/");
            let answer = self.ask(self.superadmin, Method::GET, &path).await?;
            let participants = ids_of(&answer.json(200)?["participants"])?;
            let thread = self.facts.threads.get_mut(&id).context("no thread")?;
            thread.participants.extend(participants);
        }
        Ok(())
    }

    fn add_ticket(
        &mut self,
        answer: &Answer,
        subject: Option<Subject>,
        requester: i64,
    ) -> Result<Object> {
        let id = answer.created()?;
        let ticket = Ticket {
            subject,
            requester,
            status: "open",
        };
        self.facts.tickets.insert(id, ticket);
        Ok(Object::Ticket(id))
    }

    /// Remembers a webhook, and pings it for a delivery.
    async fn add_webhook(&mut self, answer: &Answer) -> Result<Object> {
        let id = answer.created()?;
        let path = format!("/api/v1/webhooks/{id}/ping/");
        let ping = self.ask(self.superadmin, Method::POST, &path).await?;
        let delivery = ping.json(202)?["id"].as_i64();
        let webhook = Webhook {
            is_active: true,
            delivery: delivery.context("a delivery without an id")?,
        };
        self.facts.webhooks.insert(id, webhook);
        Ok(Object::Webhook(id))
    }

    fn record_on_webhook(&mut self, name: &str, id: i64) -> Result<()> {
        let webhook = self.facts.webhooks.get_mut(&id).context("no webhook")?;
        match name {
            "switch a webhook on" => webhook.is_active = true,
            "switch a webhook off" => webhook.is_active = false,
            "remove a webhook" => _ = self.facts.webhooks.remove(&id),
            "describe a webhook"
            | "rotate the secret of a webhook"
            | "ping a webhook"
            | "replay events to a webhook"
            | "retry a delivery" => {}
            _ => bail!("nobody knows what «{name}» changes"),
        }
        Ok(())
    }

    fn add_thread(
        &mut self,
        answer: &Answer,
        subject: Subject,
        creator: i64,
        recipient: i64,
        is_private: bool,
    ) -> Result<Object> {
        let id = answer.created()?;
        let parties = self.facts.parties(subject)?;
        let mut participants = BTreeSet::from([creator, recipient]);
        if !is_private {
            participants.insert(parties.client);
            participants.extend(parties.writer);
        }
        let told = answer.json(201)?;
        let told_participants = ids_of(&told["participants"])?;
        let mut take_part = BTreeSet::new();
        for person in &participants {
            if self.facts.takes_part(*person, subject)? {
                take_part.insert(*person);
            }
        }
        self.compare(told_participants == take_part, || {
            format!("thread {id} has {told_participants:?} and not {take_part:?}")
        });
        let thread = Thread {
            subject,
            creator,
            participants,
            is_private,
            is_open: true,
        };
        self.facts.threads.insert(id, thread);
        if let Some(first) = told["last_message"]["id"].as_i64() {
            self.add_message(first, id, creator, None);
        }
        Ok(Object::Thread(id))
    }

    fn add_message(&mut self, id: i64, thread: i64, sender: i64, attachment: Option<Vec<u8>>) {
        let message = Message {
            thread,
            sender,
            attachment,
            is_deleted: false,
        };
        self.facts.messages.insert(id, message);
    }

    fn record_in_thread(
        &mut self,
        name: &str,
        asker: i64,
        id: i64,
        choices: &Choices,
        bytes: Vec<u8>,
        answer: &Answer,
    ) -> Result<Option<Object>> {
        let thread = self.facts.threads.get_mut(&id).context("no thread")?;
        let chosen = |name: &str| choices.get(name).copied().context("nobody was chosen");
        match name {
            "send a message" | "send a file" => {
                let message = answer.created()?;
                let attachment = (name == "send a file").then_some(bytes);
                self.add_message(message, id, asker, attachment);
                return Ok(Some(Object::Message(message)));
            }
            "mark as read" | "change a thread's subject line" => {}
            "close a thread" => thread.is_open = false,
            "reopen a thread" => thread.is_open = true,
            "add a participant" => _ = thread.participants.insert(chosen("other_editor")?),
            "add oneself as a participant" => _ = thread.participants.insert(asker),
            "remove a participant" => _ = thread.participants.remove(&chosen("participant")?),
            _ => bail!("nobody knows what «{name}» changes"),
        }
        Ok(None)
    }

    async fn record_on_ticket(
        &mut self,
        name: &str,
        asker: i64,
        id: i64,
        bytes: Vec<u8>,
        answer: &Answer,
    ) -> Result<Option<Object>> {
        let ticket = self.facts.tickets.get_mut(&id).context("no ticket")?;
        let is_internal = name.ends_with("internally");
        let on_ticket = OnTicket {
            ticket: id,
            is_internal,
            bytes,
        };
        let made = match name {
            "answer a ticket" | "answer a ticket internally" => {
                let waits = matches!(ticket.status, "awaiting_response" | "closed");
                if ticket.requester == asker && waits && !is_internal {
                    ticket.status = "open";
                }
                let note = answer.created()?;
                self.facts.notes.insert(note, on_ticket);
                Some(Object::TicketNote(note))
            }
            "attach a file to a ticket" | "attach a file to a ticket internally" => {
                let attachment = answer.created()?;
                self.facts.attachments.insert(attachment, on_ticket);
                Some(Object::TicketAttachment(attachment))
            }
            "close a ticket" => return self.set_status(id, "closed"),
            "reopen a ticket" => return self.set_status(id, "open"),
            "start on a ticket" => return self.set_status(id, "in_progress"),
            "await a response to a ticket" => return self.set_status(id, "awaiting_response"),
            "escalate a ticket" => return self.set_status(id, "escalated"),
            "change a ticket's priority"
            | "change a ticket's category"
            | "assign a ticket"
            | "change a ticket's title" => return Ok(None),
            _ => bail!("nobody knows what «{name}» changes"),
        };
        if is_internal && self.facts.tickets[&id].requester == asker {
            // Whether staff's internal word on a ticket of their own opens it again is not said.
            let path = format!("/api/v1/tickets/{id}/");
            let answer = self.ask(self.superadmin, Method::GET, &path).await?;
            let told = answer.json(200)?["status"].clone();
            let status = TICKET_STATES.into_iter().find(|status| told == *status);
            self.set_status(id, status.context("an unknown state")?)?;
        }
        Ok(made)
    }

    fn set_status(&mut self, id: i64, status: &'static str) -> Result<Option<Object>> {
        let ticket = self.facts.tickets.get_mut(&id).context("no ticket")?;
        ticket.status = status;
        Ok(None)
    }

    fn record_on_file(&mut self, name: &str, id: i64) -> Result<()> {
        let file = self.facts.files.get_mut(&id).context("no file")?;
        match name {
            "describe a file" => {}
            "hide a file from the client" => file.for_client = false,
            "show a file to the client" => file.for_client = true,
            "hide a file from the writer" => file.for_writer = false,
            "show a file to the writer" => file.for_writer = true,
            "delete a file" => _ = self.facts.files.remove(&id),
            _ => bail!("nobody knows what «{name}» changes"),
        }
        Ok(())
    }

    fn record_of_person(&mut self, name: &str, id: i64) -> Result<()> {
        let person = self.facts.people.get_mut(&id).context("nobody")?;
        match name {
            "change somebody's display name"
            | "change somebody's email"
            | "give somebody an external id" => {}
            "make somebody a client" => person.role = Role::Client,
            "make somebody a writer" => person.role = Role::Writer,
            "make somebody an editor" => person.role = Role::Editor,
            "make somebody an admin" => person.role = Role::Admin,
            "make somebody a superadmin" => person.role = Role::Superadmin,
            "deactivate somebody" => {
                person.is_active = false;
                person.has_session = false;
            }
            "set somebody's password" => person.has_session = false,
            _ => bail!("nobody knows what «{name}» changes"),
        }
        if person.role != Role::Writer {
            let parties = self.facts.subjects.values_mut();
            for of_writer in parties.filter(|parties| parties.writer == Some(id)) {
                of_writer.writer = None;
            }
        }
        Ok(())
    }
}

/// The ids of a list of people.
fn ids_of(people: &Value) -> Result<BTreeSet<i64>> {
    let people = people.as_array().context("people are no array")?;
    let ids = people.iter().map(|person| person["id"].as_i64());
    ids.collect::<Option<_>>().context("people without ids")
}

//! The request of an operation, and whom and what it names.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use reqwest::RequestBuilder;
use reqwest::multipart::{Form, Part};
use serde_json::Value;

use super::facts::{Object, OnTicket, Parties, Person, Role, Subject};
use super::fixture::{Choices, Fixture, MISSING};
use super::table::Operation;
use crate::client::{Client, PASSWORD};

impl Fixture<'_> {
    /// Builds the request of an operation, and gives the bytes of its file.
    pub(super) fn request(
        &mut self,
        client: &Client,
        operation: &Operation,
        object: Object,
        choices: &Choices,
    ) -> Result<(RequestBuilder, Vec<u8>)> {
        let request = operation.request.as_ref().context("nothing to request")?;
        let braces = self.braces(client.id(), object, choices)?;
        let path = fill(&request.path, &braces)?;
        let mut asked = client.request(request.method.clone(), &path);
        let mut bytes = Vec::new();
        if let Some(body) = &operation.body {
            let body: Value = serde_json::from_str(&fill(body, &braces)?)?;
            asked = asked.json(&body);
        }
        if let Some(name) = &operation.file {
            bytes = format!("bytes of file {}", self.next_fresh()).into_bytes();
            let mut form = Form::new();
            for (name, text) in &operation.fields {
                form = form.text(name.clone(), text.clone());
            }
            let part = Part::bytes(bytes.clone()).file_name("file.txt");
            asked = asked.multipart(form.part(name.clone(), part));
        }
        Ok((asked, bytes))
    }

    /// What stands for each brace of a template.
    pub(super) fn braces(
        &self,
        asker: i64,
        object: Object,
        choices: &Choices,
    ) -> Result<BTreeMap<&'static str, String>> {
        let mut braces: BTreeMap<_, _> = choices
            .iter()
            .map(|(name, id)| (*name, id.to_string()))
            .collect();
        braces.insert("password", PASSWORD.to_owned());
        braces.insert("asker", asker.to_string());
        let ticket_of =
            |of: &BTreeMap<i64, OnTicket>, id| of.get(&id).map_or(MISSING, |it| it.ticket);
        let mut put = |name, id: i64| braces.insert(name, id.to_string());
        match object {
            Object::Nothing => {}
            Object::Person(id) => _ = put("person", id),
            Object::Subject(Subject::Bundle(id)) => _ = put("bundle", id),
            Object::Subject(Subject::Order(id)) => _ = put("order", id),
            Object::Thread(id) => _ = put("thread", id),
            Object::Message(id) => _ = put("message", id),
            Object::Ticket(id) => _ = put("ticket", id),
            Object::TicketNote(id) => {
                put("ticket", ticket_of(&self.facts.notes, id));
                put("ticket_note", id);
            }
            Object::TicketAttachment(id) => {
                put("ticket", ticket_of(&self.facts.attachments, id));
                put("ticket_attachment", id);
            }
            Object::File(id) => {
                let file = self.facts.files.get(&id);
                put("bundle", file.map_or(MISSING, |file| file.bundle));
                put("file", id);
            }
            Object::Webhook(id) => {
                let webhook = self.facts.webhooks.get(&id);
                put("webhook", id);
                put("delivery", webhook.map_or(MISSING, |it| it.delivery));
            }
        }
        Ok(braces)
    }

    /// Chooses whom and what an operation names so that nothing but rights can stand in its way;
    /// `None` when there is nobody to choose.
    pub(super) fn choose(
        &mut self,
        operation: &Operation,
        asker: i64,
        object: Object,
        mut choices: Choices,
    ) -> Result<Option<Choices>> {
        choices.insert("fresh", self.next_fresh());
        let subject = match object {
            Object::Subject(subject) => Some(subject),
            Object::Thread(id) => self.facts.threads.get(&id).map(|thread| thread.subject),
            _ => None,
        };
        let parties = subject
            .map(|subject| self.facts.parties(subject))
            .transpose()?;
        let template = [
            operation.body.as_deref().unwrap_or_default(),
            operation
                .request
                .as_ref()
                .map_or("", |request| &request.path),
        ]
        .concat();
        for name in [
            "client",
            "writer",
            "other_writer",
            "other_editor",
            "recipient",
            "participant",
        ] {
            if choices.contains_key(name) || !template.contains(&format!("{{{name}}}")) {
                continue;
            }
            let candidates = self.candidates(name, asker, object, parties);
            if candidates.is_empty() {
                return Ok(None);
            }
            let chosen = candidates[self.rng.usize(..candidates.len())];
            choices.insert(name, chosen);
        }
        Ok(Some(choices))
    }

    fn candidates(
        &self,
        name: &str,
        asker: i64,
        object: Object,
        parties: Option<Parties>,
    ) -> Vec<i64> {
        let facts = &self.facts;
        // A user who has changed sides is named by a subject and yet no party of it.
        let is_party = |id, person: Person| match person.role {
            Role::Client => parties.is_some_and(|of| of.client == id),
            Role::Writer => parties.is_some_and(|of| of.writer == Some(id)),
            _ => false,
        };
        let thread = match object {
            Object::Thread(id) => facts.threads.get(&id),
            _ => None,
        };
        facts.people_who(|id, person| {
            let in_thread = thread.is_some_and(|thread| thread.participants.contains(&id));
            match name {
                "participant" => in_thread,
                _ if !person.is_active => false,
                // Tickets on behalf of a client are for the owner; orders are for any client.
                "client" => match object {
                    Object::Subject(Subject::Bundle(_)) => {
                        is_party(id, person) && person.role == Role::Client
                    }
                    _ => person.role == Role::Client,
                },
                "writer" => person.role == Role::Writer,
                "other_writer" => person.role == Role::Writer && !is_party(id, person),
                "other_editor" if thread.is_some() => {
                    !in_thread && (person.role.is_staff() || is_party(id, person))
                }
                "other_editor" => person.role.is_staff(),
                "recipient" => id != asker && (person.role.is_staff() || is_party(id, person)),
                _ => false,
            }
        })
    }
}

/// Fills the braces of a template that are names; JSON's own braces stay.
pub(super) fn fill(template: &str, braces: &BTreeMap<&'static str, String>) -> Result<String> {
    let mut filled = template.to_owned();
    for (name, value) in braces {
        filled = filled.replace(&format!("{{{name}}}"), value);
    }
    let left = filled.match_indices('{').any(|(at, _)| {
        let rest = &filled[at + 1..];
        rest.starts_with(|first: char| first.is_ascii_lowercase())
    });
    ensure!(!left, "a brace of {filled} stands for nothing");
    Ok(filled)
}

//! A server, the people at it and the facts about it: everything that happens goes through here,
//! is compared with the table, and becomes a fact when it succeeded.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use fastrand::Rng;
use reqwest::multipart::{Form, Part};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::facts::{Facts, Object, Parties, Person, Role, Subject};
use super::polls::Polls;
use super::table::{Operation, Table, Verdict};
use crate::client::{Answer, Client, PASSWORD, send};
use crate::place::Place;
use crate::program::{Programs, Server};

/// An id that nothing has.
pub(crate) const MISSING: i64 = 9_000_000_000_000;

/// Differences between the server and the table, and how often they were compared.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) decisions: u64,
    pub(crate) requests: u64,
    pub(crate) polls: u64,
    pub(crate) differences: Vec<String>,
}

/// A server under question.
pub(crate) struct Desk<'t> {
    pub(crate) table: &'t Table,
    pub(crate) facts: Facts,
    pub(crate) found: Findings,
    pub(crate) rng: Rng,
    /// The one who sets the scene and looks whether refused things left a trace.
    pub(crate) superadmin: i64,
    clients: BTreeMap<i64, Client>,
    nobody: Client,
    /// A dead, a made up and no token.
    without_session: Vec<Client>,
    /// What a missing thing is answered with, without the request's id.
    missing: Option<String>,
    pub(super) polls: Polls,
    fresh: i64,
    url: String,
    server: Server,
    _place: Place,
}

/// What an operation is done with: the braces of its templates.
pub(crate) type Choices = BTreeMap<&'static str, i64>;

/// An operation that was tried.
pub(crate) struct Attempt {
    /// Whether it changed something.
    pub(crate) changed: bool,
    /// What it made, if it made something.
    pub(crate) made: Option<Object>,
}

impl<'t> Desk<'t> {
    /// A server with a superadmin and nothing else.
    pub(crate) async fn open(programs: &Programs, table: &'t Table, rng: Rng) -> Result<Self> {
        let place = Place::local()?;
        let server = Server::start(programs, &place, &[]).await?;
        let url = server.url().to_owned();
        let nobody = Client::nobody(&url)?;
        let superadmin = Client::superadmin(&url).await?;
        let mut desk = Self {
            table,
            facts: Facts::default(),
            found: Findings::default(),
            rng,
            superadmin: superadmin.id(),
            clients: BTreeMap::new(),
            nobody,
            without_session: Vec::new(),
            missing: None,
            polls: Polls::default(),
            fresh: 1,
            url,
            server,
            _place: place,
        };
        let dead = Client::superadmin(&desk.url).await?;
        dead.post("/api/v1/auth/logout/", &Value::Null)
            .await?
            .expect(204)?;
        let made_up = dead.with_token("0".repeat(43));
        desk.without_session = vec![desk.nobody.clone(), dead, made_up];
        desk.welcome(Role::Superadmin, superadmin);
        let path = format!("/api/v1/tickets/{MISSING}/");
        let gone = desk.client(desk.superadmin)?.get(&path).await?;
        gone.expect(404)?;
        desk.missing = Some(body_without_request_id(&gone));
        Ok(desk)
    }

    /// Stops the server, which must not have ended before, and gives what was found.
    pub(crate) async fn close(self) -> Result<Findings> {
        self.server.stop().await?;
        Ok(self.found)
    }

    fn welcome(&mut self, role: Role, client: Client) -> i64 {
        let id = client.id();
        let person = Person {
            role,
            is_active: true,
            has_session: true,
        };
        self.facts.people.insert(id, person);
        self.clients.insert(id, client);
        id
    }

    /// Somebody new, signed in.
    pub(crate) async fn hire(&mut self, role: Role) -> Result<i64> {
        let name = format!("person{}", self.next_fresh());
        let superadmin = self.client(self.superadmin)?.clone();
        let client = superadmin.hire(&name, role.name()).await?;
        Ok(self.welcome(role, client))
    }

    /// Somebody new who never signed in.
    pub(crate) async fn enroll(&mut self, role: Role) -> Result<i64> {
        let name = format!("person{}", self.next_fresh());
        let body = json!({
            "username": name, "email": format!("{name}@desk.example"),
            "role": role.name(), "password": PASSWORD,
        });
        let superadmin = self.client(self.superadmin)?;
        let id = superadmin.post("/api/v1/users/", &body).await?.created()?;
        self.remember(id, role);
        Ok(id)
    }

    /// Notes that there is somebody, who never signed in.
    pub(crate) fn remember(&mut self, id: i64, role: Role) {
        let person = Person {
            role,
            is_active: true,
            has_session: false,
        };
        self.facts.people.insert(id, person);
    }

    /// Signs somebody in again whose sessions have ended.
    pub(crate) async fn sign_in_again(&mut self, id: i64) -> Result<()> {
        let superadmin = self.client(self.superadmin)?.clone();
        let path = format!("/api/v1/users/{id}/");
        let body = json!({"is_active": true, "password": PASSWORD});
        let answer = patch(&superadmin, &path, &body).await?;
        let name = answer.json(200)?["username"].clone();
        let name = name.as_str().context("a user has no name")?;
        let client = Client::sign_in(&self.url, name, PASSWORD).await?;
        self.clients.insert(id, client);
        let person = self.facts.people.get_mut(&id).context("nobody")?;
        person.is_active = true;
        person.has_session = true;
        Ok(())
    }

    pub(crate) fn client(&self, id: i64) -> Result<&Client> {
        self.clients.get(&id).context("somebody who has no token")
    }

    pub(crate) fn next_fresh(&mut self) -> i64 {
        self.fresh += 1;
        self.fresh
    }

    /// A request of somebody, counted.
    pub(crate) async fn ask(&mut self, asker: i64, method: Method, path: &str) -> Result<Answer> {
        let request = self.client(asker)?.request(method.clone(), path);
        self.send_polled(asker, &method, request).await
    }

    /// Notes one comparison.
    pub(crate) fn compare(&mut self, holds: bool, tell: impl FnOnce() -> String) {
        self.found.decisions += 1;
        if !holds {
            self.found.differences.push(tell());
        }
    }

    /// What the table wants of an operation, by what is so now.
    pub(crate) fn verdict(
        &self,
        operation: &Operation,
        asker: i64,
        object: Object,
    ) -> Result<Verdict> {
        if !self.facts.person(asker)?.has_session {
            return Ok(Verdict::Status(self.table.without_session));
        }
        match self.facts.place(asker, object)? {
            Some(place) => self.table.verdict(operation, place),
            None => Ok(Verdict::Status(404)),
        }
    }

    /// Whether somebody may read an object, by the operation that reads it.
    pub(crate) fn may_see(&self, asker: i64, object: Object) -> Result<bool> {
        let name = match object {
            Object::Nothing => return Ok(true),
            Object::Person(_) => "read a person",
            Object::Subject(Subject::Bundle(_)) => "read a bundle",
            Object::Subject(Subject::Order(_)) => "read a subject",
            Object::Thread(_) => "read a thread",
            Object::Message(id) => {
                let message = self.facts.messages.get(&id).context("no message")?;
                let thread = Object::Thread(message.thread);
                let operation = self.table.operation("read a thread's messages")?;
                return Ok(self.verdict(operation, asker, thread)?.is_success());
            }
            Object::Ticket(_) => "read a ticket",
            Object::TicketNote(_) => "see a ticket's message",
            Object::TicketAttachment(_) => "fetch a ticket's attachment",
            Object::File(_) => "read a file",
        };
        let operation = self.table.operation(name)?;
        Ok(self.verdict(operation, asker, object)?.is_success())
    }

    /// Compares an answer with what the table wants of it.
    pub(crate) fn judge(
        &mut self,
        operation: &Operation,
        asker: i64,
        object: Object,
        verdict: Verdict,
        answer: &Answer,
    ) -> Result<()> {
        let status = answer.status.as_u16();
        let place = self.facts.place(asker, object)?;
        let role = self.facts.person(asker)?.role.name();
        let tell = |what: &str| {
            format!(
                "«{}» of {object:?} by the {role} {asker}, who is {place:?}: {what}",
                operation.name
            )
        };
        self.compare(verdict.allows(status), || {
            tell(&format!("the table says {verdict}, the server {status}"))
        });
        let is_head = answer.body.is_empty();
        if verdict == Verdict::Status(404) && status == 404 && !is_head {
            let told = body_without_request_id(answer);
            let same = self.missing.as_ref() == Some(&told);
            self.compare(same, || {
                tell(&format!("it is told from a missing one: {told}"))
            });
        }
        Ok(())
    }

    /// Tries an operation as somebody, compares the answer, and remembers what it changed; `None`
    /// when there is nobody whom it could name.
    pub(crate) async fn attempt(
        &mut self,
        operation: &'t Operation,
        asker: i64,
        object: Object,
    ) -> Result<Option<Attempt>> {
        self.attempt_with(operation, asker, object, Choices::new())
            .await
    }

    /// The same, with some of whom and what it names given.
    pub(crate) async fn attempt_with(
        &mut self,
        operation: &'t Operation,
        asker: i64,
        object: Object,
        given: Choices,
    ) -> Result<Option<Attempt>> {
        let Some(choices) = self.choose(operation, asker, object, given)? else {
            return Ok(None);
        };
        let verdict = self.verdict(operation, asker, object)?;
        let client = self.client(asker)?.clone();
        let (request, bytes) = self.request(&client, operation, object, &choices)?;
        let witness = self.witness_of_internal(operation, object)?;
        let seen = self.seen_by(witness, object).await?;
        let method = operation.request.as_ref().map(|request| &request.method);
        let method = method.context("nothing to request")?;
        let answer = self.send_polled(asker, method, request).await?;
        self.judge(operation, asker, object, verdict, &answer)?;
        if seen != self.seen_by(witness, object).await? {
            let name = &operation.name;
            let tell = || format!("«{name}» of {object:?} was seen by its requester {witness:?}");
            self.compare(false, tell);
        }
        let reads = matches!(*method, Method::GET | Method::HEAD);
        let changed = answer.status.is_success() && !reads;
        let mut made = None;
        if changed {
            made = self
                .record(operation, asker, object, &choices, bytes, &answer)
                .await
                .with_context(|| format!("what «{}» made", operation.name))?;
        }
        Ok(Some(Attempt { changed, made }))
    }

    /// The requester who must not notice what is internal.
    fn witness_of_internal(&self, operation: &Operation, object: Object) -> Result<Option<i64>> {
        let Object::Ticket(id) = object else {
            return Ok(None);
        };
        if !operation.name.ends_with("internally") {
            return Ok(None);
        }
        let ticket = self.facts.tickets.get(&id).context("no ticket")?;
        let requester = self.facts.person(ticket.requester)?;
        let watches = requester.has_session && !requester.role.is_staff();
        Ok(watches.then_some(ticket.requester))
    }

    /// Everything that somebody sees of a ticket.
    async fn seen_by(&mut self, witness: Option<i64>, object: Object) -> Result<Vec<String>> {
        let (Some(witness), Object::Ticket(id)) = (witness, object) else {
            return Ok(Vec::new());
        };
        let mut seen = Vec::new();
        for door in ["", "messages/", "attachments/", "history/"] {
            let path = format!("/api/v1/tickets/{id}/{door}");
            let answer = self.ask(witness, Method::GET, &path).await?;
            seen.push(format!("{:?}", answer.headers.get("etag")));
            // A refusal names its request, so no two of them are the same.
            seen.push(if answer.status.is_success() {
                String::from_utf8_lossy(&answer.body).into_owned()
            } else {
                answer.status.to_string()
            });
        }
        Ok(seen)
    }

    /// An operation by everybody who has no session.
    pub(crate) async fn attempt_without_session(
        &mut self,
        operation: &'t Operation,
        object: Object,
    ) -> Result<()> {
        let superadmin = self.superadmin;
        let Some(choices) = self.choose(operation, superadmin, object, Choices::new())? else {
            return Ok(());
        };
        for client in self.without_session.clone() {
            let (request, _) = self.request(&client, operation, object, &choices)?;
            self.found.requests += 1;
            let status = send(request).await?.status.as_u16();
            let (name, expected) = (&operation.name, self.table.without_session);
            self.compare(status == expected, || {
                format!(
                    "«{name}» without a session: the table says {expected}, the server {status}"
                )
            });
        }
        Ok(())
    }

    /// The same operation with a body that makes no sense: rights come before bodies.
    pub(crate) async fn attempt_with_nonsense(
        &mut self,
        operation: &'t Operation,
        asker: i64,
        object: Object,
    ) -> Result<()> {
        let superadmin = self.superadmin;
        let (Some(request), Some(_)) = (&operation.request, &operation.body) else {
            return Ok(());
        };
        let Some(choices) = self.choose(operation, superadmin, object, Choices::new())? else {
            return Ok(());
        };
        // What a body names is hidden by it, so there is no nonsense to send.
        if !request.path.contains('{') {
            return Ok(());
        }
        let verdict = self.verdict(operation, asker, object)?;
        let path = fill(&request.path, &self.braces(asker, object, &choices)?)?;
        let client = self.client(asker)?;
        let nonsense = json!({"nonsense": [1]});
        let asked = client
            .request(request.method.clone(), &path)
            .json(&nonsense);
        self.found.requests += 1;
        let answer = send(asked).await?;
        self.judge(operation, asker, object, verdict, &answer)
    }

    /// Builds the request of an operation, and gives the bytes of its file.
    fn request(
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
    fn braces(
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
        let ticket_of = |of: &BTreeMap<i64, super::facts::OnTicket>, id| {
            of.get(&id).map_or(MISSING, |it| it.ticket)
        };
        let mut put = |name, id: i64| braces.insert(name, id.to_string());
        match object {
            Object::Nothing => {}
            Object::Person(id) => _ = put("person", id),
            Object::Subject(Subject::Bundle(id)) => _ = put("bundle", id),
            Object::Subject(Subject::Order(id)) => _ = put("order", id),
            Object::Thread(id) => _ = put("thread", id),
            Object::Message(id) => _ = put("message", id),
            Object::Ticket(id) => _ = put("ticket", id),
            Object::TicketNote(id) => _ = put("ticket", ticket_of(&self.facts.notes, id)),
            Object::TicketAttachment(id) => {
                put("ticket", ticket_of(&self.facts.attachments, id));
                put("ticket_attachment", id);
            }
            Object::File(id) => {
                let file = self.facts.files.get(&id);
                put("bundle", file.map_or(MISSING, |file| file.bundle));
                put("file", id);
            }
        }
        Ok(braces)
    }

    /// Chooses whom and what an operation names so that nothing but rights can stand in its way;
    /// `None` when there is nobody to choose.
    fn choose(
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
        // Somebody who has changed sides is named by a subject and yet no party of it.
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
                // Tickets for somebody are for the owner; orders are for any client.
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

    /// Does something that has to succeed, with some of whom it names given, and gives what it
    /// made.
    pub(crate) async fn prepare<const N: usize>(
        &mut self,
        asker: i64,
        name: &str,
        object: Object,
        given: [(&'static str, i64); N],
    ) -> Result<Option<Object>> {
        let operation = self.table.operation(name)?;
        let before = self.found.differences.len();
        let attempt = self.attempt_with(operation, asker, object, given.into());
        let attempt = attempt
            .await?
            .with_context(|| format!("nobody for «{name}»"))?;
        let failed = || self.found.differences[before..].join("; ");
        ensure!(attempt.changed, "«{name}» was not done: {}", failed());
        Ok(attempt.made)
    }
}

/// `PATCH` with a body.
pub(crate) async fn patch(client: &Client, path: &str, body: &Value) -> Result<Answer> {
    Ok(send(client.request(Method::PATCH, path).json(body)).await?)
}

/// Fills the braces of a template that are names; JSON's own braces stay.
fn fill(template: &str, braces: &BTreeMap<&'static str, String>) -> Result<String> {
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

/// The body of a problem without what differs between any two requests.
fn body_without_request_id(answer: &Answer) -> String {
    let text = String::from_utf8_lossy(&answer.body);
    let id = answer.headers.get("x-request-id");
    match id.and_then(|id| id.to_str().ok()) {
        Some(id) => text.replace(id, "ID"),
        None => text.into_owned(),
    }
}

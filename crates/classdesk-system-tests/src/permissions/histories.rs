//! Random histories: people do things in any order, and between any two of them a user looks.
//! What is expected follows from the facts and the table, whatever came before.

use anyhow::{Context as _, Result};
use reqwest::Method;

use super::facts::{Object, Role, Subject};
use super::fixture::{Findings, Fixture};
use super::local_server::LocalServer;
use super::table::{Operation, Table, Verdict};
use crate::programs::Programs;
use crate::seed::Seed;

/// How many steps a run takes: long enough to grow stale rights, short enough that messages can
/// still be edited and that lists stay small.
const STEPS: u32 = 600;

/// How often something is chosen until it is a change that is allowed.
const TRIES: u32 = 100;

/// How many objects of a kind are kept apart; no more are made beyond it.
const ENOUGH: usize = 25;

/// Random histories, one run after the other, until enough was compared.
pub(crate) async fn run(
    programs: &Programs,
    table: &Table,
    seed: Seed,
    decisions: u64,
    first_part: u64,
) -> Result<Findings> {
    let mut all = Findings::default();
    for run in 0.. {
        let part = first_part + 2 * run;
        let server = LocalServer::start(programs).await?;
        let fixture = Fixture::start(server.target(), table, seed.rng(part)).await?;
        let left = decisions - all.decisions;
        let found = act(fixture, left)
            .await
            .with_context(|| format!("run {part} of seed {seed}"))?;
        server.stop().await?;
        all.requests += found.requests;
        all.decisions += found.decisions;
        let differences = found.differences.into_iter();
        all.differences
            .extend(differences.map(|difference| format!("run {part}: {difference}")));
        if all.decisions >= decisions {
            break;
        }
    }
    Ok(all)
}

async fn act(mut fixture: Fixture<'_>, decisions: u64) -> Result<Findings> {
    fixture.populate().await?;
    for step in 0..STEPS {
        let before = fixture.found.differences.len();
        fixture
            .step()
            .await
            .with_context(|| format!("step {step}"))?;
        for difference in &mut fixture.found.differences[before..] {
            *difference = format!("step {step}: {difference}");
        }
        if fixture.found.decisions >= decisions {
            break;
        }
    }
    Ok(fixture.found)
}

impl<'t> Fixture<'t> {
    /// Hires people of every role, and gives them subjects to work on.
    pub(crate) async fn populate(&mut self) -> Result<()> {
        for role in [
            Role::Client,
            Role::Client,
            Role::Client,
            Role::Writer,
            Role::Writer,
            Role::Writer,
            Role::Editor,
            Role::Editor,
            Role::Admin,
            Role::Superadmin,
        ] {
            self.hire(role).await?;
        }
        let superadmin = self.superadmin;
        for name in ["create a bundle", "register a subject"] {
            for _ in 0..2 {
                self.prepare(superadmin, name, Object::Nothing, []).await?;
            }
        }
        let subjects: Vec<Subject> = self.facts.subjects.keys().copied().collect();
        for subject in subjects {
            let name = match subject {
                Subject::Bundle(_) => "assign a bundle's writer",
                Subject::Order(_) => "change a subject",
            };
            let subject = Object::Subject(subject);
            self.prepare(superadmin, name, subject, []).await?;
        }
        Ok(())
    }

    /// Something changes.
    pub(crate) async fn change(&mut self) -> Result<()> {
        match self.rng.u8(..100) {
            0..=89 => self.change_something().await,
            90..=93 => self.change_sides().await,
            _ => self.sign_somebody_in_again().await,
        }
    }

    /// One thing that happens.
    async fn step(&mut self) -> Result<()> {
        match self.rng.u8(..100) {
            0..=57 => self.do_something().await,
            58..=93 => {
                let (asker, object) = (self.somebody(), self.something());
                self.check_views(asker, object).await
            }
            94..=95 => self.change_sides().await,
            96..=97 => {
                let asker = self.somebody();
                if self.facts.person(asker)?.has_session {
                    self.check_lists(asker).await?;
                    self.check_feed(asker).await?;
                }
                Ok(())
            }
            _ => self.sign_somebody_in_again().await,
        }
    }

    async fn sign_somebody_in_again(&mut self) -> Result<()> {
        let away = self.facts.people_who(|_, person| !person.has_session);
        match away.first() {
            Some(person) => self.sign_in_again(*person).await,
            None => Ok(()),
        }
    }

    /// A client becomes a writer, or a writer a client, with everything they had before; sometimes
    /// they get to work on what they had asked about. What they had as the one must not give them
    /// anything as the other.
    async fn change_sides(&mut self) -> Result<()> {
        let parties = self.facts.people_who(|_, person| !person.role.is_staff());
        let who = parties[self.rng.usize(..parties.len())];
        let is_client = self.facts.person(who)?.role == Role::Client;
        let name = if is_client {
            "make somebody a writer"
        } else {
            "make somebody a client"
        };
        let table: &'t Table = self.table;
        let asker = if self.rng.bool() {
            self.superadmin
        } else {
            self.somebody()
        };
        let operation = table.operation(name)?;
        let attempt = self.attempt(operation, asker, Object::Person(who)).await?;
        let changed = attempt.is_some_and(|attempt| attempt.changed);
        if !changed || !is_client || !self.facts.person(who)?.is_active || self.rng.bool() {
            return Ok(());
        }
        let tickets = self.facts.tickets.values();
        let asked_about: Vec<Subject> = tickets
            .filter(|ticket| ticket.requester == who)
            .filter_map(|ticket| ticket.subject)
            .filter(|subject| matches!(subject, Subject::Bundle(_)))
            .collect();
        if asked_about.is_empty() {
            return Ok(());
        }
        let subject = Object::Subject(asked_about[self.rng.usize(..asked_about.len())]);
        let operation = table.operation("assign a bundle's writer")?;
        let given = [("other_writer", who)].into();
        self.attempt_with(operation, self.superadmin, subject, given)
            .await
            .map(drop)
    }

    fn somebody(&mut self) -> i64 {
        let people = self.facts.people_who(|_, _| true);
        people[self.rng.usize(..people.len())]
    }

    /// Any object; each kind is as likely as the other.
    fn something(&mut self) -> Object {
        let facts = &self.facts;
        let objects: Vec<Object> = match self.rng.u8(..10) {
            0 => facts.people.keys().map(|id| Object::Person(*id)).collect(),
            1 => facts
                .subjects
                .keys()
                .map(|it| Object::Subject(*it))
                .collect(),
            2 | 3 => facts.threads.keys().map(|id| Object::Thread(*id)).collect(),
            4 => facts
                .messages
                .keys()
                .map(|id| Object::Message(*id))
                .collect(),
            5 => facts.tickets.keys().map(|id| Object::Ticket(*id)).collect(),
            6 => {
                let attachments = facts.attachments.keys();
                attachments
                    .map(|id| Object::TicketAttachment(*id))
                    .collect()
            }
            7 => facts.files.keys().map(|id| Object::File(*id)).collect(),
            8 => {
                let webhooks = facts.webhooks.keys();
                webhooks.map(|id| Object::Webhook(*id)).collect()
            }
            _ => Vec::new(),
        };
        if objects.is_empty() {
            return Object::Nothing;
        }
        objects[self.rng.usize(..objects.len())]
    }

    /// A user tries something.
    async fn do_something(&mut self) -> Result<()> {
        match self.some_attempt()? {
            Some((operation, asker, object)) => {
                self.attempt(operation, asker, object).await.map(drop)
            }
            None => Ok(()),
        }
    }

    /// A user does something that they may do and that changes something.
    async fn change_something(&mut self) -> Result<()> {
        for _ in 0..TRIES {
            let Some((operation, asker, object)) = self.some_attempt()? else {
                continue;
            };
            let request = operation.request.as_ref();
            let reads =
                request.is_none_or(|it| it.method == Method::GET || it.method == Method::HEAD);
            if !reads && self.verdict(operation, asker, object)?.is_success() {
                return self.attempt(operation, asker, object).await.map(drop);
            }
        }
        Ok(())
    }

    /// An operation of a user on an object, whatever the table says of it; `None` when there is
    /// none that fits.
    fn some_attempt(&mut self) -> Result<Option<(&'t Operation, i64, Object)>> {
        let (asker, object) = (self.somebody(), self.something());
        let table: &'t Table = self.table;
        let operations: Vec<&'t Operation> = table
            .operations()
            .iter()
            .filter(|it| it.on == object.kind() && it.request.is_some())
            .collect();
        if operations.is_empty() {
            return Ok(None);
        }
        let operation = operations[self.rng.usize(..operations.len())];
        let fits = self.is_fitting(operation, object)?
            && self.verdict(operation, asker, object)? != Verdict::Silent;
        Ok(fits.then_some((operation, asker, object)))
    }

    /// Whether an operation would leave a run that can go on and whose facts the contract tells.
    fn is_fitting(&self, operation: &Operation, object: Object) -> Result<bool> {
        let facts = &self.facts;
        Ok(match (operation.name.as_str(), object) {
            (name, Object::Person(id)) if name.starts_with("make somebody") => {
                let role = facts.person(id)?.role;
                match name {
                    // Parties who become staff are no matter of the contract, nor is the other way.
                    "make somebody a client" | "make somebody a writer" => !role.is_staff(),
                    "make somebody a superadmin" => false,
                    _ => role != Role::Superadmin && role.is_staff(),
                }
            }
            (_, Object::Person(id)) => id != self.superadmin,
            ("create a webhook", _) => facts.webhooks.len() < 8,
            (
                "create a bundle"
                | "create a bundle by its external id"
                | "register a subject"
                | "register a subject by its external id",
                _,
            ) => facts.subjects.len() < 8,
            ("create a ticket on nothing", _) => facts.tickets.len() < ENOUGH,
            (name, Object::Nothing) => !name.starts_with("create a"),
            (name, _) if name.starts_with("open a ticket") => facts.tickets.len() < ENOUGH,
            (name, _) if name.starts_with("open a") => facts.threads.len() < ENOUGH,
            (name, _) if name.starts_with("upload") => facts.files.len() < ENOUGH,
            (name, _) if name.starts_with("send") => facts.messages.len() < 4 * ENOUGH,
            (name, _) if name.starts_with("attach") => facts.attachments.len() < 2 * ENOUGH,
            (name, _) if name.starts_with("answer") => facts.notes.len() < 2 * ENOUGH,
            _ => true,
        })
    }
}

//! Every cell of the table: for each state of each kind of object and each relation to it, the
//! server is brought there, and every operation and every view is tried.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, bail, ensure};
use reqwest::Method;

use super::facts::{Object, Role};
use super::fixture::Fixture;
use super::scenarios::{People, Scenario};
use super::table::{Case, Operation, Table, Verdict};

/// A cell: operation, state, relation.
pub(crate) type Cell = (String, String, String);

/// All cells about which the contract says something.
pub(crate) fn all(table: &Table) -> Result<BTreeSet<Cell>> {
    let mut cells = BTreeSet::new();
    for operation in table.operations() {
        for state in table.states(&operation.on)? {
            for relation in table.relations(&operation.on)? {
                if table.verdict(operation, Case { state, relation })? != Verdict::Silent {
                    cells.insert((operation.name.clone(), state.clone(), relation.clone()));
                }
            }
        }
    }
    Ok(cells)
}

/// Of how many scenarios the short form tries one.
const SHORT: u32 = 4;

/// Tries these kinds of objects: every cell, or some that the seed chooses. Gives the cells that it
/// tried.
pub(crate) async fn try_kinds(
    fixture: &mut Fixture<'_>,
    kinds: &[&str],
    every: bool,
) -> Result<BTreeSet<Cell>> {
    let people = People::hire(fixture).await?;
    let mut tried = BTreeSet::new();
    let table = fixture.table;
    for kind in kinds {
        let mut last = None;
        for state in table.states(kind)? {
            let mut asked_without_session = false;
            for relation in table.relations(kind)? {
                let scenarios = people.scenarios(kind, state, relation);
                ensure!(!scenarios.is_empty(), "nobody is {relation} to a {kind}");
                for scenario in scenarios {
                    if !every && fixture.rng.u32(..SHORT) != 0 {
                        continue;
                    }
                    let object = try_scenario(fixture, &people, scenario, &mut tried)
                        .await
                        .with_context(|| format!("{scenario:?}"))?;
                    last = Some(object);
                    if !asked_without_session {
                        asked_without_session = true;
                        for operation in operations(table, kind) {
                            fixture.attempt_without_session(operation, object).await?;
                        }
                    }
                }
            }
        }
        if let Some(object) = last {
            try_deactivated(fixture, &people, object).await?;
        }
    }
    Ok(tried)
}

/// The operations on a kind of object that can be requested.
fn operations<'t>(table: &'t Table, kind: &str) -> impl Iterator<Item = &'t Operation> {
    let operations = table.operations().iter();
    let kind = kind.to_owned();
    operations.filter(move |operation| operation.on == kind && operation.request.is_some())
}

/// Tries every operation and view on a scenario: first what is refused, which must leave no trace.
async fn try_scenario<'t>(
    fixture: &mut Fixture<'t>,
    people: &People,
    scenario: Scenario<'_>,
    tried: &mut BTreeSet<Cell>,
) -> Result<Object> {
    let (mut asker, mut object) = build(fixture, people, scenario).await?;
    let table = fixture.table;
    let mut note = |operation: &Operation| {
        let Scenario {
            state, relation, ..
        } = scenario;
        let cell = (
            operation.name.clone(),
            state.to_owned(),
            relation.to_owned(),
        );
        tried.insert(cell);
    };
    let mut allowed = Vec::new();
    let before = fixture.snapshot(object).await?;
    for operation in table.operations() {
        if operation.on != scenario.kind {
            continue;
        }
        match fixture.verdict(operation, asker, object)? {
            Verdict::Silent => continue,
            _ if operation.request.is_none() => {}
            verdict if verdict.is_success() => {
                allowed.push(operation);
                continue;
            }
            verdict => {
                let attempt = fixture.attempt(operation, asker, object).await?;
                let attempt = attempt.with_context(|| operation.name.clone())?;
                if verdict == Verdict::Status(404) {
                    fixture
                        .attempt_with_nonsense(operation, asker, object)
                        .await?;
                }
                if attempt.changed {
                    // It should not have been: go on with another one.
                    (asker, object) = build(fixture, people, scenario).await?;
                }
            }
        }
        note(operation);
    }
    let after = fixture.snapshot(object).await?;
    if fixture.found.differences.is_empty() {
        fixture.compare(before == after, || {
            format!("what was refused on {scenario:?} left a trace: {before:?} became {after:?}")
        });
    }
    fixture.check_views(asker, object).await?;
    fixture.check_feed(asker).await?;
    for operation in allowed {
        let attempt = fixture.attempt(operation, asker, object).await?;
        let attempt = attempt.with_context(|| operation.name.clone())?;
        note(operation);
        if attempt.changed {
            (asker, object) = build(fixture, people, scenario).await?;
        }
    }
    Ok(object)
}

async fn build(
    fixture: &mut Fixture<'_>,
    people: &People,
    scenario: Scenario<'_>,
) -> Result<(i64, Object)> {
    let (asker, object) = people.build(fixture, scenario).await?;
    let Scenario {
        state, relation, ..
    } = scenario;
    let case = fixture.facts.case(asker, object)?;
    ensure!(
        case == Some(Case { state, relation }),
        "{scenario:?} became {case:?}"
    );
    Ok((asker, object))
}

/// A deactivated user has lost everything, with the token of a moment ago.
async fn try_deactivated(fixture: &mut Fixture<'_>, people: &People, object: Object) -> Result<()> {
    let superadmin = fixture.superadmin;
    for role in [Role::Client, Role::Writer, Role::Editor, Role::Admin] {
        let person = people.of_role(role);
        let somebody = Object::Person(person);
        fixture
            .prepare(superadmin, "deactivate somebody", somebody, [])
            .await?;
        for operation in operations(fixture.table, object.kind()) {
            fixture.attempt(operation, person, object).await?;
        }
        fixture.sign_in_again(person).await?;
    }
    Ok(())
}

impl Fixture<'_> {
    /// Everything about an object, as the superadmin sees it.
    async fn snapshot(&mut self, object: Object) -> Result<Vec<String>> {
        use super::facts::Subject;
        let bundles = "/api/v1/class-management/class-bundles";
        let thread = |id| format!("/api/v1/communications/threads/{id}/");
        let ticket = |id| format!("/api/v1/tickets/{id}/");
        let (one, below): (String, &[&str]) = match object {
            Object::Nothing => return Ok(Vec::new()),
            Object::Person(id) => (format!("/api/v1/users/{id}/"), &[]),
            Object::Subject(Subject::Bundle(id)) => (
                format!("{bundles}/{id}/"),
                &["threads/", "tickets/", "files/"],
            ),
            Object::Subject(Subject::Order(id)) => (format!("/api/v1/subjects/order/{id}/"), &[]),
            Object::Thread(id) => (thread(id), &["messages/"]),
            Object::Message(id) => {
                let message = self.facts.messages.get(&id).context("no message")?;
                (thread(message.thread), &["messages/"])
            }
            Object::Ticket(id) => (ticket(id), &["messages/", "attachments/", "history/"]),
            Object::TicketNote(id) => {
                let note = self.facts.notes.get(&id).context("no note")?;
                (ticket(note.ticket), &["messages/"])
            }
            Object::TicketAttachment(id) => {
                let attachment = self.facts.attachments.get(&id).context("no attachment")?;
                (ticket(attachment.ticket), &["attachments/"])
            }
            Object::File(id) => {
                let file = self.facts.files.get(&id).context("no file")?;
                (format!("{bundles}/{}/files/{id}/", file.bundle), &[])
            }
            Object::Webhook(id) => (format!("/api/v1/webhooks/{id}/"), &["deliveries/"]),
        };
        let mut snapshot = Vec::new();
        for below in [""].iter().chain(below) {
            let path = format!("{one}{below}");
            let answer = self.ask(self.superadmin, Method::GET, &path).await?;
            if !answer.status.is_success() {
                bail!("the superadmin does not see {path}: {}", answer.status);
            }
            snapshot.push(String::from_utf8_lossy(&answer.body).into_owned());
        }
        Ok(snapshot)
    }
}

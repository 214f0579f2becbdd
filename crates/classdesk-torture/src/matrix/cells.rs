//! Every cell of the table: for each state of each kind of object and each standing to it, the
//! server is brought there, and every operation and every door is tried.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, bail, ensure};
use reqwest::Method;

use super::desk::Desk;
use super::facts::{Object, Role};
use super::specimens::{Cast, Specimen};
use super::table::{Operation, Place, Table, Verdict};

/// A cell: operation, state, standing.
pub(crate) type Cell = (String, String, String);

/// All cells about which the contract says something.
pub(crate) fn all(table: &Table) -> Result<BTreeSet<Cell>> {
    let mut cells = BTreeSet::new();
    for operation in table.operations() {
        for state in table.states(&operation.on)? {
            for standing in table.standings(&operation.on)? {
                if table.verdict(operation, Place { state, standing })? != Verdict::Silent {
                    cells.insert((operation.name.clone(), state.clone(), standing.clone()));
                }
            }
        }
    }
    Ok(cells)
}

/// Of how many specimens the short form tries one.
const SHORT: u32 = 4;

/// Tries these kinds of objects: every cell, or some that the seed chooses. Gives the cells that it
/// tried.
pub(crate) async fn try_kinds(
    desk: &mut Desk<'_>,
    kinds: &[&str],
    every: bool,
) -> Result<BTreeSet<Cell>> {
    let cast = Cast::hire(desk).await?;
    let mut tried = BTreeSet::new();
    let table = desk.table;
    for kind in kinds {
        let mut last = None;
        for state in table.states(kind)? {
            let mut asked_without_session = false;
            for standing in table.standings(kind)? {
                let specimens = cast.specimens(kind, state, standing);
                ensure!(!specimens.is_empty(), "nobody is {standing} to a {kind}");
                for specimen in specimens {
                    if !every && desk.rng.u32(..SHORT) != 0 {
                        continue;
                    }
                    let object = try_specimen(desk, &cast, specimen, &mut tried)
                        .await
                        .with_context(|| format!("{specimen:?}"))?;
                    last = Some(object);
                    if !asked_without_session {
                        asked_without_session = true;
                        for operation in operations(table, kind) {
                            desk.attempt_without_session(operation, object).await?;
                        }
                    }
                }
            }
        }
        if let Some(object) = last {
            try_deactivated(desk, &cast, object).await?;
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

/// Tries every operation and door on a specimen: first what is refused, which must leave no trace.
async fn try_specimen<'t>(
    desk: &mut Desk<'t>,
    cast: &Cast,
    specimen: Specimen<'_>,
    tried: &mut BTreeSet<Cell>,
) -> Result<Object> {
    let (mut asker, mut object) = build(desk, cast, specimen).await?;
    let table = desk.table;
    let mut note = |operation: &Operation| {
        let Specimen {
            state, standing, ..
        } = specimen;
        let cell = (
            operation.name.clone(),
            state.to_owned(),
            standing.to_owned(),
        );
        tried.insert(cell);
    };
    let mut allowed = Vec::new();
    let before = desk.view(object).await?;
    for operation in table.operations() {
        if operation.on != specimen.kind {
            continue;
        }
        match desk.verdict(operation, asker, object)? {
            Verdict::Silent => continue,
            _ if operation.request.is_none() => {}
            verdict if verdict.is_success() => {
                allowed.push(operation);
                continue;
            }
            verdict => {
                let attempt = desk.attempt(operation, asker, object).await?;
                let attempt = attempt.with_context(|| operation.name.clone())?;
                if verdict == Verdict::Status(404) {
                    desk.attempt_with_nonsense(operation, asker, object).await?;
                }
                if attempt.changed {
                    // It should not have been: go on with another one.
                    (asker, object) = build(desk, cast, specimen).await?;
                }
            }
        }
        note(operation);
    }
    let after = desk.view(object).await?;
    if desk.found.differences.is_empty() {
        desk.compare(before == after, || {
            format!("what was refused on {specimen:?} left a trace: {before:?} became {after:?}")
        });
    }
    desk.look(asker, object).await?;
    for operation in allowed {
        let attempt = desk.attempt(operation, asker, object).await?;
        let attempt = attempt.with_context(|| operation.name.clone())?;
        note(operation);
        if attempt.changed {
            (asker, object) = build(desk, cast, specimen).await?;
        }
    }
    Ok(object)
}

async fn build(desk: &mut Desk<'_>, cast: &Cast, specimen: Specimen<'_>) -> Result<(i64, Object)> {
    let (asker, object) = cast.build(desk, specimen).await?;
    let Specimen {
        state, standing, ..
    } = specimen;
    let place = desk.facts.place(asker, object)?;
    ensure!(
        place == Some(Place { state, standing }),
        "{specimen:?} became {place:?}"
    );
    Ok((asker, object))
}

/// Whoever is deactivated has lost everything, with the token of a moment ago.
async fn try_deactivated(desk: &mut Desk<'_>, cast: &Cast, object: Object) -> Result<()> {
    let superadmin = desk.superadmin;
    for role in [Role::Client, Role::Writer, Role::Editor, Role::Admin] {
        let person = cast.of_role(role);
        let somebody = Object::Person(person);
        desk.prepare(superadmin, "deactivate somebody", somebody, [])
            .await?;
        for operation in operations(desk.table, object.kind()) {
            desk.attempt(operation, person, object).await?;
        }
        desk.sign_in_again(person).await?;
    }
    Ok(())
}

impl Desk<'_> {
    /// Everything about an object, as the superadmin sees it.
    async fn view(&mut self, object: Object) -> Result<Vec<String>> {
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
        };
        let mut view = Vec::new();
        for below in [""].iter().chain(below) {
            let path = format!("{one}{below}");
            let answer = self.ask(self.superadmin, Method::GET, &path).await?;
            if !answer.status.is_success() {
                bail!("the superadmin does not see {path}: {}", answer.status);
            }
            view.push(String::from_utf8_lossy(&answer.body).into_owned());
        }
        Ok(view)
    }
}

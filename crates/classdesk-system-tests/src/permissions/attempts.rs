//! Trying an operation: its answer is compared with the table, and what it changed becomes a fact.

use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use serde_json::json;

use super::facts::Object;
use super::fixture::{Attempt, Choices, Fixture, looks_of};
use super::requests::fill;
use super::table::{Operation, Verdict};
use crate::client::{Answer, send};

impl<'t> Fixture<'t> {
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
        let case = self.facts.case(asker, object)?;
        let role = self.facts.person(asker)?.role.name();
        let tell = |what: &str| {
            format!(
                "«{}» of {object:?} by the {role} {asker}, who is {case:?}: {what}",
                operation.name
            )
        };
        self.compare(verdict.allows(status), || {
            tell(&format!("the table says {verdict}, the server {status}"))
        });
        let is_head = answer.body.is_empty();
        if verdict == Verdict::Status(404) && status == 404 && !is_head {
            let looks = looks_of(answer);
            self.compare(self.missing == looks, || {
                tell(&format!("it is told from a missing one: {looks}"))
            });
        }
        Ok(())
    }

    /// Tries an operation as a user, compares the answer, and remembers what it changed; `None`
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
        self.found.requests += 1;
        let answer = send(request).await?;
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

    /// Everything that a user sees of a ticket.
    async fn seen_by(&mut self, witness: Option<i64>, object: Object) -> Result<Vec<String>> {
        let (Some(witness), Object::Ticket(id)) = (witness, object) else {
            return Ok(Vec::new());
        };
        let mut seen = Vec::new();
        for view in ["", "messages/", "attachments/", "history/"] {
            let path = format!("/api/v1/tickets/{id}/{view}");
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

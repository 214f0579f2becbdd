//! A thread with its counts, and a bundle with everything that belongs to it.

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::Verification;
use crate::load::fixture::{BUNDLES, THREADS, TICKETS, number_of};
use crate::load::model::{Kind, State, Variable};

impl Verification<'_> {
    /// Checks a thread: its messages, and the counts against a recount of what is listed.
    pub(super) async fn check_thread(&mut self, thread: i64) -> Result<()> {
        let viewer = self.fixture.superadmin.at(&self.url);
        let path = format!("{THREADS}{thread}/");
        let messages = viewer.list(&format!("{path}messages/")).await?;
        self.check_items(Kind::Message, thread, &messages).await?;
        let shown = viewer.get(&path).await?.json(200)?;
        self.check_count(&shown, "message_count", messages.len());
        let last = messages
            .last()
            .map_or(&Value::Null, |message| &message["id"]);
        if shown["last_message"]["id"] != *last {
            let said = &shown["last_message"]["id"];
            self.report
                .violation(format!("thread {thread}: last message {said}, not {last}"));
        }
        let fixture = self.fixture;
        for (_, reader) in fixture
            .readers()
            .into_iter()
            .filter(|(where_, _)| *where_ == thread)
        {
            let person = reader.id();
            let shown = reader.at(&self.url).get(&path).await?.json(200)?;
            let unread = number_of(&shown, "unread_count")?;
            let variable = Variable::ReadMark { thread, person };
            let possible = self.model.states(variable, self.cut);
            let recount = |mark: i64| {
                let unread = messages.iter().filter(|message| {
                    message["sender"]["id"] != person
                        && message["is_deleted"] == false
                        && message["id"].as_i64() > Some(mark)
                });
                unread.count() as i64
            };
            let fitting = possible.iter().find(|state| match state {
                State::Id(mark) => recount(*mark) == unread,
                State::Text(_) | State::Deleted => false,
            });
            match fitting.cloned() {
                Some(_) if possible.len() == 1 => {}
                Some(mark) if self.settles => self.model.settle(variable, mark),
                Some(_) => {}
                None => self.report.violation(format!(
                    "thread {thread}: {unread} unread of {person}, who has read up to {possible:?}"
                )),
            }
            self.report.add("unread counts recounted", 1);
        }
        Ok(())
    }

    /// Checks a bundle: its writer, its files, and its tickets with theirs.
    pub(super) async fn check_bundle(&mut self, bundle: i64) -> Result<()> {
        let viewer = self.fixture.superadmin.at(&self.url);
        let path = format!("{BUNDLES}{bundle}/");
        let shown = viewer.get(&path).await?.json(200)?;
        if bundle == self.fixture.bundles[1] {
            self.check_writer(bundle, &shown).await?;
        }
        self.check_count(&shown, "threads_count", 1);
        let files = viewer.list(&format!("{path}files/")).await?;
        self.check_items(Kind::File, bundle, &files).await?;
        let tickets = viewer.list(&format!("{path}tickets/")).await?;
        self.check_count(&shown, "tickets_count", tickets.len());
        self.check_items(Kind::Ticket, bundle, &tickets).await?;
        for ticket in &tickets {
            self.check_ticket(ticket).await?;
        }
        Ok(())
    }

    /// Checks that the present writer takes part in the thread: both are one change.
    async fn check_writer(&mut self, bundle: i64, shown: &Value) -> Result<()> {
        let writer = shown["assigned_writer"].as_i64().unwrap_or_default();
        self.check_state(Variable::Writer { bundle }, State::Id(writer));
        let thread = self.fixture.threads[1];
        let viewer = self.fixture.superadmin.at(&self.url);
        let thread = viewer
            .get(&format!("{THREADS}{thread}/"))
            .await?
            .json(200)?;
        let participants = thread["participants"]
            .as_array()
            .context("no participants")?;
        if writer != 0 && !participants.iter().any(|one| one["id"] == writer) {
            self.report.violation(format!(
                "writer {writer} is assigned and takes no part in the thread"
            ));
        }
        Ok(())
    }

    async fn check_ticket(&mut self, ticket: &Value) -> Result<()> {
        let id = number_of(ticket, "id")?;
        let title = ticket["title"].as_str().unwrap_or_default();
        let number = title
            .split(' ')
            .next()
            .and_then(|number| number.parse().ok());
        let number = number.with_context(|| format!("a ticket has the title {title}"))?;
        let text = |field: &str| State::Text(ticket[field].as_str().unwrap_or_default().to_owned());
        self.check_state(Variable::Priority(number), text("priority"));
        self.check_state(Variable::Status(number), text("status"));
        let viewer = self.fixture.superadmin.at(&self.url);
        let notes = viewer.list(&format!("{TICKETS}{id}/messages/")).await?;
        self.check_count(ticket, "messages_count", notes.len());
        self.check_items(Kind::Note, id, &notes).await?;
        let attachments = viewer.list(&format!("{TICKETS}{id}/attachments/")).await?;
        self.check_count(ticket, "attachments_count", attachments.len());
        self.check_items(Kind::Attachment, id, &attachments).await
    }

    fn check_count(&mut self, shown: &Value, field: &str, listed: usize) {
        if shown[field] != listed {
            let (id, said) = (&shown["id"], &shown[field]);
            self.report.violation(format!(
                "{field} of {id} is {said}, and {listed} are listed"
            ));
        }
    }
}

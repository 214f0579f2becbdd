//! What a user may do and see when these are the facts.

use anyhow::{Context as _, Result};

use super::facts::{Facts, Object, Subject};
use super::table::{Operation, Table, Verdict};

/// The table, applied to facts of some moment.
#[derive(Clone, Copy)]
pub(crate) struct Rights<'a> {
    pub(crate) table: &'a Table,
    pub(crate) facts: &'a Facts,
}

impl Rights<'_> {
    /// What the table wants of an operation.
    pub(crate) fn verdict(
        self,
        operation: &Operation,
        asker: i64,
        object: Object,
    ) -> Result<Verdict> {
        if !self.facts.person(asker)?.has_session {
            return Ok(Verdict::Status(self.table.without_session));
        }
        match self.facts.case(asker, object)? {
            Some(case) => self.table.verdict(operation, case),
            None => Ok(Verdict::Status(404)),
        }
    }

    /// Whether a user may read an object, by the operation that reads it.
    pub(crate) fn may_see(self, asker: i64, object: Object) -> Result<bool> {
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
            Object::Webhook(_) => "read a webhook",
        };
        let operation = self.table.operation(name)?;
        Ok(self.verdict(operation, asker, object)?.is_success())
    }
}

//! Every view through which an object could be seen: by itself, in lists, in counts, by its bytes,
//! in the history and in the audit log.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use reqwest::Method;
use serde_json::Value;

use super::facts::{Object, Subject};
use super::fixture::Fixture;

const BUNDLES: &str = "/api/v1/class-management/class-bundles/";
const THREADS: &str = "/api/v1/communications/threads/";
const TICKETS: &str = "/api/v1/tickets/";

impl Fixture<'_> {
    /// Compares every view of an object.
    pub(crate) async fn check_views(&mut self, asker: i64, object: Object) -> Result<()> {
        if !self.facts.person(asker)?.has_session {
            return Ok(());
        }
        match object {
            Object::Nothing => self.check_logs(asker).await,
            Object::Person(_) => self.check_operation(asker, "read a person", object).await,
            Object::Subject(Subject::Bundle(id)) => self.check_bundle(asker, id).await,
            Object::Subject(subject @ Subject::Order(_)) => {
                self.check_operation(asker, "read a subject", object)
                    .await?;
                self.check_lists_about(asker, subject).await
            }
            Object::Thread(id) => self.check_thread(asker, id).await,
            Object::Message(id) => self.check_message(asker, id).await,
            Object::Ticket(id) => self.check_ticket(asker, id).await,
            Object::TicketNote(id) => {
                let ticket = self.facts.notes.get(&id).context("no note")?.ticket;
                self.check_ticket(asker, ticket).await
            }
            Object::TicketAttachment(id) => {
                let attachment = self.facts.attachments.get(&id).context("no attachment")?;
                let (ticket, bytes) = (attachment.ticket, attachment.bytes.clone());
                let path = format!("{TICKETS}{ticket}/attachments/{id}/download/");
                let names = [
                    "fetch a ticket's attachment",
                    "ask about a ticket's attachment",
                ];
                self.check_bytes(asker, object, names, &path, &bytes)
                    .await?;
                self.check_ticket(asker, ticket).await
            }
            Object::File(id) => self.check_file(asker, id).await,
            Object::Webhook(_) => self.check_webhook(asker, object).await,
        }
    }

    async fn check_webhook(&mut self, asker: i64, webhook: Object) -> Result<()> {
        for name in [
            "read a webhook",
            "list the deliveries of a webhook",
            "read a delivery",
        ] {
            self.check_operation(asker, name, webhook).await?;
        }
        if !self.may_see(asker, webhook)? {
            return Ok(());
        }
        let webhooks = self.facts.webhooks.keys();
        let all: Vec<_> = webhooks.map(|id| (*id, Object::Webhook(*id))).collect();
        self.list(asker, "/api/v1/webhooks/", all).await.map(drop)
    }

    /// A view that the table has as an operation.
    async fn check_operation(&mut self, asker: i64, name: &str, object: Object) -> Result<()> {
        let operation = self.table.operation(name)?;
        self.attempt(operation, asker, object).await.map(drop)
    }

    /// All items of a list, or none when it is refused, as the table wants.
    async fn items(&mut self, asker: i64, path: &str, opens: bool) -> Result<Vec<Value>> {
        self.found.requests += 1;
        let client = self.client(asker)?.clone();
        if opens {
            return client
                .list(path)
                .await
                .with_context(|| format!("the list {path}"));
        }
        let status = client.get(path).await?.status.as_u16();
        self.compare(matches!(status, 401 | 403 | 404), || {
            format!("{path} is open to {asker} ({status})")
        });
        Ok(Vec::new())
    }

    /// Compares a list with the objects that a user may see, each of them a decision.
    async fn list(
        &mut self,
        asker: i64,
        path: &str,
        all: impl IntoIterator<Item = (i64, Object)>,
    ) -> Result<BTreeSet<i64>> {
        let mut expected = BTreeSet::new();
        let mut decisions = 0;
        for (id, object) in all {
            decisions += 1;
            if self.may_see(asker, object)? {
                expected.insert(id);
            }
        }
        let items = self.items(asker, path, true).await?;
        let ids = items.iter().map(|item| item["id"].as_i64());
        let found: BTreeSet<i64> = ids.collect::<Option<_>>().context("items without ids")?;
        let repeated = items.len() - found.len();
        self.found.decisions += decisions;
        self.compare(found == expected && repeated == 0, || {
            let leaked: Vec<_> = found.difference(&expected).collect();
            let missing: Vec<_> = expected.difference(&found).collect();
            format!("{path} of {asker} leaks {leaked:?}, lacks {missing:?}, repeats {repeated}")
        });
        Ok(expected)
    }

    /// Compares a number in an answer.
    fn count(&mut self, asker: i64, what: &str, seen: &Value, name: &str, expected: usize) {
        let told = seen[name].as_u64();
        self.compare(told == Some(expected as u64), || {
            format!("{name} of {what} for {asker} is {told:?} and not {expected}")
        });
    }

    async fn check_logs(&mut self, asker: i64) -> Result<()> {
        for name in ["read the audit log", "list people"] {
            self.check_operation(asker, name, Object::Nothing).await?;
        }
        Ok(())
    }

    fn threads_about(&self, subject: Subject) -> Vec<(i64, Object)> {
        let threads = self.facts.threads.iter();
        threads
            .filter(|(_, thread)| thread.subject == subject)
            .map(|(id, _)| (*id, Object::Thread(*id)))
            .collect()
    }

    fn tickets_about(&self, subject: Subject) -> Vec<(i64, Object)> {
        let tickets = self.facts.tickets.iter();
        tickets
            .filter(|(_, ticket)| ticket.subject == Some(subject))
            .map(|(id, _)| (*id, Object::Ticket(*id)))
            .collect()
    }

    /// The lists that are filtered by a subject; the filter opens nothing and hides nothing.
    async fn check_lists_about(&mut self, asker: i64, subject: Subject) -> Result<()> {
        let filter = match subject {
            Subject::Bundle(id) => format!("?content_type=class_bundle&object_id={id}"),
            Subject::Order(id) => format!("?content_type=order&object_id={id}"),
        };
        let threads = self.threads_about(subject);
        self.list(asker, &format!("{THREADS}{filter}"), threads)
            .await?;
        let tickets = self.tickets_about(subject);
        self.list(asker, &format!("{TICKETS}{filter}"), tickets)
            .await?;
        Ok(())
    }

    /// Every list without a filter.
    pub(crate) async fn check_lists(&mut self, asker: i64) -> Result<()> {
        let bundles = self.facts.subjects.keys();
        let bundles: Vec<_> = bundles
            .filter_map(|subject| match subject {
                Subject::Bundle(id) => Some((*id, Object::Subject(*subject))),
                Subject::Order(_) => None,
            })
            .collect();
        self.list(asker, BUNDLES, bundles).await?;
        let threads = self.facts.threads.keys();
        let threads: Vec<_> = threads.map(|id| (*id, Object::Thread(*id))).collect();
        self.list(asker, THREADS, threads).await?;
        let tickets = self.facts.tickets.keys();
        let tickets: Vec<_> = tickets.map(|id| (*id, Object::Ticket(*id))).collect();
        self.list(asker, TICKETS, tickets.clone()).await?;
        self.list(asker, &format!("{TICKETS}?q=ticket"), tickets)
            .await?;
        Ok(())
    }

    async fn check_bundle(&mut self, asker: i64, id: i64) -> Result<()> {
        let bundle = Subject::Bundle(id);
        let object = Object::Subject(bundle);
        for name in [
            "read a bundle",
            "list a bundle's members",
            "list a bundle's threads",
            "list a bundle's tickets",
            "list a bundle's files",
        ] {
            self.check_operation(asker, name, object).await?;
        }
        self.check_lists_about(asker, bundle).await?;
        if !self.may_see(asker, object)? {
            return Ok(());
        }
        let path = format!("{BUNDLES}{id}/");
        let threads = self.threads_about(bundle);
        let tickets = self.tickets_about(bundle);
        let files: Vec<_> = self
            .facts
            .files
            .iter()
            .filter(|(_, file)| file.bundle == id)
            .map(|(id, _)| (*id, Object::File(*id)))
            .collect();
        let threads = self
            .list(asker, &format!("{path}threads/"), threads)
            .await?;
        let tickets = self
            .list(asker, &format!("{path}tickets/"), tickets)
            .await?;
        let files = self.list(asker, &format!("{path}files/"), files).await?;
        let one = self.ask(asker, Method::GET, &path).await?.json(200)?;
        let listed = self.items(asker, BUNDLES, true).await?;
        let listed = listed.iter().find(|item| item["id"] == id);
        for seen in [Some(&one), listed] {
            let seen = seen.with_context(|| format!("{BUNDLES} of {asker} lacks {id}"))?;
            self.count(asker, &path, seen, "threads_count", threads.len());
            self.count(asker, &path, seen, "tickets_count", tickets.len());
        }
        let told = one["files"].as_array().context("files are no array")?;
        let told: BTreeSet<i64> = told.iter().filter_map(|file| file["id"].as_i64()).collect();
        self.compare(told == files, || {
            format!("{path} has the files {told:?} for {asker} and not {files:?}")
        });
        self.check_members(asker, &path, bundle).await
    }

    /// Nobody but parties and staff is a member.
    async fn check_members(&mut self, asker: i64, path: &str, bundle: Subject) -> Result<()> {
        let parties = self.facts.parties(bundle)?;
        let members = self.items(asker, &format!("{path}members/"), true).await?;
        for member in members {
            let id = member["id"].as_i64().context("a member without an id")?;
            let person = self.facts.person(id)?;
            let is_party = parties.client == id || parties.writer == Some(id);
            let belongs = person.is_active && (is_party || person.role.is_staff());
            self.compare(belongs, || format!("{path} has the member {id}"));
        }
        Ok(())
    }

    async fn check_thread(&mut self, asker: i64, id: i64) -> Result<()> {
        let object = Object::Thread(id);
        self.check_operation(asker, "read a thread", object).await?;
        self.check_operation(asker, "read a thread's messages", object)
            .await?;
        let subject = self.facts.threads.get(&id).context("no thread")?.subject;
        self.check_lists_about(asker, subject).await?;
        if !self.may_see(asker, object)? {
            return Ok(());
        }
        let path = format!("{THREADS}{id}/");
        let messages = self.facts.messages.iter();
        let messages: Vec<_> = messages
            .filter(|(_, message)| message.thread == id)
            .map(|(id, _)| (*id, Object::Message(*id)))
            .collect();
        let seen = self
            .list(asker, &format!("{path}messages/"), messages)
            .await?;
        let one = self.ask(asker, Method::GET, &path).await?.json(200)?;
        self.count(asker, &path, &one, "message_count", seen.len());
        self.check_receipts(asker, id).await
    }

    /// Who has read a message is for its sender and staff alone, also when one has read it oneself.
    async fn check_receipts(&mut self, asker: i64, thread: i64) -> Result<()> {
        if self.facts.person(asker)?.role.is_staff() {
            return Ok(());
        }
        self.check_operation(asker, "mark as read", Object::Thread(thread))
            .await?;
        let path = format!("{THREADS}{thread}/messages/");
        for message in self.items(asker, &path, true).await? {
            let told = &message["read_by"];
            let is_empty = told.as_array().is_some_and(Vec::is_empty);
            self.compare(is_empty || message["sender"]["id"] == asker, || {
                format!("{path} tells {asker} who has read a message of another: {told}")
            });
        }
        Ok(())
    }

    async fn check_message(&mut self, asker: i64, id: i64) -> Result<()> {
        let message = self.facts.messages.get(&id).context("no message")?;
        let thread = message.thread;
        let bytes = message.attachment.clone().unwrap_or_default();
        let path = format!("/api/v1/communications/messages/{id}/attachment/");
        let names = [
            "fetch a message's attachment",
            "ask about a message's attachment",
        ];
        self.check_bytes(asker, Object::Message(id), names, &path, &bytes)
            .await?;
        self.check_thread(asker, thread).await
    }

    async fn check_ticket(&mut self, asker: i64, id: i64) -> Result<()> {
        let object = Object::Ticket(id);
        for name in [
            "read a ticket",
            "read a ticket's messages",
            "list a ticket's attachments",
            "read a ticket's history",
        ] {
            self.check_operation(asker, name, object).await?;
        }
        let subject = self.facts.tickets.get(&id).context("no ticket")?.subject;
        if let Some(subject) = subject {
            self.check_lists_about(asker, subject).await?;
        }
        if !self.may_see(asker, object)? {
            return Ok(());
        }
        let path = format!("{TICKETS}{id}/");
        let notes = self
            .facts
            .notes
            .iter()
            .filter(|(_, note)| note.ticket == id);
        let notes: Vec<_> = notes
            .map(|(id, _)| (*id, Object::TicketNote(*id)))
            .collect();
        let attachments = self
            .facts
            .attachments
            .iter()
            .filter(|(_, it)| it.ticket == id);
        let attachments: Vec<_> = attachments
            .map(|(id, _)| (*id, Object::TicketAttachment(*id)))
            .collect();
        let notes = self.list(asker, &format!("{path}messages/"), notes).await?;
        let listed = format!("{path}attachments/");
        let attachments = self.list(asker, &listed, attachments).await?;
        let one = self.ask(asker, Method::GET, &path).await?.json(200)?;
        self.count(asker, &path, &one, "messages_count", notes.len());
        self.count(asker, &path, &one, "attachments_count", attachments.len());
        if !self.facts.person(asker)?.role.is_staff() {
            let history = self
                .ask(asker, Method::GET, &format!("{path}history/"))
                .await?;
            let told = history.json(200)?.to_string();
            self.compare(!told.contains("internal"), || {
                format!("the history of {path} tells {asker} of what is internal: {told}")
            });
        }
        Ok(())
    }

    async fn check_file(&mut self, asker: i64, id: i64) -> Result<()> {
        let object = Object::File(id);
        self.check_operation(asker, "read a file", object).await?;
        let file = self.facts.files.get(&id).context("no file")?;
        let (bundle, bytes) = (file.bundle, file.bytes.clone());
        let path = format!("{BUNDLES}{bundle}/files/{id}/download/");
        let names = ["fetch a file", "ask about a file"];
        self.check_bytes(asker, object, names, &path, &bytes)
            .await?;
        self.check_bundle(asker, bundle).await
    }

    /// The bytes, their head, a part of them and whether they changed.
    async fn check_bytes(
        &mut self,
        asker: i64,
        object: Object,
        [fetch, ask]: [&str; 2],
        path: &str,
        bytes: &[u8],
    ) -> Result<()> {
        self.check_operation(asker, fetch, object).await?;
        self.check_operation(asker, ask, object).await?;
        let opens = self
            .verdict(self.table.operation(fetch)?, asker, object)?
            .is_success();
        let client = self.client(asker)?.clone();
        for (name, value, expected) in [("range", "bytes=0-3", 206), ("if-none-match", "*", 304)] {
            self.found.requests += 1;
            let request = client.request(Method::GET, path).header(name, value);
            let answer = crate::client::send(request).await?;
            let status = answer.status.as_u16();
            let (held, expected) = if opens {
                (status == expected, expected)
            } else {
                (matches!(status, 401 | 404), 404)
            };
            self.compare(held, || {
                format!("{path} with {name} for {asker} is {status} and not {expected}")
            });
        }
        if opens {
            let whole = self.ask(asker, Method::GET, path).await?;
            self.compare(whole.body == bytes, || format!("{path} has other bytes"));
        }
        Ok(())
    }
}

//! The feed, as pages and as a stream: it tells of what a user may see, and of nothing else.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use serde_json::Value;

use super::facts::{Object, Subject};
use super::fixture::Fixture;
use crate::client::take_event_ids;

const EVENTS: &str = "/api/v1/events/";

impl Fixture<'_> {
    /// Compares the whole feed of a user with what they may see.
    pub(super) async fn check_feed(&mut self, asker: i64) -> Result<()> {
        if !self.facts.person(asker)?.has_session {
            return Ok(());
        }
        let events = self.client(asker)?.feed().await?;
        self.found.requests += 1;
        let ids: Vec<_> = events.iter().filter_map(|one| one["id"].as_i64()).collect();
        let in_order = ids.len() == events.len() && ids.is_sorted_by(|one, next| one < next);
        self.compare(in_order, || format!("the feed of {asker} goes {ids:?}"));

        let facts = &self.facts;
        let subjects: Vec<_> = facts.subjects.keys().copied().collect();
        let bundles = subjects.iter().filter_map(|subject| match subject {
            Subject::Bundle(id) => Some((*id, Object::Subject(*subject))),
            Subject::Order(_) => None,
        });
        let orders = subjects.iter().filter_map(|subject| match subject {
            Subject::Order(id) => Some((*id, Object::Subject(*subject))),
            Subject::Bundle(_) => None,
        });
        let made: [(&str, Vec<(i64, Object)>); 6] = [
            ("bundle.created", bundles.collect()),
            ("subject.registered", orders.collect()),
            (
                "thread.created",
                objects(facts.threads.keys(), Object::Thread),
            ),
            (
                "message.sent",
                objects(facts.messages.keys(), Object::Message),
            ),
            (
                "ticket.created",
                objects(facts.tickets.keys(), Object::Ticket),
            ),
            ("file.uploaded", objects(facts.files.keys(), Object::File)),
        ];
        for (name, all) in made {
            self.check_type(asker, &events, name, all)?;
        }
        self.check_notes(asker, &events)?;
        let is_personal = events.iter().any(|event| event["content_type"] == "user");
        self.compare(!is_personal, || {
            format!("the feed of {asker} tells of accounts")
        });
        self.check_stream(asker, &ids).await
    }

    /// What is told of objects of one kind.
    fn check_type(
        &mut self,
        asker: i64,
        events: &[Value],
        name: &str,
        all: Vec<(i64, Object)>,
    ) -> Result<()> {
        let told = events.iter().filter(|event| event["type"] == name);
        let mut told: BTreeSet<_> = told
            .filter_map(|event| event["object_id"].as_i64())
            .collect();
        if self.facts.person(asker)?.role.is_staff() {
            // Staff are told of what is gone as well.
            let known: BTreeSet<_> = all.iter().map(|(id, _)| *id).collect();
            told.retain(|id| known.contains(id));
        }
        let mut expected = BTreeSet::new();
        for (id, object) in all {
            if self.may_see(asker, object)? {
                expected.insert(id);
            }
        }
        self.compare(told == expected, || {
            format!("the feed tells {asker} of {name} with {told:?} and not {expected:?}")
        });
        Ok(())
    }

    /// An event does not say which message of a ticket it is about, so that they are counted.
    fn check_notes(&mut self, asker: i64, events: &[Value]) -> Result<()> {
        let told = |event: &&Value| event["type"] == "ticket.message_added";
        let told = events.iter().filter(told).count();
        let notes: Vec<_> = self.facts.notes.keys().copied().collect();
        let mut expected = 0;
        for note in notes {
            expected += usize::from(self.may_see(asker, Object::TicketNote(note))?);
        }
        self.compare(told == expected, || {
            format!("the feed tells {asker} of {told} messages of tickets and not {expected}")
        });
        Ok(())
    }

    /// A stream from the beginning tells the same.
    async fn check_stream(&mut self, asker: i64, expected: &[i64]) -> Result<()> {
        self.found.requests += 1;
        let path = format!("{EVENTS}?after=0");
        let request = self.client(asker)?.request(Method::GET, &path);
        let mut response = request.header("accept", "text/event-stream").send().await?;
        ensure!(
            response.status().is_success(),
            "a stream: {}",
            response.status()
        );
        let (mut text, mut told) = (String::new(), Vec::new());
        while told.len() < expected.len() {
            let chunk = response.chunk().await?.context("a stream has ended")?;
            text.push_str(std::str::from_utf8(&chunk)?);
            told.extend(take_event_ids(&mut text)?);
        }
        self.compare(told == expected, || {
            format!("the stream of {asker} tells {told:?} and not {expected:?}")
        });
        Ok(())
    }
}

fn objects<'i>(
    ids: impl Iterator<Item = &'i i64>,
    object: fn(i64) -> Object,
) -> Vec<(i64, Object)> {
    ids.map(|id| (*id, object(*id))).collect()
}

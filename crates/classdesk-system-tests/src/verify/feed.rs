//! The feed against the lists: a change and its event are one, so each is told of once.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Verification;
use crate::load::model::Kind;

impl Verification<'_> {
    /// Checks that the feed tells once of each item of a list.
    pub(super) fn check_told(&mut self, kind: Kind, parent: i64, ids: &[i64]) {
        let (name, belongs): (&str, fn(&Value) -> &Value) = match kind {
            Kind::Message => ("message.sent", |event| &event["thread"]),
            Kind::Note => ("ticket.message_added", |event| &event["ticket"]),
            Kind::Attachment => ("ticket.attachment_added", |event| &event["ticket"]),
            Kind::Ticket => ("ticket.created", |event| &event["subject"]["object_id"]),
            Kind::File => ("file.uploaded", |event| &event["subject"]["object_id"]),
        };
        let told = self.feed.iter();
        let told = told.filter(|event| event["type"] == name && *belongs(event) == parent);
        let mut times = BTreeMap::<i64, usize>::new();
        for event in told {
            *times
                .entry(event["object_id"].as_i64().unwrap_or_default())
                .or_default() += 1;
        }
        let is_told = match kind {
            // These events name the ticket alone.
            Kind::Note | Kind::Attachment => times.values().sum::<usize>() == ids.len(),
            Kind::Message | Kind::Ticket => {
                times.len() == ids.len() && ids.iter().all(|id| times.get(id) == Some(&1))
            }
            // Files may be deleted since.
            Kind::File => ids.iter().all(|id| times.get(id) == Some(&1)),
        };
        if !is_told {
            self.report.violation(format!(
                "the feed tells of {name} in {parent} with {times:?}, and listed are {ids:?}"
            ));
        }
        self.report.add("items found in the feed", ids.len() as u64);
    }
}

//! The log as the test knows it: when each event was committed, and who may see it since.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::permissions::facts::{Facts, File, Object, OnTicket, Role, Subject};
use crate::permissions::rights::Rights;
use crate::permissions::table::Table;
use crate::report::Report;

use super::follower::Part;

/// What an event is about.
#[derive(Debug)]
enum About {
    /// Something that whoever may see it is told of.
    Object(Object),
    /// A ticket, and nothing but what staff see of it.
    Internal,
    /// A file that is gone, as it was.
    Deleted(File),
    /// A subject that is gone.
    Gone,
}

/// An event of the log.
#[derive(Debug)]
struct Logged {
    name: String,
    about: About,
    /// The number of the change that committed it.
    committed: usize,
}

/// Everything that was committed, and what was so after each change.
pub(super) struct Log<'t> {
    table: &'t Table,
    events: BTreeMap<i64, Logged>,
    /// What was so at the beginning, and after each change.
    states: Vec<Facts>,
}

impl<'t> Log<'t> {
    /// Begins with these facts. What was logged before is of no matter.
    pub(super) fn new(table: &'t Table, facts: &Facts) -> Self {
        Self {
            table,
            events: BTreeMap::new(),
            states: vec![facts.clone()],
        }
    }

    /// Remembers what a change has committed.
    pub(super) fn add(&mut self, events: &[Value], facts: &Facts) -> Result<()> {
        let before = self.states.last().context("no state")?;
        let committed = self.states.len();
        for event in events {
            let name = event["type"].as_str().context("an event has no type")?;
            let logged = Logged {
                about: about(name, event, before, facts)?,
                name: name.to_owned(),
                committed,
            };
            let id = event["id"].as_i64().context("an event has no id")?;
            self.events.insert(id, logged);
        }
        self.states.push(facts.clone());
        Ok(())
    }

    /// The ids of all events.
    pub(super) fn ids(&self) -> BTreeSet<i64> {
        self.events.keys().copied().collect()
    }

    /// Judges what a follower was told of a part of the log. Every event of the part was told or
    /// passed over by what was so at one moment of the request.
    pub(super) fn judge(&self, who: &str, part: &Part, report: &mut Report) -> Result<()> {
        for id in &part.told {
            if !self.events.contains_key(id) {
                report.violation(format!("{who} was told of {id}, which is not in the log"));
            }
        }
        let in_order = part.told.is_sorted_by(|one, next| one < next);
        let outside = part.told.iter().any(|id| !part.covers(*id));
        if !in_order || outside || part.up_to < part.after {
            report.violation(format!("{who} was told {part:?}"));
        }
        for (id, event) in self.events.iter().filter(|(id, _)| part.covers(**id)) {
            let told = part.told.contains(id);
            let count = if told {
                "events told"
            } else {
                "events withheld"
            };
            report.add(count, 1);
            let mut explained = false;
            for state in event.committed.max(part.begun)..=part.ended {
                let Some(facts) = self.states.get(state) else {
                    continue;
                };
                explained |= facts.person(part.person)?.has_session
                    && self.may_see(facts, part.person, event)? == told;
            }
            if !explained {
                let was = if told { "was told" } else { "was not told" };
                let Logged {
                    name, committed, ..
                } = event;
                report.violation(format!(
                    "{who} {was} of {name} {id} of change {committed} between {} and {}",
                    part.begun, part.ended
                ));
            }
        }
        Ok(())
    }

    fn may_see(&self, facts: &Facts, person: i64, event: &Logged) -> Result<bool> {
        let role = facts.person(person)?.role;
        if role.is_staff() {
            return Ok(true);
        }
        let table = self.table;
        let rights = Rights { table, facts };
        Ok(match &event.about {
            About::Object(object) => rights.may_see(person, *object)?,
            About::Internal | About::Gone => false,
            About::Deleted(file) => {
                let bundle = Object::Subject(Subject::Bundle(file.bundle));
                let was_shown = match role {
                    Role::Client => file.for_client,
                    _ => file.for_writer,
                };
                was_shown && rights.may_see(person, bundle)?
            }
        })
    }
}

/// What an event is about, by its ids and by what was so before and after its commit.
fn about(name: &str, event: &Value, before: &Facts, after: &Facts) -> Result<About> {
    let id_of = |member: &str| {
        let id = event[member].as_i64();
        id.with_context(|| format!("{name} has no {member}"))
    };
    let (kind, what) = name.split_once('.').context("a type has a dot")?;
    Ok(match (kind, what) {
        ("subject", "removed") => About::Gone,
        ("subject" | "bundle", _) => {
            let id = id_of("object_id")?;
            let is_bundle = event["content_type"] == "class_bundle";
            let subject = if is_bundle {
                Subject::Bundle
            } else {
                Subject::Order
            };
            About::Object(Object::Subject(subject(id)))
        }
        ("thread" | "message", _) => About::Object(Object::Thread(id_of("thread")?)),
        ("ticket", "message_added") if has_internal(&before.notes, &after.notes) => About::Internal,
        ("ticket", "attachment_added") if has_internal(&before.attachments, &after.attachments) => {
            About::Internal
        }
        ("ticket", "attachment_deleted")
            if has_internal(&after.attachments, &before.attachments) =>
        {
            About::Internal
        }
        ("ticket", _) => About::Object(Object::Ticket(id_of("ticket")?)),
        ("file", "deleted") => {
            let file = before.files.get(&id_of("object_id")?);
            About::Deleted(file.context("an unknown file was deleted")?.clone())
        }
        ("file", _) => About::Object(Object::File(id_of("object_id")?)),
        _ => anyhow::bail!("nobody knows what {name} is about"),
    })
}

/// Whether something internal is there afterwards that was not there before.
fn has_internal(before: &BTreeMap<i64, OnTicket>, after: &BTreeMap<i64, OnTicket>) -> bool {
    let mut new = after.iter().filter(|(id, _)| !before.contains_key(id));
    new.any(|(_, one)| one.is_internal)
}

//! A list against the records of its parent: each once, whole, in order, and nothing else.

use std::collections::HashMap;

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::Verification;
use crate::load::fixture::number_of;
use crate::load::model::{Kind, Number, Presence, Record, Stamp, State, Variable};

/// What a list says about one of its items.
struct Item {
    number: Option<Number>,
    id: i64,
    author: i64,
    state: Option<State>,
    /// Its file: name, size and where its bytes are.
    file: Option<(String, u64, String)>,
}

fn item(kind: Kind, value: &Value) -> Result<Item> {
    let id = number_of(value, "id")?;
    let text = |field: &str| value[field].as_str().unwrap_or_default().to_owned();
    let (name, author, state, file) = match kind {
        Kind::Message if value["is_deleted"] == true => {
            (String::new(), "sender", Some(State::Deleted), &Value::Null)
        }
        Kind::Message => {
            let message = text("message");
            let state = Some(State::Text(message.clone()));
            (message, "sender", state, &value["attachment"])
        }
        Kind::Note => (text("message"), "sender", None, &Value::Null),
        Kind::Ticket => (text("title"), "created_by", None, &Value::Null),
        Kind::Attachment => (text("file_name"), "uploaded_by", None, value),
        Kind::File => {
            let state = Some(State::Text(text("description")));
            (text("file_name"), "uploaded_by", state, value)
        }
    };
    let number = name.split([' ', '.']).next();
    Ok(Item {
        number: number.and_then(|number| number.parse().ok()),
        id,
        author: number_of(&value[author], "id")?,
        state,
        file: (!file.is_null()).then(|| {
            let text = |field: &str| file[field].as_str().unwrap_or_default().to_owned();
            let size = file["file_size"].as_u64().unwrap_or_default();
            (text("file_name"), size, text("file_url"))
        }),
    })
}

impl Verification<'_> {
    /// Checks a whole list of one kind.
    pub(super) async fn check_items(
        &mut self,
        kind: Kind,
        parent: i64,
        values: &[Value],
    ) -> Result<()> {
        let records: HashMap<Number, Record> =
            self.model.records(kind, parent).into_iter().collect();
        let by_id: HashMap<i64, Number> = records
            .iter()
            .filter_map(|(number, record)| Some((record.id?, *number)))
            .collect();
        let mut items = Vec::with_capacity(values.len());
        for value in values {
            let mut item = item(kind, value)?;
            item.number = item.number.or_else(|| by_id.get(&item.id).copied());
            items.push(item);
        }
        items.sort_by_key(|item| item.id);
        let ids: Vec<_> = items.iter().map(|item| item.id).collect();
        self.check_told(kind, parent, &ids);
        let mut seen: HashMap<Number, i64> = HashMap::new();
        let mut latest_begin: Stamp = 0;
        for item in &items {
            let what = format!("{kind:?} {} of {parent}", item.id);
            let known = item
                .number
                .and_then(|number| Some((number, records.get(&number)?)));
            let Some((number, record)) = known else {
                self.report
                    .violation(format!("{what}: nobody has created it"));
                continue;
            };
            if let Some(other) = seen.insert(number, item.id) {
                self.report
                    .violation(format!("{what}: it is there as {other} too"));
                continue;
            }
            self.check_item(&what, number, record, item).await?;
            if record
                .answered()
                .is_some_and(|answered| answered < latest_begin)
            {
                self.report.violation(format!(
                    "{what}: record {number} was answered before an earlier item was asked for"
                ));
            }
            latest_begin = latest_begin.max(record.begun);
        }
        for (number, record) in &records {
            if !seen.contains_key(number) && record.presence(self.cut) == Presence::Required {
                let states = self.model.states(Variable::Record(*number), self.cut);
                // A deleted file leaves its list; a deleted message keeps its place.
                if kind == Kind::File && states.contains(&State::Deleted) {
                    if self.settles {
                        self.model.settle(Variable::Record(*number), State::Deleted);
                    }
                    continue;
                }
                self.report.violation(format!(
                    "{kind:?} {number} of {parent} (id {:?}, asked for at {}, answered at {:?}) is lost",
                    record.id,
                    record.begun,
                    record.answered()
                ));
            }
        }
        self.report.add("records compared", items.len() as u64);
        Ok(())
    }

    async fn check_item(
        &mut self,
        what: &str,
        number: Number,
        record: &Record,
        item: &Item,
    ) -> Result<()> {
        match record.presence(self.cut) {
            Presence::Required => {}
            Presence::Possible if self.settles => self.model.acknowledge(number, item.id),
            Presence::Possible => {}
            Presence::Forbidden => {
                self.report.violation(format!(
                    "{what}: record {number} is there against what was said"
                ));
            }
        }
        if record.id.is_some_and(|id| id != item.id) {
            let known = record.id;
            self.report
                .violation(format!("{what}: it was acknowledged as {known:?}"));
        }
        if record.author != item.author {
            self.report
                .violation(format!("{what}: {} has not created it", item.author));
        }
        if let Some(state) = item.state.clone() {
            self.check_state(Variable::Record(number), state);
        }
        let gone = item.state == Some(State::Deleted);
        match (record.content.filter(|_| !gone), &item.file) {
            (None, None) => Ok(()),
            (Some(content), Some((name, size, url))) => {
                self.files += 1;
                if *size != content.size as u64 || !name.starts_with(&format!("{number}.")) {
                    self.report.violation(format!(
                        "{what}: {name} of {size} bytes instead of {} bytes",
                        content.size
                    ));
                }
                let path = url.find("/api/").map(|begin| &url[begin..]);
                let path = path.with_context(|| format!("{url} is no URL of a file"))?;
                self.check_bytes(what, number, content, path).await
            }
            (Some(_), None) => {
                self.report.violation(format!("{what}: its file is lost"));
                Ok(())
            }
            (None, Some(_)) => {
                self.report
                    .violation(format!("{what}: it has a file that nobody sent"));
                Ok(())
            }
        }
    }
}

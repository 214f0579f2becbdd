//! The oracle: the contract's permissions as `permissions.toml` tells them.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::{Context as _, Result, bail, ensure};
use reqwest::Method;
use serde::Deserialize;

/// The contract's permissions, in TOML.
pub const TABLE: &str = include_str!("../../permissions.toml");

/// The line of an operation that stands for every state without a line of its own.
const ANY: &str = "any";

/// What an operation has to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// This status.
    Status(u16),
    /// Some status from 400 to 499.
    Refusal,
    /// The contract does not say.
    Silent,
}

impl Verdict {
    fn parse(text: &str) -> Result<Self> {
        Ok(match text {
            "-" => Self::Silent,
            "4xx" => Self::Refusal,
            status => Self::Status(status.parse()?),
        })
    }

    /// Whether a status is what it asks for.
    pub(crate) fn allows(self, status: u16) -> bool {
        match self {
            Self::Status(expected) => expected == status,
            Self::Refusal => (400..500).contains(&status),
            Self::Silent => true,
        }
    }

    /// Whether it lets the asker do it.
    pub(crate) fn is_success(self) -> bool {
        matches!(self, Self::Status(200..300))
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => status.fmt(f),
            Self::Refusal => f.write_str("4xx"),
            Self::Silent => f.write_str("anything"),
        }
    }
}

/// A method and a path with ids to fill in.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) path: String,
}

/// Something to ask, and what it has to answer.
#[derive(Debug)]
pub(crate) struct Operation {
    /// What it is called.
    pub(crate) name: String,
    /// The kind of object that it is asked on.
    pub(crate) on: String,
    /// `None` for what only lists have.
    pub(crate) request: Option<Request>,
    /// A JSON body with ids to fill in.
    pub(crate) body: Option<String>,
    /// The name of a file part.
    pub(crate) file: Option<String>,
    /// The texts beside the file.
    pub(crate) fields: BTreeMap<String, String>,
    lines: BTreeMap<String, Vec<Verdict>>,
}

/// All operations, relations and states.
#[derive(Debug)]
pub struct Table {
    /// What everybody without a living session is answered.
    pub(crate) without_session: u16,
    relations: BTreeMap<String, Vec<String>>,
    states: BTreeMap<String, Vec<String>>,
    operations: Vec<Operation>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    without_session: u16,
    relations: BTreeMap<String, Vec<String>>,
    states: BTreeMap<String, Vec<String>>,
    operation: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    on: String,
    request: Option<String>,
    body: Option<String>,
    file: Option<String>,
    #[serde(default)]
    fields: BTreeMap<String, String>,
    #[serde(flatten)]
    lines: BTreeMap<String, String>,
}

impl Table {
    /// Reads a table.
    ///
    /// # Errors
    ///
    /// When the text is no such table or a cell is missing.
    pub fn parse(text: &str) -> Result<Self> {
        let file: File = toml::from_str(text)?;
        let mut table = Self {
            without_session: file.without_session,
            relations: file.relations,
            states: file.states,
            operations: Vec::new(),
        };
        for entry in file.operation {
            let name = entry.name.clone();
            let operation = table.check(entry).with_context(|| format!("«{name}»"))?;
            table.operations.push(operation);
        }
        Ok(table)
    }

    /// Reads an operation and makes sure that no cell of it is missing.
    fn check(&self, entry: Entry) -> Result<Operation> {
        let relations = self.relations(&entry.on)?;
        let states = self.states(&entry.on)?;
        let mut lines = BTreeMap::new();
        for (state, line) in &entry.lines {
            ensure!(state == ANY || states.contains(state), "no state {state}");
            let line: Vec<Verdict> = line
                .split_whitespace()
                .map(Verdict::parse)
                .collect::<Result<_>>()?;
            ensure!(line.len() == relations.len(), "{state} has {}", line.len());
            lines.insert(state.clone(), line);
        }
        if !lines.contains_key(ANY) {
            for state in states {
                ensure!(lines.contains_key(state), "{state} has no line");
            }
        }
        let request = entry.request.as_deref().map(parse_request).transpose()?;
        Ok(Operation {
            name: entry.name,
            on: entry.on,
            request,
            body: entry.body,
            file: entry.file,
            fields: entry.fields,
            lines,
        })
    }

    /// The method and the path template of each request.
    pub fn requests(&self) -> impl Iterator<Item = (&Method, &str)> {
        let requests = self.operations.iter().filter_map(|it| it.request.as_ref());
        requests.map(|request| (&request.method, request.path.as_str()))
    }

    pub(crate) fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// An operation by its name.
    pub(crate) fn operation(&self, name: &str) -> Result<&Operation> {
        self.operations
            .iter()
            .find(|operation| operation.name == name)
            .with_context(|| format!("the table has no operation «{name}»"))
    }

    /// The relations that a user may have to a kind of object.
    pub(crate) fn relations(&self, kind: &str) -> Result<&[String]> {
        let relations = self.relations.get(kind);
        Ok(relations.with_context(|| format!("no relations to {kind}"))?)
    }

    /// The states of a kind of object.
    pub(crate) fn states(&self, kind: &str) -> Result<&[String]> {
        let states = self.states.get(kind);
        Ok(states.with_context(|| format!("no states of {kind}"))?)
    }

    /// One cell.
    pub(crate) fn verdict(&self, operation: &Operation, at: Case<'_>) -> Result<Verdict> {
        let relations = self.relations(&operation.on)?;
        let column = relations.iter().position(|known| known == at.relation);
        let lines = &operation.lines;
        let line = lines.get(at.state).or_else(|| lines.get(ANY));
        match (line, column) {
            (Some(line), Some(column)) => Ok(line[column]),
            _ => bail!("«{}» has no cell {at:?}", operation.name),
        }
    }
}

/// What an object is in, and what a user is to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Case<'a> {
    pub(crate) state: &'a str,
    pub(crate) relation: &'a str,
}

fn parse_request(text: &str) -> Result<Request> {
    let (method, path) = text.split_once(' ').context("a request is METHOD PATH")?;
    Ok(Request {
        method: method.parse()?,
        path: path.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "without_session = 401\nrelations.door = [\"in\", \"out\"]\n\
        states.door = [\"open\", \"shut\"]\n[[operation]]\nname = \"knock\"\non = \"door\"\n";

    #[test]
    fn the_table_of_the_contract_is_whole() {
        let table = Table::parse(TABLE).unwrap();
        assert!(table.operations().len() > 80);
    }

    #[test]
    fn a_state_has_a_line_of_its_own_or_that_of_all() {
        let table = Table::parse(&format!("{HEAD}any = \"200 404\"\nshut = \"4xx -\"\n")).unwrap();
        let knock = table.operation("knock").unwrap();
        let at = |state, relation| table.verdict(knock, Case { state, relation }).unwrap();
        assert_eq!(at("open", "out"), Verdict::Status(404));
        assert_eq!(at("shut", "in"), Verdict::Refusal);
        assert_eq!(at("shut", "out"), Verdict::Silent);
    }

    #[test]
    fn a_missing_cell_is_an_error() {
        for lines in ["any = \"200\"", "open = \"200 404\"", "ajar = \"200 404\""] {
            assert!(
                Table::parse(&format!("{HEAD}{lines}\n")).is_err(),
                "{lines}"
            );
        }
    }
}

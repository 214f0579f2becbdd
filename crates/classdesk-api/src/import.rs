//! People as JSON lines: each line is a person, and is answered by a line.

use std::collections::BTreeSet;

use classdesk_domain::error::Error;
use classdesk_domain::people::{PutUser, User};
use classdesk_domain::validation::{FieldError, Invalid};
use classdesk_domain::{ExternalId, Put};
use classdesk_http::problem::{FieldProblem, Problem, ProblemDocument};
use futures_util::{Stream, StreamExt, stream};
use serde::Serialize;
use utoipa::ToSchema;

use crate::dto::ImportedUserBody;
use crate::input::Fields;
use crate::output::to_json;

/// How many people one import has at most.
pub const IMPORT_LINES: usize = 10_000;

/// How many lines are worked on at once. The commits of a moment share a write to the disk.
const AT_ONCE: usize = 64;

/// What came of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImportOutcome {
    /// The person is new.
    Created,
    /// They were there, and are now like this.
    Updated,
    /// They were there like this.
    Unchanged,
    /// The line changed nothing.
    Error,
}

/// What came of a line of an import.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"line": 1, "outcome": "created", "id": 7}))]
pub struct ImportLine {
    /// Which line, from 1. Blank ones count, and are not answered.
    pub line: usize,
    /// What came of it.
    pub outcome: ImportOutcome,
    /// The person's id, unless there was an error.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub id: Option<i64>,
    /// What is wrong with it, only where there was an error.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, max_items = 50)]
    pub errors: Vec<FieldProblem>,
}

/// A line that was read, with its number.
type Line = (usize, Result<(ExternalId, PutUser), Invalid>);

/// The people of an import. A person who was there before in it is an error: which of the two would
/// stay is nobody's guess.
///
/// # Errors
/// One error of the `body` when there are too many.
fn read(text: &[u8]) -> Result<Vec<Line>, Invalid> {
    let mut known = BTreeSet::new();
    let mut lines = Vec::new();
    for (number, line) in (1..).zip(text.split(|byte| *byte == b'\n')) {
        if line.trim_ascii().is_empty() {
            continue;
        }
        if lines.len() == IMPORT_LINES {
            let message = format!("There are at most {IMPORT_LINES} lines.");
            let fault = FieldError::malformed("too_many_lines", message);
            return Err(Invalid::field("body", fault));
        }
        let person = Fields::of_json(line).and_then(Fields::read::<ImportedUserBody>);
        let person = person.and_then(|(id, person)| {
            if known.insert(id.as_str().to_owned()) {
                return Ok((id, person));
            }
            let fault = FieldError::malformed("repeated", "An earlier line has this external id.");
            Err(Invalid::field("external_id", fault))
        });
        lines.push((number, person));
    }
    Ok(lines)
}

/// Puts each person of these lines, and says what came of each, in their order. A wrong line does
/// not stop the others.
///
/// # Errors
/// One error of the `body` when there are too many lines.
pub fn import<P, F>(
    text: &[u8],
    put: P,
) -> Result<impl Stream<Item = ImportLine> + use<P, F>, Invalid>
where
    P: Fn(ExternalId, PutUser) -> F,
    F: Future<Output = Result<Put<User>, Error>>,
{
    let lines = read(text)?;
    let answers = lines.into_iter().map(move |(line, person)| {
        let put = person.map(|(id, person)| put(id, person));
        async move {
            let outcome = match put {
                Ok(put) => put.await,
                Err(invalid) => Err(invalid.into()),
            };
            answer(line, outcome)
        }
    });
    Ok(stream::iter(answers).buffered(AT_ONCE))
}

fn answer(line: usize, outcome: Result<Put<User>, Error>) -> ImportLine {
    let (outcome, user) = match outcome {
        Ok(Put::Created(user)) => (ImportOutcome::Created, user),
        Ok(Put::Changed(user)) => (ImportOutcome::Updated, user),
        Ok(Put::Unchanged(user)) => (ImportOutcome::Unchanged, user),
        Err(error) => {
            return ImportLine {
                line,
                outcome: ImportOutcome::Error,
                id: None,
                errors: errors(&error.into()),
            };
        }
    };
    ImportLine {
        line,
        outcome,
        id: Some(user.id.get()),
        errors: Vec::new(),
    }
}

/// What a problem says of the fields, or of the line as a whole.
fn errors(problem: &Problem) -> Vec<FieldProblem> {
    let document = ProblemDocument::of(problem, "");
    if !document.errors.is_empty() {
        return document.errors;
    }
    vec![FieldProblem {
        field: document.field.unwrap_or("body").to_owned(),
        code: problem.kind().slug(),
        message: document.detail,
    }]
}

impl ImportLine {
    /// The line as JSON, with its end.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let mut text = to_json(self);
        text.push(b'\n');
        text
    }
}

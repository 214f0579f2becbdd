//! The statements that the server sent, read from PostgreSQL's own log.

use anyhow::{Context, Result, bail};

/// One statement and what was bound to it; `None` is `NULL`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Statement {
    pub(super) sql: String,
    pub(super) parameters: Vec<Option<String>>,
}

impl Statement {
    /// The names of the columns that it returns, where they are columns and nothing else.
    pub(super) fn columns(&self) -> Vec<&str> {
        let list = match self.sql.rsplit_once(" RETURNING ") {
            Some((_, list)) => list,
            None => self
                .sql
                .strip_prefix("SELECT ")
                .and_then(|rest| rest.split_once(" FROM "))
                .map_or("", |(list, _)| list),
        };
        list.split(", ")
            .filter_map(|column| column.strip_suffix('"')?.rsplit_once('"'))
            .map(|(_, name)| name)
            .collect()
    }
}

/// The statements of a log that was written with `log_statement=all`.
pub(super) fn read(log: &str) -> Result<Vec<Statement>> {
    let mut found: Vec<Statement> = Vec::new();
    for entry in entries(log) {
        if let Some((_, sql)) = entry.split_once("LOG:  statement: ") {
            found.push(Statement {
                sql: sql.trim().to_owned(),
                parameters: Vec::new(),
            });
        } else if let Some((_, named)) = entry.split_once("LOG:  execute ") {
            let (_, sql) = named.split_once(": ").context("a statement without text")?;
            found.push(Statement {
                sql: sql.trim().to_owned(),
                parameters: Vec::new(),
            });
        } else if let Some((_, bound)) = entry.split_once("DETAIL:  ")
            // The word has begun with a capital since PostgreSQL 16.
            && let Some(bound) = bound
                .strip_prefix("parameters: ")
                .or_else(|| bound.strip_prefix("Parameters: "))
        {
            let statement = found.last_mut().context("parameters of no statement")?;
            statement.parameters = parameters(bound)?;
        }
    }
    Ok(found)
}

/// The log's entries: a line that belongs to the one before begins with a tab.
fn entries(log: &str) -> Vec<String> {
    let mut entries: Vec<String> = Vec::new();
    for line in log.lines() {
        match (line.strip_prefix('\t'), entries.last_mut()) {
            (Some(rest), Some(entry)) => {
                entry.push('\n');
                entry.push_str(rest);
            }
            _ => entries.push(line.to_owned()),
        }
    }
    entries
}

/// Reads `$1 = 'it''s', $2 = NULL`.
fn parameters(text: &str) -> Result<Vec<Option<String>>> {
    let mut values = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (_, value) = rest
            .split_once(" = ")
            .context("a parameter without a value")?;
        let after = if let Some(after) = value.strip_prefix("NULL") {
            values.push(None);
            after
        } else if let Some(quoted) = value.strip_prefix('\'') {
            let (value, after) = unquote(quoted)?;
            values.push(Some(value));
            after
        } else {
            bail!("a parameter of an unknown form: {value}");
        };
        rest = after.strip_prefix(", ").unwrap_or(after);
    }
    Ok(values)
}

/// A value up to its closing quote, and what follows it.
fn unquote(text: &str) -> Result<(String, &str)> {
    let mut value = String::new();
    let mut rest = text;
    loop {
        let (part, after) = rest.split_once('\'').context("a value without an end")?;
        value.push_str(part);
        match after.strip_prefix('\'') {
            Some(after) => {
                value.push('\'');
                rest = after;
            }
            None => return Ok((value, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_read_with_what_was_bound() {
        let log = "2026-11-24 15:16:17.244 UTC [1] LOG:  statement: BEGIN\n\
                   2026-11-24 15:16:17.244 UTC [1] LOG:  execute s9: SELECT \"a\".\"b\" FROM \"a\"\n\
                   \tWHERE c = $1 AND d = $2\n\
                   2026-11-24 15:16:17.244 UTC [1] DETAIL:  parameters: $1 = 'it''s, $2 = ', $2 = NULL\n\
                   2026-11-24 15:16:17.244 UTC [1] LOG:  checkpoint starting: time\n";
        let found = read(log).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].sql, "BEGIN");
        assert!(found[1].sql.ends_with("\"a\"\nWHERE c = $1 AND d = $2"));
        assert_eq!(
            found[1].parameters,
            [Some("it's, $2 = ".to_owned()), None::<String>]
        );
    }

    #[test]
    fn the_columns_of_an_answer_are_named() {
        let check = |sql: &str, expected: &[&str]| {
            let statement = Statement {
                sql: sql.to_owned(),
                parameters: Vec::new(),
            };
            assert_eq!(statement.columns(), expected, "{sql}");
        };
        check(r#"SELECT "a"."b", "a"."c" FROM "a""#, &["b", "c"]);
        check(
            r#"INSERT INTO "a" ("b") VALUES ($1) RETURNING "a"."id""#,
            &["id"],
        );
        check("COMMIT", &[]);
    }
}

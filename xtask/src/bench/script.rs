//! A script for pgbench, made from the statements that the server sent for one request.
//!
//! The same request is sent twice for one id and once for another. What is bound the same each time
//! is a constant, what follows the id is random, and what moves from one request to the next is
//! taken from the statement that returned it. A value that is none of these ends the benchmark: a
//! script that is not what the server does is no floor.

use std::collections::HashMap;

use anyhow::{Context, Result, bail};

use super::statements::Statement;

/// Columns that a request reads to write what comes next, and by how much it counts them up.
const COUNTED: [(&str, u32); 2] = [("message_count", 1), ("sent_count", 1)];

/// What pgbench runs: its commands, and the values of their variables.
#[derive(Debug, PartialEq)]
pub(super) struct Script {
    pub(super) text: String,
    pub(super) variables: Vec<(String, String)>,
}

/// The statements of one request, sent three times.
pub(super) struct Samples {
    /// The two ids that were asked for: the first one twice.
    pub(super) ids: [u64; 2],
    pub(super) first: Vec<Statement>,
    pub(super) again: Vec<Statement>,
    pub(super) other: Vec<Statement>,
}

/// What is bound in the place of a parameter.
#[derive(Debug)]
enum Bound {
    Null,
    Constant(String),
    Id,
    ArrayOfId,
    /// The time of the request.
    Now,
    /// A number that the request itself has read or made.
    Moving(String),
}

impl Samples {
    /// The script; ids are random up to `count`.
    pub(super) fn script(&self, count: &str) -> Result<Script> {
        let same = |a: &[Statement], b: &[Statement]| {
            a.iter()
                .map(|one| &one.sql)
                .eq(b.iter().map(|one| &one.sql))
        };
        if self.first.is_empty()
            || !same(&self.first, &self.again)
            || !same(&self.first, &self.other)
        {
            bail!("the server does not send the same statements for the same request");
        }
        let mut writing = Writing::default();
        let mut lines = vec![format!("\\set id random(1, {count})")];
        for (number, statement) in self.first.iter().enumerate() {
            let mut places = Vec::new();
            for parameter in 0..statement.parameters.len() {
                let bound = self.bound(number, parameter)?;
                places.push(writing.place(bound, &self.first[..number])?);
            }
            lines.push(fill_in(&statement.sql, &places)?);
        }
        Ok(writing.finish(lines, &self.first))
    }

    fn bound(&self, number: usize, parameter: usize) -> Result<Bound> {
        let value = |of: &[Statement]| of[number].parameters.get(parameter).cloned().flatten();
        let [first, again, other] = [&self.first, &self.again, &self.other].map(|of| value(of));
        let (Some(first), Some(again), Some(other)) = (&first, &again, &other) else {
            if first == again && again == other {
                return Ok(Bound::Null);
            }
            bail!(
                "{} has a parameter that is NULL at times",
                self.first[number].sql
            );
        };
        let [id, other_id] = self.ids.map(|id| id.to_string());
        let next = first.parse::<i64>().ok().and_then(|n| n.checked_add(1));
        Ok(if first == again && again == other {
            Bound::Constant(first.clone())
        } else if first == again && *first == id && *other == other_id {
            Bound::Id
        } else if first == again && *first == array(&id) && *other == array(&other_id) {
            Bound::ArrayOfId
        } else if first == again && first.replace(&id, &other_id) == *other {
            // Text that names the id costs the same whichever it names.
            Bound::Constant(first.clone())
        } else if next.is_some() && next == again.parse().ok() {
            Bound::Moving(first.clone())
        } else if [first, again, other].iter().all(|value| is_instant(value)) {
            Bound::Now
        } else {
            bail!(
                "{}\nhas a parameter ${} that no rule explains: {first}, then {again}, and {other} \
                 for another id",
                self.first[number].sql,
                parameter + 1
            )
        })
    }
}

fn array(id: &str) -> String {
    format!("{{{id}}}")
}

/// Whether this is `2026-11-24 15:16:17.286913+00`.
fn is_instant(value: &str) -> bool {
    let shape: String = value
        .chars()
        .take(14)
        .map(|c| if c.is_ascii_digit() { '9' } else { c })
        .collect();
    shape == "9999-99-99 99:"
}

/// Puts each place where the statement has `$1`, `$2` and so on.
fn fill_in(sql: &str, places: &[String]) -> Result<String> {
    let mut parts = sql.split('$');
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(part.len());
        let (number, rest) = part.split_at(end);
        let place = number
            .parse::<usize>()
            .ok()
            .and_then(|number| places.get(number.checked_sub(1)?));
        filled.push_str(place.with_context(|| format!("${number} is not bound in {sql}"))?);
        filled.push_str(rest);
    }
    Ok(filled)
}

/// What has been used of constants and of returned numbers.
#[derive(Default)]
struct Writing {
    /// The variable of each constant.
    constants: HashMap<String, String>,
    variables: Vec<(String, String)>,
    /// The number of the statement that returned each moving number.
    moving: HashMap<String, usize>,
}

impl Writing {
    fn place(&mut self, bound: Bound, before: &[Statement]) -> Result<String> {
        Ok(match bound {
            Bound::Null => "NULL".to_owned(),
            Bound::Id => ":id".to_owned(),
            Bound::ArrayOfId => "ARRAY[:id]::bigint[]".to_owned(),
            Bound::Now => "now()".to_owned(),
            Bound::Constant(value) => {
                let next = format!("c{}", self.constants.len() + 1);
                let name = self.constants.entry(value.clone()).or_insert_with(|| {
                    self.variables.push((next.clone(), value));
                    next
                });
                format!(":{name}")
            }
            Bound::Moving(value) => {
                let taken = self.moving.get(&value).copied();
                let source = match taken {
                    Some(source) => source,
                    // They are passed on in the order in which they were returned.
                    None => (0..before.len())
                        .filter(|number| returned(&before[*number]).is_some())
                        .find(|number| !self.moving.values().any(|taken| taken == number))
                        .with_context(|| format!("nothing has returned the number {value}"))?,
                };
                self.moving.insert(value, source);
                format!(":r{source}")
            }
        })
    }

    /// Ends each statement, and keeps what one returns where another needs it.
    fn finish(self, lines: Vec<String>, statements: &[Statement]) -> Script {
        let mut lines = lines.into_iter();
        let mut text = lines.next().unwrap_or_default();
        text.push('\n');
        for (number, (line, statement)) in lines.zip(statements).enumerate() {
            text.push_str(line.trim_end_matches(';'));
            match returned(statement) {
                Some((column, plus)) if self.moving.values().any(|used| *used == number) => {
                    text.push_str(&format!(
                        " \\gset r{number}_\n\\set r{number} :r{number}_{column} + {plus}\n"
                    ));
                }
                _ => text.push_str(";\n"),
            }
        }
        Script {
            text,
            variables: self.variables,
        }
    }
}

/// The one number that a statement returns for others, and what is added to it.
fn returned(statement: &Statement) -> Option<(&str, u32)> {
    let [column] = statement.columns()[..] else {
        return None;
    };
    if statement.sql.starts_with("INSERT ") && column == "id" {
        return Some((column, 0));
    }
    COUNTED
        .iter()
        .find(|(counted, _)| *counted == column)
        .map(|(_, plus)| (column, *plus))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(id: u64, count: u64, at: &str) -> Vec<Statement> {
        let statement = |sql: &str, parameters: &[&str]| Statement {
            sql: sql.to_owned(),
            parameters: parameters
                .iter()
                .map(|one| Some((*one).to_owned()))
                .collect(),
        };
        let (id, next, new) = (
            id.to_string(),
            (count + 1).to_string(),
            (count + 900).to_string(),
        );
        vec![
            statement("BEGIN", &[]),
            statement(
                r#"SELECT "t"."message_count" FROM "t" WHERE "t"."id" = $1"#,
                &[&id],
            ),
            statement(
                r#"INSERT INTO "m" VALUES ($1, $2, $3, $4) RETURNING "m"."id""#,
                &[&id, &next, "hello", at],
            ),
            statement(
                r#"UPDATE "t" SET a = $1, b = $2 WHERE "t"."id" = ANY($3)"#,
                &[&next, &new, &array(&id)],
            ),
            statement("COMMIT", &[]),
        ]
    }

    fn samples() -> Samples {
        Samples {
            ids: [1000, 666],
            first: request(1000, 41, "2026-11-24 15:16:17.28+00"),
            again: request(1000, 42, "2026-11-24 15:16:18.28+00"),
            other: request(666, 41, "2026-11-24 15:16:19.28+00"),
        }
    }

    #[test]
    fn constants_stay_and_the_rest_is_made_anew() {
        let script = samples().script("2000").unwrap();
        assert_eq!(
            script.text,
            "\\set id random(1, 2000)\n\
             BEGIN;\n\
             SELECT \"t\".\"message_count\" FROM \"t\" WHERE \"t\".\"id\" = :id \\gset r1_\n\
             \\set r1 :r1_message_count + 1\n\
             INSERT INTO \"m\" VALUES (:id, :r1, :c1, now()) RETURNING \"m\".\"id\" \\gset r2_\n\
             \\set r2 :r2_id + 0\n\
             UPDATE \"t\" SET a = :r1, b = :r2 WHERE \"t\".\"id\" = ANY(ARRAY[:id]::bigint[]);\n\
             COMMIT;\n"
        );
        assert_eq!(script.variables, [("c1".to_owned(), "hello".to_owned())]);
    }

    #[test]
    fn a_value_that_no_rule_explains_ends_it() {
        let mut samples = samples();
        samples.other[2].parameters[2] = Some("good bye".to_owned());
        let error = samples.script("2000").unwrap_err().to_string();
        assert!(error.contains("$3 that no rule explains"), "{error}");
    }

    #[test]
    fn requests_with_other_statements_end_it() {
        let mut samples = samples();
        samples.again.pop();
        assert!(samples.script("2000").is_err());
    }
}

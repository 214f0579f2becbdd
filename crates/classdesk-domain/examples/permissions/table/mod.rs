//! The policy as a table, made by asking it.
//!
//! Every question is put to the policy by every kind of viewer and with every combination of the
//! facts that it carries, and what came out is condensed into words. Nothing here knows an answer.

mod condense;
mod questions;

use std::fmt::Write as _;

use classdesk_domain::ids::UserId;
use classdesk_domain::people::{Actor, Role};
use classdesk_domain::policy::Decision;
use classdesk_domain::subjects::Parties;
use condense::condense;
use questions::{Section, sections};

const INTRODUCTION: &str = "\
# Permissions

Who may do what. This file is written by `cargo xtask permissions`, which asks the policy
(`crates/classdesk-domain/src/policy`) every question with every combination of facts; do not edit it.

- **yes**: allowed.
- **no**: refused, to somebody who may see the thing (403).
- **hidden**: the same answer as for a thing that does not exist (404).
- **X, else Y**: allowed to an actor of whom, or on a thing of which, X is true; otherwise Y.
- **X (A), else Y**: when X is true, what the parentheses say; otherwise Y.

*Owner* is the client of the bundle or other subject, *assigned writer* its writer. Clients and
writers who are neither are in the columns *other client* and *other writer*; a writer who was
replaced is one of those from that moment on.
";

/// The whole policy in Markdown, as it stands in `docs/permissions.md`.
pub(crate) fn markdown() -> String {
    let mut out = String::from(INTRODUCTION);
    for section in sections() {
        // Writing to a String does not fail.
        let _ = write_section(&mut out, &section);
    }
    out
}

fn write_section(out: &mut String, section: &Section) -> std::fmt::Result {
    writeln!(out, "\n## {}\n", section.title)?;
    write!(out, "| |")?;
    for (name, _) in section.viewers {
        write!(out, " {name} |")?;
    }
    write!(out, "\n| --- |")?;
    for _ in section.viewers {
        write!(out, " --- |")?;
    }
    writeln!(out)?;
    for row in rows(section) {
        writeln!(out, "| {} | {} |", row.label(), row.answers.join(" | "))?;
    }
    Ok(())
}

/// A line of a table.
struct Row {
    text: &'static str,
    about: Vec<Role>,
    answers: Vec<String>,
}

impl Row {
    fn label(&self) -> String {
        let roles: Vec<_> = self.about.iter().map(|role| role.as_str()).collect();
        if roles.is_empty() || roles.len() == Role::ALL.len() {
            self.text.to_owned()
        } else {
            format!("{}: {}", self.text, roles.join(", "))
        }
    }
}

/// One row for each question; the same question about several roles is one row where the answers
/// are the same.
fn rows(section: &Section) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for question in &section.questions {
        let answers: Vec<String> = section
            .viewers
            .iter()
            .map(|(_, viewer)| condense(question.facts, &|facts| (question.ask)(viewer, facts)))
            .collect();
        match rows.last_mut() {
            Some(row) if row.text == question.text && row.answers == answers => {
                row.about.extend(question.about);
            }
            _ => rows.push(Row {
                text: question.text,
                about: question.about.into_iter().collect(),
                answers,
            }),
        }
    }
    rows
}

/// Somebody who asks, in relation to the subject that the question is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Viewer {
    Owner,
    AssignedWriter,
    Staff(Role),
    OtherClient,
    OtherWriter,
}

/// Who asks. A fact such as "is the sender" makes somebody this person or [`SOMEBODY_ELSE`].
const ASKER: UserId = UserId::new(1);
const SOMEBODY_ELSE: UserId = UserId::new(2);
const OTHER_PARTIES: Parties = Parties {
    client: UserId::new(3),
    assigned_writer: Some(UserId::new(4)),
};

impl Viewer {
    /// Everybody, in relation to a subject.
    const RELATED: &[(&str, Self)] = &[
        ("owner", Self::Owner),
        ("assigned writer", Self::AssignedWriter),
        ("editor", Self::Staff(Role::Editor)),
        ("admin", Self::Staff(Role::Admin)),
        ("superadmin", Self::Staff(Role::Superadmin)),
        ("other client", Self::OtherClient),
        ("other writer", Self::OtherWriter),
    ];
    /// Everybody, where there is no subject to be related to.
    const UNRELATED: &[(&str, Self)] = &[
        ("client", Self::OtherClient),
        ("writer", Self::OtherWriter),
        ("editor", Self::Staff(Role::Editor)),
        ("admin", Self::Staff(Role::Admin)),
        ("superadmin", Self::Staff(Role::Superadmin)),
    ];

    const fn actor(self) -> Actor {
        let role = match self {
            Self::Owner | Self::OtherClient => Role::Client,
            Self::AssignedWriter | Self::OtherWriter => Role::Writer,
            Self::Staff(role) => role,
        };
        Actor::new(ASKER, role)
    }

    const fn parties(self) -> Parties {
        match self {
            Self::Owner => Parties {
                client: ASKER,
                ..OTHER_PARTIES
            },
            Self::AssignedWriter => Parties {
                assigned_writer: Some(ASKER),
                ..OTHER_PARTIES
            },
            Self::Staff(_) | Self::OtherClient | Self::OtherWriter => OTHER_PARTIES,
        }
    }
}

const fn asker_if(fact: bool) -> UserId {
    if fact { ASKER } else { SOMEBODY_ELSE }
}

const fn word(decision: Decision) -> &'static str {
    match decision {
        Decision::Allowed => "yes",
        Decision::Forbidden => "no",
        Decision::Hidden => "hidden",
    }
}

//! Every question with every combination of facts, asked by everybody, against `expected.txt`.

use std::collections::BTreeSet;

use crate::error::Error;
use crate::files::model::Visibility;
use crate::ids::UserId;
use crate::people::model::{Actor, Role};
use crate::policy::{
    BundleAction, Decision, EventAccess, FileAccess, FileAction, KeyAction, MessageAction,
    Permission, Relation, SubjectAction, ThreadAccess, ThreadAction, TicketAccess, TicketAction,
    UserAction, authorize, can_be_assignee, can_receive, deletes_within_window,
    depends_on_relation, may_create_users, may_open_ticket_for_client,
    may_set_visibility_at_upload, sees_every_event,
};
use crate::subjects::model::Parties;

const EXPECTED: &str = include_str!("expected.txt");

/// The ids around a subject: its client, its writer, and another client.
pub(super) const CLIENT: UserId = UserId::new(1);
pub(super) const WRITER: UserId = UserId::new(2);
pub(super) const SOMEBODY: UserId = UserId::new(3);

/// Every role with every id, so that a client whose id is the writer's has a turn too.
pub(super) fn actors() -> Vec<Actor> {
    let ids = [CLIENT, WRITER, SOMEBODY];
    let with_role = |role: &Role| ids.map(|id| Actor::new(id, *role));
    Role::ALL.iter().flat_map(with_role).collect()
}

/// With a writer and without.
pub(super) fn parties() -> [Parties; 2] {
    [Some(WRITER), None].map(|assigned_writer| Parties {
        client: CLIENT,
        assigned_writer,
    })
}

/// The column of `expected.txt` that an actor stands in, from docs/contract.md#2-relations.
fn column(actor: &Actor, parties: Option<&Parties>) -> usize {
    let client = parties.map(|parties| parties.client);
    let writer = parties.and_then(|parties| parties.assigned_writer);
    match actor.role {
        Role::Client if client == Some(actor.id) => 0,
        Role::Writer if writer == Some(actor.id) => 1,
        Role::Editor => 2,
        Role::Admin => 3,
        Role::Superadmin => 4,
        Role::Client => 5,
        Role::Writer => 6,
    }
}

/// One line of `expected.txt`.
struct Line {
    question: String,
    words: BTreeSet<String>,
    answers: Vec<String>,
}

fn lines() -> Vec<Line> {
    let words =
        |text: &str| -> Vec<String> { text.split_whitespace().map(str::to_owned).collect() };
    EXPECTED
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let parts: Vec<_> = line.split('|').collect();
            assert_eq!(parts.len(), 3, "{line}");
            let answers = words(parts[2]);
            assert_eq!(answers.len(), 7, "{line}");
            Line {
                question: words(parts[0]).join(" "),
                words: words(parts[1]).into_iter().collect(),
                answers,
            }
        })
        .collect()
}

/// The table, and which of its cells have been met.
struct Table {
    lines: Vec<Line>,
    met: BTreeSet<(usize, usize)>,
    asked: usize,
}

impl Table {
    fn check(&mut self, question: &str, words: &[&str], column: usize, got: Decision) {
        let fits = |line: &Line| {
            line.question == question
                && line.words.iter().all(|word| words.contains(&word.as_str()))
        };
        let found: Vec<_> = (0..self.lines.len())
            .filter(|index| fits(&self.lines[*index]))
            .collect();
        assert_eq!(found.len(), 1, "lines for {question} {words:?}");
        let answer = match got {
            Decision::Allowed => "yes",
            Decision::Forbidden => "no",
            Decision::Hidden => "hidden",
        };
        let expected = &self.lines[found[0]].answers[column];
        assert_eq!(expected, answer, "{question} {words:?}, column {column}");
        self.met.insert((found[0], column));
        self.asked += 1;
    }

    /// No line and no cell stands there for nothing.
    fn check_all_met(&self) {
        for (index, line) in self.lines.iter().enumerate() {
            for (column, answer) in line.answers.iter().enumerate() {
                let met = self.met.contains(&(index, column));
                let (question, words) = (&line.question, &line.words);
                assert_eq!(met, answer != ".", "{question} {words:?}, column {column}");
            }
        }
    }
}

const fn yes_or_no(answer: bool) -> Decision {
    if answer {
        Decision::Allowed
    } else {
        Decision::Forbidden
    }
}

const fn word(condition: bool, yes: &'static str, no: &'static str) -> &'static str {
    if condition { yes } else { no }
}

fn check_bundles(table: &mut Table, actor: &Actor, parties: Parties) {
    let column = column(actor, Some(&parties));
    for (name, action) in [
        ("bundle see", BundleAction::See),
        ("bundle change", BundleAction::Change),
        ("bundle upload", BundleAction::Upload),
    ] {
        let got = authorize(actor, &Permission::Bundle(action, parties));
        table.check(name, &[], column, got);
    }
    let got = yes_or_no(can_receive(actor, &parties));
    table.check("receive", &[], column, got);
}

fn check_subjects(table: &mut Table, actor: &Actor, parties: Option<Parties>) {
    let column = column(actor, parties.as_ref());
    let words = [word(parties.is_some(), "registered", "unregistered")];
    for (name, action) in [
        ("subject see", SubjectAction::See),
        ("subject manage", SubjectAction::Manage),
    ] {
        let got = authorize(actor, &Permission::Subject(action, parties));
        table.check(name, &words, column, got);
    }
}

fn check_threads(table: &mut Table, actor: &Actor, parties: Parties) {
    let column = column(actor, Some(&parties));
    table.check(
        "open thread",
        &[],
        column,
        authorize(actor, &Permission::OpenThread(parties)),
    );
    for (participates, created_by) in pairs(&[true, false], &[CLIENT, WRITER, SOMEBODY]) {
        let access = ThreadAccess {
            parties,
            participates,
            created_by,
        };
        let inside = word(participates, "in", "out");
        let words = [
            inside,
            word(created_by == actor.id, "opened-it", "opened-not"),
        ];
        for (name, action) in [
            ("thread see", ThreadAction::See),
            ("thread post", ThreadAction::Post),
            ("thread change", ThreadAction::Change),
            ("thread participants", ThreadAction::ManageParticipants),
        ] {
            table.check(
                name,
                &words,
                column,
                authorize(actor, &Permission::Thread(action, access)),
            );
        }
        for (sender, (name, action)) in pairs(
            &[CLIENT, WRITER, SOMEBODY],
            &[
                ("message edit", MessageAction::Edit),
                ("message delete", MessageAction::Delete),
            ],
        ) {
            let words = [inside, word(sender == actor.id, "sent-it", "sent-not")];
            let got = authorize(actor, &Permission::Message(action, access, sender));
            table.check(name, &words, column, got);
        }
    }
}

fn check_tickets(table: &mut Table, actor: &Actor, parties: Option<Parties>) {
    let column = column(actor, parties.as_ref());
    let on = [word(parties.is_some(), "on-subject", "on-nothing")];
    table.check(
        "open ticket",
        &on,
        column,
        authorize(actor, &Permission::OpenTicket(parties)),
    );
    for requester in [CLIENT, WRITER, SOMEBODY] {
        let access = TicketAccess { parties, requester };
        let words = [word(requester == actor.id, "requested-it", "requested-not")];
        for (name, action) in [
            ("ticket see", TicketAction::See),
            ("ticket see-internal", TicketAction::SeeInternal),
            ("ticket write", TicketAction::Write),
            ("ticket write-internal", TicketAction::WriteInternal),
            ("ticket close-or-reopen", TicketAction::CloseOrReopen),
            ("ticket move", TicketAction::Move),
            ("ticket triage", TicketAction::Triage),
            ("ticket retitle", TicketAction::Retitle),
            ("ticket delete-content", TicketAction::DeleteContent),
        ] {
            table.check(
                name,
                &words,
                column,
                authorize(actor, &Permission::Ticket(action, access)),
            );
        }
    }
}

fn check_files(table: &mut Table, actor: &Actor, parties: Parties) {
    let column = column(actor, Some(&parties));
    let flags = pairs(&[true, false], &[true, false]);
    for (uploaded_by, (to_client, to_writer)) in pairs(&[CLIENT, WRITER, SOMEBODY], &flags) {
        let access = FileAccess {
            parties,
            uploaded_by,
            visibility: Visibility {
                to_client,
                to_writer,
            },
        };
        let words = [
            word(uploaded_by == actor.id, "uploaded-it", "uploaded-not"),
            word(to_client, "to-client+", "to-client-"),
            word(to_writer, "to-writer+", "to-writer-"),
        ];
        for (name, action) in [
            ("file see", FileAction::See),
            ("file change", FileAction::Change),
            ("file visibility", FileAction::SetVisibility),
        ] {
            table.check(
                name,
                &words,
                column,
                authorize(actor, &Permission::File(action, access)),
            );
        }
    }
}

fn check_events(table: &mut Table, actor: &Actor, parties: Option<Parties>) {
    let column = column(actor, parties.as_ref());
    let mut check = |words: &[&str], access| {
        let got = authorize(actor, &Permission::SeeEvent(access));
        table.check("event see", words, column, got);
    };
    check(&["of-subject"], EventAccess::Subject(parties));
    for requester in [CLIENT, WRITER, SOMEBODY] {
        let access = TicketAccess { parties, requester };
        let own = word(requester == actor.id, "requested-it", "requested-not");
        check(&["of-ticket", own], EventAccess::Ticket(access));
        check(&["of-note", own], EventAccess::Internal(access));
    }
    let Some(parties) = parties else {
        return;
    };
    check(&["of-account"], EventAccess::AuditOnly);
    for (participates, created_by) in pairs(&[true, false], &[CLIENT, WRITER, SOMEBODY]) {
        let access = ThreadAccess {
            parties,
            participates,
            created_by,
        };
        let words = ["of-thread", word(participates, "in", "out")];
        check(&words, EventAccess::Thread(access));
    }
    for (to_client, to_writer) in pairs(&[true, false], &[true, false]) {
        let words = [
            "of-file",
            word(to_client, "to-client+", "to-client-"),
            word(to_writer, "to-writer+", "to-writer-"),
        ];
        let visibility = Visibility {
            to_client,
            to_writer,
        };
        check(&words, EventAccess::File(parties, visibility));
    }
}

fn check_people(table: &mut Table, actor: &Actor, column: usize) {
    table.check(
        "create bundle",
        &[],
        column,
        authorize(actor, &Permission::CreateBundle),
    );
    table.check(
        "list users",
        &[],
        column,
        authorize(actor, &Permission::ListUsers),
    );
    table.check(
        "manage webhooks",
        &[],
        column,
        authorize(actor, &Permission::ManageWebhooks),
    );
    table.check(
        "read audit",
        &[],
        column,
        authorize(actor, &Permission::ReadAudit),
    );
    let got = may_create_users(actor);
    table.check("create users", &[], column, got);
    let got = may_set_visibility_at_upload(actor);
    table.check("set visibility at upload", &[], column, got);
    let got = may_open_ticket_for_client(actor);
    table.check("open ticket for client", &[], column, got);
    let got = yes_or_no(can_be_assignee(actor.role));
    table.check("be assignee", &[], column, got);
    for act_as in [false, true] {
        let words = [word(act_as, "acting", "plain")];
        let got = authorize(actor, &Permission::MakeApiKey(act_as));
        table.check("make key", &words, column, got);
    }
    for owner in [CLIENT, WRITER, SOMEBODY] {
        let words = [word(owner == actor.id, "own", "of-other")];
        for (name, action) in [("keys list", KeyAction::List), ("key end", KeyAction::End)] {
            let got = authorize(actor, &Permission::ApiKey(action, owner));
            table.check(name, &words, column, got);
        }
    }
    for role in Role::ALL.iter().copied() {
        let got = authorize(actor, &Permission::CreateUser(role));
        table.check("create user", &[role.as_str()], column, got);
        for user in [CLIENT, WRITER, SOMEBODY] {
            let words = [word(user == actor.id, "self", "other"), role.as_str()];
            for (name, action) in [
                ("user see", UserAction::See),
                ("user change-profile", UserAction::ChangeProfile),
                ("user manage", UserAction::Manage),
                ("user set-password", UserAction::SetPassword),
                ("user act-for", UserAction::ActFor),
            ] {
                table.check(
                    name,
                    &words,
                    column,
                    authorize(actor, &Permission::User(action, user, role)),
                );
            }
        }
    }
}

pub(super) fn pairs<A: Copy, B: Copy>(first: &[A], second: &[B]) -> Vec<(A, B)> {
    let with_each = |a: &A| second.iter().map(|b| (*a, *b)).collect::<Vec<_>>();
    first.iter().flat_map(with_each).collect()
}

/// contract: perm.policy, perm.hidden, perm.forbidden, perm.bundle.see, perm.bundle.change
/// contract: perm.thread.create, perm.thread.see, perm.thread.post, perm.thread.change
/// contract: perm.thread.participants, perm.message.change, perm.ticket.create
/// contract: perm.ticket.create-free, perm.ticket.see, perm.ticket.internal, perm.ticket.write
/// contract: perm.ticket.close, perm.ticket.triage, perm.file.upload, perm.file.see
/// contract: perm.file.visibility, perm.file.change
#[test]
fn every_cell_is_as_the_table_says() {
    let mut table = Table {
        lines: lines(),
        met: BTreeSet::new(),
        asked: 0,
    };
    for (actor, parties) in pairs(&actors(), &parties()) {
        check_bundles(&mut table, &actor, parties);
        check_subjects(&mut table, &actor, Some(parties));
        check_threads(&mut table, &actor, parties);
        check_tickets(&mut table, &actor, Some(parties));
        check_files(&mut table, &actor, parties);
        check_events(&mut table, &actor, Some(parties));
        check_people(&mut table, &actor, column(&actor, Some(&parties)));
    }
    for actor in actors() {
        check_subjects(&mut table, &actor, None);
        check_tickets(&mut table, &actor, None);
        check_events(&mut table, &actor, None);
    }
    table.check_all_met();
    // A combination of facts that is no longer asked must not go unnoticed.
    assert_eq!((table.met.len(), table.asked), (904, 7905));
}

/// contract: perm.policy
#[test]
fn a_relation_needs_role_and_party_alike() {
    use Relation::{AssignedWriter, None as No, Owner, Staff};
    let relations = |parties: &Parties| -> Vec<Relation> {
        let of = |actor: &Actor| Relation::of(actor, parties);
        actors().iter().map(of).collect()
    };
    let [with_writer, without] = parties();
    // For each role: with the client's id, the writer's, and another.
    let client = [Owner, No, No];
    let staff = [Staff; 9];
    let expected = |writer: [Relation; 3]| [&client[..], &writer[..], &staff[..]].concat();
    assert_eq!(relations(&with_writer), expected([No, AssignedWriter, No]));
    assert_eq!(relations(&without), expected([No, No, No]));
}

/// contract: perm.message.window
#[test]
fn staff_alone_are_bound_by_neither_standing_nor_window_and_see_every_event() {
    for actor in actors() {
        let party = matches!(actor.role, Role::Client | Role::Writer);
        assert_eq!(depends_on_relation(&actor), party);
        assert_eq!(deletes_within_window(&actor), party);
        assert_eq!(sees_every_event(&actor), !party);
    }
}

/// contract: perm.hidden, perm.forbidden
#[test]
fn a_refusal_becomes_its_error() {
    assert!(Decision::Allowed.require("see_bundle").is_ok());
    assert!(matches!(
        Decision::Forbidden
            .require("see_bundle")
            .map_err(Error::from),
        Err(Error::Forbidden(_))
    ));
    assert!(matches!(
        Decision::Hidden.require("see_bundle").map_err(Error::from),
        Err(Error::NotFound)
    ));
    let allowed =
        [Decision::Allowed, Decision::Forbidden, Decision::Hidden].map(Decision::is_allowed);
    assert_eq!(allowed, [true, false, false]);
}

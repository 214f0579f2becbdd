//! What migrating makes of rows that an older version has written.

use classdesk_domain::clock::Timestamp;
use classdesk_domain::events::{
    AuditFilter, CommitIds, DomainEvent, EventRecord, EventTicket, NewEvent,
};
use classdesk_domain::ids::{BundleId, TicketId, UserId};
use classdesk_domain::paging::{Limit, PageRequest};
use classdesk_domain::people::LoginName;
use classdesk_domain::subjects::{Parties, SubjectKind, SubjectRef};

use crate::migrations::{Catalog, in_store, open};

/// Who is on what does not go with them any more is taken off it, and the log tells so as it would if
/// the program had done it.
pub(crate) fn check_that_people_are_taken_off_with_a_line_of_history<C: Catalog>(empty: &C) {
    let database = open(empty);
    let applied = database.migrate().unwrap();
    let older = applied.iter().position(|name| name.starts_with("0013"));
    database.revert(applied.len() - older.unwrap()).unwrap();
    let (now, _) = C::VALUES;
    for (id, role, is_active) in [
        (1, "client", true),
        (2, "editor", false),
        (3, "client", true),
        (4, "client", true),
        (5, "editor", true),
        (6, "writer", true),
    ] {
        empty.execute(&format!(
            "INSERT INTO users
                (username, email, display_name, role, is_active, password_hash, created_at)
             VALUES ('user{id}', 'u{id}@example.org', 'x', '{role}', {is_active}, 'x', {now})"
        ));
    }
    empty.execute(&format!(
        "BEGIN;
         INSERT INTO bundles (title, description, status, level, number_of_classes, created_by,
            created_at, updated_at, version)
         VALUES ('A bundle', '', 'not_started', '', 1, 5, {now}, {now}, 1);
         INSERT INTO subjects (content_type, object_id, client_id, assigned_writer_id, label)
         VALUES ('class_bundle', 1, 4, 3, 'A bundle'), ('order', 7, 4, 3, 'x'), ('order', 8, 4, 6, 'x');
         COMMIT;"
    ));
    for (status, assignee, about, resolved_at) in [
        ("open", 1, "NULL, NULL", "NULL"),
        ("in_progress", 2, "'class_bundle', 1", "NULL"),
        ("closed", 2, "NULL, NULL", now),
        ("open", 5, "NULL, NULL", "NULL"),
    ] {
        empty.execute(&format!(
            "INSERT INTO tickets (title, description, priority, category, status, is_escalated,
                created_by, requester_id, created_at, updated_at, version, assigned_to,
                content_type, object_id, resolved_at)
             VALUES ('x', '', 'low', 'general', '{status}', FALSE, 5, 4, {now}, {now}, 1,
                {assignee}, {about}, {resolved_at})"
        ));
    }

    database.migrate().unwrap();
    let left = empty.ask(
        "SELECT 'ticket ' || id || ' ' || version || ' ' || coalesce(CAST(assigned_to AS TEXT), '-')
            || CASE WHEN updated_at > created_at THEN ' now' ELSE '' END AS line
         FROM tickets
         UNION ALL
         SELECT 'bundle ' || id || ' ' || version
            || CASE WHEN updated_at > created_at THEN ' now' ELSE '' END
         FROM bundles
         UNION ALL
         SELECT content_type || ' ' || object_id || ' ' || coalesce(CAST(assigned_writer_id AS TEXT), '-')
         FROM subjects
         ORDER BY line",
    );
    let expected = [
        "bundle 1 2 now",
        "class_bundle 1 -",
        "order 7 -",
        "order 8 6",
        "ticket 1 2 - now",
        "ticket 2 2 - now",
        "ticket 3 1 2",
        "ticket 4 1 5",
    ];
    assert_eq!(left, expected);
    let logged = in_store(&database, async |store| {
        let first = PageRequest {
            limit: Limit::GREATEST,
            after: None,
        };
        let log = store.audit(AuditFilter::default(), first).await.unwrap();
        log.items
    });
    let logged = logged.into_iter().rev().map(|line| {
        let what = (line.action, line.content_type, line.object_id);
        let who = line.actor.map(|actor| actor.id);
        (what, who, (line.from, line.to, line.detail), line.scope)
    });
    let of_program = lines_of_the_program().into_iter().map(|line| {
        let what = (line.action, line.content_type, line.object_id);
        let values = (line.from, line.to, line.detail);
        (what, line.actor, values, line.scope)
    });
    assert_eq!(logged.collect::<Vec<_>>(), of_program.collect::<Vec<_>>());
}

/// What the log says when the program takes off the people of the check above.
fn lines_of_the_program() -> Vec<EventRecord> {
    let bundle = BundleId::new(1);
    let order = SubjectRef::new(SubjectKind::parse("order").unwrap(), 7);
    let left = |ticket, from, subject| DomainEvent::TicketAssigned {
        ticket: EventTicket {
            id: TicketId::new(ticket).into(),
            requester: UserId::new(4),
            subject,
        },
        from: Some(UserId::new(from)),
        to: None,
    };
    let events = [
        left(1, 1, None),
        left(2, 2, Some(SubjectRef::bundle(bundle))),
        DomainEvent::WriterAssigned {
            bundle,
            from: Some(UserId::new(3)),
            to: None,
        },
        DomainEvent::SubjectChanged {
            subject: order,
            parties: Parties {
                client: UserId::new(4),
                assigned_writer: None,
            },
        },
    ];
    let events = events.map(|event| NewEvent::new(Timestamp::from_micros(1), None, event));
    let ids = CommitIds {
        row: 0,
        first_message: None,
    };
    EventRecord::of_commit(events.into(), ids).unwrap()
}

/// Who signed up with an address in another normal form signs in with it. Where the address is another
/// person's, both keep what they have.
pub(crate) fn check_that_addresses_are_folded<C: Catalog>(empty: &C) {
    let database = open(empty);
    let applied = database.migrate().unwrap();
    let older = applied.iter().position(|name| name.starts_with("0017"));
    database.revert(applied.len() - older.unwrap()).unwrap();
    let (now, _) = C::VALUES;
    let same = [
        "m\u{fc}ller@x.example",
        "mu\u{308}ller@x.example",
        "plain@x.example",
    ];
    // More than one batch of them.
    let decomposed = (0..450).map(|n| format!("e\u{301}l{n}@x.example"));
    let addresses = same.map(str::to_owned).into_iter().chain(decomposed);
    let users = (1..)
        .zip(addresses)
        .map(|(n, address)| format!("('user{n}', '{address}', 'x', 'client', TRUE, 'x', {now})"));
    empty.execute(&format!(
        "INSERT INTO users
            (username, email, display_name, role, is_active, password_hash, created_at)
         VALUES {}",
        users.collect::<Vec<_>>().join(", ")
    ));

    database.migrate().unwrap();
    let kept = empty.ask("SELECT email AS line FROM users WHERE version = 1 ORDER BY id");
    assert_eq!(kept, same);
    let folded = empty.ask("SELECT email AS line FROM users WHERE version = 2 ORDER BY id");
    let expected: Vec<_> = (0..450).map(|n| format!("\u{e9}l{n}@x.example")).collect();
    assert_eq!(folded, expected);
    let left = empty.ask("SELECT CAST(user_id AS TEXT) AS line FROM unfolded_addresses");
    assert_eq!(left, Vec::<String>::new());
    let typed = LoginName::new("E\u{301}L449@x.example");
    let found = in_store(&database, async |store| {
        store.credentials(&typed).await.unwrap().unwrap().user.id
    });
    assert_eq!(found, UserId::new(453));
}

/// Mounts every check on one database.
macro_rules! upgrade_checks {
    ($empty:expr) => {
        #[test]
        fn check_that_people_are_taken_off_with_a_line_of_history() {
            $crate::upgrades::check_that_people_are_taken_off_with_a_line_of_history(&$empty);
        }

        #[test]
        fn check_that_addresses_are_folded() {
            $crate::upgrades::check_that_addresses_are_folded(&$empty);
        }
    };
}
pub(crate) use upgrade_checks;

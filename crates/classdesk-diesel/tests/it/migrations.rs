//! What migrating promises, checked alike on both databases.

use std::collections::BTreeSet;
use std::sync::Barrier;

use classdesk_conformance::history;
use classdesk_diesel::{ConnectError, DatabaseHandle};
use classdesk_domain::bundles::BundleFilter;
use classdesk_domain::ids::UserId;
use classdesk_domain::paging::{Limit, PageRequest};
use classdesk_domain::people::{Actor, Role, UserFilter};
use classdesk_domain::policy::AccessScope;
use classdesk_domain::search::SearchText;
use classdesk_domain::store::Store;
use classdesk_domain::tickets::{TicketFilter, TicketQuery};
use diesel::QueryableByName;

use crate::databases::{TestDatabase, migrations, options};

/// A database whose catalog can be read beside the adapter.
pub(crate) trait Catalog: TestDatabase {
    /// Everything that migrations make, one object a line, in a fixed order.
    fn objects(&self) -> Vec<String>;

    /// `table.column type` of every column, with a `?` behind the name of those that may be null.
    fn columns(&self) -> BTreeSet<String>;

    /// The type that a column has whose type in `schema.rs` is this.
    fn column_type(of_the_queries: &str) -> &'static str;

    fn execute(&self, sql: &str);

    /// What a query answers in its column `line`.
    fn ask(&self, sql: &str) -> Vec<String>;

    /// An instant and a digest of 32 bytes, as SQL.
    const VALUES: (&str, &str);
}

/// A row of a catalog query.
#[derive(QueryableByName)]
pub(crate) struct Line {
    #[diesel(sql_type = diesel::sql_types::Text)]
    pub(crate) line: String,
}

pub(crate) fn open(database: &impl TestDatabase) -> DatabaseHandle {
    DatabaseHandle::open(&database.url(), &options()).unwrap()
}

pub(crate) fn check_that_down_takes_everything_back(empty: &impl Catalog) {
    let database = open(empty);
    let before = empty.objects();
    let applied = database.migrate().unwrap();
    let first = empty.objects();
    assert!(first.len() > before.len() + applied.len());

    let mut reverted = database.revert(applied.len()).unwrap();
    reverted.reverse();
    assert_eq!(reverted, applied);
    assert_eq!(empty.objects(), before, "what down.sql leaves behind");

    assert_eq!(database.migrate().unwrap(), applied);
    assert_eq!(empty.objects(), first);
    assert_eq!(database.migrate().unwrap(), Vec::<String>::new());
}

pub(crate) fn check_that_one_step_back_can_be_taken_again(empty: &impl Catalog) {
    let database = open(empty);
    let applied = database.migrate().unwrap();
    let whole = empty.objects();
    for steps in 1..=applied.len() {
        assert_eq!(database.revert(steps).unwrap().len(), steps);
        assert_eq!(
            database.migrate().unwrap(),
            applied[applied.len() - steps..]
        );
        assert_eq!(empty.objects(), whole, "after {steps} step(s) back");
    }
}

pub(crate) fn check_that_columns_are_those_of_the_queries<C: Catalog>(empty: &C) {
    open(empty).migrate().unwrap();
    assert_eq!(empty.columns(), columns_of_the_queries(C::column_type));
}

/// The columns that `diesel::table!` is told, read from its source: the modules are private.
fn columns_of_the_queries(column_type: impl Fn(&str) -> &'static str) -> BTreeSet<String> {
    let mut table = "";
    let mut columns = BTreeSet::new();
    for line in include_str!("../../src/rows/schema.rs").lines() {
        let line = line.trim();
        if let Some((name, _)) = line.strip_suffix(") {").and_then(|it| it.split_once(" (")) {
            table = name;
        } else if let Some((column, kind)) = line.split_once(" -> ") {
            let kind = kind.trim_end_matches(',');
            let inner = kind.strip_prefix("Nullable<");
            let mark = inner.map_or("", |_| "?");
            let kind = column_type(inner.map_or(kind, |inner| inner.trim_end_matches('>')));
            columns.insert(format!("{table}.{column}{mark} {kind}"));
        }
    }
    assert!(
        columns
            .iter()
            .any(|one| one.starts_with("sessions.address? "))
    );
    columns
}

pub(crate) fn check_that_a_newer_schema_is_refused(empty: &impl Catalog) {
    let database = open(empty);
    database.migrate().unwrap();
    empty.execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('9999')");
    let before = empty.objects();
    let refusals = [
        database.migrate().map(drop),
        database.revert(1).map(drop),
        database.serve(&options()).map(drop),
    ];
    for refusal in refusals {
        assert!(
            matches!(&refusal, Err(ConnectError::NewerSchema { migration }) if migration == "9999"),
            "{refusal:?}"
        );
    }
    assert_eq!(empty.objects(), before);
}

pub(crate) fn check_that_an_older_schema_is_not_served(empty: &impl Catalog) {
    let database = open(empty);
    database.migrate().unwrap();
    database.revert(2).unwrap();
    let refusal = database.serve(&options()).map(drop);
    assert!(
        matches!(refusal, Err(ConnectError::PendingMigrations { pending: 2 })),
        "{refusal:?}"
    );
}

/// Rows that an older version wrote keep what they say, and events get the columns they lacked.
pub(crate) fn check_that_rows_survive<C: Catalog>(empty: &C) {
    let database = open(empty);
    let applied = database.migrate().unwrap();
    let older = applied.iter().position(|name| name.starts_with("0008"));
    database.revert(applied.len() - older.unwrap()).unwrap();
    let (now, digest) = C::VALUES;
    empty.execute(&format!(
        "INSERT INTO users
            (username, email, display_name, role, is_active, password_hash, created_at)
         VALUES ('client', 'client@example.org', '', 'client', TRUE, 'x', {now})"
    ));
    for (key, rest) in [
        ("done", format!("{now}, {digest}, 7, 201, {digest}")),
        ("released", "NULL, NULL, NULL, NULL, NULL".to_owned()),
        ("forgotten", "NULL, NULL, NULL, NULL, NULL".to_owned()),
    ] {
        empty.execute(&format!(
            "INSERT INTO idempotency_keys (user_id, operation, key, attempt, reserved_at, ends_at,
                fingerprint, object_id, answer_status, answer_body)
             SELECT id, 'POST /tickets/', '{key}', 2, {now}, {rest} FROM users"
        ));
    }
    empty.execute("DELETE FROM idempotency_keys WHERE key = 'forgotten'");
    for (action, kind, object, detail) in [
        ("bundle.created", "class_bundle", 7, "{}"),
        ("subject.registered", "course", 3, "{}"),
        ("file.deleted", "bundle_file", 9, r#"{"bundle": "7"}"#),
    ] {
        empty.execute(&format!(
            "INSERT INTO events (at, action, content_type, object_id, is_internal, detail)
             VALUES ({now}, '{action}', '{kind}', {object}, FALSE, '{detail}')"
        ));
    }

    database.migrate().unwrap();
    let events = empty.ask(
        "SELECT action || ' ' || subject_type || ' ' || subject_id || ' '
            || coalesce(CAST(file_id AS TEXT), '-') AS line
         FROM events ORDER BY id",
    );
    let expected = [
        "bundle.created class_bundle 7 -",
        "subject.registered course 3 -",
        "file.deleted class_bundle 7 9",
    ];
    assert_eq!(events, expected);
    empty.execute(&format!(
        "INSERT INTO idempotency_keys (user_id, operation, key, attempt, reserved_at)
         SELECT id, 'POST /tickets/', 'new', 1, {now} FROM users"
    ));
    let keys = empty.ask(
        "SELECT id || ' ' || key || ' ' || attempt || ' '
            || coalesce(CAST(object_id AS TEXT), '-') AS line
         FROM idempotency_keys ORDER BY id",
    );
    assert_eq!(keys, ["1 done 2 7", "2 released 2 -", "4 new 1 -"]);
}

/// A database with what a random history leaves, and what takes it back to before a migration and forth.
fn filled<C: Catalog>(empty: &C) -> impl Fn(&str) {
    let database = open(empty);
    let applied = database.migrate().unwrap();
    let running = database.serve(&options()).unwrap();
    classdesk_conformance::run(async {
        history::make_changes(&*running.store(), 14, 400).await;
    });
    drop(running);
    move |migration| {
        let older = applied.iter().position(|name| name.starts_with(migration));
        database.revert(applied.len() - older.unwrap()).unwrap();
        database.migrate().unwrap();
    }
}

/// On a database with deleted messages, the migration counts them as the store would have.
pub(crate) fn check_that_deleted_messages_are_counted_anew<C: Catalog>(empty: &C) {
    let migrate_anew_from = filled(empty);
    let counts = || {
        empty.ask(
            "SELECT 'thread ' || id || ' ' || deleted_count AS line FROM threads
             UNION ALL
             SELECT 'person ' || thread_id || ' ' || user_id || ' ' || known_deleted_count
             FROM thread_participants
             ORDER BY line",
        )
    };
    let kept = counts();
    let counted = kept.iter().filter(|line| !line.ends_with(" 0")).count();
    assert!(counted > 4, "too few messages are deleted: {kept:?}");
    migrate_anew_from("0014");
    assert_eq!(counts(), kept);
}

/// What an older version has written is in its first version, and the subject of a bundle in the
/// bundle's.
pub(crate) fn check_that_what_is_there_gets_a_version<C: Catalog>(empty: &C) {
    let migrate_anew_from = filled(empty);
    migrate_anew_from("0015");
    let versions = empty.ask(
        "SELECT 'user ' || version AS line FROM users
         UNION SELECT 'thread ' || version FROM threads
         UNION SELECT 'message ' || version FROM messages
         UNION SELECT 'file ' || version FROM bundle_files
         UNION SELECT 'order ' || version FROM subjects WHERE content_type <> 'class_bundle'
         ORDER BY line",
    );
    let first = ["file 1", "message 1", "order 1", "thread 1", "user 1"];
    assert_eq!(versions, first);
    let of_bundles = |query: &str| {
        empty.ask(&format!(
            "SELECT id || ' ' || version AS line FROM ({query}) AS found ORDER BY line"
        ))
    };
    let bundles = of_bundles("SELECT id, version FROM bundles");
    assert!(bundles.iter().any(|line| !line.ends_with(" 1")));
    let subjects = "SELECT object_id AS id, version FROM subjects
        WHERE content_type = 'class_bundle'";
    assert_eq!(of_bundles(subjects), bundles);
}

/// Searches find what an older version has stored, also when giving words to it was interrupted.
pub(crate) fn check_that_older_rows_are_found<C: Catalog>(empty: &C) {
    let database = open(empty);
    let applied = database.migrate().unwrap();
    let older = applied.iter().position(|name| name.starts_with("0011"));
    database.revert(applied.len() - older.unwrap()).unwrap();
    let (now, _) = C::VALUES;
    // More than one batch of them.
    let users = (0..450).map(|number| {
        format!("('pupil{number}', 'u{number}@example.org', '', 'client', TRUE, 'x', {now})")
    });
    empty.execute(&format!(
        "INSERT INTO users
            (username, email, display_name, role, is_active, password_hash, created_at)
         VALUES {}",
        users.collect::<Vec<_>>().join(", ")
    ));
    empty.execute(&format!(
        "INSERT INTO tickets (title, description, priority, category, status, is_escalated,
            created_by, requester_id, created_at, updated_at, version)
         SELECT 'ÜBUNG ' || id, 'Straße', 'low', 'general', 'open', FALSE, id, id, {now}, {now}, 1
         FROM users"
    ));
    empty.execute(&format!(
        "BEGIN;
         INSERT INTO bundles (title, description, status, level, number_of_classes, created_by,
            created_at, updated_at, version)
         SELECT 'Frühling', 'Ärzte', 'not_started', '', 1, min(id), {now}, {now}, 1 FROM users;
         INSERT INTO subjects (content_type, object_id, client_id, label)
         SELECT 'class_bundle', id, created_by, title FROM bundles;
         COMMIT;"
    ));

    database.migrate().unwrap();
    assert_eq!(found(&database), (450, 450, 1));
    let nameless = empty.ask("SELECT username AS line FROM users WHERE display_name <> username");
    assert_eq!(nameless, Vec::<String>::new());

    for table in ["bundle_terms", "ticket_terms", "user_terms"] {
        empty.execute(&format!("DELETE FROM {table} WHERE rowid > 100"));
    }
    empty.execute(
        "INSERT INTO search_backlog (things, up_to) VALUES ('tickets', 100), ('users', 90)",
    );
    assert_eq!(found(&database), (450, 450, 1));
    assert_eq!(
        empty.ask("SELECT things AS line FROM search_backlog"),
        Vec::<String>::new()
    );
}

/// What a store on the database answers.
pub(crate) fn in_store<T>(database: &DatabaseHandle, ask: impl AsyncFnOnce(&dyn Store) -> T) -> T {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let running = database.serve(&options()).unwrap();
        let store = running.store();
        let answer = ask(&*store).await;
        drop(store);
        running.close().await;
        answer
    })
}

/// How many tickets, people and bundles are found by the words of the check above.
fn found(database: &DatabaseHandle) -> (usize, usize, usize) {
    in_store(database, async |store| {
        let q = |text| Some(SearchText::parse(text).unwrap());
        let staff = AccessScope::of(&Actor::new(UserId::new(1), Role::Admin));
        let first = PageRequest {
            limit: Limit::GREATEST,
            after: None,
        };
        let (mut tickets, mut users) = (0, 0);
        let mut page = first;
        loop {
            let filter = TicketFilter {
                q: q("strasse übung"),
                ..TicketFilter::default()
            };
            let query = TicketQuery {
                scope: staff,
                filter,
            };
            let found = store.list_tickets(query, page).await.unwrap();
            tickets += found.items.len();
            page.after = found.next;
            if page.after.is_none() {
                break;
            }
        }
        page = first;
        loop {
            let filter = UserFilter {
                q: q("example pup"),
                ..UserFilter::default()
            };
            let found = store.list_users(filter, page).await.unwrap();
            users += found.items.len();
            page.after = found.next;
            if page.after.is_none() {
                break;
            }
        }
        let filter = BundleFilter {
            q: q("arzte fruhling"),
            ..BundleFilter::default()
        };
        let bundles = store.list_bundles(staff, filter, first).await.unwrap();
        (tickets, users, bundles.items.len())
    })
}

pub(crate) fn check_that_migrators_take_turns(empty: &(impl Catalog + Sync)) {
    const MIGRATORS: usize = 4;
    let start = Barrier::new(MIGRATORS);
    let applied: Vec<Vec<String>> = std::thread::scope(|scope| {
        let migrators: Vec<_> = (0..MIGRATORS)
            .map(|_| {
                scope.spawn(|| {
                    let database = open(empty);
                    start.wait();
                    database.migrate().unwrap()
                })
            })
            .collect();
        migrators
            .into_iter()
            .map(|migrator| migrator.join().unwrap())
            .collect()
    });
    let at_work: Vec<_> = applied.iter().filter(|names| !names.is_empty()).collect();
    assert_eq!(at_work.len(), 1, "{applied:?}");
    let status = open(empty).migration_status().unwrap();
    assert!(status.iter().all(|one| one.applied));
    assert_eq!(at_work[0].len(), status.len());
}

/// The names of one database's migrations, each of which can be taken back.
fn names(database: &str) -> BTreeSet<String> {
    std::fs::read_dir(migrations(database))
        .unwrap()
        .map(|entry| {
            let folder = entry.unwrap();
            assert!(folder.path().join("up.sql").is_file(), "{folder:?}");
            assert!(folder.path().join("down.sql").is_file(), "{folder:?}");
            folder.file_name().into_string().unwrap()
        })
        .collect()
}

#[test]
fn both_databases_have_the_same_names() {
    assert_eq!(names("sqlite"), names("postgres"));
}

/// Mounts every check on one database.
macro_rules! migration_checks {
    ($empty:expr) => {
        $crate::migrations::migration_checks!(
            $empty,
            check_that_down_takes_everything_back,
            check_that_one_step_back_can_be_taken_again,
            check_that_columns_are_those_of_the_queries,
            check_that_a_newer_schema_is_refused,
            check_that_an_older_schema_is_not_served,
            check_that_rows_survive,
            check_that_deleted_messages_are_counted_anew,
            check_that_what_is_there_gets_a_version,
            check_that_older_rows_are_found,
            check_that_migrators_take_turns,
        );
    };
    ($empty:expr, $($check:ident),+ $(,)?) => {
        $(
            #[test]
            fn $check() {
                $crate::migrations::$check(&$empty);
            }
        )+
    };
}
pub(crate) use migration_checks;

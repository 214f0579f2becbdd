//! Which plans the statements of lists and lookups get, and how many statements a page takes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, Once};

use classdesk_diesel::StoreOptions;
use classdesk_domain::bundles::BundleFilter;
use classdesk_domain::events::AuditFilter;
use classdesk_domain::files::Visibility;
use classdesk_domain::paging::{Keyset, Limit};
use classdesk_domain::people::{Actor, UserFilter};
use classdesk_domain::policy::Sight;
use classdesk_domain::store::Store;
use classdesk_domain::threads::{MessageQuery, ThreadFilter, ThreadQuery};
use classdesk_domain::tickets::{TicketFilter, TicketQuery};
use classdesk_testkit::World;
use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};
use diesel::{Connection, QueryableByName, RunQueryDsl, SqliteConnection};

use crate::databases::{Fresh, SqliteFile, options};

/// What one file's connections were asked.
#[derive(Default)]
struct Asked {
    statements: usize,
    distinct: BTreeSet<String>,
}

/// By the path of the file: the tests of one process share the instrumentation.
static ASKED: Mutex<BTreeMap<String, Asked>> = Mutex::new(BTreeMap::new());

/// Notes what its connection is asked.
#[derive(Default)]
struct Recorder {
    path: String,
}

impl Instrumentation for Recorder {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        if let InstrumentationEvent::StartEstablishConnection { url, .. } = event {
            url.clone_into(&mut self.path);
            return;
        }
        let mut asked = ASKED.lock().unwrap();
        let Some(asked) = asked.get_mut(&self.path) else {
            return;
        };
        match event {
            InstrumentationEvent::StartQuery { .. } => asked.statements += 1,
            InstrumentationEvent::CacheQuery { sql, .. } => {
                asked.distinct.insert(sql.to_owned());
            }
            _ => {}
        }
    }
}

/// Starts noting what the connections to this file are asked, those opened later.
fn record(file: &SqliteFile) -> String {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        set_default_instrumentation(|| Some(Box::new(Recorder::default()))).unwrap();
    });
    let path = file.path().to_str().unwrap().to_owned();
    ASKED.lock().unwrap().insert(path.clone(), Asked::default());
    path
}

fn statements(path: &str) -> usize {
    ASKED.lock().unwrap()[path].statements
}

fn page(limit: i64) -> Keyset {
    Keyset {
        limit: Limit::new(limit).unwrap(),
        after: None,
    }
}

/// A store with `count` of everything that lists hold.
async fn filled(store: &dyn Store, count: usize) -> World {
    let world = World::create(store).await;
    let both = [world.client, world.writer];
    let thread = world.add_thread(store, &both).await.thread.id;
    let ticket = world
        .add_ticket(store, world.client, Some(world.subject()))
        .await
        .id;
    let to_both = Visibility {
        to_client: true,
        to_writer: true,
    };
    for _ in 0..count {
        world
            .add_bundle(store, world.client, Some(world.writer))
            .await;
        let another = world.add_thread(store, &both).await.thread.id;
        world.add_message(store, another, world.writer).await;
        world.add_message(store, thread, world.writer).await;
        world.add_ticket(store, world.client, None).await;
        world.add_note(store, ticket, world.admin, false).await;
        world.add_file(store, world.admin, to_both).await;
    }
    world
}

/// Reads every list once as this person, and tells for each how many statements it took.
async fn read_every_list(
    store: &dyn Store,
    world: &World,
    who: Actor,
    page: Keyset,
    path: &str,
) -> Vec<(&'static str, usize)> {
    let sight = Sight::of(&who);
    let mut taken = Vec::new();
    let mut before = statements(path);
    let mut note = |list| {
        let now = statements(path);
        taken.push((list, now - before));
        before = now;
    };
    store
        .list_bundles(sight, BundleFilter::default(), page)
        .await
        .unwrap();
    note("bundles");
    store.bundle_detail(world.bundle, sight).await.unwrap();
    note("bundle");
    store.list_members(world.bundle, page).await.unwrap();
    note("members");
    store.list_files(world.bundle, sight, page).await.unwrap();
    note("files");
    let filter = ThreadFilter::default();
    let threads = store
        .list_threads(ThreadQuery { sight, filter }, page)
        .await;
    note("threads");
    if let Some(view) = threads.unwrap().items.last() {
        let query = MessageQuery {
            thread: view.thread.id,
            sight,
            after: None,
            before: None,
        };
        store.list_messages(query, page).await.unwrap();
        note("messages");
    }
    let filter = TicketFilter::default();
    let tickets = store
        .list_tickets(TicketQuery { sight, filter }, page)
        .await;
    note("tickets");
    if let Some(ticket) = tickets.unwrap().items.last() {
        let id = ticket.id;
        store.list_ticket_messages(id, sight, page).await.unwrap();
        note("ticket messages");
        store
            .list_ticket_attachments(id, sight, page)
            .await
            .unwrap();
        note("ticket attachments");
        store.ticket_history(id, sight, page).await.unwrap();
        note("ticket history");
    }
    store.list_users(UserFilter::default(), page).await.unwrap();
    note("users");
    store.audit(AuditFilter::default(), page).await.unwrap();
    note("audit");
    taken
}

#[tokio::test]
async fn a_page_of_any_size_takes_the_same_statements() {
    let file = SqliteFile::new();
    let path = record(&file);
    // A single reader, at work once before anything is counted: opening takes statements too.
    let single = StoreOptions {
        connections: 1,
        ..options()
    };
    let fresh = Fresh::on(file, &single);
    let world = filled(&*fresh, 25).await;
    fresh.any_user().await.unwrap();
    for who in [world.admin, world.client, world.writer] {
        let small = read_every_list(&*fresh, &world, who, page(2), &path).await;
        let large = read_every_list(&*fresh, &world, who, page(20), &path).await;
        assert_eq!(small, large, "{who:?}");
        assert!(
            small.iter().all(|(_, statements)| *statements > 0),
            "{small:?}"
        );
    }
}

/// A step of a plan, as SQLite words it.
#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = diesel::sql_types::Text)]
    detail: String,
}

/// What may be walked from an end: none of it takes longer when a table grows.
const MAY_BE_SCANNED: [&str; 4] = [
    // The ids that the statement itself was given.
    "SCAN json_each",
    // One row for each migration, read while opening.
    "SCAN __diesel_schema_migrations",
    // The latest activity first, for staff without a filter: the walk ends with the page's limit.
    "SCAN threads USING INDEX threads_by_activity",
    // The latest entries of the log likewise.
    "SCAN events USING INDEX events_by_time",
];

/// The statements are those of every page: only the position that is bound differs.
///
/// contract: conv.lists.cost
#[tokio::test]
async fn no_list_reads_a_whole_table() {
    let file = SqliteFile::new();
    let path = record(&file);
    let fresh = Fresh::on(file, &options());
    let world = filled(&*fresh, 3).await;
    for who in [world.admin, world.client, world.writer] {
        read_every_list(&*fresh, &world, who, page(2), &path).await;
    }
    let asked: Vec<String> = ASKED.lock().unwrap()[&path]
        .distinct
        .iter()
        .filter(|sql| sql.starts_with("SELECT"))
        .cloned()
        .collect();
    assert!(asked.len() > 20, "{asked:#?}");
    let mut conn = SqliteConnection::establish(&path).unwrap();
    let mut scans = Vec::new();
    for sql in asked {
        let plan: Vec<Step> = diesel::sql_query(format!("EXPLAIN QUERY PLAN {sql}"))
            .load(&mut conn)
            .unwrap();
        assert!(!plan.is_empty(), "{sql}");
        scans.extend(
            plan.into_iter()
                .map(|step| step.detail)
                .filter(|detail| {
                    // Sorting means that every match was read before the first row of the page.
                    detail.starts_with("SCAN") || detail.contains("B-TREE FOR ORDER BY")
                })
                .filter(|detail| {
                    // A condition would let the walk go on past rows that don't match.
                    let is_filtered = detail.contains("threads") && sql.contains(" WHERE ");
                    is_filtered || !MAY_BE_SCANNED.iter().any(|may| detail.starts_with(may))
                })
                .map(|detail| format!("{detail}: {sql}")),
        );
    }
    assert!(scans.is_empty(), "{scans:#?}");
}

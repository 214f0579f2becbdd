//! What the hot queries cost on SQLite, with the way to the reading thread and back:
//! `cargo bench -p classdesk-diesel --bench queries`.

use std::sync::Arc;

use classdesk_diesel::{DieselStore, StoreOptions};
use classdesk_domain::paging::{Keyset, Limit};
use classdesk_domain::policy::Sight;
use classdesk_domain::store::{Commit, Store};
use classdesk_domain::threads::MessageQuery;
use classdesk_testkit::World;
use divan::Bencher;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Messages in the thread; a page is the same wherever it lies.
const MESSAGES: usize = 1_000;

fn main() {
    divan::main();
}

struct Stage {
    runtime: Runtime,
    store: Arc<dyn Store>,
    world: World,
    query: MessageQuery,
    _folder: TempDir,
}

impl Stage {
    fn new() -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let folder = TempDir::new().expect("a folder");
        let url = format!("sqlite://{}/bench.db", folder.path().display());
        let url = url.parse().expect("a URL");
        let store = DieselStore::connect(&url, &StoreOptions::default()).expect("a store");
        let store = store.store();
        let (world, query) = runtime.block_on(async {
            let world = World::create(&*store).await;
            let people = [world.client, world.writer];
            let thread = world.add_thread(&*store, &people).await.thread.id;
            for _ in 0..MESSAGES {
                world.add_message(&*store, thread, world.writer).await;
            }
            let query = MessageQuery {
                thread,
                sight: Sight::of(&world.client),
                after: None,
                before: None,
            };
            (world, query)
        });
        Self {
            runtime,
            store,
            world,
            query,
            _folder: folder,
        }
    }
}

#[divan::bench]
fn a_bundle_with_counts_and_files(bencher: Bencher<'_, '_>) {
    let stage = Stage::new();
    let sight = Sight::of(&stage.world.client);
    bencher.bench_local(|| {
        let found = stage.store.bundle_detail(stage.world.bundle, sight);
        stage.runtime.block_on(found).expect("the store answers")
    });
}

#[divan::bench]
fn a_page_of_20_messages(bencher: Bencher<'_, '_>) {
    let stage = Stage::new();
    let page = Keyset {
        limit: Limit::new(20).expect("a page has up to 100"),
        after: None,
    };
    bencher.bench_local(|| {
        let found = stage.store.list_messages(stage.query, page);
        stage.runtime.block_on(found).expect("the store answers")
    });
}

#[divan::bench]
fn a_message_made_durable(bencher: Bencher<'_, '_>) {
    let stage = Stage::new();
    bencher.bench_local(|| {
        let (thread, sender) = (stage.query.thread, stage.world.writer);
        let row = stage.world.new_message(thread, sender);
        let posted = stage.store.post_message(Commit::new(row));
        stage.runtime.block_on(posted).expect("the store answers")
    });
}

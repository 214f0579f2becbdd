//! What the hot queries cost on SQLite, with the way to the reading thread and back:
//! `cargo bench -p classdesk-diesel --bench queries`.

use std::sync::Arc;

use classdesk_conformance::Fixture;
use classdesk_diesel::{DieselStore, StoreOptions};
use classdesk_domain::paging::Limit;
use classdesk_domain::policy::AccessScope;
use classdesk_domain::store::{Commit, Store};
use classdesk_domain::threads::{MessagePage, MessageQuery};
use divan::Bencher;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Messages in the thread; a page is the same wherever it lies.
const MESSAGES: usize = 1_000;

fn main() {
    divan::main();
}

struct BenchStore {
    runtime: Runtime,
    store: Arc<dyn Store>,
    fixture: Fixture,
    query: MessageQuery,
    _folder: TempDir,
}

impl BenchStore {
    fn new() -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let folder = TempDir::new().expect("a folder");
        let url = format!("sqlite://{}/bench.db", folder.path().display());
        let url = url.parse().expect("a URL");
        let store = DieselStore::connect(&url, &StoreOptions::default()).expect("a store");
        let store = store.store();
        let (fixture, query) = runtime.block_on(async {
            let fixture = Fixture::create(&*store).await;
            let people = [fixture.client, fixture.writer];
            let thread = fixture.add_thread(&*store, &people).await.thread.id;
            for _ in 0..MESSAGES {
                fixture.add_message(&*store, thread, fixture.writer).await;
            }
            let query = MessageQuery {
                thread,
                scope: AccessScope::of(&fixture.client),
                page: MessagePage {
                    limit: Limit::new(20).expect("a page has up to 100"),
                    ..MessagePage::default()
                },
            };
            (fixture, query)
        });
        Self {
            runtime,
            store,
            fixture,
            query,
            _folder: folder,
        }
    }
}

#[divan::bench]
fn a_bundle_with_counts_and_files(bencher: Bencher<'_, '_>) {
    let stage = BenchStore::new();
    let scope = AccessScope::of(&stage.fixture.client);
    bencher.bench_local(|| {
        let found = stage.store.bundle_detail(stage.fixture.bundle, scope);
        stage.runtime.block_on(found).expect("the store answers")
    });
}

#[divan::bench]
fn a_page_of_20_messages(bencher: Bencher<'_, '_>) {
    let stage = BenchStore::new();
    bencher.bench_local(|| {
        let found = stage.store.list_messages(stage.query);
        stage.runtime.block_on(found).expect("the store answers")
    });
}

#[divan::bench]
fn a_message_made_durable(bencher: Bencher<'_, '_>) {
    let stage = BenchStore::new();
    bencher.bench_local(|| {
        let (thread, sender) = (stage.query.thread, stage.fixture.writer);
        let row = stage.fixture.new_message(thread, sender);
        let posted = stage.store.post_message(Commit::new(row));
        stage.runtime.block_on(posted).expect("the store answers")
    });
}

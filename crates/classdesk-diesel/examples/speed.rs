//! Tells how many commits and reads a second a store does:
//!
//! ```text
//! cargo run --release -p classdesk-diesel --example speed -- URL [SECONDS]
//! ```
//!
//! `URL` is an empty database as `classdesk serve --database-url` takes it; each figure is measured
//! for `SECONDS`, 2 unless told. A commit is a message in a thread of its writer's own, with the
//! facts that the use case checks and the event that it writes.

use std::error::Error;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use classdesk_diesel::{DatabaseUrl, DieselStore, StoreOptions};
use classdesk_domain::files::Visibility;
use classdesk_domain::ids::ThreadId;
use classdesk_domain::paging::{Keyset, Limit};
use classdesk_domain::policy::Sight;
use classdesk_domain::store::{Commit, Fact, Store};
use classdesk_domain::subjects::SubjectRef;
use classdesk_domain::threads::MessageQuery;
use classdesk_testkit::World;
use tokio::task::JoinSet;

/// How many write at once, in one run after the other.
const WRITERS: [usize; 3] = [1, 8, 64];

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let url: DatabaseUrl = arguments
        .next()
        .ok_or("usage: speed URL [SECONDS]")?
        .parse()?;
    let seconds: u64 = arguments.next().map_or(Ok(2), |seconds| seconds.parse())?;
    let span = Duration::from_secs(seconds);
    let store = DieselStore::connect(&url, &StoreOptions::default())?.store();
    let world = Arc::new(World::create(&*store).await);
    let mut out = std::io::stdout();

    let threads = threads(&*store, &world).await;
    for writers in WRITERS {
        let rate = commits(&store, &world, &threads[..writers], span).await;
        writeln!(out, "commits/s, {writers:>2} writers    {rate:>9.0}")?;
    }
    let thread = filled(&*store, &world).await;
    for readers in [1, 8] {
        let (same, bundle, sight) = (Arc::clone(&store), world.bundle, Sight::of(&world.writer));
        let rate = reads(readers, span, move || {
            let store = Arc::clone(&same);
            async move { assert!(store.bundle_detail(bundle, sight).await.unwrap().is_some()) }
        })
        .await;
        writeln!(out, "bundles/s, {readers:>2} readers    {rate:>9.0}")?;
        let query = MessageQuery {
            thread,
            sight,
            after: None,
            before: None,
        };
        let page = Keyset {
            limit: Limit::new(20).unwrap(),
            after: None,
        };
        let same = Arc::clone(&store);
        let rate = reads(readers, span, move || {
            let (store, query) = (Arc::clone(&same), query.clone());
            async move {
                let found = store.list_messages(query, page).await.unwrap();
                assert_eq!(found.unwrap().1.items.len(), 20);
            }
        })
        .await;
        writeln!(out, "pages/s, {readers:>2} readers      {rate:>9.0}")?;
    }
    Ok(())
}

/// A thread for each writer, each on a bundle of its own.
async fn threads(store: &dyn Store, world: &World) -> Vec<ThreadId> {
    let mut threads = Vec::new();
    for _ in 0..WRITERS[2] {
        let bundle = world
            .add_bundle(store, world.client, Some(world.writer))
            .await;
        let mut row = world.new_thread(&[world.client, world.writer]);
        row.about = SubjectRef::bundle(bundle.id);
        threads.push(store.open_thread(Commit::new(row)).await.unwrap().thread.id);
    }
    threads
}

/// The bundle of the world with four files, and a thread of 200 messages.
async fn filled(store: &dyn Store, world: &World) -> ThreadId {
    let to_both = Visibility {
        to_client: true,
        to_writer: true,
    };
    for _ in 0..4 {
        world.add_file(store, world.client, to_both).await;
    }
    let both = [world.client, world.writer];
    let thread = world.add_thread(store, &both).await.thread.id;
    for number in 0..200 {
        world.add_message(store, thread, both[number % 2]).await;
    }
    thread
}

async fn commits(
    store: &Arc<dyn Store>,
    world: &Arc<World>,
    threads: &[ThreadId],
    span: Duration,
) -> f64 {
    let stop = Arc::new(AtomicBool::new(false));
    let mut writers = JoinSet::new();
    let begun = Instant::now();
    for thread in threads.iter().copied() {
        let (store, world, stop) = (Arc::clone(store), Arc::clone(world), Arc::clone(&stop));
        writers.spawn(async move {
            let mut done = 0_u32;
            while !stop.load(Ordering::Relaxed) {
                let commit = Commit::new(world.new_message(thread, world.client))
                    .resting_on(Fact::ActiveUser {
                        user: world.client.id,
                        role: world.client.role,
                    })
                    .resting_on(Fact::Participant {
                        thread,
                        user: world.client.id,
                    })
                    .resting_on(Fact::ThreadActive {
                        thread,
                        active: true,
                    });
                store.post_message(commit).await.unwrap();
                done += 1;
            }
            done
        });
    }
    tokio::time::sleep(span).await;
    stop.store(true, Ordering::Relaxed);
    let done: u32 = writers.join_all().await.into_iter().sum();
    f64::from(done) / begun.elapsed().as_secs_f64()
}

/// How often a second `readers` tasks together do this.
async fn reads<F>(
    readers: usize,
    span: Duration,
    read: impl Fn() -> F + Clone + Send + 'static,
) -> f64
where
    F: Future<Output = ()> + Send,
{
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..readers {
        let read = read.clone();
        tasks.spawn(async move {
            let mut done = 0_u32;
            while begun.elapsed() < span {
                read().await;
                done += 1;
            }
            done
        });
    }
    let done: u32 = tasks.join_all().await.into_iter().sum();
    f64::from(done) / begun.elapsed().as_secs_f64()
}

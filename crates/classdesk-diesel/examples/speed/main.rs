//! Tells how many commits and reads a second a store does, beside what the bare driver does with
//! the least that such a commit or read takes, on the same database in the same minute:
//!
//! ```text
//! cargo run --release -p classdesk-diesel --example speed -- URL [SECONDS]
//! ```
//!
//! `URL` is an empty database as `classdesk serve --database-url` takes it; each figure is measured
//! for `SECONDS`, 2 unless told. A commit is a message in a thread and by a client of its writer's
//! own, with the facts that the use case checks and the event that it writes.

mod floor;

use std::error::Error;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use classdesk_conformance::Fixture;
use classdesk_diesel::{DatabaseUrl, DieselStore, StoreOptions};
use classdesk_domain::files::Visibility;
use classdesk_domain::ids::ThreadId;
use classdesk_domain::paging::Limit;
use classdesk_domain::people::{Actor, Role};
use classdesk_domain::policy::AccessScope;
use classdesk_domain::store::{Commit, Precondition, Store, StoreError};
use classdesk_domain::subjects::SubjectRef;
use classdesk_domain::threads::{MessagePage, MessageQuery};
use tokio::task::JoinSet;

use floor::Floor;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// How many write at once, in one run after the other.
const WRITERS: [usize; 3] = [1, 8, 64];
const MOST_WRITERS: usize = 64;

/// How many messages a page has.
const PAGE: i64 = 20;

/// Where somebody writes.
#[derive(Debug, Clone, Copy)]
struct Tables {
    thread: ThreadId,
    client: Actor,
}

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let text = arguments.next().ok_or("usage: speed URL [SECONDS]")?;
    let seconds: u64 = arguments.next().map_or(Ok(2), |seconds| seconds.parse())?;
    let span = Duration::from_secs(seconds);
    let url: DatabaseUrl = text.parse()?;
    let store = DieselStore::connect(&url, &StoreOptions::default())?.store();
    let fixture = Fixture::create(&*store).await;
    let desks = desks(&*store, &fixture).await?;
    let thread = filled(&*store, &fixture).await;
    let floor = Floor::new(&text);

    let mut out = std::io::stdout();
    writeln!(out, "{:<22}{:>10}{:>10}", "a second", "store", "driver")?;
    for writers in WRITERS {
        let desks = &desks[..writers];
        let ours = commits(&store, &fixture, desks, span).await?;
        let floor = floor.commits(desks, span).await?;
        let what = format!("commits, {writers} at once");
        writeln!(out, "{what:<22}{ours:>10.0}{floor:>10.0}")?;
    }

    let (same, bundle, scope) = (
        Arc::clone(&store),
        fixture.bundle,
        AccessScope::of(&fixture.writer),
    );
    let ours = reads(span, async || {
        let found = same.bundle_detail(bundle, scope).await?;
        Ok(found.is_some())
    })
    .await?;
    let bare = floor.bundles(bundle, span).await?;
    writeln!(out, "{:<22}{ours:>10.0}{bare:>10.0}", "bundle details")?;

    let query = MessageQuery {
        thread,
        scope,
        page: MessagePage {
            limit: Limit::new(PAGE)?,
            ..MessagePage::default()
        },
    };
    let ours = reads(span, async || {
        let found = same.list_messages(query).await?;
        Ok(found.is_some_and(|(_, page)| page.items.len() as i64 == PAGE))
    })
    .await?;
    let bare = floor.pages(thread, span).await?;
    writeln!(
        out,
        "{:<22}{ours:>10.0}{bare:>10.0}",
        "pages of 20 messages"
    )?;
    Ok(())
}

/// A thread for each writer, each on a bundle and by a client of its own.
async fn desks(store: &dyn Store, fixture: &Fixture) -> Result<Vec<Tables>> {
    let mut desks = Vec::new();
    for number in 0..MOST_WRITERS {
        let name = format!("client{number}");
        let client = fixture.add_user(store, &name, Role::Client).await;
        let bundle = fixture
            .add_bundle(store, client, Some(fixture.writer))
            .await;
        let mut row = fixture.new_thread(&[client, fixture.writer]);
        row.about = SubjectRef::bundle(bundle.id);
        desks.push(Tables {
            thread: store.open_thread(Commit::new(row)).await?.thread.id,
            client,
        });
    }
    Ok(desks)
}

/// The bundle of the world with four files, and a thread of 200 messages.
async fn filled(store: &dyn Store, fixture: &Fixture) -> ThreadId {
    let to_both = Visibility {
        to_client: true,
        to_writer: true,
    };
    for _ in 0..4 {
        fixture.add_file(store, fixture.client, to_both).await;
    }
    let both = [fixture.client, fixture.writer];
    let thread = fixture.add_thread(store, &both).await.thread.id;
    for number in 0..200 {
        fixture.add_message(store, thread, both[number % 2]).await;
    }
    thread
}

/// How often a second all desks together post.
async fn commits(
    store: &Arc<dyn Store>,
    fixture: &Fixture,
    desks: &[Tables],
    span: Duration,
) -> Result<f64> {
    let stop = Arc::new(AtomicBool::new(false));
    let mut writers = JoinSet::new();
    let begun = Instant::now();
    for desk in desks {
        let (store, stop) = (Arc::clone(store), Arc::clone(&stop));
        let (thread, client) = (desk.thread, desk.client);
        let message = fixture.new_message(thread, client);
        writers.spawn(async move {
            let mut done = 0_u32;
            while !stop.load(Ordering::Relaxed) {
                let commit = Commit::new(message.clone())
                    .require(Precondition::ActiveUser {
                        user: client.id,
                        role: client.role,
                    })
                    .require(Precondition::Participant {
                        thread,
                        user: client.id,
                    })
                    .require(Precondition::ThreadActive {
                        thread,
                        active: true,
                    });
                store.post_message(commit).await?;
                done += 1;
            }
            Ok::<_, StoreError>(done)
        });
    }
    tokio::time::sleep(span).await;
    stop.store(true, Ordering::Relaxed);
    let mut done = 0;
    while let Some(writer) = writers.join_next().await {
        done += writer??;
    }
    Ok(f64::from(done) / begun.elapsed().as_secs_f64())
}

/// How often a second one task does this, which says whether it found what it looked for.
async fn reads(
    span: Duration,
    read: impl AsyncFn() -> std::result::Result<bool, StoreError>,
) -> Result<f64> {
    let begun = Instant::now();
    let mut done = 0_u32;
    while begun.elapsed() < span {
        if !read().await? {
            return Err("what was stored was not found".into());
        }
        done += 1;
    }
    Ok(f64::from(done) / begun.elapsed().as_secs_f64())
}

//! An test to work in: the domain on the adapters of the test kit.

use std::sync::Arc;

use classdesk_conformance::Fixture;
use classdesk_domain::blobs::{ByteStream, FileName, FinishedUpload, UploadTarget};
use classdesk_domain::error::Error;
use classdesk_domain::events::{AuditEntry, AuditFilter, EventRepository};
use classdesk_domain::paging::{Limit, PageRequest};
use classdesk_domain::people::Actor;
use classdesk_domain::{App, Ports, RequestContext, Settings, VersionConditions};
use classdesk_memory::{FrozenClock, MemoryBlobs, MemoryStore, PlainHasher, SeededSecrets};

pub(super) struct AppFixture {
    pub(super) store: Arc<MemoryStore>,
    pub(super) blobs: Arc<MemoryBlobs>,
    pub(super) clock: Arc<FrozenClock>,
    pub(super) hasher: Arc<PlainHasher>,
    pub(super) fixture: Fixture,
    pub(super) app: App,
}

impl AppFixture {
    pub(super) async fn open() -> Self {
        Self::open_with(|_, _| {}).await
    }

    /// An test of which some ports are others. They are given the store to pass calls on to.
    pub(super) async fn open_with(exchange: impl FnOnce(&Arc<MemoryStore>, &mut Ports)) -> Self {
        let store = Arc::new(MemoryStore::new());
        let fixture = Fixture::create(&*store).await;
        let clock = Arc::new(FrozenClock::at(fixture.tick()));
        let blobs = Arc::new(MemoryBlobs::new(clock.clone()));
        let hasher = Arc::new(PlainHasher::default());
        let mut ports = Ports::new(
            store.clone(),
            blobs.clone(),
            hasher.clone(),
            clock.clone(),
            Arc::new(SeededSecrets::default()),
        );
        exchange(&store, &mut ports);
        let app = App::new(ports, Settings::default());
        Self {
            store,
            blobs,
            clock,
            hasher,
            fixture,
            app,
        }
    }

    /// Uploads four bytes that nobody owns yet.
    pub(super) async fn upload(&self, by: Actor, to: UploadTarget) -> FinishedUpload {
        let permit = self.app.uploads.begin(&by, to).await.expect("a permit");
        let name = FileName::clean("plan.txt");
        let received = self.app.uploads.receive(&permit, name, bytes("plan"));
        received.await.expect("received")
    }

    /// The log of changes since the first `known` entries, oldest first.
    pub(super) async fn log_after(&self, known: usize) -> Vec<AuditEntry> {
        let page = PageRequest {
            limit: Limit::GREATEST,
            after: None,
        };
        let found = self.store.audit(AuditFilter::default(), page).await;
        let mut entries = found.expect("readable").items;
        entries.reverse();
        entries.split_off(known)
    }

    /// What the log has come to, as words.
    pub(super) async fn told_after(&self, known: usize) -> Vec<&'static str> {
        let entries = self.log_after(known).await;
        entries.iter().map(|entry| entry.action.as_str()).collect()
    }

    pub(super) async fn log_length(&self) -> usize {
        self.log_after(0).await.len()
    }
}

/// A request that is made for this version alone.
pub(super) fn only_for(actor: Actor, version: i64) -> RequestContext {
    RequestContext::from(actor).on(VersionConditions::exactly(version))
}

pub(super) fn bytes(text: &'static str) -> ByteStream {
    Box::pin(futures_util::stream::iter([Ok(text.into())]))
}

/// An outcome in words: `ok`, the error, or for invalid fields `field:code` of each.
pub(super) fn word<T>(outcome: Result<T, Error>) -> String {
    match outcome {
        Ok(_) => "ok".to_owned(),
        Err(Error::Invalid(invalid)) => {
            let faults = invalid.errors().iter();
            let words = faults.map(|error| format!("{}:{}", error.field, error.fault.code()));
            words.collect::<Vec<_>>().join(" ")
        }
        Err(other) => other.to_string(),
    }
}

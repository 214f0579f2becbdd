//! The store in memory.

use classdesk_testkit::MemoryStore;

async fn fresh() -> Box<MemoryStore> {
    Box::new(MemoryStore::new())
}

classdesk_testkit::store_conformance!(fresh);

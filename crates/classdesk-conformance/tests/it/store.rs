//! The store in memory.

use classdesk_memory::MemoryStore;

async fn fresh() -> Box<MemoryStore> {
    Box::new(MemoryStore::new())
}

classdesk_conformance::store_conformance!(fresh);

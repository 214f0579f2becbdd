//! The store of bytes in memory.

use classdesk_memory::MemoryBlobs;

async fn fresh() -> Box<MemoryBlobs> {
    Box::new(MemoryBlobs::default())
}

classdesk_conformance::blob_conformance!(fresh);

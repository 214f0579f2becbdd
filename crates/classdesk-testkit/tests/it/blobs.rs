//! The store of bytes in memory.

use classdesk_testkit::MemoryBlobs;

async fn fresh() -> Box<MemoryBlobs> {
    Box::new(MemoryBlobs::default())
}

classdesk_testkit::blob_conformance!(fresh);

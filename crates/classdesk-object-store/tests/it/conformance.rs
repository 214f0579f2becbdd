//! Every promise of the domain's port, on both storages.

mod folder {
    use crate::fixture::{Kind, StorageFixture};

    async fn fresh() -> StorageFixture {
        StorageFixture::new(Kind::Folder).await
    }

    classdesk_conformance::blob_conformance!(fresh);
}

mod bucket {
    use crate::fixture::{Kind, StorageFixture};

    async fn fresh() -> StorageFixture {
        StorageFixture::new(Kind::Bucket).await
    }

    classdesk_conformance::blob_conformance!(fresh);
}

//! Every promise of the domain's port, on both storages.

mod folder {
    use crate::fixture::{Fixture, Kind};

    async fn fresh() -> Fixture {
        Fixture::new(Kind::Folder).await
    }

    classdesk_conformance::blob_conformance!(fresh);
}

mod bucket {
    use crate::fixture::{Fixture, Kind};

    async fn fresh() -> Fixture {
        Fixture::new(Kind::Bucket).await
    }

    classdesk_conformance::blob_conformance!(fresh);
}

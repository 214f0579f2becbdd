//! Every promise of the domain's port, on both storages.

mod folder {
    use crate::stage::{Kind, Stage};

    async fn fresh() -> Stage {
        Stage::new(Kind::Folder).await
    }

    classdesk_conformance::blob_conformance!(fresh);
}

mod bucket {
    use crate::stage::{Kind, Stage};

    async fn fresh() -> Stage {
        Stage::new(Kind::Bucket).await
    }

    classdesk_conformance::blob_conformance!(fresh);
}

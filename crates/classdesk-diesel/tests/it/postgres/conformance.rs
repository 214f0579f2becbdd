//! Every MUST of the ports.

use crate::databases::{Fresh, PostgresDatabase, options};

async fn fresh() -> Fresh<PostgresDatabase> {
    Fresh::on(PostgresDatabase::new(), &options())
}

classdesk_conformance::store_conformance!(fresh);

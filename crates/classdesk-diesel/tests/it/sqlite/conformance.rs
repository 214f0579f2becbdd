//! Every MUST of the ports.

use crate::databases::{Fresh, SqliteFile, options};

async fn fresh() -> Fresh<SqliteFile> {
    Fresh::on(SqliteFile::new(), &options())
}

classdesk_conformance::store_conformance!(fresh);

//! What migrating promises.

use std::collections::BTreeSet;

use diesel::connection::SimpleConnection;
use diesel::{Connection, RunQueryDsl, SqliteConnection};

use crate::databases::SqliteFile;
use crate::migrations::{Catalog, Line, migration_checks};
use crate::upgrades::upgrade_checks;

migration_checks!(SqliteFile::new());
upgrade_checks!(SqliteFile::new());

impl SqliteFile {
    fn connection(&self) -> SqliteConnection {
        SqliteConnection::establish(self.path().to_str().unwrap()).unwrap()
    }

    fn lines<L: FromIterator<String>>(&self, sql: &str) -> L {
        let lines: Vec<Line> = diesel::sql_query(sql).load(&mut self.connection()).unwrap();
        lines.into_iter().map(|one| one.line).collect()
    }
}

impl Catalog for SqliteFile {
    fn objects(&self) -> Vec<String> {
        self.lines(
            "SELECT type || ' ' || name || ': ' || coalesce(sql, '') AS line FROM sqlite_master \
             WHERE tbl_name NOT LIKE '\\_\\_diesel%' ESCAPE '\\' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
             ORDER BY type, name",
        )
    }

    fn columns(&self) -> BTreeSet<String> {
        let columns: BTreeSet<String> = self.lines(
            "SELECT made.name || '.' || part.name || iif(part.\"notnull\" OR part.pk, '', '?') \
               || ' ' || part.type AS line \
             FROM sqlite_master AS made JOIN pragma_table_xinfo(made.name) AS part \
             WHERE made.type = 'table' AND made.name NOT LIKE '\\_\\_diesel%' ESCAPE '\\' \
             AND made.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
        );
        // A full-text table has columns without a type, some of them hidden, and tables of its own.
        let words = ["bundle_terms", "ticket_terms", "user_terms"];
        let is_full_text = |column: &String| words.iter().any(|name| column.starts_with(name));
        let others = columns.into_iter().filter(|column| !is_full_text(column));
        let of_words = words.iter().flat_map(|name| {
            [
                format!("{name}.rowid INTEGER"),
                format!("{name}.terms TEXT"),
            ]
        });
        others.chain(of_words).collect()
    }

    fn column_type(of_the_queries: &str) -> &'static str {
        match of_the_queries {
            "BigInt" | "Bool" | "Day" | "Instant" | "Integer" | "SmallInt" => "INTEGER",
            "Binary" => "BLOB",
            "Detail" | "TermList" | "Text" => "TEXT",
            other => panic!("no column is a {other} yet"),
        }
    }

    fn execute(&self, sql: &str) {
        self.connection().batch_execute(sql).unwrap();
    }

    fn ask(&self, sql: &str) -> Vec<String> {
        self.lines(sql)
    }

    const VALUES: (&str, &str) = ("1", "zeroblob(32)");
}

//! What migrating promises.

use std::collections::BTreeSet;

use diesel::connection::SimpleConnection;
use diesel::{Connection, RunQueryDsl, SqliteConnection};

use crate::databases::SqliteFile;
use crate::migrations::{Catalog, Line, migration_checks};

migration_checks!(SqliteFile::new());

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
        self.lines(
            "SELECT made.name || '.' || part.name || iif(part.\"notnull\" OR part.pk, '', '?') \
               || ' ' || part.type AS line \
             FROM sqlite_master AS made JOIN pragma_table_xinfo(made.name) AS part \
             WHERE made.type = 'table' AND made.name NOT LIKE '\\_\\_diesel%' ESCAPE '\\' \
             AND made.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
        )
    }

    fn column_type(of_the_queries: &str) -> &'static str {
        match of_the_queries {
            "BigInt" | "Bool" | "Day" | "Instant" | "Integer" | "SmallInt" => "INTEGER",
            "Binary" => "BLOB",
            "Detail" | "Text" => "TEXT",
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

//! How the SQLite that is compiled in was built: without these flags every read is several times
//! slower, and nothing else would show it.

use diesel::{Connection, QueryableByName, RunQueryDsl, SqliteConnection};

#[derive(QueryableByName)]
struct Flag {
    #[diesel(sql_type = diesel::sql_types::Text)]
    compile_options: String,
}

#[test]
fn the_flags_of_the_build_are_in_force() {
    let mut conn = SqliteConnection::establish(":memory:").unwrap();
    let flags: Vec<Flag> = diesel::sql_query("SELECT compile_options FROM pragma_compile_options")
        .load(&mut conn)
        .unwrap();
    for wanted in ["ENABLE_QPSG", "THREADSAFE=2", "DEFAULT_MEMSTATUS=0"] {
        assert!(
            flags.iter().any(|flag| flag.compile_options == wanted),
            "{wanted} is missing: see LIBSQLITE3_FLAGS in .cargo/config.toml"
        );
    }
    // It would make all connections share one page cache and take turns at its lock.
    assert!(
        !flags
            .iter()
            .any(|flag| flag.compile_options == "ENABLE_MEMORY_MANAGEMENT")
    );
}

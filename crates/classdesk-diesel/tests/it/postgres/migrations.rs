//! What migrating promises.

use std::collections::BTreeSet;

use crate::databases::{PostgresDatabase, ask};
use crate::migrations::{Catalog, migration_checks};
use crate::upgrades::upgrade_checks;

migration_checks!(PostgresDatabase::empty());
upgrade_checks!(PostgresDatabase::empty());

impl Catalog for PostgresDatabase {
    fn objects(&self) -> Vec<String> {
        ask(
            &self.address(),
            "SELECT line FROM ( \
               SELECT 'column ' || table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable \
                 || ' ' || coalesce(column_default, '') || ' ' || is_identity || ' ' || coalesce(collation_name, '') AS line \
               FROM information_schema.columns \
               WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_diesel%' \
               UNION ALL SELECT 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) \
               FROM pg_constraint \
               WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text NOT LIKE '\\_\\_diesel%' \
               UNION ALL SELECT 'index ' || indexdef FROM pg_indexes \
               WHERE schemaname = 'public' AND tablename NOT LIKE '\\_\\_diesel%' \
               UNION ALL SELECT 'trigger ' || pg_get_triggerdef(pg_trigger.oid) FROM pg_trigger WHERE NOT tgisinternal \
               UNION ALL SELECT 'function ' || pg_get_functiondef(oid) FROM pg_proc \
               WHERE pronamespace = 'public'::regnamespace AND prokind = 'f' AND NOT EXISTS ( \
                 SELECT 1 FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e') \
               UNION ALL SELECT 'kind ' || typname FROM pg_type \
               WHERE typnamespace = 'public'::regnamespace AND typtype IN ('e', 'd') \
               UNION ALL SELECT 'extension ' || extname FROM pg_extension \
             ) AS made ORDER BY line",
        )
    }

    fn columns(&self) -> BTreeSet<String> {
        ask(
            &self.address(),
            "SELECT table_name || '.' || column_name || CASE is_nullable WHEN 'YES' THEN '?' ELSE '' END \
               || ' ' || data_type AS line \
             FROM information_schema.columns \
             WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_diesel%'",
        )
        .into_iter()
        .collect()
    }

    fn column_type(of_the_queries: &str) -> &'static str {
        match of_the_queries {
            "BigInt" => "bigint",
            "Binary" => "bytea",
            "Bool" => "boolean",
            "Day" => "date",
            "Detail" => "jsonb",
            "Instant" => "timestamp with time zone",
            "Integer" => "integer",
            "SmallInt" => "smallint",
            "TermList" => "tsvector",
            "Text" => "text",
            other => panic!("no column is a {other} yet"),
        }
    }

    fn execute(&self, sql: &str) {
        ask(&self.address(), sql);
    }

    fn ask(&self, sql: &str) -> Vec<String> {
        ask(&self.address(), sql)
    }

    const VALUES: (&str, &str) = ("now()", "decode(repeat('00', 32), 'hex')");
}

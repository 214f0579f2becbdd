//! Which plans the statements get, and how many statements a page takes.

use std::fmt::Write as _;

use classdesk_diesel::StoreOptions;
use serde_json::Value;

use super::wire::{Asked, Wire};
use crate::databases::{Fresh, PostgresDatabase, ask, options};
use crate::plans::{
    COARSE, Plan, Question, Step, check_that_a_page_of_any_size_takes_the_same_statements,
    check_that_no_change_reads_a_whole_table, check_that_nothing_reads_a_whole_table,
};

/// A store with a single connection, what that is asked, and where else to ask.
async fn recorded() -> (Fresh<Wire>, Asked, String) {
    let database = PostgresDatabase::new();
    let address = database.address();
    let wire = Wire::to(database).await;
    let asked = wire.asked();
    let single = StoreOptions {
        connections: 1,
        ..options()
    };
    (Fresh::on(wire, &single), asked, address)
}

/// What lets an index show that it can serve: tables that are said to be large, coarse columns that
/// are known to be coarse, the same plan whatever is bound, and other ways made dear.
fn conditions() -> String {
    let coarse = COARSE.map(|column| format!("'{column}'")).join(", ");
    let nothing = ["stakind", "staop", "stacoll"]
        .iter()
        .flat_map(|name| (1..=5).map(move |slot| format!("{name}{slot}")))
        .collect::<Vec<_>>();
    let zeros = vec!["0"; nothing.len()].join(", ");
    let nothing = nothing.join(", ");
    format!(
        "BEGIN; \
         UPDATE pg_class SET reltuples = 1000000, relpages = 1 \
           WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace; \
         DELETE FROM pg_statistic; \
         INSERT INTO pg_statistic \
             (starelid, staattnum, stainherit, stanullfrac, stawidth, stadistinct, {nothing}) \
           SELECT attrelid, attnum, false, 0, 8, 4, {zeros} \
           FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid \
           WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace \
             AND attname IN ({coarse}); \
         SET LOCAL plan_cache_mode = force_generic_plan; \
         SET LOCAL enable_seqscan = off; \
         SET LOCAL enable_hashjoin = off; \
         SET LOCAL enable_mergejoin = off; \
         SET LOCAL enable_material = off; "
    )
}

/// Lets PostgreSQL explain statements, and leaves no trace.
fn explain(address: &str, questions: &[Question]) -> Vec<Plan> {
    let mut script = conditions();
    for (number, (sql, may_sort)) in questions.iter().enumerate() {
        let placeholders = (1..).take_while(|n| sql.contains(&format!("${n}"))).count();
        let bound = match placeholders {
            0 => String::new(),
            some => format!("({})", vec!["NULL"; some].join(", ")),
        };
        write!(
            script,
            "SET LOCAL enable_sort = {may_sort}; \
             SET LOCAL enable_incremental_sort = {may_sort}; \
             PREPARE statement_{number} AS {sql}; \
             EXPLAIN (FORMAT JSON, COSTS OFF) EXECUTE statement_{number}{bound}; "
        )
        .unwrap();
    }
    let told = ask(address, &format!("{script} ROLLBACK"));
    let explained = told.iter().map(|told| {
        let told: Value = serde_json::from_str(told).unwrap();
        let mut plan = Plan::default();
        read(&told[0]["Plan"], false, true, &mut plan);
        plan
    });
    explained.collect()
}

/// Reads a node of a plan and those below. `stops` says that no more rows are asked of it than a
/// limit wants; `decides`, that the rows it leaves out are missing in the answer.
fn read(node: &Value, stops: bool, decides: bool, plan: &mut Plan) {
    let kind = node["Node Type"].as_str().unwrap();
    let text = |key: &str| node[key].as_str().unwrap_or_default();
    plan.sorts |= kind.ends_with("Sort");
    let filters = ["Filter", "Join Filter"].map(text);
    plan.filters |= decides && filters.iter().any(|filter| drops(filter));
    let condition = text("Index Cond");
    // The scan of a bitmap below tells which index finds the rows.
    if kind.ends_with("Scan") && !matches!(kind, "Bitmap Heap Scan" | "Subquery Scan") {
        let table = text("Relation Name");
        let index = text("Index Name");
        plan.steps.push(Step {
            what: format!("{kind} of {table} by {index} {condition}"),
            equal: equal(condition),
            stops: stops && kind != "Seq Scan",
        });
    }
    let passes_on = matches!(
        kind,
        "Bitmap Heap Scan"
            | "BitmapOr"
            | "LockRows"
            | "Memoize"
            | "Nested Loop"
            | "Result"
            | "Subquery Scan"
    );
    for below in node["Plans"].as_array().into_iter().flatten() {
        let relation = below["Parent Relationship"].as_str().unwrap_or_default();
        let is_apart = matches!(relation, "SubPlan" | "InitPlan");
        let is_driven = kind == "Nested Loop" && relation == "Inner";
        let stops = kind == "Limit" || stops && passes_on && !is_driven;
        read(below, stops && !is_apart, decides && !is_apart, plan);
    }
}

/// Whether a filter leaves out more than the rows of the same instant before a page begins, of
/// which there are few.
fn drops(filter: &str) -> bool {
    let begins_a_page = ["(updated_at < $", "(at < $", ".updated_at < $", ".at < $"]
        .iter()
        .any(|one| filter.contains(one))
        && filter.contains(") OR (")
        && !filter.contains(" AND ");
    !filter.is_empty() && !begins_a_page
}

/// The columns of an index that have to equal a value.
fn equal(condition: &str) -> Vec<String> {
    condition
        .split(" AND ")
        .filter_map(|one| one.split_once(" = "))
        .map(|(column, _)| column.trim_start_matches('(').to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_of_any_size_takes_the_same_statements() {
    let (fresh, asked, _) = recorded().await;
    check_that_a_page_of_any_size_takes_the_same_statements(&*fresh, &asked).await;
}

/// contract: conv.lists.cost
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_reads_a_whole_table() {
    let (fresh, asked, address) = recorded().await;
    check_that_nothing_reads_a_whole_table(&*fresh, &asked, |asked| explain(&address, asked)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_change_reads_a_whole_table() {
    let (fresh, asked, address) = recorded().await;
    check_that_no_change_reads_a_whole_table(&*fresh, &asked, |asked| explain(&address, asked))
        .await;
}

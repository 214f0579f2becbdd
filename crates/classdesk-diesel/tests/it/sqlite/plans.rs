//! Which plans the statements get, and how many statements a page takes.

use std::collections::BTreeMap;
use std::sync::{Mutex, Once};

use classdesk_diesel::StoreOptions;
use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};
use diesel::{Connection, QueryableByName, RunQueryDsl, SqliteConnection};

use crate::databases::{Fresh, SqliteFile, options};
use crate::plans::{
    Plan, Question, Recording, Step, check_that_a_page_of_any_size_takes_the_same_statements,
    check_that_no_change_reads_a_whole_table, check_that_nothing_reads_a_whole_table,
};

/// What the connections to files were asked, by the path of the file: the tests of one process
/// share the instrumentation.
static ASKED: Mutex<BTreeMap<String, Vec<String>>> = Mutex::new(BTreeMap::new());

/// Notes what its connection is asked.
#[derive(Default)]
struct Recorder {
    path: String,
}

impl Instrumentation for Recorder {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        match event {
            InstrumentationEvent::StartEstablishConnection { url, .. } => {
                url.clone_into(&mut self.path);
            }
            InstrumentationEvent::StartQuery { query, .. } => {
                if let Some(asked) = ASKED.lock().unwrap().get_mut(&self.path) {
                    let shown = query.to_string();
                    let sql = shown.split(" -- binds: ").next().unwrap_or_default();
                    asked.push(sql.to_owned());
                }
            }
            _ => {}
        }
    }
}

/// What one file is asked.
struct File {
    path: String,
}

impl Recording for File {
    fn take(&self) -> Vec<String> {
        let mut asked = ASKED.lock().unwrap();
        asked.get_mut(&self.path).map(std::mem::take).unwrap()
    }
}

/// A store with a single reader, and what its file is asked from now on.
fn recorded() -> (Fresh<SqliteFile>, File) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        set_default_instrumentation(|| Some(Box::new(Recorder::default()))).unwrap();
    });
    let file = SqliteFile::new();
    let path = file.path().to_str().unwrap().to_owned();
    ASKED.lock().unwrap().insert(path.clone(), Vec::new());
    let single = StoreOptions {
        connections: 1,
        ..options()
    };
    (Fresh::on(file, &single), File { path })
}

/// A step of a plan, as SQLite words it.
#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = diesel::sql_types::Text)]
    detail: String,
}

impl File {
    /// Lets SQLite explain statements.
    fn explain(&self, questions: &[Question]) -> Vec<Plan> {
        let mut conn = SqliteConnection::establish(&self.path).unwrap();
        let explained = questions.iter().map(|(sql, _)| {
            let lines: Vec<Line> = diesel::sql_query(format!("EXPLAIN QUERY PLAN {sql}"))
                .load(&mut conn)
                .unwrap();
            plan(sql, &lines)
        });
        explained.collect()
    }
}

/// What SQLite's words mean.
fn plan(sql: &str, lines: &[Line]) -> Plan {
    let mut plan = Plan::default();
    // Alternatives, each found by an index of its own.
    let has_alternatives = lines.iter().any(|line| line.detail == "MULTI-INDEX OR");
    // How many conditions on the rows that are answered with an index answers.
    let mut answered = 0;
    for Line { detail } in lines {
        plan.sorts |= detail.contains("B-TREE FOR ORDER BY");
        let is_read = detail.starts_with("SEARCH ") || detail.starts_with("SCAN ");
        // The statement itself brings a set of ids; it is no table.
        if !is_read || detail.starts_with("SCAN json_each") || detail == "SCAN CONSTANT ROW" {
            continue;
        }
        // The words of a full-text table lead to its rows like the values of an index.
        let is_searched = detail.contains(" VIRTUAL TABLE INDEX 0:M");
        let drives = plan.steps.is_empty() || has_alternatives;
        let conditions: Vec<&str> = detail
            .split_once('(')
            .and_then(|(_, conditions)| conditions.split_once(')'))
            .map_or_else(Vec::new, |(conditions, _)| {
                conditions.split(" AND ").collect()
            });
        if drives {
            answered += conditions.len();
        }
        plan.steps.push(Step {
            equal: conditions
                .iter()
                .filter_map(|condition| condition.strip_suffix("=?"))
                .chain(is_searched.then_some("terms"))
                .map(ToOwned::to_owned)
                .collect(),
            // What is found for each row of another step goes on however many are wanted.
            stops: drives && sql.contains(" LIMIT "),
            what: detail.clone(),
        });
    }
    plan.filters = conditions(sql) > answered;
    plan
}

/// How many conditions a statement asks of the rows it answers with.
fn conditions(sql: &str) -> usize {
    let Some((_, asked)) = sql.rsplit_once(" WHERE ") else {
        return 0;
    };
    let asked = asked.split(" ORDER BY ").next().unwrap_or_default();
    let all = asked.matches(" AND ").count() + asked.matches(" OR ").count() + 1;
    // Where a page begins among rows of the same instant, of which there are few.
    let within_an_instant = ["`updated_at` < ?) OR (", "`at` < ?) OR ("];
    let is_within = within_an_instant.iter().any(|one| asked.contains(one));
    all - if is_within { 2 } else { 0 }
}

#[tokio::test]
async fn a_page_of_any_size_takes_the_same_statements() {
    let (fresh, file) = recorded();
    check_that_a_page_of_any_size_takes_the_same_statements(&*fresh, &file).await;
}

/// contract: conv.lists.cost
#[tokio::test]
async fn nothing_reads_a_whole_table() {
    let (fresh, file) = recorded();
    check_that_nothing_reads_a_whole_table(&*fresh, &file, |asked| file.explain(asked)).await;
}

#[tokio::test]
async fn no_change_reads_a_whole_table() {
    let (fresh, file) = recorded();
    check_that_no_change_reads_a_whole_table(&*fresh, &file, |asked| file.explain(asked)).await;
}

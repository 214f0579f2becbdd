//! Which plans the statements of the ports get, and how many statements a page takes: what holds on
//! both databases. Each of them brings a [`Recording`] and explains statements as a [`Plan`].
//!
//! A plan is good when what it costs does not grow with the tables:
//!
//! - it finds rows by a value that few rows share (a [`Step`] with an equality on a column that
//!   is not one of the [`COARSE`] ones), whatever conditions filter those few;
//! - or it walks an index in the order of a page, with every row it meets on the page, and stops
//!   with the page;
//! - and it never sorts to cut a page, because then every match was read before the first row.
//!
//! Some reads may do otherwise; [`Exception`] names them and says why.

mod fill;
mod lists;
mod lookups;
mod reads;

use std::collections::{BTreeMap, BTreeSet};

use classdesk_conformance::history;
use classdesk_domain::store::Store;

pub(crate) use fill::Filled;
use reads::Reads;
pub(crate) use reads::Recording;

/// Columns with few values, so that one of them may be in most of the rows. The state of a blob is
/// not among them: only the pending and the deleted are searched, which are soon neither.
pub(crate) const COARSE: [&str; 9] = [
    "action",
    "category",
    "content_type",
    "is_active",
    "is_staff",
    "participates",
    "priority",
    "role",
    "status",
];

/// A table that has a handful of rows, so that it may be read whole: there are twenty webhooks at
/// most, and those that were removed go soon.
const BOUNDED: &str = "webhooks";

/// What a read may do that others may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exception {
    /// Nothing: the usual case.
    Nothing,
    /// Pass over rows without the words that are searched: walking the list may find a page of them
    /// before the index of words has named them all.
    Text,
    /// Pass over threads that the viewer has read, or not: that follows from the rows of two tables.
    /// Among all threads, that is; one's own are found by their person.
    Unread,
    /// Pass over rows that share one coarse value with the page but not the other: the index of one
    /// leads, and there is none for every combination.
    TwoKinds,
    /// Pass over what the feed leaves out, in a part of the log whose length is bounded.
    PartOfLog,
    /// Read a part of the log whose length is bounded, and sort what is the person's own. With one
    /// subject the index of subjects leads; with very many, or of a short part, the log may.
    OwnPartOfLog,
    /// Sort what belongs to one object id, whatever its kind: each kind has one such object, and the
    /// index keeps the kinds apart.
    AnyKind,
}

impl Exception {
    /// Whether rows may be met and left out.
    const fn passes_over(self) -> bool {
        matches!(
            self,
            Self::Text | Self::Unread | Self::TwoKinds | Self::PartOfLog
        )
    }

    /// Whether a database may answer this statement by sorting. What has no limit reads all that it
    /// finds anyway.
    fn may_sort(self, sql: &str) -> bool {
        matches!(self, Self::AnyKind | Self::OwnPartOfLog) || !sql.contains(" LIMIT ")
    }
}

/// How a database would run a statement.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plan {
    /// How rows are found in each table.
    pub(crate) steps: Vec<Step>,
    /// Whether conditions leave rows out that were found.
    pub(crate) filters: bool,
    /// Whether rows are sorted.
    pub(crate) sorts: bool,
}

/// How rows of one table are found.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// As the database words it.
    pub(crate) what: String,
    /// The columns of the index that have to equal a value.
    pub(crate) equal: Vec<String>,
    /// Whether an index is walked only as far as a limit wants rows.
    pub(crate) stops: bool,
}

impl Plan {
    /// What is wrong with it.
    fn faults(&self, sql: &str, exception: Exception) -> Vec<String> {
        let mut faults = Vec::new();
        if self.sorts && !exception.may_sort(sql) {
            faults.push("sorts what is cut into a page".to_owned());
        }
        for step in &self.steps {
            let finds_few = step
                .equal
                .iter()
                .any(|column| !COARSE.contains(&column.as_str()));
            let only_what_is_wanted = !self.filters || exception.passes_over();
            let in_part_of_log =
                exception == Exception::OwnPartOfLog && step.what.contains("events");
            let is_bounded = step.what.split(' ').any(|word| word == BOUNDED);
            let reads_little =
                is_bounded || finds_few || in_part_of_log || (step.stops && only_what_is_wanted);
            if !reads_little {
                faults.push(format!("reads too much: {}", step.what));
            }
        }
        faults
    }
}

/// A statement, and whether its plan may sort.
pub(crate) type Question = (String, bool);

/// Small and large pages of everything take the same number of statements.
pub(crate) async fn check_that_a_page_of_any_size_takes_the_same_statements(
    store: &dyn Store,
    recording: &dyn Recording,
) {
    let filled = Filled::with(store, 8).await;
    for who in filled.viewers() {
        let mut counts = [2, 6].map(|limit| (limit, Vec::new()));
        for (limit, counts) in &mut counts {
            let mut reads = Reads::new(store, recording, &filled, who);
            reads.every_list(&[reads.page(*limit)]).await;
            reads.every_lookup().await;
            *counts = reads
                .taken()
                .map(|read| (read.name.clone(), read.statements.len()))
                .collect();
        }
        let [(_, small), (_, large)] = counts;
        assert_eq!(small, large, "{who:?}");
        assert!(small.iter().all(|(_, count)| *count > 0), "{small:?}");
    }
}

/// No list, lookup or count reads a whole table, on the first page or a later one.
pub(crate) async fn check_that_nothing_reads_a_whole_table(
    store: &dyn Store,
    recording: &dyn Recording,
    explain: impl FnOnce(&[Question]) -> Vec<Plan>,
) {
    let filled = Filled::with(store, 4).await;
    let mut asked = Asked::default();
    for who in filled.viewers() {
        let mut reads = Reads::new(store, recording, &filled, who);
        reads
            .every_list(&[reads.page(2), reads.later_page(2)])
            .await;
        reads.every_lookup().await;
        for read in reads.taken() {
            let name = format!("{} ({:?})", read.name, who.role);
            for sql in &read.statements {
                asked.note(sql, &name, read.exception);
            }
        }
    }
    asked.check(explain);
}

/// The same for what is read while something is changed, and for the changed rows themselves.
pub(crate) async fn check_that_no_change_reads_a_whole_table(
    store: &dyn Store,
    recording: &dyn Recording,
    explain: impl FnOnce(&[Question]) -> Vec<Plan>,
) {
    recording.take();
    history::make_changes(store, 11, 400).await;
    let mut asked = Asked::default();
    for sql in recording.take() {
        asked.note(&sql, "changes", Exception::Nothing);
    }
    let counts = ["SELECT", "UPDATE", "DELETE"].map(|verb| asked.count(verb));
    assert!(
        counts[0] > 30 && counts[1] > 25 && counts[2] > 8,
        "not every change was made: {counts:?}"
    );
    asked.check(explain);
}

/// Statements that find rows, and who asks them with which exception.
#[derive(Default)]
struct Asked(BTreeMap<Question, Vec<(String, Exception)>>);

impl Asked {
    fn note(&mut self, sql: &str, name: &str, exception: Exception) {
        if is_planned(sql) {
            let question = (sql.to_owned(), exception.may_sort(sql));
            let askers = self.0.entry(question).or_default();
            askers.push((name.to_owned(), exception));
        }
    }

    fn count(&self, verb: &str) -> usize {
        self.0
            .keys()
            .filter(|(sql, _)| sql.starts_with(verb))
            .count()
    }

    fn check(self, explain: impl FnOnce(&[Question]) -> Vec<Plan>) {
        let (questions, askers): (Vec<Question>, Vec<_>) = self.0.into_iter().unzip();
        let plans = explain(&questions);
        assert_eq!(plans.len(), questions.len());
        let mut faults: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (((sql, _), plan), askers) in questions.iter().zip(plans).zip(askers) {
            assert!(!plan.steps.is_empty() || !sql.contains(" FROM "), "{sql}");
            for (name, exception) in askers {
                for fault in plan.faults(sql, exception) {
                    let askers = faults.entry(format!("{fault}\n{sql}")).or_default();
                    askers.insert(name.clone());
                }
            }
        }
        assert!(faults.is_empty(), "{faults:#?}");
    }
}

/// Whether a statement finds rows; to begin a transaction, or to insert values, does not.
fn is_planned(sql: &str) -> bool {
    let inserts_what_it_finds = sql.starts_with("INSERT") && sql.contains(" SELECT ");
    ["SELECT", "UPDATE", "DELETE"]
        .iter()
        .any(|verb| sql.starts_with(verb))
        || inserts_what_it_finds
}

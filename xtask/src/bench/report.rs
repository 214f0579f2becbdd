//! What was measured, as a table for people.

use std::fmt::Write as _;

use super::load::Figures;

/// One path under one load.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) path: &'static str,
    pub(crate) connections: u32,
    pub(crate) figures: Figures,
    /// Processor time of the server for one request, in microseconds.
    pub(crate) cpu_micros: f64,
    /// The greatest resident memory while it ran, in bytes.
    pub(crate) peak_memory: u64,
    /// What it is compared with, and how the two stand to each other.
    pub(crate) ratio: Option<(&'static str, f64)>,
}

/// The figures of one run.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) store: &'static str,
    pub(crate) amount: &'static str,
    pub(crate) idle_memory: u64,
    pub(crate) rows: Vec<Row>,
}

const MIB: f64 = 1024.0 * 1024.0;

impl Report {
    /// The table and what its columns mean.
    pub(crate) fn markdown(&self, command: &str) -> String {
        let mut text = format!(
            "# Performance\n\n\
             Measured by `{command}` on {} with the {} data set, release build, load generator on \
             the same machine. Every request is authenticated and decided by the policy; every \
             write is durable before its answer.\n\n\
             Absolute figures depend on the machine. *Ratio* compares with a floor measured right \
             before: for requests, the server's own `GET /healthz/live`; for downloads, nginx with \
             the same file; for uploads, `dd` with an fsync of the same bytes.\n\n\
             Resident memory when idle: {:.1} MiB.\n\n\
             | path | connections | requests/s | p50 ms | p99 ms | max ms | errors | CPU µs/request \
             | peak MiB | ratio |\n\
             | --- | --: | --: | --: | --: | --: | --: | --: | --: | --: |\n",
            self.store,
            self.amount,
            self.idle_memory as f64 / MIB
        );
        for row in &self.rows {
            text.push_str(&row.markdown());
        }
        text
    }
}

impl Row {
    fn markdown(&self) -> String {
        let figures = &self.figures;
        let millis = |micros: u64| micros as f64 / 1e3;
        let mut line = String::new();
        let ratio = self.ratio.map_or_else(
            || "–".to_owned(),
            |(floor, ratio)| format!("{ratio:.2} {floor}"),
        );
        // Writing to a string does not fail.
        let _ = writeln!(
            line,
            "| {} | {} | {:.0} | {:.2} | {:.2} | {:.1} | {} | {:.0} | {:.0} | {ratio} |",
            self.path,
            self.connections,
            figures.per_second(),
            millis(figures.p50),
            millis(figures.p99),
            millis(figures.max),
            figures.status + figures.socket,
            self.cpu_micros,
            self.peak_memory as f64 / MIB,
        );
        line
    }
}

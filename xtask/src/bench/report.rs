//! What was measured, as tables for people.

use std::fmt::Write as _;

use super::floor::Floor;
use super::goals::{self, Figure};
use super::load::Figures;

/// One path under one load.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) path: &'static str,
    pub(super) connections: u32,
    pub(super) figures: Figures,
    /// Whether it is meant to answer in milliseconds.
    pub(super) is_quick: bool,
    /// Processor time of the server for one request, in microseconds.
    pub(super) cpu_micros: f64,
    /// The greatest resident memory while it ran, in bytes.
    pub(super) peak_memory: u64,
    /// What it is compared with, and how the two stand to each other.
    pub(super) ratio: Option<(Floor, f64)>,
}

/// The figures of one run.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) store: &'static str,
    pub(super) amount: &'static str,
    pub(super) idle_memory: u64,
    pub(super) rows: Vec<Row>,
}

const MIB: f64 = 1024.0 * 1024.0;

impl Report {
    /// The tables and what their columns mean.
    pub(super) fn markdown(&self, command: &str) -> String {
        let mut text = format!(
            "# Performance\n\n\
             Measured by `{command}` on {} with the {} data set, as a release build, with the load \
             generator on the same machine. Every request is authenticated and decided by the \
             policy. Every write is durable before its answer.\n\n\
             Absolute figures depend on the machine. *Ratio* compares with a floor, the mean of a \
             measurement right before and one right after:\n\n\
             - for requests, the server's own `GET /healthz/live`,\n\
             - for downloads, nginx with the same file,\n\
             - for uploads, the same bytes copied from the page cache into new files and fsynced, \
             by as many at once as there are connections,\n\
             - with `--postgres`, for three of the requests, pgbench with the server's own \
             statements, prepared, with random ids, on as many connections as the server uses.\n\n\
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
        let found = self.found();
        let _ = write!(text, "\n## Goals\n\n{}", goals::table(&found));
        text
    }

    /// The figures that goals may be about.
    fn found(&self) -> Vec<(Figure, f64)> {
        let mut found = vec![(Figure::IdleMemory, self.idle_memory as f64 / MIB)];
        for row in &self.rows {
            let memory = row.peak_memory as f64 / MIB;
            found.push((Figure::MemoryOf(row.path, row.connections), memory));
            found.extend(row.ratio.map(|(floor, ratio)| {
                let figure = Figure::Ratio(row.path, row.connections, floor);
                (figure, ratio)
            }));
            greatest(&mut found, Figure::Memory(row.connections), memory);
            if row.is_quick {
                let spread = row.figures.p99 as f64 / row.figures.p50.max(1) as f64;
                greatest(&mut found, Figure::Spread(row.connections), spread);
            }
        }
        found
    }
}

fn greatest(found: &mut Vec<(Figure, f64)>, figure: Figure, value: f64) {
    match found.iter_mut().find(|(of, _)| *of == figure) {
        Some((_, greatest)) => *greatest = greatest.max(value),
        None => found.push((figure, value)),
    }
}

fn millis(micros: u64) -> f64 {
    micros as f64 / 1e3
}

impl Row {
    fn markdown(&self) -> String {
        let figures = &self.figures;
        let ratio = self.ratio.map_or_else(
            || "–".to_owned(),
            |(floor, ratio)| format!("{ratio:.2} of {}", floor.name()),
        );
        format!(
            "| {} | {} | {:.0} | {:.2} | {:.2} | {:.1} | {} | {:.0} | {:.0} | {ratio} |\n",
            self.path,
            self.connections,
            figures.per_second(),
            millis(figures.p50),
            millis(figures.p99),
            millis(figures.max),
            figures.status + figures.socket,
            self.cpu_micros,
            self.peak_memory as f64 / MIB,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(path: &'static str, p99: u64, mib: u64) -> Row {
        Row {
            path,
            connections: 32,
            figures: Figures {
                p50: 1_000,
                p99,
                ..Figures::default()
            },
            is_quick: true,
            cpu_micros: 1.0,
            peak_memory: mib << 20,
            ratio: Some((Floor::Route, 0.4)),
        }
    }

    #[test]
    fn goals_are_held_against_the_worst_row() {
        let report = Report {
            rows: vec![
                row("POST message", 6_000, 20),
                row("bundle list", 2_000, 30),
            ],
            ..Report::default()
        };
        let found = report.found();
        assert!(found.contains(&(Figure::Spread(32), 6.0)), "{found:?}");
        assert!(found.contains(&(Figure::Memory(32), 30.0)), "{found:?}");
        let text = report.markdown("cargo xtask bench");
        assert!(text.contains("| 0.40 of the trivial route |"), "{text}");
        assert!(
            text.contains(
                "| POST message at 32 connections, of the trivial route | at least 0.12 |"
            ),
            "{text}"
        );
    }
}

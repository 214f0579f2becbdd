//! The load generator: wrk with one script, and what it found.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;

const SCRIPT: &str = include_str!("requests.lua");

/// wrk, with its script on disk.
pub(crate) struct Wrk {
    program: PathBuf,
    script: PathBuf,
}

/// What one run of wrk found. Times are in microseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Figures {
    pub(crate) requests: u64,
    pub(crate) micros: u64,
    pub(crate) bytes: u64,
    pub(crate) p50: u64,
    pub(crate) p99: u64,
    pub(crate) max: u64,
    /// Answers with a status of 400 or more.
    pub(crate) status: u64,
    /// Connections that broke or timed out.
    pub(crate) socket: u64,
}

impl Figures {
    pub(crate) fn per_second(&self) -> f64 {
        per_second(self.requests, self.micros)
    }

    pub(crate) fn bytes_per_second(&self) -> f64 {
        per_second(self.bytes, self.micros)
    }
}

fn per_second(count: u64, micros: u64) -> f64 {
    if micros == 0 {
        return 0.0;
    }
    count as f64 * 1e6 / micros as f64
}

impl Wrk {
    pub(crate) fn find(folder: &Path) -> Result<Self> {
        let program = super::programs::find("wrk", "wrk")?;
        let script = folder.join("requests.lua");
        std::fs::write(&script, SCRIPT)?;
        Ok(Self { program, script })
    }

    /// Loads one server for some seconds.
    pub(crate) fn run(
        &self,
        base: &str,
        connections: u32,
        seconds: u32,
        arguments: &[String],
    ) -> Result<Figures> {
        read(&process::output(&mut self.command(
            base,
            connections,
            seconds,
            arguments,
        ))?)
    }

    fn command(&self, base: &str, connections: u32, seconds: u32, arguments: &[String]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .arg(format!("-t{}", connections.min(2)))
            .arg(format!("-c{connections}"))
            .arg(format!("-d{seconds}s"))
            .arg("--timeout=20s")
            .arg("-s")
            .arg(&self.script)
            .arg(base)
            .arg("--")
            .args(arguments);
        command
    }
}

fn read(text: &str) -> Result<Figures> {
    figures(text).with_context(|| format!("wrk said:\n{text}"))
}

fn figures(text: &str) -> Result<Figures> {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("figures "))
        .context("no line of figures")?;
    let mut figures = Figures::default();
    for pair in line.split_whitespace() {
        let (name, value) = pair.split_once('=').context("a figure without a value")?;
        // wrk writes a float where the script has divided.
        let value = value.parse::<f64>()? as u64;
        let place = match name {
            "requests" => &mut figures.requests,
            "micros" => &mut figures.micros,
            "bytes" => &mut figures.bytes,
            "p50" => &mut figures.p50,
            "p99" => &mut figures.p99,
            "max" => &mut figures.max,
            "status" => &mut figures.status,
            "socket" => &mut figures.socket,
            other => bail!("an unknown figure {other}"),
        };
        *place = value;
    }
    Ok(figures)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_figures_is_read() {
        let text = "Running 2s test\nfigures requests=10 micros=2000000 bytes=5 p50=1 p99=2 \
                    max=3 status=4 socket=6\n";
        let read = figures(text).unwrap();
        assert_eq!((read.requests, read.p99, read.socket), (10, 2, 6));
        assert_eq!(read.per_second(), 5.0);
    }

    #[test]
    fn output_without_figures_is_an_error() {
        assert!(figures("wrk: connect failed").is_err());
    }
}

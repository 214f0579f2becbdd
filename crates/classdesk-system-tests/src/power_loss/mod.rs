//! Power loss on SQLite with a folder: what was not fsynced is lost, kept or torn by chance.

mod journal;
mod outage;

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use clap::Args;
use fastrand::Rng;
use tokio::time::sleep;

use crate::args::CommonArgs;
use crate::load::{Fixture, Load, Model};
use crate::preload::Preload;
use crate::programs::Programs;
use crate::report::Report;
use crate::seed::Seed;
use crate::server::{self, Server};
use crate::stores::Stores;
use crate::verify;

use journal::Journal;
use outage::{Fate, rebuild};

/// Cuts in the short form.
const SHORT: u32 = 8;
/// Cuts in the long form.
const LONG: u32 = 500;
/// Cuts of one recording.
const IN_RECORDING: u32 = 25;
/// Acknowledged requests of one recording.
const REQUESTS: u64 = 250;
/// How long a recording may take.
const RECORDED: Duration = Duration::from_secs(20);

/// Options of the attack.
#[derive(Args)]
pub(crate) struct PowerArgs {
    #[command(flatten)]
    common: CommonArgs,
    /// How often the power fails [default: 8, and 500 in the long form]
    #[arg(long, value_name = "N")]
    cuts: Option<u32>,
}

/// Records servers under load, and cuts each recording off at many instants.
pub(crate) async fn run(args: &PowerArgs) -> Result<Report> {
    let seed = args.common.seed();
    let programs = args.common.programs()?;
    let library = Preload::journal().await?;
    let cuts = args
        .cuts
        .unwrap_or(if args.common.long { LONG } else { SHORT });
    let mut report = Report::new();
    for number in 0..cuts.div_ceil(IN_RECORDING) {
        let seed = seed.part(u64::from(number));
        let recording = Recording::make(&programs, &library, seed, &mut report).await?;
        let mut rng = seed.rng(0);
        for _ in 0..IN_RECORDING.min(cuts - number * IN_RECORDING) {
            recording.cut(&programs, &mut rng, &mut report).await?;
        }
        let (violations, seconds) = (report.violations(), report.elapsed().as_secs());
        let done = cuts.min((number + 1) * IN_RECORDING);
        eprintln!("{done} cuts, {violations} violations, {seconds} s");
    }
    Ok(report)
}

/// A server's life under load, with what its clients were told.
struct Recording {
    fixture: Fixture,
    model: Arc<Model>,
    journal: Journal,
    /// The position at which the load began.
    begin: u64,
}

impl Recording {
    async fn make(
        programs: &Programs,
        library: &Preload,
        seed: Seed,
        report: &mut Report,
    ) -> Result<Self> {
        let stores = Stores::local()?;
        let notes = tempfile::Builder::new()
            .prefix("classdesk-journal-")
            .tempdir()?;
        let path = notes.path().join("journal");
        let variables = library.writing_down(stores.folder(), &path)?;
        let options = ["--sweep-interval", "1s"];
        let server = Server::start_with_variables(programs, &stores, &options, &variables).await?;
        let model = Arc::new(Model::new(size_of(path.clone())));
        let fixture = Fixture::create(server.url(), &model).await?;
        let begin = model.now();
        let mut load = Load::new(fixture.clients(seed, &model));
        load.begin(server.url());
        let begun = Instant::now();
        while model.acknowledged() < REQUESTS && begun.elapsed() < RECORDED {
            sleep(Duration::from_millis(1)).await;
        }
        server.kill().await?;
        load.end().await;
        for violation in model.take_violations() {
            report.violation(violation);
        }
        report.add("requests acknowledged", model.acknowledged());
        let journal = Journal::read(fs::read(&path)?, fs::metadata(stores.folder())?.ino())?;
        Ok(Self {
            fixture,
            model,
            journal,
            begin,
        })
    }

    /// Cuts the power at some instant and looks at what a server makes of what is left.
    async fn cut(&self, programs: &Programs, rng: &mut Rng, report: &mut Report) -> Result<()> {
        let first = self
            .journal
            .steps
            .partition_point(|(end, _)| *end < self.begin);
        let (cut, _) = self.journal.steps[rng.usize(first..self.journal.steps.len())];
        let fate = Fate::any(rng);
        let stores = Stores::local()?;
        let losses = rebuild(&self.journal, cut, fate, rng, stores.folder())?;
        report.add("cuts", 1);
        report.add("writes and entries lost or torn", losses.steps);
        let before = report.violations();
        if let Err(error) = self.look(programs, &stores, cut, report).await {
            report.violation(format!("{error:#}"));
        }
        if report.violations() > before {
            let kept = stores.keep();
            eprintln!("  after a cut at {cut} ({fate:?}); see {}", kept.display());
        }
        Ok(())
    }

    async fn look(
        &self,
        programs: &Programs,
        stores: &Stores,
        cut: u64,
        report: &mut Report,
    ) -> Result<()> {
        let server = Server::start(programs, stores, &[]).await?;
        let expected = (&self.fixture, &*self.model);
        verify::at_cut(expected, server.url(), cut, report).await?;
        server.kill().await?;
        let checked = server::run(programs, stores, &["check"]).await?;
        if !checked.status.success() {
            report.violation(format!(
                "classdesk check: {}{}",
                String::from_utf8_lossy(&checked.stdout),
                String::from_utf8_lossy(&checked.stderr)
            ));
        }
        Ok(())
    }
}

/// An instant is how much was written down by then.
fn size_of(journal: PathBuf) -> Box<dyn Fn() -> u64 + Send + Sync> {
    let size = move || fs::metadata(&journal).context("the journal is gone");
    Box::new(move || size().map_or(u64::MAX, |found| found.len()))
}

//! The command line.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::{Args, Parser, Subcommand};

use crate::program::Programs;
use crate::report::Report;
use crate::seed::Seed;
use crate::{crash, matrix, overload, power};

/// Attacks Classdesk and says whether it kept its promises
#[derive(Parser)]
pub(crate) struct Cli {
    #[command(subcommand)]
    attack: Attack,
}

#[derive(Subcommand)]
enum Attack {
    /// Kill the server, the database and the S3 server under load; nothing acknowledged may be
    /// lost
    Crash(crash::CrashArgs),
    /// Lose, keep or tear what was not fsynced when the power fails; nothing acknowledged may be
    /// lost
    Power(power::PowerArgs),
    /// Try every permission through every door, then random histories
    Matrix(matrix::MatrixArgs),
    /// Ask for more than the server can do
    Overload(overload::OverloadArgs),
    /// Be the attackers of `overload`, as standard input says
    #[command(hide = true)]
    Attackers,
}

/// Options of every attack.
#[derive(Args)]
pub(crate) struct CommonArgs {
    /// Repeat the run with this seed [default: a fresh one, which is printed]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// The long form, which takes its time
    #[arg(long)]
    pub(crate) long: bool,
    /// The folder of `classdesk` and `s3-test-server` [default: that of this program]
    #[arg(long, value_name = "FOLDER")]
    programs: Option<PathBuf>,
}

impl CommonArgs {
    /// The seed, printed so that the run can be repeated.
    pub(crate) fn seed(&self) -> Seed {
        let seed = self.seed.map_or_else(Seed::fresh, Seed::new);
        eprintln!("seed {seed}");
        seed
    }

    /// The programs under attack.
    pub(crate) fn programs(&self) -> Result<Programs> {
        let folder = match &self.programs {
            Some(folder) => folder.clone(),
            None => {
                let own = std::env::current_exe()?;
                own.parent()
                    .context("this program is in no folder")?
                    .to_owned()
            }
        };
        Programs::in_folder(&folder)
    }
}

impl Cli {
    /// Whether this process is that of the attackers.
    pub(crate) const fn attacks_alone(&self) -> bool {
        matches!(self.attack, Attack::Attackers)
    }

    /// Runs the attack; what it found, if it is this process that finds anything.
    pub(crate) async fn run(self) -> Result<Option<Report>> {
        let report = match self.attack {
            Attack::Crash(args) => crash::run(&args).await,
            Attack::Power(args) => power::run(&args).await,
            Attack::Matrix(args) => matrix::run(&args).await,
            Attack::Overload(args) => overload::run(&args).await,
            Attack::Attackers => {
                overload::attack().await?;
                return Ok(None);
            }
        };
        report.map(Some)
    }
}

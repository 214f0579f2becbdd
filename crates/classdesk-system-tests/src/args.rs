//! The options that every test has.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;

use crate::programs::Programs;
use crate::seed::Seed;

/// Options of every test.
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

    /// The programs under test.
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

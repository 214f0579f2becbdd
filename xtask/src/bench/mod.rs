//! `cargo xtask bench`: how fast the server is, beside what the machine could do at best.
//!
//! Everything is measured in one run on one machine, and compared with a floor that was measured
//! right before, because absolute figures say more about the machine than about the program.

mod floor;
mod goals;
mod growth;
mod load;
mod paths;
mod pgbench;
mod programs;
mod report;
mod run;
mod script;
mod server;
mod statements;

use anyhow::{Result, bail};

use crate::flags;
use crate::workspace::root;

use run::{Bench, Store, build};

/// `cargo xtask bench`.
pub(crate) fn run(flags: &flags::Bench) -> Result<()> {
    let is_plain = !flags.postgres && !flags.large && flags.path.is_none();
    if flags.growth && !is_plain {
        bail!("--growth measures three paths on both data sets on SQLite; it goes with no other");
    }
    let programs = build()?;
    let text = if flags.growth {
        growth::run(&programs)?
    } else {
        let store = if flags.postgres {
            Store::postgres()?
        } else {
            Store::sqlite()?
        };
        let bench = Bench::start(&programs, store, flags.large)?;
        bench.measure(flags)?.markdown(&command_line(flags))
    };
    #[expect(clippy::print_stdout, reason = "the table is what was asked for")]
    {
        println!("{text}");
    }
    if is_plain && !flags.growth {
        std::fs::write(root().join("docs/performance.md"), text)?;
    }
    Ok(())
}

fn command_line(flags: &flags::Bench) -> String {
    let mut line = "cargo xtask bench".to_owned();
    if flags.postgres {
        line.push_str(" --postgres");
    }
    if flags.large {
        line.push_str(" --large");
    }
    line
}

//! Background jobs: one loop drives every one of them beside the server.

mod runner;
mod tasks;

pub(crate) use runner::{Jobs, RunningJobs};
pub(crate) use tasks::{SWEEP, all};

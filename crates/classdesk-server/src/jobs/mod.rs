//! Background jobs: one loop drives every one of them beside the server.

mod runner;
mod tasks;
mod webhooks;

pub(crate) use runner::{Jobs, RunningJobs};
pub(crate) use tasks::{SWEEP, all};
pub(crate) use webhooks::WEBHOOKS;

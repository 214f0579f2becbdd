//! The API over a real socket.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking, like the tests themselves"
)]

mod auth;
mod bundles;
mod change_log;
mod conventions;
mod downloads;
mod forms;
mod harness;
mod known_failures;
mod limits;
mod log_lines;
mod malformed;
mod mounting;
mod operations;
mod outage;
mod permissions;
mod promises;
mod retries;
mod slowness;
mod subjects;
mod succession;
mod taint;
mod threads;
mod tickets;
mod unchanged;
mod uploads;
mod users;

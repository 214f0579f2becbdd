//! The API over a real socket.

mod auth;
mod bundles;
mod change_log;
mod conventions;
mod downloads;
mod forms;
mod harness;
mod log_lines;
mod malformed;
mod operations;
mod outage;
mod promises;
mod retries;
mod subjects;
mod succession;
mod taint;
mod threads;
mod tickets;
mod uploads;
mod users;

//! The API over a real socket.

mod auth;
mod downloads;
mod forms;
mod harness;
mod operations;
mod outage;
mod retries;
mod taint;
mod threads;
mod tickets;
mod uploads;

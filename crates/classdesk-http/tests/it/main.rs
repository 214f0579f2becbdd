//! The API over a real socket.

mod auth;
mod bundles;
mod downloads;
mod endpoints;
mod forms;
mod harness;
mod operations;
mod outage;
mod retries;
mod subjects;
mod taint;
mod threads;
mod tickets;
mod uploads;
mod users;

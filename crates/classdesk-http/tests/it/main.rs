//! The API over a real socket.

mod downloads;
mod forms;
mod harness;
mod memory_blobs;
mod operations;
mod retries;
mod threads;
mod tickets;
mod uploads;

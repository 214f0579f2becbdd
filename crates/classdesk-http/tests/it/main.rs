//! The API over a real socket.

mod harness;
mod memory_blobs;
mod operations;

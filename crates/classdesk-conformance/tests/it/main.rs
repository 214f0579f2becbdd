//! The in-memory adapters pass the suites that every adapter passes.

mod blobs;
mod history;
mod mounts;
mod store;

//! The developers' tasks.
fn main() {}

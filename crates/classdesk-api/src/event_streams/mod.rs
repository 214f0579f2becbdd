//! Following the log: streams of events (docs/contract.md#streams), and requests that wait for one.
//!
//! Nothing is queued for a client. A stream is woken, looks whether its client is still signed in,
//! reads what that person may see now, and sends it. So a stream that begins, one that catches up
//! and one that is up to date do the same.

mod follower;
mod frames;
mod limits;
mod stream;

pub(crate) use follower::Follower;
pub use limits::StreamLimits;
pub(crate) use stream::{Start, stream};

//! Checks of a [`Store`](classdesk_domain::store::Store).
//!
//! Each takes an empty store. They go through the ports alone and ask no policy.

pub mod bundles;
pub mod events;
pub mod guard;
pub mod messages;
pub mod people;
pub mod reading;
pub mod sessions;
pub mod subjects;
mod support;
pub mod thread_lists;
pub mod threads;

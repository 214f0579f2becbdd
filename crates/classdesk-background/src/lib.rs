//! Threads that let everybody else go first.
//!
//! Some work takes a processor for long and is in no hurry. A [`Share`] says how much of the
//! processors the thread that does it gets while others want them, and a [`Beat`] sees to it that
//! others need not wait for the system to notice that they do. Each `Beat` has threads of its own,
//! so one is enough for a process. Both are asked of Linux alone.
//!
//! This crate knows nothing of Classdesk, and does not say which work comes last.
//!
//! ```
//! use classdesk_background::{Beat, Share};
//!
//! let beating = Beat::default().keep();
//! let work = std::thread::spawn(move || {
//!     // Where the system refuses, the work is done all the same.
//!     let refused = Share::Rest.take().err();
//!     let sum: u64 = (1..=1000).sum();
//!     drop(beating);
//!     (sum, refused)
//! });
//! # let work = work.join().expect("nothing here panics");
//! # assert_eq!(work.0, 500_500);
//! ```

mod beat;
mod share;

pub use beat::{Beat, Beating};
pub use share::Share;

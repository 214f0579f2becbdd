//! Password hashing with Argon2id, behind the domain's
//! [`PasswordHasher`](classdesk_domain::people::PasswordHasher).
//!
//! Each hash takes tens of milliseconds and tens of mebibytes on purpose. A small, fixed number of
//! threads computes them, at a lower priority than requests (on Linux), behind bounded queues: one for
//! each network, name and person, and one for all. A caller that finds a queue full is answered
//! [`Busy`](classdesk_domain::people::PasswordHashError::Busy); one that has gone away is skipped.
//! So a storm of sign-ins takes neither the memory nor the async threads.
//!
//! This crate never decides who may sign in, never stores anything, and never sees a username.
//! It takes its salts from the domain's [`SecretSource`](classdesk_domain::clock::SecretSource).
//!
//! ```
//! use std::sync::Arc;
//!
//! use classdesk_argon2::{Argon2idHasher, Cost, Limits};
//! use classdesk_domain::people::{HashRequester, PasswordHasher, Verification};
//! use classdesk_domain::system::SystemSecrets;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let hasher = Argon2idHasher::new(Cost::default(), Limits::default(), Arc::new(SystemSecrets))?;
//! let operator = HashRequester::Operator;
//! let hash = hasher.hash(operator, "correct horse battery".to_owned()).await?;
//! let found = hasher.verify(operator, "correct horse battery".to_owned(), Some(hash)).await?;
//! assert_eq!(found, Verification::Right { outdated: false });
//! # Ok(())
//! # }
//! ```

mod cost;
mod hasher;
mod phc;
mod turns;
mod workers;

pub use cost::{Cost, CostError};
pub use hasher::{Argon2idHasher, HasherError, Limits};

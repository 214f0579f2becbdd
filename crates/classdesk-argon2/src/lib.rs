//! Password hashing with Argon2id, behind the domain's
//! [`PasswordHasher`](classdesk_domain::people::PasswordHasher).
//!
//! Each hash takes tens of milliseconds and tens of mebibytes on purpose. So hashing runs on
//! threads of its own, only a few at once and (on Linux) on processors that nobody else of the
//! same service wants, or at the lowest priority where that is too little, with a bounded number of
//! callers waiting; whoever comes on top of that is told
//! [`Busy`](classdesk_domain::people::PasswordHashError::Busy). A storm of logins can take neither
//! the memory nor the async threads, and little of the processors.
//!
//! This crate never decides who may sign in, never stores anything, and never sees a username.
//! It takes its salts from the domain's [`SecretSource`](classdesk_domain::clock::SecretSource).
//!
//! ```
//! use std::sync::Arc;
//!
//! use classdesk_argon2::{Argon2idHasher, Cost, Load};
//! use classdesk_domain::people::{PasswordHasher, Verification};
//! use classdesk_domain::system::SystemSecrets;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let hasher = Argon2idHasher::new(Cost::default(), Load::default(), Arc::new(SystemSecrets))?;
//! let hash = hasher.hash("correct horse battery".to_owned()).await?;
//! let found = hasher.verify("correct horse battery".to_owned(), Some(hash)).await?;
//! assert_eq!(found, Verification::Right { outdated: false });
//! # Ok(())
//! # }
//! ```

mod cost;
mod digest;
mod hasher;
mod share;
mod threads;

pub use cost::{Cost, CostError};
pub use hasher::{Argon2idHasher, Load};

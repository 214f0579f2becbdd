//! Tokens of a provider on loopback, honest and forged.

mod attacks;
mod files;
mod issuer;
mod key_sets;
mod tokens;

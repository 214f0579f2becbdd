//! The hasher as the domain uses it.

#[cfg(test)]
mod hashing;
#[cfg(test)]
mod memory;

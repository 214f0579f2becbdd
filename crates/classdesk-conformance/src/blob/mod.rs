//! Checks of a [`BlobStore`](classdesk_domain::blobs::BlobStore).
//!
//! Each takes an empty store. What is damaged is told from the permit: the checks ask for other
//! bytes than the ones they stored.

pub mod keeping;
pub mod reading;
mod support;
pub mod writing;

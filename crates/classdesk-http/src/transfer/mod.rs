//! Bytes in and out: forms with files, ranges, conditional requests.

pub(crate) mod disposition;
pub(crate) mod download;
pub(crate) mod form;
pub(crate) mod multipart;
pub(crate) mod range;

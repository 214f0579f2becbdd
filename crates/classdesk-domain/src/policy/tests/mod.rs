//! Every cell of the policy against a table that was written by hand.

mod agreement;
mod cells;
mod permits;

//! The policy as a table, made by asking it.

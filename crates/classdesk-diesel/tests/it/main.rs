//! The adapter held to the contract of its ports, and to what only a real database can break.

mod databases;
mod postgres;
mod sqlite;

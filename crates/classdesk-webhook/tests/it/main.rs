//! What the sender reaches, and what it makes of answers.

mod answers;
mod forbidden_addresses;
mod receiver;

//! What values can be, mostly as properties.

mod clock;
mod events;
mod file_names;
mod keys;
mod paging;
mod people;
mod search;
mod sessions;
mod text;
mod tickets;
mod webhooks;

//! What values can be, mostly as properties.

mod clock;
mod events;
mod file_names;
mod keys;
mod paging;
mod people;
mod sessions;
mod text;
mod tickets;

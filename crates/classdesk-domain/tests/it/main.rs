//! The domain as others use it: its values by their rules, its services on mocks and on a store
//! in memory.

mod permissions;
mod services;
mod values;

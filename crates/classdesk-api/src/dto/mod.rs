//! The JSON of the API: what clients send (`…Body`, `…Params`) and what they get (`…View`).
//!
//! These types are the schemas of the OpenAPI document. Views are built from what the domain
//! returned for one viewer. What clients send is defined with `input!`, what they get with
//! `view!`.

mod api_keys;
mod audit;
mod bundles;
mod downloads;
mod enumerations;
mod events;
mod files;
mod links;
mod lists;
mod messages;
mod operations;
mod people;
mod sessions;
mod subjects;
mod threads;
mod ticket_notes;
mod tickets;
mod webhooks;

pub use api_keys::*;
pub use audit::*;
pub use bundles::*;
pub use downloads::*;
pub use events::*;
pub use files::*;
pub use links::*;
pub(crate) use lists::*;
pub use messages::*;
pub use operations::*;
pub use people::*;
pub use sessions::*;
pub use subjects::*;
pub use threads::*;
pub use ticket_notes::*;
pub use tickets::*;
pub use webhooks::*;

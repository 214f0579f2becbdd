//! The HTTP API of Classdesk, as a library.

mod authenticator;
mod extract;
mod metrics;
mod middleware;
mod openapi;
pub mod problem;
mod render;
mod retry;
mod routes;
mod routing;
mod serve;
mod settings;
mod shell;
mod transfer;
pub mod wire;

pub use authenticator::{Authenticator, Principal, SessionAuthenticator};
pub use metrics::Gauge;
pub use openapi::openapi;
pub use serve::{ServerLimits, serve};
pub use settings::{InvalidPublicUrl, JSON_LIMIT, PublicUrl, Settings};
pub use shell::{Shell, ShellBuilder};

//! A server of the run's own, on SQLite and a folder.

use anyhow::Result;

use super::fixture::Target;
use crate::programs::Programs;
use crate::server::{SUPERADMIN_PASSWORD, Server};
use crate::stores::Stores;

/// A stream that was left counts until the server notices.
const OPTIONS: [&str; 3] = ["--max-streams-per-person", "1000", "--no-webhooks"];

/// A server with a superadmin and nothing else.
pub(super) struct LocalServer {
    server: Server,
    target: Target,
    _stores: Stores,
}

impl LocalServer {
    /// Starts it.
    pub(super) async fn start(programs: &Programs) -> Result<Self> {
        let stores = Stores::local()?;
        let server = Server::start(programs, &stores, &OPTIONS).await?;
        let target = Target {
            url: server.url().to_owned(),
            username: "superadmin".to_owned(),
            password: SUPERADMIN_PASSWORD.to_owned(),
        };
        Ok(Self {
            server,
            target,
            _stores: stores,
        })
    }

    /// Where it is.
    pub(super) const fn target(&self) -> &Target {
        &self.target
    }

    /// Stops it, which must not have ended before.
    pub(super) async fn stop(self) -> Result<()> {
        self.server.stop().await
    }
}

//! Looking names up, once for each connection.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::address::PublicAddresses;

/// How long a lookup may take.
const LOOKUP: Duration = Duration::from_secs(5);

/// Finds the addresses of a name.
#[async_trait]
pub trait Lookup: Send + Sync {
    /// All of them.
    ///
    /// # Errors
    /// That there are none, or that nobody can tell.
    async fn addresses(&self, name: &str) -> std::io::Result<Vec<IpAddr>>;
}

/// The lookup of the operating system.
pub(crate) struct SystemLookup;

#[async_trait]
impl Lookup for SystemLookup {
    async fn addresses(&self, name: &str) -> std::io::Result<Vec<IpAddr>> {
        let found = tokio::net::lookup_host((name, 0)).await?;
        Ok(found.map(|address| address.ip()).collect())
    }
}

/// A name that leads elsewhere than to public addresses.
#[derive(Debug, thiserror::Error)]
#[error("not a public address")]
pub(crate) struct NotPublic;

/// Looks names up, and answers with public addresses or not at all.
#[derive(Clone)]
pub(crate) struct GuardedResolver {
    pub(crate) lookup: Arc<dyn Lookup>,
    pub(crate) allowed: Arc<PublicAddresses>,
}

impl GuardedResolver {
    /// The addresses of a name, each of which is public.
    pub(crate) async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, NotPublic> {
        let lookup = tokio::time::timeout(LOOKUP, self.lookup.addresses(name));
        let found = lookup.await.map_err(|_| NotPublic)?;
        let found = found.map_err(|_| NotPublic)?;
        let all_public = found.iter().all(|address| self.allowed.contain(*address));
        (all_public && !found.is_empty())
            .then_some(found)
            .ok_or(NotPublic)
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = self.clone();
        Box::pin(async move {
            let found = resolver.addresses(name.as_str()).await?;
            let addresses = found.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}

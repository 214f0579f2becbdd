//! Clients at work: several at once, each writing down what it asked for and what it was told.

mod change;
mod client_loop;
pub(crate) mod content;
mod creation;
pub(crate) mod fixture;
pub(crate) mod model;
mod requests;

pub(crate) use client_loop::ClientLoop;
pub(crate) use fixture::Fixture;
pub(crate) use model::Model;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tokio::task::JoinSet;

/// All clients of a place. They keep what they know from one server to the next.
pub(crate) struct Load {
    clients: Vec<ClientLoop>,
    running: JoinSet<ClientLoop>,
    stop: Arc<AtomicBool>,
}

impl Load {
    /// Idle clients.
    pub(crate) fn new(clients: Vec<ClientLoop>) -> Self {
        Self {
            clients,
            running: JoinSet::new(),
            stop: Arc::default(),
        }
    }

    /// Puts them all to work on a server.
    pub(crate) fn begin(&mut self, url: &str) {
        self.stop = Arc::default();
        for mut client in self.clients.drain(..) {
            let (url, stop) = (url.to_owned(), Arc::clone(&self.stop));
            self.running.spawn(async move {
                client.work(&url, &stop).await;
                client
            });
        }
    }

    /// Lets each finish what it is doing; after the server's end that is nothing.
    pub(crate) async fn end(&mut self) {
        self.stop.store(true, std::sync::atomic::Ordering::SeqCst);
        while let Some(client) = self.running.join_next().await {
            self.clients.push(client.expect("no client panics"));
        }
        // They end in any order, and begin in the same one.
        self.clients.sort_by_key(ClientLoop::number);
    }
}

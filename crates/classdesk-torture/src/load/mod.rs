//! Clients at work: several at once, each writing down what it asked for and what it was told.

mod change;
pub(crate) mod content;
mod creation;
mod lane;
pub(crate) mod ledger;
mod requests;
pub(crate) mod stage;

pub(crate) use lane::Lane;
pub(crate) use ledger::Ledger;
pub(crate) use stage::Stage;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tokio::task::JoinSet;

/// All clients of a place. They keep what they know from one server to the next.
pub(crate) struct Load {
    lanes: Vec<Lane>,
    running: JoinSet<Lane>,
    stop: Arc<AtomicBool>,
}

impl Load {
    /// Idle clients.
    pub(crate) fn new(lanes: Vec<Lane>) -> Self {
        Self {
            lanes,
            running: JoinSet::new(),
            stop: Arc::default(),
        }
    }

    /// Puts them all to work on a server.
    pub(crate) fn begin(&mut self, url: &str) {
        self.stop = Arc::default();
        for mut lane in self.lanes.drain(..) {
            let (url, stop) = (url.to_owned(), Arc::clone(&self.stop));
            self.running.spawn(async move {
                lane.work(&url, &stop).await;
                lane
            });
        }
    }

    /// Lets each finish what it is doing; after the server's end that is nothing.
    pub(crate) async fn end(&mut self) {
        self.stop.store(true, std::sync::atomic::Ordering::SeqCst);
        while let Some(lane) = self.running.join_next().await {
            self.lanes.push(lane.expect("no client panics"));
        }
        // They end in any order, and begin in the same one.
        self.lanes.sort_by_key(Lane::number);
    }
}

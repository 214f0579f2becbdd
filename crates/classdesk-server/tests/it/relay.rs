//! A relay in front of a server, whose connections can be cut.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::program::Server;

/// Passes on what it is sent, on loopback.
pub(crate) struct Relay {
    /// Where it serves, without a last slash.
    pub(crate) url: String,
    connections: Arc<Mutex<JoinSet<()>>>,
    _accepts: JoinSet<()>,
}

impl Relay {
    /// Starts one on a free port.
    pub(crate) async fn start(server: &Server) -> Self {
        let to = server.url.strip_prefix("http://").expect("an address");
        let to: SocketAddr = to.parse().expect("an address");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it has an address");
        let connections = Arc::new(Mutex::new(JoinSet::new()));
        let begun = connections.clone();
        let mut accepts = JoinSet::new();
        accepts.spawn(async move {
            while let Ok((from, _)) = listener.accept().await {
                begun.lock().expect("no panic").spawn(pass_on(from, to));
            }
        });
        Self {
            url: format!("http://{address}"),
            connections,
            _accepts: accepts,
        }
    }

    /// Cuts every connection. New ones can be made.
    pub(crate) fn cut(&self) {
        self.connections.lock().expect("no panic").abort_all();
    }
}

async fn pass_on(mut from: TcpStream, to: SocketAddr) {
    if let Ok(mut to) = TcpStream::connect(to).await {
        // Either end may go at any time.
        let _ = tokio::io::copy_bidirectional(&mut from, &mut to).await;
    }
}

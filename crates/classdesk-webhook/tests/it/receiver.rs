//! A receiver on loopback that answers as it is told, and counts who connects.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use classdesk_domain::webhooks::{WebhookRequest, WebhookUrl};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// How a receiver answers.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// With these bytes, and then it closes.
    Bytes(String),
    /// With these bytes, over and over.
    Endless(String),
    /// Never, but it keeps the connection.
    Silence,
}

/// A receiver.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<tokio::sync::Mutex<Vec<String>>>,
}

impl Receiver {
    pub(crate) async fn start(address: &str, answer: Answer) -> Self {
        let listener = TcpListener::bind(address).await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let connections = Arc::new(AtomicUsize::new(0));
        let requests = Arc::new(tokio::sync::Mutex::new(Vec::new()));
        let (count, kept) = (connections.clone(), requests.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream, answer.clone(), kept.clone()));
            }
        });
        Self {
            address,
            connections,
            requests,
        }
    }

    pub(crate) async fn answering(bytes: &str) -> Self {
        Self::start("127.0.0.1:0", Answer::Bytes(bytes.to_owned())).await
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) async fn requests(&self) -> Vec<String> {
        self.requests.lock().await.clone()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }
}

async fn serve(
    mut stream: TcpStream,
    answer: Answer,
    requests: Arc<tokio::sync::Mutex<Vec<String>>>,
) {
    let mut request = vec![0; 4096];
    let length = stream.read(&mut request).await.unwrap_or(0);
    let text = String::from_utf8_lossy(&request[..length]).into_owned();
    requests.lock().await.push(text);
    match answer {
        Answer::Bytes(bytes) => {
            let _ = stream.write_all(bytes.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
        Answer::Endless(bytes) => while stream.write_all(bytes.as_bytes()).await.is_ok() {},
        Answer::Silence => {
            let _ = stream.read(&mut request).await;
        }
    }
}

/// A request to an address.
pub(crate) fn request(url: &str) -> WebhookRequest {
    WebhookRequest {
        url: WebhookUrl::parse(url).expect("a URL"),
        id: "evt_4711".to_owned(),
        timestamp: 1_795_780_800,
        signature: "v1,abc v1,def".to_owned(),
        body: br#"{"type":"message.sent"}"#.to_vec(),
    }
}

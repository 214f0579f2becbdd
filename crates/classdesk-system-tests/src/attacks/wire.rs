//! Requests byte by byte, as no well-behaved client sends them.

use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::sleep;

/// The begin of a request: everything but its body.
pub(super) fn head(method: &str, path: &str, headers: &[(&str, &str)]) -> String {
    let headers = headers.iter();
    let headers: String = headers
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    format!("{method} {path} HTTP/1.1\r\nhost: desk\r\n{headers}\r\n")
}

/// A connection on which something was sent.
pub(super) async fn send(address: &str, bytes: &[u8]) -> Result<TcpStream> {
    let mut socket = TcpStream::connect(address).await?;
    socket.write_all(bytes).await?;
    Ok(socket)
}

/// Takes all that comes until the server closes.
pub(super) async fn drain(socket: &mut TcpStream) {
    let mut buffer = [0; 4096];
    while matches!(socket.read(&mut buffer).await, Ok(1..)) {}
}

/// Sends a byte each time until the server closes.
pub(super) async fn drip(socket: TcpStream, every: Duration) {
    let (mut reader, mut writer) = socket.into_split();
    let dripping = async {
        while writer.write_all(b"a").await.is_ok() {
            sleep(every).await;
        }
    };
    let mut buffer = [0; 4096];
    tokio::select! {
        () = dripping => {}
        () = async { while matches!(reader.read(&mut buffer).await, Ok(1..)) {} } => {}
    }
}

/// Sends a request that asks for the connection to be closed, and answers the status.
pub(super) async fn ask(address: &str, request: &[u8]) -> Result<u16> {
    let mut socket = send(address, request).await?;
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await?;
    let status = answer
        .get(9..12)
        .and_then(|status| str::from_utf8(status).ok());
    status
        .and_then(|status| status.parse().ok())
        .context("no answer")
}

//! What goes over the wire to a server: the driver does not tell its instrumentation whose
//! connection it is.

use std::collections::HashMap;
use std::mem::take;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use classdesk_diesel::DatabaseUrl;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio_postgres::Config;

use crate::databases::{PostgresDatabase, TestDatabase};
use crate::plans::Recording;

/// A door to a database that notes the statements which pass it. Its runtime has to have a thread
/// that nobody blocks.
pub(crate) struct Wire {
    database: PostgresDatabase,
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

/// The statements that passed.
pub(crate) struct Asked(Arc<Mutex<Vec<String>>>);

impl Wire {
    pub(crate) async fn to(database: PostgresDatabase) -> Self {
        let server = config(&database).get_ports()[0];
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::default();
        tokio::spawn(accept(listener, server, Arc::clone(&asked)));
        Self {
            database,
            port,
            asked,
        }
    }

    pub(crate) fn asked(&self) -> Asked {
        Asked(Arc::clone(&self.asked))
    }
}

impl TestDatabase for Wire {
    fn url(&self) -> DatabaseUrl {
        let config = config(&self.database);
        let escaped = |part: &[u8]| {
            let part = std::str::from_utf8(part).unwrap();
            utf8_percent_encode(part, NON_ALPHANUMERIC).to_string()
        };
        let user = escaped(config.get_user().unwrap().as_bytes());
        let password = escaped(config.get_password().unwrap_or_default());
        let name = config.get_dbname().unwrap();
        format!(
            "postgres://{user}:{password}@127.0.0.1:{}/{name}?sslmode=disable",
            self.port
        )
        .parse()
        .unwrap()
    }
}

impl Recording for Asked {
    fn take(&self) -> Vec<String> {
        take(&mut self.0.lock().unwrap())
    }
}

fn config(database: &PostgresDatabase) -> Config {
    database.address().parse().unwrap()
}

async fn accept(listener: TcpListener, server: u16, asked: Arc<Mutex<Vec<String>>>) {
    while let Ok((client, _)) = listener.accept().await {
        let server = TcpStream::connect((Ipv4Addr::LOCALHOST, server))
            .await
            .unwrap();
        for side in [&client, &server] {
            side.set_nodelay(true).unwrap();
        }
        let (mut answers, questions) = server.into_split();
        let (client, mut back) = client.into_split();
        tokio::spawn(pass(client, questions, Arc::clone(&asked)));
        tokio::spawn(async move { copy(&mut answers, &mut back).await });
    }
}

/// Passes a client's messages on, and notes each statement before the server learns of it.
async fn pass(
    mut client: OwnedReadHalf,
    mut server: OwnedWriteHalf,
    asked: Arc<Mutex<Vec<String>>>,
) {
    let mut prepared = HashMap::new();
    // The first message has no type.
    let mut kind = None;
    while let Ok(length) = client.read_u32().await {
        let mut body = vec![0; length as usize - 4];
        client.read_exact(&mut body).await.unwrap();
        let mut texts = body
            .split(|byte| *byte == 0)
            .map(|text| String::from_utf8_lossy(text).into_owned());
        let mut text = || texts.next().unwrap();
        match kind {
            Some(b'P') => drop(prepared.insert(text(), text())),
            Some(b'B') => {
                let (_portal, name) = (text(), text());
                asked.lock().unwrap().push(prepared[&name].clone());
            }
            Some(b'Q') => asked.lock().unwrap().push(text()),
            _ => {}
        }
        let mut message = Vec::from_iter(kind);
        message.extend(length.to_be_bytes());
        message.extend(body);
        if server.write_all(&message).await.is_err() {
            break;
        }
        match client.read_u8().await {
            Ok(next) => kind = Some(next),
            Err(_) => break,
        }
    }
}

//! The configuration of nginx that is shipped, in front of the program.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use reqwest::multipart::{Form, Part};
use reqwest::{Certificate, Method};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::json;
use tokio::process::{Child, Command};
use tokio::sync::mpsc;

use crate::client::{Answer, Client, send};
use crate::event_streams::{EventStream, open_ticket};
use crate::fixture::Fixture;
use crate::program::{PATIENCE, Server};

const CONFIGURATION: &str = include_str!("../../../../deploy/nginx.conf");

/// The name that the configuration serves.
const NAME: &str = "desk.example.com";

/// nginx in front of a server, with a certificate of its own.
struct Nginx {
    _child: Child,
    address: SocketAddr,
    certificate: CertificateDer<'static>,
}

/// Debian keeps it where only root looks for programs.
fn program() -> PathBuf {
    #[expect(clippy::disallowed_methods, reason = "tests have no argument parser")]
    let path = std::env::var("PATH").unwrap_or_default();
    let mut folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    let found = folders.find_map(|folder| Some(folder.join("nginx")).filter(|path| path.is_file()));
    found.expect("nginx is installed: apt-get install nginx, or brew install nginx")
}

/// An address of this machine that nothing listens on.
fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("it has an address")
}

/// Puts something else in the place of what has to stand there.
fn replaced(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "the configuration has {from}");
    text.replace(from, to)
}

impl Nginx {
    /// Starts it with the shipped configuration: on other ports, with another certificate, and with
    /// these changes.
    async fn start(server: &Server, folder: &Path, changes: &[(&str, &str)]) -> Self {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed([NAME.to_owned()]).expect("a certificate");
        let write = |name: &str, text: &str| {
            let path = folder.join(name);
            std::fs::write(&path, text).expect("the folder can be written");
            path.display().to_string()
        };
        let chain = write("fullchain.pem", &cert.pem());
        let key = write("privkey.pem", &signing_key.serialize_pem());
        let (secure, plain) = (free_address(), free_address());
        let mut text = CONFIGURATION.to_owned();
        for (from, to) in [
            ("listen [::]:443 ssl;", ""),
            ("listen [::]:80;", ""),
            ("listen 443 ssl;", &format!("listen {secure} ssl;")),
            ("listen 80;", &format!("listen {plain};")),
            ("/etc/ssl/desk.example.com/fullchain.pem", &chain),
            ("/etc/ssl/desk.example.com/privkey.pem", &key),
            ("127.0.0.1:8080", server.url.trim_start_matches("http://")),
        ] {
            text = replaced(&text, from, to);
        }
        for (from, to) in changes {
            text = replaced(&text, from, to);
        }
        let paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        let paths = paths.map(|name| format!("{name}_temp_path {};", folder.join(name).display()));
        let whole = format!(
            "daemon off; master_process off; pid {}; error_log stderr;\n\
             events {{}}\nhttp {{ access_log off; {}\n{text}}}\n",
            folder.join("nginx.pid").display(),
            paths.concat(),
        );
        let configuration = write("nginx.conf", &whole);
        let child = Command::new(program())
            .args(["-e", "stderr", "-p"])
            .arg(folder)
            .args(["-c", &configuration])
            .kill_on_drop(true)
            .stdin(Stdio::null())
            .spawn()
            .expect("nginx runs");
        let listens = async {
            while tokio::net::TcpStream::connect(secure).await.is_err() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, listens)
            .await
            .expect("nginx listens");
        Self {
            _child: child,
            address: secure,
            certificate: cert.der().clone(),
        }
    }

    /// Somebody who comes through nginx.
    fn through(&self, client: &Client) -> Client {
        let certificate = Certificate::from_der(&self.certificate).expect("a certificate");
        let http = reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only([certificate])
            .resolve(NAME, self.address)
            .build();
        let url = format!("https://{NAME}:{}", self.address.port());
        client.by(http.expect("an HTTP client"), url)
    }

    /// A connection byte by byte.
    fn connect(&self) -> StreamOwned<ClientConnection, TcpStream> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).expect("a certificate");
        let config = ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = NAME.try_into().expect("a name");
        let connection = ClientConnection::new(Arc::new(config), name).expect("a connection");
        let socket = TcpStream::connect(self.address).expect("nginx listens");
        socket.set_read_timeout(Some(PATIENCE)).expect("a time");
        StreamOwned::new(connection, socket)
    }
}

/// A server, a person on it with a bundle, and where files of that are uploaded.
async fn desk(fixture: &Fixture) -> (Server, Client, String) {
    let server = Server::start_with(fixture, &["--trusted-proxies", "127.0.0.0/8"]).await;
    let superadmin = Client::superadmin(&server).await;
    let client = superadmin.hire(&server, "clara", "client").await;
    let bundles = "/api/v1/class-management/class-bundles/";
    let bundle = json!({ "client_id": client.id, "title": "Spring" });
    let bundle = superadmin.post(bundles, &bundle).await.created();
    (server, client, format!("{bundles}{bundle}/upload_file/"))
}

/// Begins an upload, which goes on with what is sent and ends when the sender is dropped.
fn begin_upload(
    client: &Client,
    path: &str,
) -> (mpsc::Sender<Bytes>, tokio::task::JoinHandle<Answer>) {
    let (chunks, body) = mpsc::channel(1);
    let begin = stream::once(async { Bytes::from_static(b"begin") });
    let rest = stream::unfold(body, async |mut body: mpsc::Receiver<Bytes>| {
        body.recv().await.map(|chunk| (chunk, body))
    });
    let body = begin.chain(rest).map(Ok::<_, std::io::Error>);
    let part = Part::stream(reqwest::Body::wrap_stream(body)).file_name("a.txt");
    let request = client.request(Method::POST, path);
    let upload = send(request.multipart(Form::new().part("file", part)));
    (chunks, tokio::spawn(upload))
}

/// Waits until so many bodies arrive at the server itself.
async fn until_arriving(direct: &Client, count: usize) {
    let line = format!("classdesk_bodies_arriving {count}.0");
    let arrived = async {
        loop {
            let metrics = direct.get("/metrics").await.body;
            if String::from_utf8_lossy(&metrics)
                .lines()
                .any(|each| each == line)
            {
                break;
            }
        }
    };
    tokio::time::timeout(PATIENCE, arrived)
        .await
        .expect("they arrive");
}

/// An event comes through as soon as it is written, and not with the next ones.
#[tokio::test(flavor = "multi_thread")]
async fn events_stream_through_nginx() {
    let fixture = Fixture::local();
    let (server, direct, _) = desk(&fixture).await;
    let nginx = Nginx::start(&server, fixture.folder.path(), &[]).await;
    let mut stream = EventStream::begin(&nginx.through(&direct), None).await;
    for _ in 0..3 {
        let ticket = open_ticket(&direct).await;
        assert_eq!(stream.next_ticket().await.1, ticket);
    }
    drop(stream);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_stream_through_nginx_and_metrics_stay_inside() {
    let fixture = Fixture::local();
    let (server, direct, path) = desk(&fixture).await;
    let nginx = Nginx::start(&server, fixture.folder.path(), &[]).await;
    let client = nginx.through(&direct);
    client.get("/metrics").await.check(404);
    client.get("/healthz/live").await.check(200);
    let (chunks, upload) = begin_upload(&client, &path);
    // Its begin has arrived while its end is not even written.
    until_arriving(&direct, 1).await;
    chunks
        .send(Bytes::from_static(b"end"))
        .await
        .expect("it is read");
    drop(chunks);
    let uploaded = upload.await.expect("it ends").json(201);
    assert_eq!(uploaded["file_size"], 8);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nginx_stops_a_slow_head() {
    let fixture = Fixture::local();
    let (server, ..) = desk(&fixture).await;
    let shorter = [("client_header_timeout 10s;", "client_header_timeout 1s;")];
    let nginx = Nginx::start(&server, fixture.folder.path(), &shorter).await;
    let mut socket = nginx.connect();
    let begun = Instant::now();
    let ended = tokio::task::spawn_blocking(move || {
        let head = format!("GET / HTTP/1.1\r\nhost: {NAME}\r\n");
        socket.write_all(head.as_bytes()).expect("it is connected");
        socket
            .read_to_end(&mut Vec::new())
            .is_ok_and(|length| length > 0)
    });
    let answered = ended.await.expect("it ends");
    assert!(!answered, "an answer to half a request");
    assert!(begun.elapsed() < PATIENCE / 2, "nobody stopped it");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nginx_stops_many_requests_of_one_address() {
    const MOST: usize = 8;
    let fixture = Fixture::local();
    let (server, direct, path) = desk(&fixture).await;
    let fewer = [(
        "limit_conn classdesk_connections 64;",
        "limit_conn classdesk_connections 8;",
    )];
    let nginx = Nginx::start(&server, fixture.folder.path(), &fewer).await;
    let client = nginx.through(&direct);
    let mut uploads: Vec<_> = (0..MOST).map(|_| begin_upload(&client, &path)).collect();
    until_arriving(&direct, MOST).await;
    client.get("/healthz/live").await.check(429);
    let (chunks, upload) = uploads.pop().expect("there are some");
    drop(chunks);
    upload.await.expect("it ends").check(201);
    client.get("/healthz/live").await.check(200);
    drop(uploads);
    server.stop().await;
}

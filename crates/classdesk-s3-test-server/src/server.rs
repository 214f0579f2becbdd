//! Starting, serving and stopping.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{HttpError, HttpResponse, S3Error};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

use crate::files::Files;

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The folder or the port was not to be had.
    #[error("the folder or the port can't be used")]
    Io(#[from] std::io::Error),
    /// The folder can't be served.
    #[error("the folder can't be served")]
    Folder(#[from] S3Error),
}

/// A running server. It ends, with every connection, when it is dropped.
#[derive(Debug)]
pub struct S3TestServer {
    address: SocketAddr,
    root: PathBuf,
    serving: JoinHandle<()>,
    busy: Arc<()>,
    _own: Option<TempDir>,
}

impl S3TestServer {
    /// The access key id of a server that was started with [`S3TestServer::start`].
    pub const ACCESS_KEY_ID: &str = "test-access-key";
    /// The secret of a server that was started with [`S3TestServer::start`].
    pub const SECRET_ACCESS_KEY: &str = "test-secret-key";

    /// Serves a temporary folder of its own on any free port.
    ///
    /// # Errors
    /// A [`StartError`] when the folder or a port is not to be had.
    pub async fn start() -> Result<Self, StartError> {
        let own = TempDir::new()?;
        let keys = (Self::ACCESS_KEY_ID, Self::SECRET_ACCESS_KEY);
        let mut server = Self::serve(own.path(), 0, keys).await?;
        server._own = Some(own);
        Ok(server)
    }

    /// Serves a folder, in which each folder is a bucket, on a port of loopback (0: any) to clients
    /// with this access key id and secret.
    ///
    /// # Errors
    /// A [`StartError`] when the folder can't be served or the port is not to be had.
    pub async fn serve(
        root: &Path,
        port: u16,
        (access_key_id, secret_access_key): (&str, &str),
    ) -> Result<Self, StartError> {
        let root = root.canonicalize()?;
        let mut service = S3ServiceBuilder::new(Files::new(root.clone())?);
        service.set_auth(SimpleAuth::from_single(access_key_id, secret_access_key));
        let service = service.build();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        let busy = Arc::new(());
        Ok(Self {
            address,
            root,
            serving: tokio::spawn(accept(listener, service, Arc::clone(&busy))),
            busy,
            _own: None,
        })
    }

    /// Where it serves, as `AWS_ENDPOINT_URL` wants it.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The folder that it serves.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Makes a bucket and answers its folder; one that is there already is fine.
    ///
    /// # Errors
    /// When the folder can't be made.
    pub fn create_bucket(&self, name: &str) -> std::io::Result<PathBuf> {
        let folder = self.root.join(name);
        std::fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    /// How many connections are open and requests under way. A client that died has no more say
    /// when this is what it was before.
    #[must_use]
    pub fn busy(&self) -> usize {
        // One is the server's own, one the accepting task's.
        Arc::strong_count(&self.busy) - 2
    }

    /// Serves until the process ends.
    pub async fn run(mut self) {
        // The accepting task neither ends nor panics by itself.
        let _ = (&mut self.serving).await;
    }
}

impl Drop for S3TestServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn accept(listener: TcpListener, service: S3Service, busy: Arc<()>) {
    let mut connections = JoinSet::new();
    // A failing accept is the peer's affair: the connection is gone, the listener is not.
    loop {
        let Ok((socket, _)) = listener.accept().await else {
            continue;
        };
        let (service, busy) = (service.clone(), Arc::clone(&busy));
        connections.spawn(async move {
            let requests = service_fn(|request| run(service.clone(), request, Arc::clone(&busy)));
            let connection = auto::Builder::new(TokioExecutor::new());
            // How a connection ends is for its client to notice.
            let _ = connection
                .serve_connection(TokioIo::new(socket), requests)
                .await;
        });
        while connections.try_join_next().is_some() {}
    }
}

/// Answers a request on a task of its own: like a real server, this one does not stop in the
/// middle of something because its client went away.
async fn run(
    service: S3Service,
    request: hyper::Request<Incoming>,
    busy: Arc<()>,
) -> Result<HttpResponse, HttpError> {
    let answering = tokio::spawn(async move {
        let answer = Service::call(&service, request).await;
        drop(busy);
        answer
    });
    match answering.await {
        Ok(answer) => answer,
        Err(died) => Err(HttpError::new(Box::new(died))),
    }
}

//! How many requests are worked on, how many bodies arrive, and how much of answers is unsent at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix_web::body::BoxBody;
use actix_web::rt::time::timeout;
use actix_web::{HttpMessage as _, HttpRequest};
use bytes::Bytes;
use classdesk_domain::ClientNetwork;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::client_address::client_address;
use crate::context::user;
use crate::paced_body::{self, PacedBody, Unsent};
use crate::shares::{Claim, Client, Shares};

/// How long a request waits for a permit before it is shed. A burst is worked off meanwhile.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// How many bytes of answers may wait to be sent. A client has a quarter: 16 of the largest pages.
const MAX_UNSENT: usize = 64 * 1024 * 1024;

/// Why a request was shed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShedReason {
    /// No permit got free in time.
    ConcurrentRequests,
    /// Its body had been arriving for longest when there were too many.
    ArrivingBodies,
    /// The queue of the password hasher is full.
    PasswordHashing,
}

impl ShedReason {
    /// Its label in the metrics.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::ConcurrentRequests => "concurrent_requests",
            Self::ArrivingBodies => "arriving_bodies",
            Self::PasswordHashing => "password_hashing",
        }
    }
}

/// The limits of one server.
pub(crate) struct Limits {
    max_concurrent: usize,
    concurrent: Arc<Semaphore>,
    /// Bodies of people who have signed in, and those of strangers: many strangers end no body of a
    /// person.
    bodies: Arc<Shares<Ending>>,
    strangers_bodies: Arc<Shares<Ending>>,
    unsent: Arc<Shares<Unsent>>,
    connections: AtomicUsize,
}

/// Ends a body when it is dropped.
type Ending = oneshot::Sender<()>;

/// The right to be worked on. A request keeps it in its extensions.
struct Permit(#[expect(dead_code, reason = "it counts until it is dropped")] OwnedSemaphorePermit);

/// Takes a request's permit back, so that others are worked on: it is answered, or waits for
/// something that has a queue of its own.
pub fn end_work(request: &HttpRequest) {
    request.extensions_mut().remove::<Permit>();
}

/// What a request counts under.
fn client(request: &HttpRequest) -> Client {
    let network = || Client::Network(ClientNetwork::of(client_address(request)));
    user(request).map_or_else(network, Client::User)
}

impl Limits {
    pub(crate) fn new(max_concurrent_requests: usize, max_arriving_bodies: usize) -> Self {
        let max_concurrent = max_concurrent_requests.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            max_concurrent,
            concurrent: Arc::new(Semaphore::new(max_concurrent)),
            bodies: Arc::new(Shares::new(max_arriving_bodies)),
            strangers_bodies: Arc::new(Shares::new(max_arriving_bodies)),
            unsent: Arc::new(Shares::new(MAX_UNSENT)),
            connections: AtomicUsize::new(0),
        }
    }

    /// How many requests are worked on.
    pub(crate) fn requests_in_progress(&self) -> usize {
        self.max_concurrent - self.concurrent.available_permits()
    }

    /// How many bodies arrive.
    pub(crate) fn bodies_arriving(&self) -> usize {
        self.bodies.size() + self.strangers_bodies.size()
    }

    /// How many bytes of answers wait to be sent.
    pub(crate) fn unsent_bytes(&self) -> usize {
        self.unsent.size()
    }

    /// How many connections are open.
    pub(crate) fn open_connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Gives a request its permit, or sheds it after [`LONGEST_WAIT`].
    pub(crate) async fn begin_work(&self, request: &HttpRequest) -> Result<(), ShedReason> {
        let permit = timeout(LONGEST_WAIT, self.concurrent.clone().acquire_owned()).await;
        let permit = permit.map_err(|_| ShedReason::ConcurrentRequests)?;
        let permit = permit.expect("the semaphore is never closed");
        request.extensions_mut().insert(Permit(permit));
        Ok(())
    }

    /// Counts the body of a request until the value is dropped.
    pub(crate) fn begin_body(&self, request: &HttpRequest) -> ArrivingBody {
        let client = client(request);
        let bodies = match client {
            Client::User(_) => &self.bodies,
            Client::Network(_) => &self.strangers_bodies,
        };
        let (ending, end) = oneshot::channel();
        ArrivingBody {
            end,
            _claim: bodies.hold(client, 1, ending),
        }
    }

    /// Counts a large answer until it is sent, and sends it piece by piece. What strangers get is
    /// small, or the same bytes for all of them.
    pub(crate) fn pace(&self, request: &HttpRequest, bytes: Bytes) -> BoxBody {
        if bytes.len() <= paced_body::PIECE {
            return BoxBody::new(bytes);
        }
        BoxBody::new(match client(request) {
            client @ Client::User(_) => PacedBody::held(bytes, &self.unsent, client),
            Client::Network(_) => PacedBody::shared(bytes),
        })
    }

    /// Counts a connection until the value is dropped.
    pub(crate) fn begin_connection(self: &Arc<Self>) -> OpenConnection {
        self.connections.fetch_add(1, Ordering::Relaxed);
        OpenConnection(Arc::clone(self))
    }
}

/// A body that arrives. It no longer counts when this is dropped.
pub(crate) struct ArrivingBody {
    end: oneshot::Receiver<()>,
    _claim: Claim<Ending>,
}

impl ArrivingBody {
    /// Waits until the body has to make room for others.
    pub(crate) async fn end(&mut self) {
        let _ = (&mut self.end).await;
    }
}

/// A connection that is open.
pub(crate) struct OpenConnection(Arc<Limits>);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

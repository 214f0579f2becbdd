//! The whole domain, put together from its ports.

use std::sync::Arc;

use crate::blobs::{BlobRepository, BlobStore, Downloads, Uploads};
use crate::bundles::{BundleRepository, Bundles};
use crate::changes::{ChangeMarks, Changes};
use crate::clock::{Clock, SecretSource};
use crate::events::{Audit, EventRepository};
use crate::files::{FileRepository, Files};
use crate::idempotency::{Completion, IdempotencyRepository, IdempotencyService};
use crate::maintenance::MaintenanceService;
use crate::people::{
    Actor, AdminCommands, LoginLimits, PasswordHasher, SessionLimits, SessionRepository, Sessions,
    UserRepository, Users,
};
use crate::store::{Maintenance, Store};
use crate::subjects::{SubjectRepository, Subjects};
use crate::threads::{MessageRepository, Messages, ThreadRepository, Threads};
use crate::tickets::{TicketRepository, Tickets};

/// Everything that the domain needs of the world, as trait objects.
#[derive(Clone)]
pub struct Ports {
    /// Keeps people.
    pub users: Arc<dyn UserRepository>,
    /// Keeps sessions.
    pub sessions: Arc<dyn SessionRepository>,
    /// Keeps subjects.
    pub subjects: Arc<dyn SubjectRepository>,
    /// Keeps bundles.
    pub bundles: Arc<dyn BundleRepository>,
    /// Keeps threads.
    pub threads: Arc<dyn ThreadRepository>,
    /// Keeps messages.
    pub messages: Arc<dyn MessageRepository>,
    /// Keeps tickets.
    pub tickets: Arc<dyn TicketRepository>,
    /// Keeps bundle files.
    pub files: Arc<dyn FileRepository>,
    /// Keeps rows about bytes.
    pub blob_rows: Arc<dyn BlobRepository>,
    /// Keeps the log of changes.
    pub events: Arc<dyn EventRepository>,
    /// Keeps idempotency keys.
    pub idempotency: Arc<dyn IdempotencyRepository>,
    /// Notices changes.
    pub changes: Arc<dyn ChangeMarks>,
    /// Looks after the store.
    pub maintenance: Arc<dyn Maintenance>,
    /// Keeps bytes.
    pub blobs: Arc<dyn BlobStore>,
    /// Hashes passwords.
    pub hasher: Arc<dyn PasswordHasher>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes unguessable bytes.
    pub secrets: Arc<dyn SecretSource>,
}

impl Ports {
    /// Ports of which one store keeps every row.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        blobs: Arc<dyn BlobStore>,
        hasher: Arc<dyn PasswordHasher>,
        clock: Arc<dyn Clock>,
        secrets: Arc<dyn SecretSource>,
    ) -> Self {
        Self {
            users: store.clone(),
            sessions: store.clone(),
            subjects: store.clone(),
            bundles: store.clone(),
            threads: store.clone(),
            messages: store.clone(),
            tickets: store.clone(),
            files: store.clone(),
            blob_rows: store.clone(),
            events: store.clone(),
            idempotency: store.clone(),
            changes: store.clone(),
            maintenance: store,
            blobs,
            hasher,
            clock,
            secrets,
        }
    }
}

/// The limits that an operator can choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// How long sessions last.
    pub sessions: SessionLimits,
    /// How many failed logins are too many.
    pub logins: LoginLimits,
    /// The greatest upload, in bytes. A file of exactly this size is accepted.
    pub max_upload_bytes: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            sessions: SessionLimits::default(),
            logins: LoginLimits::default(),
            max_upload_bytes: 100 * 1024 * 1024,
        }
    }
}

/// Who asks for something to be created, and which idempotency reservation is completed by it.
///
/// An [`Actor`] alone becomes one by [`From`].
#[derive(Debug, Clone, Copy)]
pub struct RequestContext {
    /// Who.
    pub actor: Actor,
    /// Which reservation, if the request came with an idempotency key.
    pub completes: Option<Completion>,
}

impl RequestContext {
    /// A request that came with an idempotency key.
    #[must_use]
    pub const fn completing(actor: Actor, completes: Option<Completion>) -> Self {
        Self { actor, completes }
    }
}

impl From<Actor> for RequestContext {
    fn from(actor: Actor) -> Self {
        Self {
            actor,
            completes: None,
        }
    }
}

impl From<&Actor> for RequestContext {
    fn from(actor: &Actor) -> Self {
        (*actor).into()
    }
}

/// Every use case of the contract, by the noun that it is about.
#[derive(Clone)]
pub struct App {
    /// Signing in and out.
    pub sessions: Sessions,
    /// People, as they and the staff see them.
    pub users: Users,
    /// What the operator of the program does, outside of anybody's session.
    pub operator: AdminCommands,
    /// Registered subjects.
    pub subjects: Subjects,
    /// Class bundles.
    pub bundles: Bundles,
    /// Threads.
    pub threads: Threads,
    /// Messages.
    pub messages: Messages,
    /// Tickets.
    pub tickets: Tickets,
    /// Files of bundles.
    pub files: Files,
    /// Bytes on their way in.
    pub uploads: Uploads,
    /// Bytes on their way out.
    pub downloads: Downloads,
    /// Whether something has changed.
    pub changes: Changes,
    /// The audit log.
    pub audit: Audit,
    /// Idempotency keys.
    pub retries: IdempotencyService,
    /// Sweeping, purging and checking.
    pub maintenance: MaintenanceService,
}

impl App {
    /// Puts the domain together.
    #[must_use]
    pub fn new(ports: Ports, settings: Settings) -> Self {
        let ports = Arc::new(ports);
        Self {
            sessions: Sessions::new(ports.clone(), settings),
            users: Users::new(ports.clone()),
            operator: AdminCommands::new(ports.clone()),
            subjects: Subjects::new(ports.clone()),
            bundles: Bundles::new(ports.clone()),
            threads: Threads::new(ports.clone()),
            messages: Messages::new(ports.clone()),
            tickets: Tickets::new(ports.clone()),
            files: Files::new(ports.clone()),
            uploads: Uploads::new(ports.clone(), settings.max_upload_bytes),
            downloads: Downloads::new(ports.clone()),
            changes: Changes::new(ports.clone()),
            audit: Audit::new(ports.clone()),
            retries: IdempotencyService::new(ports.clone()),
            maintenance: MaintenanceService::new(ports, settings),
        }
    }
}

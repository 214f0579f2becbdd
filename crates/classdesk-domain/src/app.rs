//! The whole domain, put together from its ports.

use std::sync::Arc;

use crate::blobs::ports::{BlobRepository, BlobStore};
use crate::blobs::service::{Downloads, Uploads};
use crate::bundles::ports::BundleRepository;
use crate::bundles::service::Bundles;
use crate::clock::{Clock, SecretSource};
use crate::events::ports::EventRepository;
use crate::events::service::Audit;
use crate::files::ports::FileRepository;
use crate::files::service::Files;
use crate::idempotency::ports::IdempotencyRepository;
use crate::idempotency::service::IdempotencyService;
use crate::maintenance::MaintenanceService;
use crate::people::hasher::PasswordHasher;
use crate::people::admin_commands::AdminCommands;
use crate::people::ports::{SessionRepository, UserRepository};
use crate::people::session_service::Sessions;
use crate::people::sessions::{LoginLimits, SessionLimits};
use crate::people::user_service::Users;
use crate::store::ports::{Maintenance, Store};
use crate::subjects::ports::SubjectRepository;
use crate::subjects::service::Subjects;
use crate::threads::message_service::Messages;
use crate::threads::ports::{MessageRepository, ThreadRepository};
use crate::threads::service::Threads;
use crate::tickets::ports::TicketRepository;
use crate::tickets::service::Tickets;

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
    /// Looks after the store.
    pub maintenance: Arc<dyn Maintenance>,
    /// Keeps bytes.
    pub blobs: Arc<dyn BlobStore>,
    /// Hashes passwords.
    pub hasher: Arc<dyn PasswordHasher>,
    /// The clock.
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

/// Every use case of the contract, by the noun that it is about.
#[derive(Clone)]
pub struct App {
    /// Signing in and out.
    pub sessions: Sessions,
    /// People, as they and the staff see them.
    pub users: Users,
    /// What the operator of the program does, outside of anybody's session.
    pub admin_commands: AdminCommands,
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
    /// The audit log.
    pub audit: Audit,
    /// Idempotency keys.
    pub idempotency: IdempotencyService,
    /// Sweeping, purging and checking.
    pub maintenance: MaintenanceService,
}

impl App {
    /// Puts the domain together.
    #[must_use]
    pub fn new(ports: Ports, settings: Settings) -> Self {
        let Ports {
            users,
            sessions,
            subjects,
            bundles,
            threads,
            messages,
            tickets,
            files,
            blob_rows,
            events,
            idempotency,
            maintenance,
            blobs,
            hasher,
            clock,
            secrets,
        } = ports;
        Self {
            sessions: Sessions {
                sessions: sessions.clone(),
                users: users.clone(),
                hasher: hasher.clone(),
                clock: clock.clone(),
                secrets: secrets.clone(),
                limits: settings.sessions,
                login_limits: settings.logins,
            },
            users: Users {
                users: users.clone(),
                hasher: hasher.clone(),
                clock: clock.clone(),
            },
            admin_commands: AdminCommands {
                users: users.clone(),
                hasher: hasher.clone(),
                clock: clock.clone(),
            },
            subjects: Subjects {
                subjects: subjects.clone(),
                users: users.clone(),
                clock: clock.clone(),
            },
            bundles: Bundles {
                bundles: bundles.clone(),
                subjects: subjects.clone(),
                users: users.clone(),
                clock: clock.clone(),
            },
            threads: Threads {
                threads: threads.clone(),
                subjects: subjects.clone(),
                users: users.clone(),
                clock: clock.clone(),
            },
            messages: Messages {
                messages: messages.clone(),
                threads: threads.clone(),
                users: users.clone(),
                blob_rows: blob_rows.clone(),
                clock: clock.clone(),
            },
            tickets: Tickets {
                tickets: tickets.clone(),
                subjects: subjects.clone(),
                users: users.clone(),
                blob_rows: blob_rows.clone(),
                clock: clock.clone(),
            },
            files: Files {
                files: files.clone(),
                subjects: subjects.clone(),
                users: users.clone(),
                blob_rows: blob_rows.clone(),
                clock: clock.clone(),
            },
            uploads: Uploads {
                blob_rows: blob_rows.clone(),
                blobs: blobs.clone(),
                subjects: subjects.clone(),
                threads: threads.clone(),
                tickets: tickets.clone(),
                clock: clock.clone(),
                secrets: secrets.clone(),
                limit: settings.max_upload_bytes,
            },
            downloads: Downloads {
                blobs: blobs.clone(),
            },
            audit: Audit {
                events: events.clone(),
            },
            idempotency: IdempotencyService {
                idempotency: idempotency.clone(),
                clock: clock.clone(),
            },
            maintenance: MaintenanceService {
                maintenance: maintenance.clone(),
                blob_rows: blob_rows.clone(),
                blobs: blobs.clone(),
                clock: clock.clone(),
                limits: settings.sessions,
                login_limits: settings.logins,
            },
        }
    }
}

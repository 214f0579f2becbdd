//! The whole domain, put together from its ports.

use std::sync::Arc;

use crate::api_keys::ports::ApiKeyRepository;
use crate::api_keys::service::ApiKeys;
use crate::blobs::ports::{BlobRepository, BlobStore};
use crate::blobs::service::{Downloads, Uploads};
use crate::bundles::ports::BundleRepository;
use crate::bundles::service::Bundles;
use crate::clock::{Clock, SecretSource};
use crate::events::ports::{EventLog, EventRepository};
use crate::events::service::{Audit, EventFeed};
use crate::files::ports::FileRepository;
use crate::files::service::Files;
use crate::idempotency::ports::IdempotencyRepository;
use crate::idempotency::service::IdempotencyService;
use crate::links::ports::LinkKeyRepository;
use crate::links::service::Links;
use crate::maintenance::MaintenanceService;
use crate::people::admin_commands::AdminCommands;
use crate::people::hasher::PasswordHasher;
use crate::people::password_link_service::PasswordLinks;
use crate::people::ports::{SessionRepository, UserRepository};
use crate::people::session_service::Sessions;
use crate::people::sessions::SessionLimits;
use crate::people::throttling::LoginLimits;
use crate::people::token_service::{TokenSignIn, TrustedTokens};
use crate::people::user_service::Users;
use crate::store::ports::{Maintenance, Store};
use crate::subjects::ports::SubjectRepository;
use crate::subjects::service::Subjects;
use crate::threads::message_service::Messages;
use crate::threads::ports::{MessageRepository, ThreadRepository};
use crate::threads::service::Threads;
use crate::tickets::ports::TicketRepository;
use crate::tickets::service::Tickets;
use crate::webhooks::delivering::WebhookDeliveries;
use crate::webhooks::ports::{
    DeliveryQueue, NoWebhooks, WebhookFormat, WebhookRepository, WebhookSender,
};
use crate::webhooks::service::Webhooks;

/// Everything that the domain needs of the world, as trait objects.
#[derive(Clone)]
pub struct Ports {
    /// Keeps people.
    pub users: Arc<dyn UserRepository>,
    /// Keeps sessions.
    pub sessions: Arc<dyn SessionRepository>,
    /// Keeps keys.
    pub api_keys: Arc<dyn ApiKeyRepository>,
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
    /// Tells what happens.
    pub log: Arc<dyn EventLog>,
    /// Keeps idempotency keys.
    pub idempotency: Arc<dyn IdempotencyRepository>,
    /// Keeps what links are signed with.
    pub link_keys: Arc<dyn LinkKeyRepository>,
    /// Keeps webhooks.
    pub webhooks: Arc<dyn WebhookRepository>,
    /// Keeps what is on its way to webhooks.
    pub deliveries: Arc<dyn DeliveryQueue>,
    /// Sends to webhooks; nothing unless [`Ports::with_webhooks`] says what does.
    pub webhook_sender: Arc<dyn WebhookSender>,
    /// Writes what is sent to webhooks.
    pub webhook_format: Arc<dyn WebhookFormat>,
    /// The tokens of another system that are trusted; none unless [`Ports::with_tokens`] says so.
    pub tokens: Option<TrustedTokens>,
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
            api_keys: store.clone(),
            subjects: store.clone(),
            bundles: store.clone(),
            threads: store.clone(),
            messages: store.clone(),
            tickets: store.clone(),
            files: store.clone(),
            blob_rows: store.clone(),
            events: store.clone(),
            log: store.clone(),
            idempotency: store.clone(),
            link_keys: store.clone(),
            webhooks: store.clone(),
            deliveries: store.clone(),
            webhook_sender: Arc::new(NoWebhooks),
            webhook_format: Arc::new(NoWebhooks),
            tokens: None,
            maintenance: store,
            blobs,
            hasher,
            clock,
            secrets,
        }
    }

    /// The same ports with what sends to webhooks, and what writes their requests.
    #[must_use]
    pub fn with_webhooks(
        self,
        sender: Arc<dyn WebhookSender>,
        format: Arc<dyn WebhookFormat>,
    ) -> Self {
        Self {
            webhook_sender: sender,
            webhook_format: format,
            ..self
        }
    }

    /// The same ports with tokens of another system that are trusted, if there are any.
    #[must_use]
    pub fn with_tokens(self, tokens: Option<TrustedTokens>) -> Self {
        Self { tokens, ..self }
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
    /// Keys, by which programs come in.
    pub api_keys: ApiKeys,
    /// Coming in by a token of another system, where such tokens are trusted.
    pub tokens: Option<TokenSignIn>,
    /// People, as they and the staff see them.
    pub users: Users,
    /// Giving oneself a password by a link.
    pub password_links: PasswordLinks,
    /// What the command line does, outside of any session.
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
    /// Links to files.
    pub links: Links,
    /// The audit log.
    pub audit: Audit,
    /// Following what happens.
    pub feed: EventFeed,
    /// Webhooks.
    pub webhooks: Webhooks,
    /// Bringing events to webhooks.
    pub webhook_deliveries: WebhookDeliveries,
    /// Idempotency keys.
    pub idempotency: IdempotencyService,
    /// Sweeping, purging and checking.
    pub maintenance: MaintenanceService,
}

/// A service with clones of the ports that it uses.
macro_rules! service {
    ($service:ident { $($setting:ident: $value:expr,)* ..$ports:ident: $($port:ident),+ }) => {
        $service {
            $($setting: $value,)*
            $($port: $ports.$port.clone(),)+
        }
    };
}

impl App {
    /// Puts the domain together.
    #[must_use]
    pub fn new(ports: Ports, settings: Settings) -> Self {
        let messages = service!(Messages { ..ports: messages, threads, users, blob_rows, clock });
        let tickets = service!(Tickets { ..ports: tickets, subjects, users, blob_rows, clock });
        let files = service!(Files { ..ports: files, subjects, users, blob_rows, clock });
        Self {
            sessions: service!(Sessions {
                limits: settings.sessions,
                login_limits: settings.logins,
                ..ports: sessions, users, hasher, clock, secrets
            }),
            api_keys: service!(ApiKeys { ..ports: api_keys, users, clock, secrets }),
            tokens: ports.tokens.clone().map(|tokens| TokenSignIn {
                tokens,
                users: ports.users.clone(),
                clock: ports.clock.clone(),
            }),
            users: service!(Users { ..ports: users, hasher, clock }),
            password_links: service!(PasswordLinks { ..ports: users, hasher, clock }),
            admin_commands: service!(AdminCommands { ..ports: users, hasher, clock, secrets }),
            subjects: service!(Subjects { ..ports: subjects, users, clock }),
            bundles: service!(Bundles { ..ports: bundles, subjects, users, clock }),
            threads: service!(Threads { ..ports: threads, subjects, users, clock }),
            uploads: service!(Uploads {
                limit: settings.max_upload_bytes,
                ..ports: blob_rows, blobs, subjects, threads, tickets, clock, secrets
            }),
            downloads: service!(Downloads { ..ports: blobs }),
            links: service!(Links {
                files: files.clone(),
                messages: messages.clone(),
                tickets: tickets.clone(),
                ..ports: link_keys, users, clock, secrets
            }),
            messages,
            tickets,
            files,
            audit: service!(Audit { ..ports: events, api_keys }),
            feed: service!(EventFeed { ..ports: log }),
            webhooks: service!(Webhooks {
                ..ports: webhooks, webhook_sender, log, events, users, clock, secrets
            }),
            webhook_deliveries: service!(WebhookDeliveries {
                ..ports: deliveries, log, webhook_sender, webhook_format, clock, secrets
            }),
            idempotency: service!(IdempotencyService { ..ports: idempotency, clock }),
            maintenance: MaintenanceService {
                maintenance: ports.maintenance,
                blob_rows: ports.blob_rows,
                blobs: ports.blobs,
                clock: ports.clock,
                limits: settings.sessions,
                login_limits: settings.logins,
            },
        }
    }
}

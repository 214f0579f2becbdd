//! Putting the adapters and the domain together: the one place that does.

use std::sync::Arc;

use classdesk_api::WebhookJson;
use classdesk_argon2::{Argon2idHasher, Cost, Limits};
use classdesk_diesel::{ConnectError, DatabaseHandle, DatabaseUrl, DieselStore, StoreOptions};
use classdesk_domain::api_keys::ApiKeys;
use classdesk_domain::blobs::BlobStore;
use classdesk_domain::people::{AdminCommands, PasswordHasher, TrustedTokens};
use classdesk_domain::system::{SystemClock, SystemSecrets};
use classdesk_domain::webhooks::{NoWebhooks, WebhookSender};
use classdesk_domain::{App, Ports, Settings};
use classdesk_identity::JwtVerifier;
use classdesk_object_store::{ObjectStoreBlobs, ObjectStoreOptions, S3Variables, StorageLocation};
use classdesk_webhook::HttpWebhookSender;

use crate::cli::{FilesArgs, HashingArgs, JwtArgs, StoreArgs, WebhookArgs};
use crate::error::CliError;

/// The domain on its adapters.
pub(crate) struct Assembly {
    /// Every use case.
    pub(crate) app: App,
    /// The store behind it, to be watched and closed.
    pub(crate) store: Arc<DieselStore>,
}

impl Assembly {
    /// Puts the domain together.
    pub(crate) fn new(
        store: DieselStore,
        blobs: Arc<dyn BlobStore>,
        hasher: Arc<dyn PasswordHasher>,
        settings: Settings,
        sender: Arc<dyn WebhookSender>,
        tokens: Option<TrustedTokens>,
    ) -> Self {
        let ports = Ports::new(
            store.store(),
            blobs,
            hasher,
            Arc::new(SystemClock),
            Arc::new(SystemSecrets),
        )
        .with_webhooks(sender, Arc::new(WebhookJson))
        .with_tokens(tokens);
        Self {
            app: App::new(ports, settings),
            store: Arc::new(store),
        }
    }

    /// The domain for a command that reads files. Neither the database nor the storage has to be
    /// writable.
    pub(crate) async fn for_files(store: &StoreArgs, files: &FilesArgs) -> Result<Self, CliError> {
        let hasher = hasher(None)?;
        let store = open_store(
            store.database_url.clone(),
            store.options(),
            Schema::ReadOnly,
        )
        .await?;
        let (location, options) = (&files.storage_url, storage_options());
        let blobs = Arc::new(ObjectStoreBlobs::connect_existing(location, &options).await?);
        let sender = Arc::new(NoWebhooks);
        let settings = Settings::default();
        Ok(Self::new(store, blobs, hasher, settings, sender, None))
    }
}

/// The commands about people, and the store behind them. Those that set a password need hashing.
pub(crate) async fn admin_commands(
    store: &StoreArgs,
    hashing: Option<&HashingArgs>,
    schema: Schema,
) -> Result<(AdminCommands, DieselStore), CliError> {
    let hasher = hasher(hashing)?;
    let store = open_store(store.database_url.clone(), store.options(), schema).await?;
    let (clock, secrets) = (Arc::new(SystemClock), Arc::new(SystemSecrets));
    let commands = AdminCommands::new(store.store(), hasher, clock, secrets);
    Ok((commands, store))
}

/// The use cases of keys, and the store behind them.
pub(crate) async fn api_keys(store: &StoreArgs) -> Result<(ApiKeys, DieselStore), CliError> {
    let options = store.options();
    let store = open_store(store.database_url.clone(), options, Schema::Known).await?;
    let (clock, secrets) = (Arc::new(SystemClock), Arc::new(SystemSecrets));
    let keys = ApiKeys::new(store.store(), store.store(), clock, secrets);
    Ok((keys, store))
}

/// What is done about a schema that is not the present one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Schema {
    /// An older one is migrated.
    Migrated,
    /// It is refused.
    Known,
    /// It is refused, and a database with the present one is opened without the right to write.
    ReadOnly,
}

/// Opens a database for serving or reading.
pub(crate) async fn open_store(
    url: DatabaseUrl,
    options: StoreOptions,
    schema: Schema,
) -> Result<DieselStore, CliError> {
    blocking(move || {
        let database = if schema == Schema::ReadOnly {
            DatabaseHandle::open_read_only(&url, &options)?
        } else {
            DatabaseHandle::open(&url, &options)?
        };
        if schema == Schema::Migrated {
            let applied = database.migrate()?;
            if let Some(to) = applied.last() {
                tracing::info!(applied = applied.len(), to, "database migrated");
            }
        }
        database.serve(&options)
    })
    .await
}

/// Does what blocks on a thread that may.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ConnectError> + Send + 'static,
) -> Result<T, CliError> {
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.map_err(|died| CliError::while_doing("a thread died", &died))??)
}

/// Opens a storage for serving.
pub(crate) async fn open_storage(
    location: &StorageLocation,
) -> Result<Arc<dyn BlobStore>, CliError> {
    let blobs = ObjectStoreBlobs::connect(location, &storage_options()).await?;
    Ok(Arc::new(blobs))
}

/// With the `AWS_*` variables of the environment.
fn storage_options() -> ObjectStoreOptions {
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    ObjectStoreOptions {
        s3: S3Variables::from_pairs(variables),
        ..ObjectStoreOptions::default()
    }
}

/// The hasher at the cost of the settings, or the usual one where nothing is hashed.
pub(crate) fn hasher(args: Option<&HashingArgs>) -> Result<Arc<dyn PasswordHasher>, CliError> {
    let cost = args.map_or_else(Cost::default, HashingArgs::cost);
    let limits = args.map_or_else(Limits::default, HashingArgs::limits);
    let hasher = Argon2idHasher::new(cost, limits, Arc::new(SystemSecrets))?;
    Ok(Arc::new(hasher))
}

/// What sends to webhooks.
pub(crate) fn webhook_sender(args: &WebhookArgs) -> Result<Arc<dyn WebhookSender>, CliError> {
    let sender = HttpWebhookSender::new(args.options());
    let failed = |error| CliError::while_doing("can't send to webhooks", &error);
    Ok(Arc::new(sender.map_err(failed)?))
}

/// The tokens of another system that are trusted, if there are any.
pub(crate) fn trusted_tokens(args: &JwtArgs) -> Result<Option<TrustedTokens>, CliError> {
    let Some(settings) = args.settings()? else {
        return Ok(None);
    };
    let verifier = JwtVerifier::new(settings, Arc::new(SystemClock));
    let failed = |error| CliError::while_doing("can't verify tokens", &error);
    Ok(Some(TrustedTokens {
        verifier: Arc::new(verifier.map_err(failed)?),
        provisioning: args.provisioning(),
    }))
}

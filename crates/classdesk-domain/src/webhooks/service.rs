//! What administrators do with webhooks.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Clock, SecretSource, Timestamp};
use crate::error::{Conflict, Error};
use crate::events::facts::RowId;
use crate::events::model::DomainEvent;
use crate::events::ports::{EventLog, EventRepository};
use crate::ids::WebhookId;
use crate::paging::{Page, PageRequest};
use crate::people::model::Actor;
use crate::people::ports::UserRepository;
use crate::policy::permission::Permission;
use crate::request_context::RequestContext;
use crate::store::commit::{Commit, Versioned};
use crate::use_case::retry_on_stale;
use crate::validation::{FieldError, Invalid, Validated};

use super::model::{Webhook, WebhookChange, WebhookSettings, WebhookUrl};
use super::ports::{AtWebhook, InsertWebhook, WebhookRepository, WebhookSender, WebhookUpdate};
use super::secret::{WebhookSecret, WebhookSecrets};
use super::words::DisabledReason;

/// For how many hours the secret before stays valid: 0 to 168, a day by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OldFor(i64);

impl OldFor {
    /// A week.
    pub const MAX: i64 = 7 * 24;
    /// A day.
    pub const DEFAULT: i64 = 24;

    /// Checks what was asked for.
    ///
    /// # Errors
    /// [`FieldError::OutOfRange`].
    pub fn hours(hours: i64) -> Result<Self, FieldError> {
        match hours {
            0..=Self::MAX => Ok(Self(hours)),
            _ => Err(FieldError::OutOfRange {
                min: 0,
                max: Self::MAX,
            }),
        }
    }

    fn after(self, now: Timestamp) -> Timestamp {
        let hours = u64::try_from(self.0).unwrap_or_default();
        now.plus(Duration::from_secs(hours * 60 * 60))
    }
}

/// A secret, shown to whoever made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSecret {
    /// The secret.
    pub secret: WebhookSecret,
    /// Until when requests are signed with the one before too.
    pub old_valid_until: Option<Timestamp>,
}

/// Managing webhooks and what was sent to them (docs/contract.md#webhooks).
#[derive(Clone)]
pub struct Webhooks {
    pub(crate) webhooks: Arc<dyn WebhookRepository>,
    pub(crate) webhook_sender: Arc<dyn WebhookSender>,
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) events: Arc<dyn EventRepository>,
    pub(crate) users: Arc<dyn UserRepository>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) secrets: Arc<dyn SecretSource>,
}

impl Webhooks {
    /// Checks the right to manage webhooks, for adapters that check rights before parameters.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub fn authorize(&self, actor: &Actor) -> Result<(), Error> {
        Ok(actor.require(Permission::ManageWebhooks)?)
    }

    /// The webhooks, by ascending id.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub async fn list(&self, actor: &Actor, page: PageRequest) -> Result<Page<Webhook>, Error> {
        self.authorize(actor)?;
        Ok(self.webhooks.list_webhooks(page).await?)
    }

    /// One webhook.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`].
    pub async fn get(&self, actor: &Actor, id: WebhookId) -> Result<Webhook, Error> {
        self.authorize(actor)?;
        self.webhooks.webhook(id).await?.ok_or(Error::NotFound)
    }

    /// One webhook with its secret, for who has just created it.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`].
    pub async fn created(
        &self,
        actor: &Actor,
        id: WebhookId,
    ) -> Result<(Webhook, WebhookSecret), Error> {
        let webhook = self.get(actor, id).await?;
        Ok((webhook, self.secrets_of(id).await?.current))
    }

    /// Creates a webhook. It gets the events from now on.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::Invalid`], [`Conflict::TooManyWebhooks`].
    pub async fn create(
        &self,
        by: impl Into<RequestContext>,
        draft: impl Into<Validated<WebhookSettings>>,
    ) -> Result<(Webhook, WebhookSecret), Error> {
        let (by, draft) = (by.into(), draft.into());
        let actor = by.actor;
        self.authorize(&actor)?;
        let settings = draft.as_result()?;
        by.check_unversioned()?;
        self.check_address(&settings.url).await?;
        let secret = WebhookSecret::from_bytes(self.secrets.bytes());
        let new = InsertWebhook {
            settings: settings.clone(),
            secret: secret.clone(),
            created_by: actor.id,
            created_at: self.clock.now(),
        };
        let created = DomainEvent::WebhookCreated {
            webhook: RowId::Created,
            origin: settings.url.origin().to_owned(),
        };
        retry_on_stale!(self.users, &actor, async {
            let commit = Commit::by(&by, new.created_at, new.clone(), [created.clone()]);
            let webhook = self.webhooks.create_webhook(commit).await?;
            let webhook = webhook.ok_or(Conflict::TooManyWebhooks)?;
            Ok((webhook, secret.clone()))
        })
    }

    /// Changes a webhook, switches it off or on.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`], [`Error::Invalid`],
    /// [`Error::PreconditionFailed`].
    pub async fn change(
        &self,
        by: impl Into<RequestContext>,
        id: WebhookId,
        draft: impl Into<Validated<WebhookChange>>,
    ) -> Result<Webhook, Error> {
        let (by, draft) = (by.into(), draft.into());
        let actor = &by.actor;
        retry_on_stale!(self.users, actor, async {
            let webhook = self.get(actor, id).await?;
            let change = draft.as_result()?;
            by.check_version(webhook.version)?;
            let settings = changed(&webhook.settings, change);
            let disabled = match change.is_active {
                Some(true) => None,
                Some(false) => webhook.disabled.or(Some(DisabledReason::Manual)),
                None => webhook.disabled,
            };
            let events = changes(&webhook, &settings, disabled);
            if events.is_empty() {
                return Ok(webhook);
            }
            if settings.url != webhook.settings.url {
                self.check_address(&settings.url).await?;
            }
            let at = self.clock.now();
            let update = WebhookUpdate {
                id,
                settings,
                disabled,
                secrets: None,
                at,
            };
            let same = Versioned::Webhook(id).at(webhook.version);
            let commit = Commit::by(&by, at, update, events).require(same);
            Ok(self.webhooks.update_webhook(commit).await?)
        })
    }

    /// Removes a webhook, with its deliveries.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`], [`Error::PreconditionFailed`].
    pub async fn remove(&self, by: impl Into<RequestContext>, id: WebhookId) -> Result<(), Error> {
        let by = by.into();
        let actor = &by.actor;
        let was_there = retry_on_stale!(self.users, actor, async {
            let webhook = self.get(actor, id).await?;
            by.check_version(webhook.version)?;
            let at = self.clock.now();
            let removed = DomainEvent::WebhookRemoved { webhook: id };
            let same = Versioned::Webhook(id).at(webhook.version);
            let commit = Commit::by(&by, at, AtWebhook { id, at }, [removed]).require(same);
            Ok(self.webhooks.remove_webhook(commit).await?)
        })?;
        was_there.then_some(()).ok_or(Error::NotFound)
    }

    /// Gives a webhook another secret. For a while its requests are signed with the one before too.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`], [`Error::Invalid`],
    /// [`Error::PreconditionFailed`], [`Conflict::SecretRotating`].
    pub async fn rotate_secret(
        &self,
        by: impl Into<RequestContext>,
        id: WebhookId,
        draft: impl Into<Validated<OldFor>>,
    ) -> Result<NewSecret, Error> {
        let (by, draft) = (by.into(), draft.into());
        let actor = &by.actor;
        retry_on_stale!(self.users, actor, async {
            let webhook = self.get(actor, id).await?;
            let old_for = draft.as_result()?;
            by.check_unversioned()?;
            let before = self.secrets_of(id).await?;
            let at = self.clock.now();
            if before.old_valid_until(at).is_some() {
                return Err(Conflict::SecretRotating.into());
            }
            let secrets = WebhookSecrets {
                current: WebhookSecret::from_bytes(self.secrets.bytes()),
                old: Some((before.current, old_for.after(at))),
            };
            let answer = NewSecret {
                secret: secrets.current.clone(),
                old_valid_until: secrets.old_valid_until(at),
            };
            let update = WebhookUpdate {
                id,
                settings: webhook.settings,
                disabled: webhook.disabled,
                secrets: Some(secrets),
                at,
            };
            let rotated = DomainEvent::WebhookSecretRotated { webhook: id };
            let same = Versioned::Webhook(id).at(webhook.version);
            let commit = Commit::by(&by, at, update, [rotated]).require(same);
            self.webhooks.update_webhook(commit).await?;
            Ok(answer)
        })
    }

    /// The present secret, for who has just made it.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`].
    pub async fn rotated(&self, actor: &Actor, id: WebhookId) -> Result<NewSecret, Error> {
        self.get(actor, id).await?;
        let secrets = self.secrets_of(id).await?;
        Ok(NewSecret {
            old_valid_until: secrets.old_valid_until(self.clock.now()),
            secret: secrets.current,
        })
    }

    async fn secrets_of(&self, id: WebhookId) -> Result<WebhookSecrets, Error> {
        let secrets = self.webhooks.webhook_secrets(id).await?;
        secrets.ok_or(Error::NotFound)
    }

    async fn check_address(&self, url: &WebhookUrl) -> Result<(), Invalid> {
        let checked = self.webhook_sender.check(url).await;
        checked.map_err(|fault| Invalid::field("url", fault))
    }
}

fn changed(settings: &WebhookSettings, change: &WebhookChange) -> WebhookSettings {
    let change = change.clone();
    WebhookSettings {
        url: change.url.unwrap_or_else(|| settings.url.clone()),
        types: change.types.unwrap_or_else(|| settings.types.clone()),
        include_internal: change.include_internal.unwrap_or(settings.include_internal),
        description: change
            .description
            .unwrap_or_else(|| settings.description.clone()),
    }
}

/// What the log says of a change; nothing where there is none.
fn changes(
    webhook: &Webhook,
    settings: &WebhookSettings,
    disabled: Option<DisabledReason>,
) -> Vec<DomainEvent> {
    let before = &webhook.settings;
    let fields: Vec<_> = [
        ("url", before.url != settings.url),
        ("types", before.types != settings.types),
        (
            "include_internal",
            before.include_internal != settings.include_internal,
        ),
        ("description", before.description != settings.description),
    ]
    .into_iter()
    .filter_map(|(name, is_changed)| is_changed.then_some(name))
    .collect();
    let id = webhook.id;
    let mut events = Vec::new();
    if !fields.is_empty() {
        let origin = settings.url.origin().to_owned();
        events.push(DomainEvent::WebhookChanged {
            webhook: id,
            fields,
            origin,
        });
    }
    match (webhook.disabled, disabled) {
        (None, Some(reason)) => events.push(DomainEvent::WebhookDisabled {
            webhook: id,
            reason,
        }),
        (Some(_), None) => events.push(DomainEvent::WebhookEnabled { webhook: id }),
        _ => {}
    }
    events
}

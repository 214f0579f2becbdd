//! Webhooks, their secrets, and deliveries to them.

use std::time::Duration;

use classdesk_domain::events::EventAction;
use classdesk_domain::ids::{DeliveryId, EventId, WebhookId};
use classdesk_domain::text::Description;
use classdesk_domain::webhooks::{
    DeliveryAttempt, DeliveryKind, DeliveryState, DisabledReason, DueDelivery, SendFailure,
    Subscription, Webhook, WebhookDelivery, WebhookHealth, WebhookSecret, WebhookSecrets,
    WebhookSettings, WebhookUrl,
};
use diesel::prelude::*;

use super::Backend;
use super::schema::{users, webhook_attempts, webhook_deliveries, webhooks};
use super::users::PersonRow;
use super::values::{At, word};
use crate::error::Failure;

fn corrupt<E>(_: E) -> Failure {
    Failure::corrupt("webhook")
}

/// What was chosen of a webhook.
#[derive(Debug, Insertable, AsChangeset, Queryable, Selectable)]
#[diesel(table_name = webhooks, treat_none_as_null = true)]
pub(crate) struct SettingsRow {
    pub(crate) url: String,
    pub(crate) types: String,
    pub(crate) include_internal: bool,
    pub(crate) description: String,
    pub(crate) disabled: Option<String>,
}

impl SettingsRow {
    pub(crate) fn of(settings: WebhookSettings, disabled: Option<DisabledReason>) -> Self {
        Self {
            url: settings.url.to_string(),
            types: settings.types.words().join(" "),
            include_internal: settings.include_internal,
            description: settings.description.into_string(),
            disabled: disabled.map(|reason| reason.as_str().to_owned()),
        }
    }

    fn into_domain(self) -> Result<(WebhookSettings, Option<DisabledReason>), Failure> {
        let types = self.types.split(' ').map(str::to_owned).collect();
        let settings = WebhookSettings {
            url: WebhookUrl::from_stored(self.url),
            types: Subscription::parse(types).map_err(corrupt)?,
            include_internal: self.include_internal,
            description: Description::from_stored(self.description),
        };
        let disabled = self.disabled.map(|reason| DisabledReason::parse(&reason));
        Ok((settings, disabled.transpose().map_err(corrupt)?))
    }
}

/// How a webhook fares.
#[derive(Debug, AsChangeset, Queryable, Selectable)]
#[diesel(table_name = webhooks, treat_none_as_null = true)]
pub(crate) struct HealthRow {
    pub(crate) last_success_at: Option<At>,
    pub(crate) failing_since: Option<At>,
    pub(crate) failures: i32,
    pub(crate) paused_until: Option<At>,
}

impl From<WebhookHealth> for HealthRow {
    fn from(health: WebhookHealth) -> Self {
        Self {
            last_success_at: health.last_success_at.map(Into::into),
            failing_since: health.failing_since.map(Into::into),
            failures: i32::try_from(health.failures).unwrap_or(i32::MAX),
            paused_until: health.paused_until.map(Into::into),
        }
    }
}

/// The secrets of a webhook.
#[derive(Debug, AsChangeset, Queryable, Selectable)]
#[diesel(table_name = webhooks, treat_none_as_null = true)]
pub(crate) struct SecretsRow {
    pub(crate) secret: Vec<u8>,
    pub(crate) old_secret: Option<Vec<u8>>,
    pub(crate) old_secret_until: Option<At>,
}

impl From<SecretsRow> for WebhookSecrets {
    fn from(row: SecretsRow) -> Self {
        let old = row.old_secret.map(WebhookSecret::from_bytes);
        Self {
            current: WebhookSecret::from_bytes(row.secret),
            old: old.zip(row.old_secret_until.map(Into::into)),
        }
    }
}

impl From<WebhookSecrets> for SecretsRow {
    fn from(secrets: WebhookSecrets) -> Self {
        let (old_secret, old_secret_until) = secrets.old.unzip();
        Self {
            secret: secrets.current.as_bytes().to_vec(),
            old_secret: old_secret.map(|old| old.as_bytes().to_vec()),
            old_secret_until: old_secret_until.map(Into::into),
        }
    }
}

/// A webhook with the person who created it.
#[derive(Debug, HasQuery)]
#[diesel(table_name = webhooks, check_for_backend(Backend))]
#[diesel(base_query = webhooks::table
    .inner_join(users::table.on(users::id.eq(webhooks::created_by)))
    .filter(webhooks::removed_at.is_null()))]
pub(crate) struct WebhookRow {
    pub(crate) id: i64,
    #[diesel(embed)]
    pub(crate) settings: SettingsRow,
    pub(crate) starts_after: i64,
    #[diesel(embed)]
    pub(crate) health: HealthRow,
    #[diesel(embed)]
    pub(crate) created_by: PersonRow,
    pub(crate) created_at: At,
    pub(crate) updated_at: At,
    pub(crate) version: i64,
}

impl WebhookRow {
    pub(crate) fn into_domain(self) -> Result<Webhook, Failure> {
        let (settings, disabled) = self.settings.into_domain()?;
        Ok(Webhook {
            id: WebhookId::new(self.id),
            settings,
            disabled,
            starts_after: EventId::new(self.starts_after),
            health: WebhookHealth {
                last_success_at: self.health.last_success_at.map(Into::into),
                failing_since: self.health.failing_since.map(Into::into),
                failures: u32::try_from(self.health.failures).map_err(corrupt)?,
                paused_until: self.health.paused_until.map(Into::into),
            },
            created_by: self.created_by.into_domain()?,
            created_at: self.created_at.into(),
            updated_at: self.updated_at.into(),
            version: self.version,
        })
    }
}

/// A delivery.
#[derive(Debug, HasQuery)]
#[diesel(table_name = webhook_deliveries, check_for_backend(Backend))]
pub(crate) struct DeliveryRow {
    pub(crate) id: i64,
    pub(crate) webhook_id: i64,
    pub(crate) event_id: Option<i64>,
    pub(crate) kind: String,
    pub(crate) state: String,
    pub(crate) due_at: Option<At>,
    pub(crate) attempts: i32,
    pub(crate) tries: i32,
    pub(crate) created_at: At,
}

impl DeliveryRow {
    fn kind(&self) -> Result<DeliveryKind, Failure> {
        let Some(event) = self.event_id else {
            return Ok(DeliveryKind::Ping);
        };
        let action = word(EventAction::parse, &self.kind, "webhook")?;
        Ok(DeliveryKind::Event(EventId::new(event), action))
    }

    pub(crate) fn into_domain(self) -> Result<WebhookDelivery, Failure> {
        Ok(WebhookDelivery {
            id: DeliveryId::new(self.id),
            webhook: WebhookId::new(self.webhook_id),
            kind: self.kind()?,
            state: word(DeliveryState::parse, &self.state, "webhook")?,
            next_attempt_at: self.due_at.map(Into::into),
            created_at: self.created_at.into(),
            attempt_count: u32::try_from(self.attempts).map_err(corrupt)?,
        })
    }

    pub(crate) fn into_due(self) -> Result<DueDelivery, Failure> {
        Ok(DueDelivery {
            id: DeliveryId::new(self.id),
            kind: self.kind()?,
            created_at: self.created_at.into(),
            tries: u32::try_from(self.tries).map_err(corrupt)?,
        })
    }
}

/// A delivery that is queued.
#[derive(Debug, Insertable)]
#[diesel(table_name = webhook_deliveries, treat_none_as_default_value = false)]
pub(crate) struct NewDeliveryRow {
    pub(crate) webhook_id: i64,
    pub(crate) event_id: Option<i64>,
    pub(crate) kind: &'static str,
    pub(crate) state: &'static str,
    pub(crate) due_at: At,
    pub(crate) created_at: At,
}

impl NewDeliveryRow {
    pub(crate) fn new(webhook: WebhookId, kind: DeliveryKind, at: impl Into<At>) -> Self {
        let at = at.into();
        Self {
            webhook_id: webhook.get(),
            event_id: kind.event().map(EventId::get),
            kind: kind.as_str(),
            state: DeliveryState::Pending.as_str(),
            due_at: at,
            created_at: at,
        }
    }
}

/// One try of a delivery.
#[derive(Debug, Insertable, Queryable, Selectable)]
#[diesel(table_name = webhook_attempts)]
pub(crate) struct AttemptRow {
    pub(crate) delivery_id: i64,
    pub(crate) number: i32,
    pub(crate) at: At,
    pub(crate) status: Option<i16>,
    pub(crate) error: Option<String>,
    pub(crate) duration_us: i64,
    pub(crate) response: Option<String>,
}

impl AttemptRow {
    pub(crate) fn of(delivery: DeliveryId, number: i32, attempt: DeliveryAttempt) -> Self {
        let micros = i64::try_from(attempt.duration.as_micros());
        Self {
            delivery_id: delivery.get(),
            number,
            at: attempt.at.into(),
            status: attempt.status.and_then(|status| i16::try_from(status).ok()),
            error: attempt.error.map(|error| error.as_str().to_owned()),
            duration_us: micros.unwrap_or(i64::MAX),
            response: attempt.response,
        }
    }

    pub(crate) fn into_domain(self) -> Result<DeliveryAttempt, Failure> {
        let error = self.error.map(|error| SendFailure::parse(&error));
        let status = self.status.map(u16::try_from);
        let micros = u64::try_from(self.duration_us).map_err(corrupt)?;
        Ok(DeliveryAttempt {
            at: self.at.into(),
            status: status.transpose().map_err(corrupt)?,
            error: error.transpose().map_err(corrupt)?,
            duration: Duration::from_micros(micros),
            response: self.response,
        })
    }
}

//! Webhooks, and what administrators see of their deliveries.

use std::collections::HashSet;

use classdesk_domain::ids::{DeliveryId, EventId, WebhookId};
use classdesk_domain::paging::{Page, PageRequest};
use classdesk_domain::webhooks::{
    AtWebhook, DeliveryAttempt, DeliveryFilter, DeliveryKind, DeliveryState, InsertWebhook,
    MAX_WEBHOOKS, ReplayEvents, RetryDelivery, Webhook, WebhookDelivery, WebhookHealth,
    WebhookRepository, WebhookSecrets, WebhookUpdate,
};
use diesel::dsl::max;
use diesel::prelude::*;

use super::Conn;
use super::delivery_rows::{insert_deliveries, lock_position};
use super::dialect::id_set;
use super::filter::only;
use super::page::{after, before, cut, one_more};
use super::port::port;
use super::rows::schema::{events, webhook_attempts, webhook_deliveries, webhooks};
use super::rows::values::At;
use super::rows::webhooks::{
    AttemptRow, DeliveryRow, HealthRow, NewDeliveryRow, SecretsRow, SettingsRow, WebhookRow,
};
use crate::error::Failure;
use crate::outcome::{Outcome, exactly_one};

port! {
    impl WebhookRepository {
        read list_webhooks(page: PageRequest) -> Page<Webhook>;
        read webhook(id: WebhookId) -> Option<Webhook>;
        read webhook_secrets(id: WebhookId) -> Option<WebhookSecrets>;
        read list_deliveries(webhook: WebhookId, filter: DeliveryFilter, page: PageRequest)
            -> Page<WebhookDelivery>;
        snapshot delivery(webhook: WebhookId, id: DeliveryId, limit: u32)
            -> Option<(WebhookDelivery, Vec<DeliveryAttempt>)>;
    }
    commits {
        create_webhook(InsertWebhook) -> Option<Webhook>;
        update_webhook(WebhookUpdate) -> Webhook;
        remove_webhook(AtWebhook) -> bool;
        queue_ping(AtWebhook) -> WebhookDelivery;
        retry_delivery(RetryDelivery) -> Option<WebhookDelivery>;
        replay_events(ReplayEvents) -> u64;
    }
}

/// A webhook that was not removed. A macro because the type can't be written down.
macro_rules! there {
    ($id:expr) => {
        webhooks::table
            .filter(webhooks::id.eq($id.get()))
            .filter(webhooks::removed_at.is_null())
    };
}
pub(super) use there;

fn list_webhooks(conn: &mut Conn, page: PageRequest) -> Result<Page<Webhook>, Failure> {
    let rows = WebhookRow::query()
        .filter(webhooks::id.gt(after(page)))
        .order(webhooks::id)
        .limit(one_more(page))
        .load(conn)?;
    cut(
        rows,
        page,
        |row: &WebhookRow| row.id,
        WebhookRow::into_domain,
    )
}

pub(super) fn webhook(conn: &mut Conn, id: WebhookId) -> Result<Option<Webhook>, Failure> {
    let found = WebhookRow::query().filter(webhooks::id.eq(id.get()));
    let row: Option<WebhookRow> = found.first(conn).optional()?;
    row.map(WebhookRow::into_domain).transpose()
}

pub(super) fn webhook_secrets(
    conn: &mut Conn,
    id: WebhookId,
) -> Result<Option<WebhookSecrets>, Failure> {
    let found = there!(id).select(SecretsRow::as_select());
    Ok(found.first(conn).optional()?.map(Into::into))
}

/// The webhook as the change that is being committed leaves it.
fn present(conn: &mut Conn, id: WebhookId) -> Result<Webhook, Failure> {
    webhook(conn, id)?.ok_or(Failure::STALE)
}

/// The last event there is, for a webhook that gets those from now on.
fn last_event(conn: &mut Conn) -> Result<i64, Failure> {
    let last: Option<i64> = events::table.select(max(events::id)).first(conn)?;
    Ok(last.unwrap_or(0))
}

fn create_webhook(
    conn: &mut Conn,
    new: &InsertWebhook,
) -> Result<Outcome<Option<Webhook>>, Failure> {
    // Those that create one wait for each other, so that none is too many.
    lock_position(conn)?;
    let there = webhooks::table.filter(webhooks::removed_at.is_null());
    let there: i64 = there.count().get_result(conn)?;
    if there >= i64::try_from(MAX_WEBHOOKS).unwrap_or(i64::MAX) {
        return Ok(Outcome::nothing(None));
    }
    let id: i64 = diesel::insert_into(webhooks::table)
        .values((
            SettingsRow::of(new.settings.clone(), None),
            webhooks::starts_after.eq(last_event(conn)?),
            webhooks::secret.eq(new.secret.as_bytes()),
            webhooks::created_by.eq(new.created_by.get()),
            webhooks::created_at.eq(At::from(new.created_at)),
            webhooks::updated_at.eq(At::from(new.created_at)),
        ))
        .returning(webhooks::id)
        .get_result(conn)?;
    let webhook = present(conn, WebhookId::new(id))?;
    Ok(Outcome::to(id, Some(webhook)))
}

fn update_webhook(conn: &mut Conn, update: &WebhookUpdate) -> Result<Outcome<Webhook>, Failure> {
    let id = update.id;
    let before = present(conn, id)?;
    let changed = diesel::update(there!(id))
        .set((
            SettingsRow::of(update.settings.clone(), update.disabled),
            update.secrets.clone().map(SecretsRow::from),
            webhooks::updated_at.eq(At::from(update.at)),
            webhooks::version.eq(webhooks::version + 1),
        ))
        .execute(conn)?;
    exactly_one(changed)?;
    if !before.is_active() && update.disabled.is_none() {
        let starts_after = last_event(conn)?;
        diesel::update(there!(id))
            .set((
                HealthRow::from(WebhookHealth::default()),
                webhooks::starts_after.eq(starts_after),
            ))
            .execute(conn)?;
    }
    Ok(Outcome::to(id.get(), present(conn, id)?))
}

fn remove_webhook(conn: &mut Conn, removal: &AtWebhook) -> Result<Outcome<bool>, Failure> {
    let removed = diesel::update(there!(removal.id))
        .set(webhooks::removed_at.eq(At::from(removal.at)))
        .execute(conn)?;
    Ok(match removed {
        0 => Outcome::nothing(false),
        _ => Outcome::to(removal.id.get(), true),
    })
}

fn list_deliveries(
    conn: &mut Conn,
    webhook: WebhookId,
    filter: DeliveryFilter,
    page: PageRequest,
) -> Result<Page<WebhookDelivery>, Failure> {
    if !is_there(conn, webhook)? {
        return Ok(Page::empty());
    }
    let mut query = DeliveryRow::query()
        .filter(webhook_deliveries::webhook_id.eq(webhook.get()))
        .filter(webhook_deliveries::id.lt(before(page)))
        .order(webhook_deliveries::id.desc())
        .limit(one_more(page))
        .into_boxed();
    only!(query,
        webhook_deliveries::state => filter.state.map(DeliveryState::as_str),
        webhook_deliveries::kind => filter.kind,
    );
    if let Some(since) = filter.since {
        query = query.filter(webhook_deliveries::created_at.ge(At::from(since)));
    }
    if let Some(until) = filter.until {
        query = query.filter(webhook_deliveries::created_at.lt(At::from(until)));
    }
    let rows = query.load(conn)?;
    cut(
        rows,
        page,
        |row: &DeliveryRow| row.id,
        DeliveryRow::into_domain,
    )
}

fn is_there(conn: &mut Conn, id: WebhookId) -> Result<bool, Failure> {
    let found: Option<i64> = there!(id).select(webhooks::id).first(conn).optional()?;
    Ok(found.is_some())
}

/// One delivery of a webhook that was not removed.
fn find_delivery(
    conn: &mut Conn,
    webhook: WebhookId,
    id: DeliveryId,
) -> Result<Option<WebhookDelivery>, Failure> {
    let found = DeliveryRow::query()
        .filter(webhook_deliveries::id.eq(id.get()))
        .filter(webhook_deliveries::webhook_id.eq(webhook.get()));
    let row: Option<DeliveryRow> = found.first(conn).optional()?;
    if !is_there(conn, webhook)? {
        return Ok(None);
    }
    row.map(DeliveryRow::into_domain).transpose()
}

fn delivery(
    conn: &mut Conn,
    webhook: WebhookId,
    id: DeliveryId,
    limit: u32,
) -> Result<Option<(WebhookDelivery, Vec<DeliveryAttempt>)>, Failure> {
    let Some(delivery) = find_delivery(conn, webhook, id)? else {
        return Ok(None);
    };
    let mut attempts: Vec<AttemptRow> = webhook_attempts::table
        .filter(webhook_attempts::delivery_id.eq(id.get()))
        .order(webhook_attempts::number.desc())
        .limit(i64::from(limit))
        .select(AttemptRow::as_select())
        .load(conn)?;
    attempts.reverse();
    let attempts = attempts.into_iter().map(AttemptRow::into_domain);
    Ok(Some((delivery, attempts.collect::<Result<_, _>>()?)))
}

fn queue_ping(conn: &mut Conn, ping: &AtWebhook) -> Result<Outcome<WebhookDelivery>, Failure> {
    if !is_there(conn, ping.id)? {
        return Err(Failure::STALE);
    }
    let row: DeliveryRow = diesel::insert_into(webhook_deliveries::table)
        .values(NewDeliveryRow::new(ping.id, DeliveryKind::Ping, ping.at))
        .returning(DeliveryRow::as_returning())
        .get_result(conn)?;
    Ok(Outcome::to(row.id, row.into_domain()?))
}

/// What makes a delivery pending and due.
macro_rules! pending {
    ($at:expr) => {
        (
            webhook_deliveries::state.eq(DeliveryState::Pending.as_str()),
            webhook_deliveries::due_at.eq(At::from($at)),
            webhook_deliveries::tries.eq(0),
            webhook_deliveries::finished_at.eq(None::<At>),
        )
    };
}

fn retry_delivery(
    conn: &mut Conn,
    retry: &RetryDelivery,
) -> Result<Outcome<Option<WebhookDelivery>>, Failure> {
    if !is_there(conn, retry.webhook)? {
        return Err(Failure::STALE);
    }
    let of_webhook = webhook_deliveries::webhook_id.eq(retry.webhook.get());
    diesel::update(
        webhook_deliveries::table
            .find(retry.id.get())
            .filter(of_webhook),
    )
    .set(pending!(retry.at))
    .execute(conn)?;
    Ok(match find_delivery(conn, retry.webhook, retry.id)? {
        None => Outcome::nothing(None),
        delivery => Outcome::to(retry.id.get(), delivery),
    })
}

fn replay_events(conn: &mut Conn, replay: &ReplayEvents) -> Result<Outcome<u64>, Failure> {
    // No event is queued by another meanwhile.
    lock_position(conn)?;
    if !is_there(conn, replay.webhook)? {
        return Err(Failure::STALE);
    }
    let ids: Vec<i64> = replay.events.iter().map(|(id, _)| id.get()).collect();
    let has_delivery = || {
        webhook_deliveries::table
            .filter(webhook_deliveries::webhook_id.eq(replay.webhook.get()))
            .filter(
                webhook_deliveries::event_id
                    .assume_not_null()
                    .eq_any(id_set(&ids)),
            )
    };
    let again = diesel::update(has_delivery().filter(webhook_deliveries::due_at.is_null()))
        .set(pending!(replay.at))
        .execute(conn)?;
    let known: Vec<Option<i64>> = has_delivery()
        .select(webhook_deliveries::event_id)
        .load(conn)?;
    let known: HashSet<EventId> = known.into_iter().flatten().map(EventId::new).collect();
    let new = replay.events.iter().filter(|(id, _)| !known.contains(id));
    let rows = new.map(|(id, action)| {
        let kind = DeliveryKind::Event(*id, *action);
        NewDeliveryRow::new(replay.webhook, kind, replay.at)
    });
    let added = insert_deliveries(conn, rows.collect())?;
    Ok(Outcome::to(replay.webhook.get(), (again + added) as u64))
}

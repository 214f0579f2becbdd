//! The queue of deliveries to webhooks.

use classdesk_domain::clock::Timestamp;
use classdesk_domain::ids::{EventId, WebhookId};
use classdesk_domain::jobs::Backlog;
use classdesk_domain::webhooks::{
    ConsumerState, DeliveryKind, DeliveryQueue, DeliveryState, DueDelivery, LeasedWebhook,
    QueueDeliveries, RecordDelivery, WebhookLease,
};
use diesel::dsl::{count_star, exists, min};
use diesel::prelude::*;

use super::Conn;
use super::delivery_rows::{CONSUMER, insert_deliveries};
use super::dialect::{for_update, id_set, skip_locked};
use super::port::port;
use super::rows::schema::{log_consumers, webhook_attempts, webhook_deliveries, webhooks};
use super::rows::values::At;
use super::rows::webhooks::{AttemptRow, DeliveryRow, HealthRow, NewDeliveryRow, WebhookRow};
use super::webhooks::{there, webhook, webhook_secrets};
use crate::error::Failure;
use crate::outcome::{Outcome, exactly_one};

port! {
    impl DeliveryQueue {
        snapshot delivery_position() -> ConsumerState;
        write queue_deliveries(queue: QueueDeliveries) -> ();
        write cancel_undeliverable(now: Timestamp, limit: u32) -> u64;
        write lease_webhook(now: Timestamp, until: Timestamp) -> Option<WebhookLease>;
        snapshot leased_webhook(lease: WebhookLease) -> Option<LeasedWebhook>;
        read due_deliveries(webhook: WebhookId, now: Timestamp, limit: u32) -> Vec<DueDelivery>;
        write return_webhook(lease: WebhookLease) -> ();
        read delivery_backlog(now: Timestamp) -> Backlog;
    }
    commits {
        record_delivery(RecordDelivery) -> ();
    }
}

/// Pending deliveries of events to webhooks that are not active.
macro_rules! undeliverable {
    () => {
        webhook_deliveries::table
            .filter(webhook_deliveries::due_at.is_not_null())
            .filter(webhook_deliveries::event_id.is_not_null())
            .filter(
                webhook_deliveries::webhook_id.eq_any(
                    webhooks::table
                        .filter(webhooks::removed_at.is_null())
                        .filter(webhooks::disabled.is_not_null())
                        .select(webhooks::id),
                ),
            )
    };
}

fn delivery_position(conn: &mut Conn) -> Result<ConsumerState, Failure> {
    let position = log_consumers::table.find(CONSUMER);
    let position: i64 = position.select(log_consumers::position).first(conn)?;
    let active: Vec<WebhookRow> = WebhookRow::query()
        .filter(webhooks::disabled.is_null())
        .order(webhooks::id)
        .load(conn)?;
    let active = active.into_iter().map(WebhookRow::into_domain);
    Ok(ConsumerState {
        position: EventId::new(position),
        webhooks: active.collect::<Result<_, _>>()?,
        has_undeliverable: diesel::select(exists(undeliverable!())).get_result(conn)?,
    })
}

fn queue_deliveries(conn: &mut Conn, queue: QueueDeliveries) -> Result<(), Failure> {
    let at = log_consumers::table
        .find(CONSUMER)
        .filter(log_consumers::position.eq(queue.from.get()));
    let moved = diesel::update(at)
        .set(log_consumers::position.eq(queue.to.get()))
        .execute(conn)?;
    exactly_one(moved)?;
    let named = queue.deliveries.iter().map(|(webhook, ..)| webhook.get());
    let mut named: Vec<i64> = named.collect();
    named.sort_unstable();
    named.dedup();
    let active = webhooks::table
        .filter(webhooks::id.eq_any(id_set(&named)))
        .filter(webhooks::removed_at.is_null())
        .filter(webhooks::disabled.is_null())
        .order(webhooks::id)
        .select(webhooks::id);
    let active: Vec<i64> = for_update!(active).load(conn)?;
    let wanted = queue.deliveries.into_iter();
    let rows = wanted
        .filter(|(webhook, ..)| active.contains(&webhook.get()))
        .map(|(webhook, event, action)| {
            NewDeliveryRow::new(webhook, DeliveryKind::Event(event, action), queue.at)
        });
    insert_deliveries(conn, rows.collect())?;
    Ok(())
}

fn cancel_undeliverable(conn: &mut Conn, now: Timestamp, limit: u32) -> Result<u64, Failure> {
    let found: Vec<i64> = undeliverable!()
        .select(webhook_deliveries::id)
        .limit(i64::from(limit))
        .load(conn)?;
    let still = undeliverable!().filter(webhook_deliveries::id.eq_any(id_set(&found)));
    let cancelled = diesel::update(still)
        .set((
            webhook_deliveries::state.eq(DeliveryState::Cancelled.as_str()),
            webhook_deliveries::due_at.eq(None::<At>),
            webhook_deliveries::finished_at.eq(At::from(now)),
        ))
        .execute(conn)?;
    Ok(cancelled as u64)
}

fn lease_webhook(
    conn: &mut Conn,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<WebhookLease>, Failure> {
    let now = At::from(now);
    let due = webhook_deliveries::table
        .filter(webhook_deliveries::webhook_id.eq(webhooks::id))
        .filter(webhook_deliveries::due_at.le(now));
    let pings = due.filter(webhook_deliveries::event_id.is_null());
    let is_wanted = webhooks::disabled.is_null().and(
        webhooks::paused_until
            .is_null()
            .or(webhooks::paused_until.le(now).assume_not_null()),
    );
    let free = webhooks::table
        .filter(webhooks::removed_at.is_null())
        .filter(
            webhooks::leased_until
                .is_null()
                .or(webhooks::leased_until.le(now).assume_not_null()),
        )
        .filter(is_wanted.and(exists(due)).or(exists(pings)))
        .order((
            webhooks::leased_until.is_not_null(),
            webhooks::leased_until,
            webhooks::id,
        ))
        .select(webhooks::id)
        .limit(1);
    let found: Option<i64> = skip_locked!(free).first(conn).optional()?;
    let Some(id) = found else { return Ok(None) };
    diesel::update(webhooks::table.find(id))
        .set(webhooks::leased_until.eq(At::from(until)))
        .execute(conn)?;
    let webhook = WebhookId::new(id);
    Ok(Some(WebhookLease { webhook, until }))
}

/// The webhook of a lease, while it holds.
macro_rules! held {
    ($lease:expr) => {
        there!($lease.webhook).filter(webhooks::leased_until.eq(At::from($lease.until)))
    };
}

fn leased_webhook(conn: &mut Conn, lease: WebhookLease) -> Result<Option<LeasedWebhook>, Failure> {
    let held: Option<i64> = held!(lease).select(webhooks::id).first(conn).optional()?;
    if held.is_none() {
        return Ok(None);
    }
    let webhook = webhook(conn, lease.webhook)?;
    let secrets = webhook_secrets(conn, lease.webhook)?;
    Ok(webhook
        .zip(secrets)
        .map(|(webhook, secrets)| LeasedWebhook { webhook, secrets }))
}

fn due_deliveries(
    conn: &mut Conn,
    webhook: WebhookId,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<DueDelivery>, Failure> {
    let due = || {
        DeliveryRow::query()
            .filter(webhook_deliveries::webhook_id.eq(webhook.get()))
            .filter(webhook_deliveries::due_at.le(At::from(now)))
            .order(webhook_deliveries::id)
            .limit(i64::from(limit))
    };
    let mut rows = due()
        .filter(webhook_deliveries::event_id.is_null())
        .load(conn)?;
    if rows.is_empty() {
        rows = due().load(conn)?;
    }
    rows.into_iter().map(DeliveryRow::into_due).collect()
}

fn record_delivery(conn: &mut Conn, record: &RecordDelivery) -> Result<Outcome<()>, Failure> {
    let id = record.lease.webhook.get();
    let held: Option<i64> = for_update!(held!(record.lease).select(webhooks::id))
        .first(conn)
        .optional()?;
    held.ok_or(Failure::STALE)?;
    diesel::update(webhooks::table.find(id))
        .set(HealthRow::from(record.health))
        .execute(conn)?;
    if let Some(reason) = record.disables {
        diesel::update(webhooks::table.find(id))
            .set((
                webhooks::disabled.eq(reason.as_str()),
                webhooks::updated_at.eq(At::from(record.at)),
                webhooks::version.eq(webhooks::version + 1),
            ))
            .execute(conn)?;
    }
    let tried = i32::from(record.attempt.is_some());
    let finished_at = record.due_at.is_none().then(|| At::from(record.at));
    let number: Option<i32> = diesel::update(webhook_deliveries::table.find(record.id.get()))
        .set((
            webhook_deliveries::state.eq(record.state.as_str()),
            webhook_deliveries::due_at.eq(record.due_at.map(At::from)),
            webhook_deliveries::finished_at.eq(finished_at),
            webhook_deliveries::attempts.eq(webhook_deliveries::attempts + tried),
            webhook_deliveries::tries.eq(webhook_deliveries::tries + tried),
        ))
        .returning(webhook_deliveries::attempts)
        .get_result(conn)
        .optional()?;
    let number = number.ok_or(Failure::STALE)?;
    if let Some(attempt) = record.attempt.clone() {
        diesel::insert_into(webhook_attempts::table)
            .values(AttemptRow::of(record.id, number, attempt))
            .execute(conn)?;
    }
    Ok(Outcome::to(id, ()))
}

fn return_webhook(conn: &mut Conn, lease: WebhookLease) -> Result<(), Failure> {
    diesel::update(held!(lease))
        .set(webhooks::leased_until.eq(None::<At>))
        .execute(conn)?;
    Ok(())
}

fn delivery_backlog(conn: &mut Conn, now: Timestamp) -> Result<Backlog, Failure> {
    let active = webhooks::table
        .filter(webhooks::removed_at.is_null())
        .filter(webhooks::disabled.is_null())
        .select(webhooks::id);
    let (due, oldest): (i64, Option<At>) = webhook_deliveries::table
        .filter(webhook_deliveries::due_at.le(At::from(now)))
        .filter(webhook_deliveries::webhook_id.eq_any(active))
        .select((count_star(), min(webhook_deliveries::due_at)))
        .first(conn)?;
    Ok(Backlog {
        due: u64::try_from(due).unwrap_or_default(),
        oldest: oldest.map(Into::into),
    })
}

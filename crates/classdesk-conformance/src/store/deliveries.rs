//! The queue of deliveries to webhooks.

use std::time::Duration;

use classdesk_domain::clock::Timestamp;
use classdesk_domain::events::EventAction;
use classdesk_domain::ids::{EventId, WebhookId};
use classdesk_domain::jobs::Backlog;
use classdesk_domain::store::{Commit, RetentionCutoffs, Store, Versioned};
use classdesk_domain::webhooks::{
    AtWebhook, DeliveryAttempt, DeliveryKind, DeliveryState, DisabledReason, DueDelivery,
    QueueDeliveries, RecordDelivery, SendFailure, WebhookHealth, WebhookLease,
};
use futures_util::future::join_all;

use super::maintenance::{NOTHING, purge};
use super::support::assert_stale;
use super::webhooks::{add_webhook, deliveries, happen, queue, switch};
use crate::Fixture;

const MINUTE: Duration = Duration::from_secs(60);

async fn position(store: &dyn Store) -> EventId {
    store.delivery_position().await.expect("readable").position
}

async fn lease(store: &dyn Store, now: Timestamp) -> Option<WebhookLease> {
    let leased = store.lease_webhook(now, now.plus(MINUTE)).await;
    leased.expect("answered")
}

async fn due(store: &dyn Store, webhook: WebhookId, now: Timestamp) -> Vec<DueDelivery> {
    let due = store.due_deliveries(webhook, now, 9).await;
    due.expect("readable")
}

/// An attempt that failed and is to be repeated at this time.
fn failed(lease: WebhookLease, delivery: &DueDelivery, at: Timestamp) -> RecordDelivery {
    RecordDelivery {
        lease,
        id: delivery.id,
        attempt: Some(DeliveryAttempt {
            at,
            status: Some(503),
            error: None,
            duration: Duration::from_micros(1_234),
            response: Some("später".to_owned()),
        }),
        state: DeliveryState::Pending,
        due_at: Some(at.plus(MINUTE)),
        at,
        health: WebhookHealth {
            last_success_at: Some(at),
            failing_since: Some(at),
            failures: 3,
            paused_until: Some(at.plus(MINUTE)),
        },
        disables: None,
    }
}

/// Of consumers that read the same part of the log one queues it, so each event is queued once.
pub async fn events_are_queued_once(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let webhook = add_webhook(store, &fixture, "one").await;
    let events = happen(store, &fixture, 3).await;
    let from = position(store).await;
    assert_eq!(from, EventId::new(0), "at the beginning of the log");
    let part = |from, to: EventId, events: &[EventId]| QueueDeliveries {
        from,
        to,
        deliveries: (events.iter())
            .map(|event| (webhook.id, *event, EventAction::FileDeleted))
            .collect(),
        at: fixture.now(),
    };
    let at_once = (0..4).map(|_| store.queue_deliveries(part(from, events[1], &events[..2])));
    let outcomes = join_all(at_once).await;
    let succeeded = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!(succeeded, 1, "{outcomes:?}");
    for outcome in outcomes.iter().filter(|outcome| outcome.is_err()) {
        assert_stale(outcome, "a position that was left");
    }
    assert_eq!(position(store).await, events[1]);
    let overlapping = part(events[1], events[2], &events);
    store.queue_deliveries(overlapping).await.expect("queued");
    let found = deliveries(store, webhook.id).await;
    let kinds: Vec<_> = found.iter().map(|delivery| delivery.kind).collect();
    let expected = events
        .iter()
        .map(|event| DeliveryKind::Event(*event, EventAction::FileDeleted));
    assert_eq!(kinds, expected.collect::<Vec<_>>());
    let unknown = QueueDeliveries {
        deliveries: vec![(WebhookId::new(9_999), events[0], EventAction::FileDeleted)],
        ..part(events[2], events[2], &[])
    };
    store.queue_deliveries(unknown).await.expect("passed over");
}

/// A webhook that is not active gets nothing queued, and what is pending for it is cancelled.
pub async fn inactive_webhooks_get_nothing(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let (one, two) = (
        add_webhook(store, &fixture, "one").await,
        add_webhook(store, &fixture, "two").await,
    );
    let events = happen(store, &fixture, 2).await;
    queue(store, &fixture, one.id, &events[..1]).await;
    queue(store, &fixture, two.id, &events[..1]).await;
    let off = switch(store, &fixture, &one, Some(DisabledReason::Manual)).await;
    queue(store, &fixture, one.id, &events[1..]).await;
    let state = store.delivery_position().await.expect("readable");
    assert_eq!(state.webhooks, std::slice::from_ref(&two));
    assert!(state.has_undeliverable);
    let now = fixture.tick();
    assert_eq!(
        lease(store, now).await.map(|held| held.webhook),
        Some(two.id)
    );
    let ping = AtWebhook {
        id: one.id,
        at: now,
    };
    store.queue_ping(Commit::new(ping)).await.expect("queued");
    let cancelled = store.cancel_undeliverable(now, 9).await;
    assert_eq!(cancelled.expect("answered"), 1);
    let states: Vec<_> = deliveries(store, one.id).await;
    let states: Vec<_> = states.iter().map(|delivery| delivery.state).collect();
    assert_eq!(
        states,
        [DeliveryState::Cancelled, DeliveryState::Pending],
        "a ping is sent all the same"
    );
    let state = store.delivery_position().await.expect("readable");
    assert!(!state.has_undeliverable);
    let held = lease(store, now).await.expect("a ping is due");
    assert_eq!(held.webhook, one.id);
    let found = store.leased_webhook(held).await.expect("readable");
    assert_eq!(found.expect("held").webhook, off);
}

/// A webhook that is leased is nobody else's until the lease ends or is returned.
pub async fn a_webhook_lease_holds_until_it_ends(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let webhook = add_webhook(store, &fixture, "one").await;
    let now = fixture.tick();
    assert_eq!(lease(store, now).await, None, "nothing is due");
    let events = happen(store, &fixture, 1).await;
    queue(store, &fixture, webhook.id, &events).await;
    let before = fixture.now().minus(Duration::from_micros(1));
    assert_eq!(lease(store, before).await, None, "not yet due");
    let now = fixture.now();
    let first = lease(store, now).await.expect("due");
    assert_eq!((first.webhook, first.until), (webhook.id, now.plus(MINUTE)));
    let last_moment = first.until.minus(Duration::from_micros(1));
    assert_eq!(lease(store, last_moment).await, None);
    let second = lease(store, first.until)
        .await
        .expect("the first has ended");
    let held = async |lease| store.leased_webhook(lease).await.expect("readable");
    assert_eq!(held(first).await, None);
    let found = held(second).await.expect("held");
    assert_eq!(found.webhook, webhook);
    store.return_webhook(first).await.expect("without effect");
    assert!(held(second).await.is_some());
    store.return_webhook(second).await.expect("returned");
    assert_eq!(held(second).await, None);
    assert!(lease(store, now).await.is_some());
}

/// Of processes that want a webhook at the same time each gets another one.
pub async fn no_two_hold_a_webhook(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let mut ids = Vec::new();
    for number in 0..4 {
        let webhook = add_webhook(store, &fixture, &format!("hook{number}")).await;
        ids.push(webhook.id);
    }
    let events = happen(store, &fixture, 1).await;
    for id in &ids {
        queue(store, &fixture, *id, &events).await;
    }
    let now = fixture.now();
    let leased = join_all((0..8).map(|_| lease(store, now))).await;
    let mut held: Vec<_> = leased.into_iter().flatten().collect();
    // One that another is about to take is passed over, and left for later.
    while let Some(more) = lease(store, now).await {
        held.push(more);
    }
    let mut held: Vec<_> = held.iter().map(|lease| lease.webhook).collect();
    held.sort_unstable();
    assert_eq!(held, ids);
}

/// What is due comes in the order in which it was queued, pings before events.
pub async fn due_deliveries_come_in_order(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let webhook = add_webhook(store, &fixture, "one").await;
    let events = happen(store, &fixture, 3).await;
    queue(store, &fixture, webhook.id, &events).await;
    let now = fixture.now();
    let told = due(store, webhook.id, now).await;
    let told: Vec<_> = told.iter().filter_map(|each| each.kind.event()).collect();
    assert_eq!(told, events);
    let few = store.due_deliveries(webhook.id, now, 2).await;
    assert_eq!(few.expect("readable").len(), 2);
    let (id, at) = (webhook.id, fixture.tick());
    let ping = Commit::new(AtWebhook { id, at });
    let ping = store.queue_ping(ping).await.expect("queued");
    let first = due(store, id, at).await[0];
    assert_eq!((first.id, first.kind), (ping.id, DeliveryKind::Ping));
    assert_eq!((first.created_at, first.tries), (at, 0));
    let earlier = now.minus(Duration::from_micros(1));
    assert_eq!(due(store, id, earlier).await, []);
}

/// What came of a delivery is written together with how the webhook fares.
pub async fn an_attempt_is_recorded(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let webhook = add_webhook(store, &fixture, "one").await;
    let events = happen(store, &fixture, 2).await;
    queue(store, &fixture, webhook.id, &events).await;
    let now = fixture.tick();
    let held = lease(store, now).await.expect("due");
    let [first, second]: [DueDelivery; 2] = (due(store, webhook.id, now).await)
        .try_into()
        .expect("two are due");
    let record = failed(held, &first, now);
    let commit = Commit::new(record.clone());
    store.record_delivery(commit).await.expect("recorded");
    let found = store.webhook(webhook.id).await.expect("readable");
    let found = found.expect("there");
    assert_eq!((found.health, found.version), (record.health, 1));
    let (delivery, attempts) = (store.delivery(webhook.id, first.id, 9).await)
        .expect("readable")
        .expect("there");
    assert_eq!(delivery.next_attempt_at, record.due_at);
    assert_eq!(delivery.attempt_count, 1);
    assert_eq!(attempts, [record.attempt.clone().expect("one")]);
    assert_eq!(due(store, webhook.id, now).await, [second], "it waits");
    let later = now.plus(MINUTE);
    assert_eq!(due(store, webhook.id, later).await[0].tries, 1);

    let again = RecordDelivery {
        attempt: Some(DeliveryAttempt {
            at: later,
            status: None,
            error: Some(SendFailure::Timeout),
            duration: Duration::from_secs(15),
            response: None,
        }),
        state: DeliveryState::Failed,
        due_at: None,
        at: later,
        health: WebhookHealth::default(),
        ..record.clone()
    };
    let commit = Commit::new(again.clone());
    store.record_delivery(commit).await.expect("recorded");
    let (delivery, attempts) = (store.delivery(webhook.id, first.id, 1).await)
        .expect("readable")
        .expect("there");
    assert_eq!(delivery.state, DeliveryState::Failed);
    assert_eq!(delivery.attempt_count, 2);
    assert_eq!(attempts, [again.attempt.expect("one")], "the latest ones");

    let arrived = RecordDelivery {
        id: second.id,
        attempt: None,
        state: DeliveryState::Delivered,
        ..again
    };
    let commit = Commit::new(arrived);
    store.record_delivery(commit).await.expect("recorded");
    let after = later.plus(Duration::from_micros(1));
    let long_ago = RetentionCutoffs {
        deliveries_arrived_before: after,
        ..NOTHING
    };
    assert_eq!(purge(store, long_ago, 9).await, 1, "what has arrived");
    let failed_long_ago = RetentionCutoffs {
        deliveries_ended_before: after,
        ..NOTHING
    };
    assert_eq!(purge(store, failed_long_ago, 9).await, 1);
    assert_eq!(deliveries(store, webhook.id).await, []);
}

/// A holder whose lease is over, or whose webhook was changed, records nothing.
pub async fn a_lost_lease_records_nothing(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let webhook = add_webhook(store, &fixture, "one").await;
    let events = happen(store, &fixture, 1).await;
    queue(store, &fixture, webhook.id, &events).await;
    let now = fixture.tick();
    let first = lease(store, now).await.expect("due");
    let delivery = due(store, webhook.id, now).await[0];
    let second = lease(store, first.until).await.expect("it has ended");
    let late = Commit::new(failed(first, &delivery, now));
    assert_stale(&store.record_delivery(late).await, "a lease that is over");
    let same = Versioned::Webhook(webhook.id).at(webhook.version);
    let commit = Commit::new(failed(second, &delivery, now)).require(same);
    let changed = switch(store, &fixture, &webhook, None).await;
    let outcome = store.record_delivery(commit).await;
    assert_stale(&outcome, "a webhook that was changed");
    let found = store.webhook(webhook.id).await.expect("readable");
    assert_eq!(found, Some(changed));
    assert_eq!(due(store, webhook.id, now).await, [delivery]);
}

/// A webhook that a delivery disables is a changed one. While it is paused, nobody gets it.
pub async fn a_webhook_is_paused_and_disabled(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let webhook = add_webhook(store, &fixture, "one").await;
    let events = happen(store, &fixture, 2).await;
    queue(store, &fixture, webhook.id, &events).await;
    let now = fixture.tick();
    let held = lease(store, now).await.expect("due");
    let [first, second]: [DueDelivery; 2] = (due(store, webhook.id, now).await)
        .try_into()
        .expect("two are due");
    let pausing = failed(held, &first, now);
    let commit = Commit::new(pausing.clone());
    store.record_delivery(commit).await.expect("recorded");
    store.return_webhook(held).await.expect("returned");
    let until = now.plus(MINUTE);
    let last_moment = until.minus(Duration::from_micros(1));
    assert_eq!(lease(store, last_moment).await, None, "paused");
    let held = lease(store, until).await.expect("it goes on");
    let gone = RecordDelivery {
        lease: held,
        id: second.id,
        state: DeliveryState::Failed,
        due_at: None,
        at: until,
        disables: Some(DisabledReason::Gone),
        ..pausing
    };
    let commit = Commit::new(gone);
    store.record_delivery(commit).await.expect("recorded");
    let found = store.webhook(webhook.id).await.expect("readable");
    let found = found.expect("there");
    assert_eq!(found.disabled, Some(DisabledReason::Gone));
    assert_eq!((found.version, found.updated_at), (2, until));
    store.return_webhook(held).await.expect("returned");
    assert_eq!(lease(store, until.plus(10 * MINUTE)).await, None);
    let on = switch(store, &fixture, &found, None).await;
    assert_eq!(on.health, WebhookHealth::default(), "a clean record");
}

/// The backlog is what is due for active webhooks.
pub async fn the_backlog_of_deliveries_is_what_is_due(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let one = add_webhook(store, &fixture, "one").await;
    let two = add_webhook(store, &fixture, "two").await;
    let events = happen(store, &fixture, 2).await;
    let backlog = async |now| store.delivery_backlog(now).await.expect("readable");
    assert_eq!(backlog(fixture.now()).await, Backlog::default());
    queue(store, &fixture, one.id, &events).await;
    queue(store, &fixture, two.id, &events[..1]).await;
    let now = fixture.now();
    let oldest = Some(now);
    assert_eq!(backlog(now).await, Backlog { due: 3, oldest });
    let before = now.minus(Duration::from_micros(1));
    assert_eq!(backlog(before).await, Backlog::default());
    switch(store, &fixture, &one, Some(DisabledReason::Manual)).await;
    assert_eq!(backlog(now).await, Backlog { due: 1, oldest });
}

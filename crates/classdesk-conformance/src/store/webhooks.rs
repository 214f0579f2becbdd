//! Webhooks, and what administrators see of their deliveries.

use std::time::Duration;

use classdesk_domain::events::EventAction;
use classdesk_domain::ids::{DeliveryId, EventId, WebhookId};
use classdesk_domain::people::UserUpdate;
use classdesk_domain::store::{Commit, RetentionCutoffs, Store, Versioned};
use classdesk_domain::webhooks::{
    AtWebhook, DeliveryFilter, DeliveryKind, DeliveryState, DisabledReason, InsertWebhook,
    MAX_WEBHOOKS, QueueDeliveries, ReplayEvents, RetryDelivery, Subscription, Webhook,
    WebhookDelivery, WebhookHealth, WebhookSecret, WebhookSecrets, WebhookSettings, WebhookUpdate,
    WebhookUrl,
};
use futures_util::future::join_all;

use super::maintenance::{NOTHING, purge};
use super::support::{all, assert_stale, event, first, log, user_changed, walk};
use crate::Fixture;
use crate::fixture::description;

/// A webhook to be created.
pub(super) fn new_webhook(fixture: &Fixture, name: &str) -> InsertWebhook {
    InsertWebhook {
        settings: WebhookSettings {
            url: WebhookUrl::from_stored(format!("https://{name}.example.com/hook?key=a")),
            types: Subscription::parse(vec!["ticket.*".to_owned(), "message.sent".to_owned()])
                .expect("types"),
            include_internal: false,
            description: description(name),
        },
        secret: WebhookSecret::from_bytes([7; 32]),
        created_by: fixture.admin.id,
        created_at: fixture.tick(),
    }
}

/// Creates a webhook.
pub(super) async fn add_webhook(store: &dyn Store, fixture: &Fixture, name: &str) -> Webhook {
    let created = store.create_webhook(Commit::new(new_webhook(fixture, name)));
    created.await.expect("created").expect("few enough")
}

/// Something happens, as often as this. Gives the ids of the events.
pub(super) async fn happen(store: &dyn Store, fixture: &Fixture, count: usize) -> Vec<EventId> {
    let told = vec![event(fixture, user_changed(fixture.client)); count];
    let commit = Commit::new(UserUpdate::of(fixture.client.id)).with_events(told);
    store.update_user(commit).await.expect("change");
    let log = log(store).await;
    log[log.len() - count..]
        .iter()
        .map(|entry| entry.id)
        .collect()
}

/// Switches a webhook off or on.
pub(super) async fn switch(
    store: &dyn Store,
    fixture: &Fixture,
    webhook: &Webhook,
    disabled: Option<DisabledReason>,
) -> Webhook {
    let update = WebhookUpdate {
        id: webhook.id,
        settings: webhook.settings.clone(),
        disabled,
        secrets: None,
        at: fixture.tick(),
    };
    let updated = store.update_webhook(Commit::new(update)).await;
    updated.expect("updated")
}

/// Queues events for a webhook.
pub(super) async fn queue(
    store: &dyn Store,
    fixture: &Fixture,
    webhook: WebhookId,
    events: &[EventId],
) {
    let position = store.delivery_position().await.expect("readable").position;
    let deliveries = events.iter();
    let queue = QueueDeliveries {
        from: position,
        to: events.last().copied().unwrap_or(position).max(position),
        deliveries: deliveries
            .map(|event| (webhook, *event, EventAction::MessageSent))
            .collect(),
        at: fixture.now(),
    };
    store.queue_deliveries(queue).await.expect("queued");
}

/// What there is for a webhook, oldest first.
pub(super) async fn deliveries(store: &dyn Store, webhook: WebhookId) -> Vec<WebhookDelivery> {
    let list = |page| store.list_deliveries(webhook, DeliveryFilter::default(), page);
    let mut found = walk(2, list).await;
    found.reverse();
    found
}

/// A webhook is kept whole, and its secrets apart from it.
pub async fn a_webhook_is_kept(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let last = happen(store, &fixture, 2).await[1];
    let new = new_webhook(&fixture, "one");
    let created = store.create_webhook(Commit::new(new.clone())).await;
    let created = created.expect("created").expect("few enough");
    let webhook = created.clone();
    assert_eq!(webhook.settings, new.settings);
    assert_eq!((webhook.disabled, webhook.version), (None, 1));
    assert_eq!(webhook.created_by.id, fixture.admin.id);
    assert_eq!(webhook.starts_after, last, "what was before is not for it");
    assert_eq!(webhook.health, WebhookHealth::default());
    assert_eq!(
        (webhook.created_at, webhook.updated_at),
        (new.created_at, new.created_at)
    );
    let found = store.webhook(webhook.id).await.expect("readable");
    assert_eq!(found, Some(created));
    let secrets = store.webhook_secrets(webhook.id).await.expect("readable");
    let expected = WebhookSecrets {
        current: new.secret,
        old: None,
    };
    assert_eq!(secrets, Some(expected));
    let another = add_webhook(store, &fixture, "two").await;
    let listed = walk(1, |page| store.list_webhooks(page)).await;
    assert_eq!(listed, [webhook, another]);
    let missing = WebhookId::new(9_999);
    assert_eq!(store.webhook(missing).await.expect("readable"), None);
    assert_eq!(
        store.webhook_secrets(missing).await.expect("readable"),
        None
    );
}

/// There are no more webhooks than there may be, also when many are created at once. One that is
/// removed makes room.
pub async fn webhooks_are_bounded(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let many = (0..MAX_WEBHOOKS + 4).map(|number| {
        let new = new_webhook(&fixture, &format!("hook{number}"));
        store.create_webhook(Commit::new(new))
    });
    let created = join_all(many).await;
    let created = created.into_iter().flat_map(|made| made.expect("answered"));
    assert_eq!(created.count(), MAX_WEBHOOKS);
    let listed = store.list_webhooks(all()).await.expect("readable").items;
    assert_eq!(listed.len(), MAX_WEBHOOKS);
    let at = fixture.tick();
    let removal = AtWebhook {
        id: listed[3].id,
        at,
    };
    let removed = store.remove_webhook(Commit::new(removal)).await;
    assert!(removed.expect("removed"));
    add_webhook(store, &fixture, "another").await;
}

/// A change counts the version up; how a webhook fares stays, unless it is switched on again.
pub async fn a_webhook_is_changed(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let webhook = add_webhook(store, &fixture, "one").await;
    let other = new_webhook(&fixture, "other").settings;
    let old = (WebhookSecret::from_bytes([7; 32]), fixture.tick());
    let secrets = WebhookSecrets {
        current: WebhookSecret::from_bytes([8; 64]),
        old: Some(old),
    };
    let update = WebhookUpdate {
        id: webhook.id,
        settings: WebhookSettings {
            include_internal: true,
            types: Subscription::all(),
            ..other.clone()
        },
        disabled: None,
        secrets: Some(secrets.clone()),
        at: fixture.tick(),
    };
    let same = Versioned::Webhook(webhook.id).at(webhook.version);
    let commit = Commit::new(update.clone()).require(same.clone());
    let changed = store.update_webhook(commit.clone()).await.expect("changed");
    assert_eq!(changed.settings, update.settings);
    assert_eq!((changed.version, changed.updated_at), (2, update.at));
    assert_eq!(changed.starts_after, webhook.starts_after);
    let found = store.webhook_secrets(webhook.id).await.expect("readable");
    assert_eq!(found, Some(secrets));
    assert_stale(&store.update_webhook(commit).await, "another version");

    let last = happen(store, &fixture, 1).await[0];
    let off = switch(store, &fixture, &changed, Some(DisabledReason::Manual)).await;
    assert_eq!(off.disabled, Some(DisabledReason::Manual));
    let on = switch(store, &fixture, &off, None).await;
    assert_eq!((on.starts_after, on.version), (last, 4), "what was missed");
    let missing = WebhookUpdate {
        id: WebhookId::new(9_999),
        ..update
    };
    let missing = store.update_webhook(Commit::new(missing)).await;
    assert_stale(&missing, "a webhook that is not there");
}

/// What is removed is found nowhere, and goes little by little with its deliveries.
pub async fn a_removed_webhook_is_nowhere(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let webhook = add_webhook(store, &fixture, "one").await;
    let stays = add_webhook(store, &fixture, "two").await;
    let events = happen(store, &fixture, 3).await;
    queue(store, &fixture, webhook.id, &events).await;
    let delivery = deliveries(store, webhook.id).await[0].id;
    let (id, at) = (webhook.id, fixture.tick());
    let commit = || Commit::new(AtWebhook { id, at });
    let removed = store.remove_webhook(commit()).await;
    assert!(removed.expect("removed"));
    assert!(!store.remove_webhook(commit()).await.expect("answered"));
    assert_eq!(store.webhook(id).await.expect("readable"), None);
    assert_eq!(store.webhook_secrets(id).await.expect("readable"), None);
    let listed = store.list_webhooks(all()).await.expect("readable").items;
    assert_eq!(listed, [stays]);
    assert_eq!(deliveries(store, id).await, []);
    let found = store.delivery(id, delivery, 9).await.expect("readable");
    assert_eq!(found, None);
    assert_stale(&store.queue_ping(commit()).await, "a removed webhook");
    let state = store.delivery_position().await.expect("readable");
    assert_eq!(state.webhooks.len(), 1);
    let leased = store.lease_webhook(at, at.plus(Duration::from_secs(60)));
    assert_eq!(leased.await.expect("answered"), None);
    assert_eq!(purge(store, NOTHING, 2).await, 2, "two deliveries");
    assert_eq!(purge(store, NOTHING, 2).await, 2, "the third, and itself");
    assert_eq!(purge(store, NOTHING, 2).await, 0);
}

/// Deliveries are listed newest first, and filtered by each of their properties.
pub async fn deliveries_are_filtered(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let webhook = add_webhook(store, &fixture, "one").await;
    let other = add_webhook(store, &fixture, "two").await;
    let events = happen(store, &fixture, 3).await;
    queue(store, &fixture, webhook.id, &events[..2]).await;
    queue(store, &fixture, other.id, &events[2..]).await;
    let at = fixture.tick();
    let id = webhook.id;
    let ping = store.queue_ping(Commit::new(AtWebhook { id, at })).await;
    let ping = ping.expect("queued");
    assert_eq!((ping.kind, ping.created_at), (DeliveryKind::Ping, at));
    assert_eq!(
        (ping.state, ping.next_attempt_at),
        (DeliveryState::Pending, Some(at))
    );
    let all = deliveries(store, id).await;
    let kinds: Vec<_> = all.iter().map(|delivery| delivery.kind).collect();
    let sent = |event| DeliveryKind::Event(event, EventAction::MessageSent);
    assert_eq!(
        kinds,
        [sent(events[0]), sent(events[1]), DeliveryKind::Ping]
    );
    let found = store.delivery(id, ping.id, 9).await.expect("readable");
    assert_eq!(found, Some((ping.clone(), vec![])));
    let elsewhere = store.delivery(other.id, ping.id, 9).await;
    assert_eq!(elsewhere.expect("readable"), None);
    let none = DeliveryFilter::default();
    let count = async |filter| {
        let found = store.list_deliveries(id, filter, first(9)).await;
        found.expect("readable").items.len()
    };
    for (filter, expected) in [
        (none, 3),
        (
            DeliveryFilter {
                state: Some(DeliveryState::Pending),
                ..none
            },
            3,
        ),
        (
            DeliveryFilter {
                state: Some(DeliveryState::Failed),
                ..none
            },
            0,
        ),
        (
            DeliveryFilter {
                kind: Some("webhook.ping"),
                ..none
            },
            1,
        ),
        (
            DeliveryFilter {
                kind: Some("message.sent"),
                ..none
            },
            2,
        ),
        (
            DeliveryFilter {
                kind: Some("file.deleted"),
                ..none
            },
            0,
        ),
        (
            DeliveryFilter {
                since: Some(at),
                ..none
            },
            1,
        ),
        (
            DeliveryFilter {
                until: Some(at),
                ..none
            },
            2,
        ),
    ] {
        assert_eq!(count(filter).await, expected, "{filter:?}");
    }
}

/// A delivery that is retried is pending and due at once, whatever it was.
pub async fn a_delivery_is_retried(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let webhook = add_webhook(store, &fixture, "one").await;
    let other = add_webhook(store, &fixture, "two").await;
    let events = happen(store, &fixture, 1).await;
    queue(store, &fixture, webhook.id, &events).await;
    let off = switch(store, &fixture, &webhook, Some(DisabledReason::Gone)).await;
    let now = fixture.tick();
    let cancelled = store.cancel_undeliverable(now, 9).await;
    assert_eq!(cancelled.expect("answered"), 1);
    let delivery = deliveries(store, webhook.id).await.remove(0);
    assert_eq!(
        (delivery.state, delivery.next_attempt_at),
        (DeliveryState::Cancelled, None)
    );
    switch(store, &fixture, &off, None).await;
    let at = fixture.tick();
    let retry = |webhook, id| store.retry_delivery(Commit::new(RetryDelivery { webhook, id, at }));
    let retried = retry(webhook.id, delivery.id).await.expect("answered");
    let expected = WebhookDelivery {
        state: DeliveryState::Pending,
        next_attempt_at: Some(at),
        ..delivery.clone()
    };
    assert_eq!(retried, Some(expected.clone()));
    assert_eq!(deliveries(store, webhook.id).await, [expected]);
    assert_eq!(retry(other.id, delivery.id).await.expect("answered"), None);
    let missing = DeliveryId::new(9_999);
    assert_eq!(retry(webhook.id, missing).await.expect("answered"), None);
}

/// A replay queues what has no delivery, and once more what has ended.
pub async fn events_are_replayed(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let webhook = add_webhook(store, &fixture, "one").await;
    let events = happen(store, &fixture, 4).await;
    queue(store, &fixture, webhook.id, &events[..1]).await;
    let off = switch(store, &fixture, &webhook, Some(DisabledReason::Gone)).await;
    let cancelled = store.cancel_undeliverable(fixture.tick(), 9).await;
    assert_eq!(cancelled.expect("answered"), 1);
    switch(store, &fixture, &off, None).await;
    queue(store, &fixture, webhook.id, &events[1..2]).await;
    let at = fixture.tick();
    let replay = ReplayEvents {
        webhook: webhook.id,
        events: (events.iter())
            .map(|event| (*event, EventAction::MessageSent))
            .collect(),
        at,
    };
    let queued = store.replay_events(Commit::new(replay.clone())).await;
    assert_eq!(queued.expect("queued"), 3, "one was pending already");
    let again = store.replay_events(Commit::new(replay.clone())).await;
    assert_eq!(again.expect("queued"), 0);
    let found = deliveries(store, webhook.id).await;
    let told: Vec<_> = found.iter().filter_map(|each| each.kind.event()).collect();
    assert_eq!(told, events, "each once");
    assert!((found.iter()).all(|each| each.state == DeliveryState::Pending));
    assert_eq!(found[0].next_attempt_at, Some(at));
    // What the consumer of the log comes to later has a delivery already.
    queue(store, &fixture, webhook.id, &events[2..]).await;
    assert_eq!(deliveries(store, webhook.id).await, found);
    let missing = ReplayEvents {
        webhook: WebhookId::new(9_999),
        ..replay
    };
    let missing = store.replay_events(Commit::new(missing)).await;
    assert_stale(&missing, "a webhook that is not there");
}

/// What has arrived is kept for another time than what has not.
pub async fn old_deliveries_are_purged(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let webhook = add_webhook(store, &fixture, "one").await;
    let events = happen(store, &fixture, 2).await;
    queue(store, &fixture, webhook.id, &events).await;
    switch(store, &fixture, &webhook, Some(DisabledReason::Manual)).await;
    let end = fixture.tick();
    let cancelled = store.cancel_undeliverable(end, 1).await;
    assert_eq!(cancelled.expect("answered"), 1, "no more than the limit");
    let later = end.plus(Duration::from_micros(1));
    let arrived_long_ago = RetentionCutoffs {
        deliveries_arrived_before: later,
        deliveries_ended_before: end,
        ..NOTHING
    };
    assert_eq!(purge(store, arrived_long_ago, 9).await, 0);
    let ended_long_ago = RetentionCutoffs {
        deliveries_ended_before: later,
        ..NOTHING
    };
    assert_eq!(purge(store, ended_long_ago, 9).await, 1);
    let left = deliveries(store, webhook.id).await;
    assert_eq!(left.len(), 1, "what is pending stays");
}

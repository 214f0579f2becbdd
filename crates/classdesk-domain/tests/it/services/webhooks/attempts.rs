//! When a delivery is tried, and how often.

use classdesk_domain::error::{Conflict, Error};
use classdesk_domain::ids::EventId;
use classdesk_domain::webhooks::{Delivered, DeliveryState, DisabledReason, Replay, SendFailure};
use std::time::Duration;

use super::{WebhookFixture, reply, switched};

/// contract: webhooks.schedule
#[tokio::test]
async fn a_delivery_is_tried_ten_times_and_then_given_up() {
    let desk = WebhookFixture::open().await;
    let webhook = desk.create("*").await;
    desk.answers(Err(SendFailure::Timeout));
    desk.ticket().await;
    let start = desk.desk.fixture.now();
    let mut attempts = Vec::new();
    loop {
        let sent = desk.work().await;
        assert_eq!((sent.arrived, sent.failed), (0, 1));
        attempts.extend(desk.received());
        let delivery = desk.deliveries(webhook.id).await.remove(0);
        let Some(next) = delivery.next_attempt_at else {
            assert_eq!(delivery.state, DeliveryState::Failed);
            break;
        };
        let now = classdesk_domain::clock::Clock::now(&*desk.desk.clock);
        let a_moment_before = next.since(now).saturating_sub(Duration::from_micros(1));
        let is_paused = desk.webhook(webhook.id).await.health.paused_until;
        desk.desk.clock.advance(a_moment_before);
        assert_eq!(desk.work().await, Delivered::default(), "not yet");
        desk.desk.clock.advance(Duration::from_micros(1));
        if is_paused.is_some_and(|until| until > next) {
            desk.desk.clock.set(is_paused.expect("it is"));
        }
    }
    assert_eq!(attempts.len(), 10);
    assert!(attempts.iter().all(|body| *body == attempts[0]));
    let now = classdesk_domain::clock::Clock::now(&*desk.desk.clock);
    let hours = now.since(start).as_secs() / 3600;
    assert!((67..=84).contains(&hours), "{hours}");
    let admin = desk.admin();
    let id = desk.deliveries(webhook.id).await[0].id;
    let found = desk.desk.app.webhooks.delivery(&admin, webhook.id, id);
    let (delivery, attempts) = found.await.expect("there");
    assert_eq!((delivery.attempt_count, attempts.len()), (10, 10));
    assert_eq!(attempts[0].error, Some(SendFailure::Timeout));
    assert!(desk.webhook(webhook.id).await.is_active(), "only one event");
}

/// contract: webhooks.order
#[tokio::test]
async fn what_fails_does_not_hold_up_the_others() {
    let desk = WebhookFixture::open().await;
    desk.create("*").await;
    desk.answers(reply(500));
    desk.ticket().await;
    desk.work().await;
    let first = desk.received();
    desk.answers(reply(200));
    desk.ticket().await;
    desk.work().await;
    let second = desk.received();
    assert_ne!(first, second);
    desk.desk.clock.advance(Duration::from_secs(6));
    desk.work().await;
    assert_eq!(desk.received(), first, "in its own time");
}

/// contract: webhooks.schedule
#[tokio::test]
async fn a_webhook_that_keeps_failing_is_tried_once_a_minute() {
    let desk = WebhookFixture::open().await;
    let webhook = desk.create("*").await;
    desk.answers(reply(500));
    for _ in 0..8 {
        desk.ticket().await;
    }
    desk.work().await;
    assert_eq!(desk.received().len(), 5);
    assert_eq!(desk.work().await, Delivered::default());
    desk.desk.clock.advance(Duration::from_secs(60));
    assert_eq!(desk.work().await.failed, 1);
    let pinged = desk.desk.app.webhooks.ping(desk.admin(), webhook.id).await;
    pinged.expect("queued");
    desk.received();
    desk.work().await;
    assert_eq!(desk.received(), [format!("ping {}", webhook.id)], "at once");
}

/// contract: webhooks.disabled
#[tokio::test]
async fn a_receiver_that_is_gone_gets_nothing_more() {
    let desk = WebhookFixture::open().await;
    let webhook = desk.create("*").await;
    desk.answers(reply(410));
    desk.ticket().await;
    desk.ticket().await;
    let known = desk.desk.log_length().await;
    desk.work().await;
    assert_eq!(desk.received().len(), 1);
    let disabled = desk.webhook(webhook.id).await;
    assert_eq!(disabled.disabled, Some(DisabledReason::Gone));
    assert_eq!(disabled.version, 2);
    let log = desk.desk.log_after(known).await;
    assert_eq!(log[0].action.as_str(), "webhook.disabled");
    assert_eq!(
        (log[0].actor.clone(), log[0].object_id),
        (None, webhook.id.get())
    );
    desk.ticket().await;
    desk.work().await;
    let states = desk.deliveries(webhook.id).await;
    let states: Vec<_> = states.iter().map(|delivery| delivery.state).collect();
    assert_eq!(states, [DeliveryState::Cancelled, DeliveryState::Failed]);

    let webhooks = &desk.desk.app.webhooks;
    let replay = Replay::Events {
        after: EventId::new(0),
        until: None,
    };
    let refused = webhooks.replay(desk.admin(), webhook.id, replay).await;
    let inactive = |refused| matches!(refused, Error::Conflict(Conflict::WebhookInactive));
    assert!(inactive(refused.expect_err("it is disabled")));
    let delivery = desk.deliveries(webhook.id).await[0].id;
    let refused = webhooks.retry(desk.admin(), webhook.id, delivery).await;
    assert!(inactive(refused.expect_err("it is disabled")));
    desk.answers(reply(200));
    let changed = webhooks.change(desk.admin(), webhook.id, switched(true));
    changed.await.expect("changed");
    desk.work().await;
    assert_eq!(desk.received(), [""; 0], "what was missed is not sent");
    let queued = webhooks.replay(desk.admin(), webhook.id, replay).await;
    assert_eq!(queued.expect("queued"), 3);
    desk.work().await;
    assert_eq!(desk.received_types(), ["ticket.created"; 3]);
}

/// contract: webhooks.ping
#[tokio::test]
async fn a_ping_is_sent_once_and_ahead() {
    let desk = WebhookFixture::open().await;
    let webhook = desk.create("*").await;
    let webhooks = &desk.desk.app.webhooks;
    desk.ticket().await;
    let deliveries = &desk.desk.app.webhook_deliveries;
    deliveries.queue_events().await.expect("queued");
    webhooks
        .ping(desk.admin(), webhook.id)
        .await
        .expect("queued");
    desk.work().await;
    let ping = format!("ping {}", webhook.id);
    assert_eq!(desk.received()[0], ping);
    let off = webhooks.change(desk.admin(), webhook.id, switched(false));
    off.await.expect("changed");
    desk.answers(reply(410));
    webhooks
        .ping(desk.admin(), webhook.id)
        .await
        .expect("queued");
    desk.work().await;
    assert_eq!(desk.received(), [ping]);
    desk.desk.clock.advance(Duration::from_secs(100_000));
    assert_eq!(desk.work().await, Delivered::default(), "not again");
    let latest = desk.deliveries(webhook.id).await.remove(0);
    assert_eq!(latest.state, DeliveryState::Failed);
    let fares = desk.webhook(webhook.id).await;
    assert_eq!(fares.disabled, Some(DisabledReason::Manual));
    assert_eq!(fares.health.failures, 0);
}

#[tokio::test]
async fn a_delivery_is_sent_again_by_hand() {
    let desk = WebhookFixture::open().await;
    let webhook = desk.create("*").await;
    desk.ticket().await;
    desk.work().await;
    let first = desk.received();
    let id = desk.deliveries(webhook.id).await[0].id;
    let webhooks = &desk.desk.app.webhooks;
    let retried = webhooks.retry(desk.admin(), webhook.id, id).await;
    assert_eq!(retried.expect("queued").state, DeliveryState::Pending);
    desk.work().await;
    assert_eq!(desk.received(), first);
    assert_eq!(desk.deliveries(webhook.id).await[0].attempt_count, 2);
}

/// A process that dies in the midst of its work leaves nothing behind that is lost or doubled.
///
/// contract: webhooks.once
#[tokio::test]
async fn what_a_dead_process_held_is_sent_by_another() {
    let desk = WebhookFixture::open().await;
    let webhook = desk.create("*").await;
    desk.ticket().await;
    let deliveries = &desk.desk.app.webhook_deliveries;
    deliveries.queue_events().await.expect("queued");
    let dead = deliveries.lease().await.expect("answered");
    let dead = dead.expect("something is due");
    assert_eq!(deliveries.lease().await.expect("answered"), None);
    desk.desk.clock.advance(Duration::from_secs(60));
    assert_eq!(desk.work().await.arrived, 1);
    let late = deliveries.deliver(dead, || false).await.expect("nothing");
    assert_eq!(late, Delivered::default());
    assert_eq!(desk.received().len(), 1);
    assert_eq!(desk.deliveries(webhook.id).await.len(), 1);
}

#[tokio::test]
async fn a_process_that_stops_begins_no_other_request() {
    let desk = WebhookFixture::open().await;
    desk.create("*").await;
    for _ in 0..3 {
        desk.ticket().await;
    }
    let deliveries = &desk.desk.app.webhook_deliveries;
    deliveries.queue_events().await.expect("queued");
    let lease = deliveries.lease().await.expect("answered").expect("due");
    let receiver = desk.receiver.clone();
    let has_one = || !receiver.requests.lock().expect("no panic").is_empty();
    let sent = deliveries.deliver(lease, has_one).await.expect("sent");
    assert_eq!(sent.arrived, 1);
    assert_eq!(desk.work().await.arrived, 2, "others go on at once");
}

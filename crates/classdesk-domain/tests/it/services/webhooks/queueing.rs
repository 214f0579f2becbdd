//! Which events are queued for a webhook.

use classdesk_domain::clock::Clock;
use classdesk_domain::ids::EventId;
use classdesk_domain::webhooks::{Delivered, DeliveryState, Replay, WebhookChange};
use std::time::Duration;

use super::{WebhookFixture, reply};

/// contract: webhooks.order, webhooks.types
#[tokio::test]
async fn events_arrive_in_the_order_of_the_log() {
    let desk = WebhookFixture::open().await;
    desk.ticket().await;
    let tickets = desk.create("ticket.*").await;
    let created = desk.ticket().await;
    desk.note(created, false).await;
    let all = desk.create("*").await;
    desk.note(created, false).await;
    let sent = desk.work().await;
    assert_eq!((sent.arrived, sent.failed), (4, 0));
    let requests: Vec<_> = desk.receiver.requests.lock().expect("no panic").clone();
    assert!(
        requests
            .iter()
            .all(|request| request.id.starts_with("evt_"))
    );
    assert_eq!(
        desk.received_types(),
        [
            "ticket.created",
            "ticket.message_added",
            "ticket.message_added",
            "ticket.message_added"
        ]
    );
    let of_all = desk.deliveries(all.id).await;
    assert_eq!(of_all.len(), 1, "what was before it is not for it");
    assert_eq!(of_all[0].state, DeliveryState::Delivered);
    assert_eq!(desk.deliveries(tickets.id).await.len(), 3);
    assert_eq!(desk.work().await, Delivered::default());
    let fares = desk.webhook(tickets.id).await.health;
    assert_eq!((fares.failures, fares.failing_since), (0, None));
    assert!(fares.last_success_at.is_some());
}

/// A webhook that comes into being while the log is looked at misses nothing from then on.
///
/// contract: webhooks.order
#[tokio::test]
async fn a_new_webhook_gets_what_happens_while_the_log_is_read() {
    let desk = WebhookFixture::open().await;
    desk.create("*").await;
    desk.log.shut();
    let deliveries = &desk.desk.app.webhook_deliveries;
    let meanwhile = async {
        desk.log.somebody_waits().await;
        let new = desk.create("*").await;
        desk.ticket().await;
        desk.log.open();
        new
    };
    let (queued, new) = tokio::join!(deliveries.queue_events(), meanwhile);
    queued.expect("queued");
    desk.work().await;
    assert_eq!(desk.deliveries(new.id).await.len(), 1);
}

/// contract: webhooks.internal
#[tokio::test]
async fn internal_notes_need_the_flag() {
    let desk = WebhookFixture::open().await;
    let plain = desk.create("*").await;
    let ticket = desk.ticket().await;
    desk.note(ticket, true).await;
    desk.work().await;
    assert_eq!(desk.received_types(), ["ticket.created"]);
    let change = |include_internal| WebhookChange {
        include_internal: Some(include_internal),
        ..WebhookChange::default()
    };
    let webhooks = &desk.desk.app.webhooks;
    let changed = webhooks.change(desk.admin(), plain.id, change(true)).await;
    changed.expect("changed");
    desk.note(ticket, true).await;
    desk.work().await;
    assert_eq!(desk.received_types(), ["ticket.message_added"]);

    // The flag is asked once more when an event is sent.
    desk.answers(reply(500));
    desk.note(ticket, true).await;
    desk.work().await;
    let changed = webhooks.change(desk.admin(), plain.id, change(false)).await;
    changed.expect("changed");
    desk.received();
    desk.desk.clock.advance(Duration::from_secs(60));
    desk.work().await;
    assert_eq!(desk.received(), [""; 0]);
    let state = desk.deliveries(plain.id).await[0].state;
    assert_eq!(state, DeliveryState::Cancelled);
}

/// contract: webhooks.replay
#[tokio::test]
async fn a_part_of_the_log_is_sent_once_more() {
    let desk = WebhookFixture::open().await;
    desk.ticket().await;
    let webhook = desk.create("ticket.created").await;
    let mut times = Vec::new();
    for _ in 0..3 {
        desk.desk.clock.advance(Duration::from_secs(60));
        times.push(Clock::now(&*desk.desk.clock));
        let ticket = desk.ticket().await;
        desk.note(ticket, false).await;
    }
    desk.work().await;
    let sent = desk.received();
    let ids: Vec<_> = (desk.receiver.requests.lock()).expect("no panic").clone();
    assert!(ids.is_empty());
    let webhooks = &desk.desk.app.webhooks;
    let replay = async |replay| {
        let queued = webhooks.replay(desk.admin(), webhook.id, replay).await;
        let queued = queued.expect("queued");
        desk.work().await;
        (queued, desk.received())
    };
    let (since, until) = (times[1], Some(times[2]));
    let of_time = replay(Replay::Times { since, until }).await;
    assert_eq!(of_time, (1, sent[1..2].to_vec()));
    let since_then = replay(Replay::Times { since, until: None }).await;
    assert_eq!(since_then, (2, sent[1..].to_vec()));
    let everything = Replay::Events {
        after: EventId::new(0),
        until: None,
    };
    let (queued, received) = replay(everything).await;
    assert_eq!(queued, 4, "with the one before it was there");
    assert_eq!(received.len(), 4);
    let second: i64 = sent[0]
        .split(' ')
        .next()
        .expect("an id")
        .parse()
        .expect("a number");
    let up_to_one = Replay::Events {
        after: EventId::new(second - 1),
        until: Some(EventId::new(second)),
    };
    assert_eq!(replay(up_to_one).await, (1, sent[..1].to_vec()));
}

/// How long the oldest event waits that the queue does not have yet.
#[tokio::test]
async fn what_is_not_queued_yet_is_told_by_its_time() {
    let desk = WebhookFixture::open().await;
    let deliveries = &desk.desk.app.webhook_deliveries;
    let behind = async || deliveries.behind_since().await.expect("told");
    desk.ticket().await;
    assert_eq!(behind().await, None, "there is no webhook");
    desk.create("*").await;
    assert_eq!(behind().await, None, "it gets what comes");
    let began = Clock::now(&*desk.desk.clock);
    desk.ticket().await;
    desk.desk.clock.advance(Duration::from_secs(60));
    desk.ticket().await;
    assert_eq!(behind().await, Some(began));
    desk.work().await;
    assert_eq!(behind().await, None, "all is queued");
}

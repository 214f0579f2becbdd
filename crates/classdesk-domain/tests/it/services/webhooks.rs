//! Managing webhooks, and bringing events to them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use classdesk_domain::error::{Conflict, Error};
use classdesk_domain::events::{EventFilter, EventLog, EventPage, EventRange, Horizon, TailEvent};
use classdesk_domain::ids::{EventId, TicketId, WebhookId};
use classdesk_domain::paging::PageRequest;
use classdesk_domain::people::Actor;
use classdesk_domain::policy::AccessScope;
use classdesk_domain::store::StoreError;
use classdesk_domain::text::{Description, MessageText, Title};
use classdesk_domain::tickets::{NewTicket, NewTicketMessage, TicketCategory, TicketPriority};
use classdesk_domain::validation::FieldError;
use classdesk_domain::webhooks::{
    Delivered, DeliveryFilter, DeliveryState, DisabledReason, OldFor, Replay, Reply, SendFailure,
    SendResult, Subscription, Webhook, WebhookChange, WebhookDelivery, WebhookFormat,
    WebhookMessage, WebhookRequest, WebhookSender, WebhookSettings, WebhookUrl,
};

use tokio::sync::oneshot;

use super::support::{AppFixture, only_for, word};

/// Takes requests, and answers as it is told.
struct Receiver {
    requests: Mutex<Vec<WebhookRequest>>,
    answer: Mutex<SendResult>,
}

fn reply(status: u16) -> SendResult {
    Ok(Reply {
        status,
        retry_after: None,
        text: "said".to_owned(),
    })
}

#[async_trait]
impl WebhookSender for Receiver {
    async fn check(&self, url: &WebhookUrl) -> Result<(), FieldError> {
        match url.as_str().starts_with("https://") {
            true => Ok(()),
            false => Err(FieldError::WebhookAddress),
        }
    }

    async fn send(&self, request: WebhookRequest) -> SendResult {
        self.requests.lock().expect("no panic").push(request);
        self.answer.lock().expect("no panic").clone()
    }
}

/// Writes the ids of what is sent.
struct Ids;

impl WebhookFormat for Ids {
    fn body(&self, message: WebhookMessage<'_>) -> Vec<u8> {
        match message {
            WebhookMessage::Event(event) => format!("{} {}", event.id(), event.line.action),
            WebhookMessage::Ping { webhook, .. } => format!("ping {webhook}"),
        }
        .into_bytes()
    }
}

/// A log of which one look waits when it is told to.
struct HeldLog {
    log: Arc<dyn EventLog>,
    next_look: Mutex<Option<(oneshot::Sender<()>, oneshot::Receiver<()>)>>,
}

impl HeldLog {
    /// Lets the next look wait. The first channel tells that it has begun, the second lets it go on.
    fn hold(&self) -> (oneshot::Receiver<()>, oneshot::Sender<()>) {
        let ((begins, begun), (go_on, goes_on)) = (oneshot::channel(), oneshot::channel());
        *self.next_look.lock().expect("no panic") = Some((begins, goes_on));
        (begun, go_on)
    }
}

#[async_trait]
impl EventLog for HeldLog {
    async fn horizon(&self) -> Result<Horizon, StoreError> {
        let held = self.next_look.lock().expect("no panic").take();
        if let Some((begins, goes_on)) = held {
            begins.send(()).expect("somebody waits");
            goes_on.await.expect("it goes on");
        }
        self.log.horizon().await
    }

    async fn visible_events(
        &self,
        scope: AccessScope,
        filter: EventFilter,
        range: EventRange,
        limit: u32,
    ) -> Result<EventPage, StoreError> {
        self.log.visible_events(scope, filter, range, limit).await
    }

    async fn tail(&self, range: EventRange, limit: u32) -> Result<Vec<TailEvent>, StoreError> {
        self.log.tail(range, limit).await
    }
}

/// A desk with a receiver outside.
struct WebhookFixture {
    desk: AppFixture,
    log: Arc<HeldLog>,
    receiver: Arc<Receiver>,
}

impl WebhookFixture {
    async fn open() -> Self {
        let receiver = Arc::new(Receiver {
            requests: Mutex::default(),
            answer: Mutex::new(reply(204)),
        });
        let sender = receiver.clone();
        let mut held = None;
        let desk = AppFixture::open_with(|_, ports| {
            *ports = ports.clone().with_webhooks(sender, Arc::new(Ids));
            let log = Arc::new(HeldLog {
                log: ports.log.clone(),
                next_look: Mutex::default(),
            });
            ports.log = log.clone();
            held = Some(log);
        });
        Self {
            desk: desk.await,
            log: held.expect("the ports were prepared"),
            receiver,
        }
    }

    fn admin(&self) -> Actor {
        self.desk.fixture.admin
    }

    async fn create(&self, types: &str) -> Webhook {
        let created = self.desk.app.webhooks.create(self.admin(), settings(types));
        created.await.expect("created").0
    }

    async fn webhook(&self, id: WebhookId) -> Webhook {
        let found = self.desk.app.webhooks.get(&self.admin(), id).await;
        found.expect("there")
    }

    async fn ticket(&self) -> TicketId {
        let new = NewTicket {
            title: Title::parse("Secret title").expect("a title"),
            description: Description::empty(),
            priority: TicketPriority::Low,
            category: TicketCategory::General,
        };
        let tickets = &self.desk.app.tickets;
        let ticket = tickets.create(self.desk.fixture.client, new).await;
        ticket.expect("created").id
    }

    async fn note(&self, ticket: TicketId, is_internal: bool) {
        let new = NewTicketMessage {
            text: MessageText::parse("Secret text").expect("a text"),
            is_internal,
        };
        let added = self.desk.app.tickets.add_message(self.admin(), ticket, new);
        added.await.expect("added");
    }

    fn answers(&self, answer: SendResult) {
        *self.receiver.answer.lock().expect("no panic") = answer;
    }

    /// Queues what happened and sends what is due.
    async fn work(&self) -> Delivered {
        let deliveries = &self.desk.app.webhook_deliveries;
        while deliveries.queue_events().await.expect("queued") {}
        let mut all = Delivered::default();
        while let Some(lease) = deliveries.lease().await.expect("answered") {
            let sent = deliveries.deliver(lease, || false).await.expect("sent");
            all.arrived += sent.arrived;
            all.failed += sent.failed;
        }
        all
    }

    /// The bodies that arrived since the last look.
    fn received(&self) -> Vec<String> {
        let mut requests = self.receiver.requests.lock().expect("no panic");
        let requests = requests.drain(..);
        requests
            .map(|request| String::from_utf8(request.body).expect("text"))
            .collect()
    }

    /// What happened, of each body.
    fn received_types(&self) -> Vec<String> {
        let bodies = self.received();
        let types = bodies.iter().filter_map(|body| body.split_once(' '));
        types.map(|(_, word)| word.to_owned()).collect()
    }

    async fn deliveries(&self, id: WebhookId) -> Vec<WebhookDelivery> {
        let (admin, all) = (self.admin(), DeliveryFilter::default());
        let webhooks = &self.desk.app.webhooks;
        let found = webhooks.deliveries(&admin, id, all, PageRequest::default());
        found.await.expect("there").items
    }
}

fn settings(types: &str) -> WebhookSettings {
    WebhookSettings {
        url: WebhookUrl::from_stored("https://hooks.example/a?key=b".to_owned()),
        types: Subscription::parse(types.split(' ').map(str::to_owned).collect()).expect("types"),
        include_internal: false,
        description: Description::empty(),
    }
}

fn switched(is_active: bool) -> WebhookChange {
    WebhookChange {
        is_active: Some(is_active),
        ..WebhookChange::default()
    }
}

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
    let (begun, go_on) = desk.log.hold();
    let deliveries = &desk.desk.app.webhook_deliveries;
    let meanwhile = async {
        begun.await.expect("a look begins");
        let new = desk.create("*").await;
        desk.ticket().await;
        go_on.send(()).expect("the look waits");
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

/// contract: webhooks.replay
#[tokio::test]
async fn a_part_of_the_log_is_sent_once_more() {
    let desk = WebhookFixture::open().await;
    desk.ticket().await;
    let webhook = desk.create("ticket.created").await;
    let mut times = Vec::new();
    for _ in 0..3 {
        desk.desk.clock.advance(Duration::from_secs(60));
        times.push(classdesk_domain::clock::Clock::now(&*desk.desk.clock));
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

/// contract: webhooks.rotation
#[tokio::test]
async fn both_secrets_sign_while_one_takes_the_place_of_the_other() {
    let desk = WebhookFixture::open().await;
    let webhooks = &desk.desk.app.webhooks;
    let created = webhooks.create(desk.admin(), settings("*")).await;
    let (webhook, old) = created.expect("created");
    let hours = |hours| OldFor::hours(hours).expect("hours");
    let rotated = webhooks
        .rotate_secret(desk.admin(), webhook.id, hours(2))
        .await;
    let new = rotated.expect("rotated");
    let again = webhooks
        .rotate_secret(desk.admin(), webhook.id, hours(0))
        .await;
    let again = again.expect_err("one is under way");
    assert!(matches!(again, Error::Conflict(Conflict::SecretRotating)));
    let signatures = async || {
        desk.ticket().await;
        desk.work().await;
        let requests: Vec<_> = (desk.receiver.requests.lock())
            .expect("no panic")
            .drain(..)
            .collect();
        let request = &requests[0];
        let by = [&new.secret, &old].map(|secret| {
            let signed = secret.sign(&request.id, request.timestamp, &request.body);
            request.signature.split(' ').any(|one| one == signed)
        });
        (by, request.signature.split(' ').count())
    };
    assert_eq!(signatures().await, ([true, true], 2));
    desk.desk.clock.advance(Duration::from_secs(2 * 60 * 60));
    assert_eq!(signatures().await, ([true, false], 1));
    let rotated = webhooks
        .rotate_secret(desk.admin(), webhook.id, hours(0))
        .await;
    assert_eq!(rotated.expect("rotated").old_valid_until, None);
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

/// contract: webhooks.audit
#[tokio::test]
async fn the_log_tells_of_webhooks_without_their_secrets() {
    let desk = WebhookFixture::open().await;
    let known = desk.desk.log_length().await;
    let webhooks = &desk.desk.app.webhooks;
    let admin = desk.admin();
    let (webhook, secret) = webhooks
        .create(admin, settings("*"))
        .await
        .expect("created");
    let change = WebhookChange {
        url: Some(WebhookUrl::from_stored(
            "https://b.example/?key=c".to_owned(),
        )),
        is_active: Some(false),
        ..WebhookChange::default()
    };
    let id = webhook.id;
    webhooks
        .change(admin, id, change.clone())
        .await
        .expect("changed");
    let unchanged = webhooks.change(admin, id, change).await;
    assert_eq!(unchanged.expect("nothing new").version, 2);
    webhooks
        .change(admin, id, switched(true))
        .await
        .expect("on");
    let hours = OldFor::hours(0).expect("hours");
    webhooks
        .rotate_secret(admin, id, hours)
        .await
        .expect("rotated");
    webhooks.remove(admin, id).await.expect("removed");
    let told = [
        "webhook.created",
        "webhook.changed",
        "webhook.disabled",
        "webhook.enabled",
        "webhook.secret_rotated",
        "webhook.removed",
    ];
    assert_eq!(desk.desk.told_after(known).await, told);
    let log = format!("{:?}", desk.desk.log_after(known).await);
    assert!(log.contains("https://b.example"), "{log}");
    for secret in ["key=", &secret.expose(), "/a?"] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
    let gone = webhooks.get(&admin, id).await;
    assert!(matches!(gone, Err(Error::NotFound)));
}

/// contract: webhooks.manage
#[tokio::test]
async fn only_administrators_manage_webhooks() {
    let desk = WebhookFixture::open().await;
    let webhook = desk.create("*").await;
    let webhooks = &desk.desk.app.webhooks;
    for actor in desk.desk.fixture.everybody() {
        let expected = match actor.role.as_str() {
            "admin" | "superadmin" => "ok",
            _ => "not allowed",
        };
        let found = word(webhooks.get(&actor, webhook.id).await);
        assert_eq!(found, expected, "{actor:?}");
        let created = word(webhooks.create(actor, settings("*")).await);
        assert_eq!(created, expected, "{actor:?}");
    }
    let inside = WebhookSettings {
        url: WebhookUrl::from_stored("http://localhost/".to_owned()),
        ..settings("*")
    };
    let refused = word(webhooks.create(desk.admin(), inside).await);
    assert_eq!(refused, "url:webhook_address");
    let stale = only_for(desk.admin(), 7);
    let refused = webhooks.change(stale, webhook.id, switched(false)).await;
    assert!(matches!(refused, Err(Error::PreconditionFailed)));
}

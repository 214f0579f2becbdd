//! Managing webhooks, and bringing events to them.

mod attempts;
mod managing;
mod queueing;

use async_trait::async_trait;
use classdesk_domain::ids::{TicketId, WebhookId};
use classdesk_domain::paging::PageRequest;
use classdesk_domain::people::Actor;
use classdesk_domain::text::{Description, MessageText, Title};
use classdesk_domain::tickets::{NewTicket, NewTicketMessage, TicketCategory, TicketPriority};
use classdesk_domain::validation::FieldError;
use classdesk_domain::webhooks::{
    Delivered, DeliveryFilter, Reply, SendResult, Subscription, Webhook, WebhookChange,
    WebhookDelivery, WebhookFormat, WebhookMessage, WebhookRequest, WebhookSender, WebhookSettings,
    WebhookUrl,
};
use classdesk_memory::GatedLog;
use std::sync::{Arc, Mutex};

use super::support::AppFixture;

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

/// A desk with a receiver outside.
struct WebhookFixture {
    desk: AppFixture,
    log: Arc<GatedLog>,
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
            let log = Arc::new(GatedLog::new(ports.log.clone()));
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

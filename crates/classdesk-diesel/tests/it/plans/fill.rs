//! A store with several of everything, so that no read ends early for want of rows.

use std::time::Duration;

use classdesk_conformance::Fixture;
use classdesk_conformance::fixture::login_attempt;
use classdesk_domain::api_keys::{InsertApiKey, NewApiKey};
use classdesk_domain::blobs::{BlobPurpose, StorageKey};
use classdesk_domain::events::{DomainEvent, NewEvent};
use classdesk_domain::files::Visibility;
use classdesk_domain::ids::{
    ApiKeyId, BlobId, DeliveryId, FileId, MessageAttachmentId, MessageId, ThreadId,
    TicketAttachmentId, TicketId, TicketMessageId, WebhookId,
};
use classdesk_domain::people::{Access, Actor, NewSession, PasswordHash, TokenHash};
use classdesk_domain::store::{Commit, Store};
use classdesk_domain::text::{Description, KeyName};
use classdesk_domain::threads::ReadMark;
use classdesk_domain::tickets::InsertTicketAttachment;
use classdesk_domain::webhooks::{
    AtWebhook, InsertWebhook, Subscription, WebhookSecret, WebhookSettings, WebhookUrl,
};

/// The ids to look things up by, each of the last that was made.
pub(crate) struct Filled {
    pub(super) fixture: Fixture,
    pub(super) thread: ThreadId,
    pub(super) message: MessageId,
    pub(super) attachment: MessageAttachmentId,
    pub(super) ticket: TicketId,
    pub(super) note: TicketMessageId,
    pub(super) ticket_attachment: TicketAttachmentId,
    pub(super) file: FileId,
    pub(super) token: TokenHash,
    pub(super) blob: BlobId,
    pub(super) key: StorageKey,
    pub(super) api_key: ApiKeyId,
    pub(super) webhook: WebhookId,
    pub(super) delivery: DeliveryId,
}

impl Filled {
    /// Puts `count` of everything into a store.
    pub(super) async fn with(store: &dyn Store, count: u8) -> Self {
        let fixture = Fixture::create(store).await;
        let both = [fixture.client, fixture.writer];
        let thread = fixture.add_thread(store, &both).await.thread.id;
        let ticket = fixture
            .add_ticket(store, fixture.client, Some(fixture.subject()))
            .await
            .id;
        let key = fixture.fresh_key(BlobPurpose::BundleFile);
        let mut filled = Self {
            thread,
            message: MessageId::new(0),
            attachment: MessageAttachmentId::new(0),
            ticket,
            note: TicketMessageId::new(0),
            ticket_attachment: TicketAttachmentId::new(0),
            file: FileId::new(0),
            token: TokenHash::from_bytes([0; 32]),
            blob: BlobId::new(0),
            key,
            api_key: ApiKeyId::new(0),
            webhook: WebhookId::new(0),
            delivery: DeliveryId::new(0),
            fixture,
        };
        for round in 0..count {
            filled.add_one(store, round).await;
        }
        // Whoever reads first opens a connection, which takes statements too.
        assert!(store.any_user().await.unwrap());
        filled
    }

    /// Somebody for each way to see things.
    pub(super) const fn viewers(&self) -> [Actor; 3] {
        [self.fixture.admin, self.fixture.client, self.fixture.writer]
    }

    async fn add_one(&mut self, store: &dyn Store, round: u8) {
        let fixture = &self.fixture;
        let (client, writer) = (fixture.client, fixture.writer);
        fixture.add_bundle(store, client, Some(writer)).await;
        let another = fixture.add_thread(store, &[client, writer]).await.thread.id;
        // The last message of each thread has a file and is read, so that a page of any size has
        // both.
        for thread in [another, self.thread] {
            let mut message = fixture.new_message(thread, writer);
            let purpose = BlobPurpose::MessageAttachment;
            let upload = fixture.add_upload(store, writer, purpose).await;
            self.blob = upload.blob;
            message.attachment = Some(upload);
            let posted = store.post_message(Commit::new(message)).await.unwrap();
            self.message = posted.0;
            self.attachment = posted.1.unwrap();
            let mark = ReadMark {
                thread,
                user: client.id,
                up_to: None,
                at: fixture.tick(),
            };
            assert!(store.mark_read(Commit::new(mark)).await.unwrap());
        }
        for requester in [client, writer] {
            fixture.add_ticket(store, requester, None).await;
        }
        self.note = fixture
            .add_note(store, self.ticket, fixture.admin, false)
            .await;
        let attachment = InsertTicketAttachment {
            ticket: self.ticket,
            upload: fixture
                .add_upload(store, client, BlobPurpose::TicketAttachment)
                .await,
            is_internal: false,
            uploaded_at: fixture.tick(),
        };
        let attached = store.attach_to_ticket(Commit::new(attachment)).await;
        self.ticket_attachment = attached.unwrap().id;
        let to_both = Visibility {
            to_client: true,
            to_writer: true,
        };
        let webhook = InsertWebhook {
            settings: WebhookSettings {
                url: WebhookUrl::from_stored("https://hooks.example/".to_owned()),
                types: Subscription::all(),
                include_internal: false,
                description: Description::empty(),
            },
            secret: WebhookSecret::from_bytes([7; 32]),
            created_by: fixture.admin.id,
            created_at: fixture.tick(),
        };
        if let Some(webhook) = store.create_webhook(Commit::new(webhook)).await.unwrap() {
            self.webhook = webhook.id;
        }
        for _ in 0..2 {
            let (id, at) = (self.webhook, fixture.tick());
            let ping = store.queue_ping(Commit::new(AtWebhook { id, at })).await;
            self.delivery = ping.unwrap().id;
        }
        self.file = fixture.add_file(store, fixture.admin, to_both).await.id;
        for (number, person) in self.viewers().into_iter().enumerate() {
            let mut token = [round; 32];
            token[0] = u8::try_from(number).unwrap();
            self.token = TokenHash::from_bytes(token);
            let key = InsertApiKey {
                owner: person.id,
                key: NewApiKey {
                    name: KeyName::parse("CRM").unwrap(),
                    access: Access::Read,
                    act_as: false,
                    expires_at: None,
                },
                token: self.token,
                created_at: self.fixture.now(),
            };
            let key = store.create_api_key(Commit::new(key)).await.unwrap();
            self.api_key = key.expect("there is room").id;
            let session = NewSession {
                user: person.id,
                token: self.token,
                created_at: self.fixture.now(),
                expires_at: self.fixture.now().plus(Duration::from_secs(1_000_000)),
                address: None,
                user_agent: None,
                upgraded_hash: None,
                verified_hash: PasswordHash::new(format!("hash of {}", person.role.as_str())),
                attempt: login_attempt("somebody", 1, self.fixture.now()),
            };
            let event = NewEvent::new(
                self.fixture.now(),
                Some(person.id),
                DomainEvent::SessionStarted { user: person.id },
            );
            let commit = Commit::new(session).with_event(event);
            store.start_session(commit).await.unwrap();
        }
    }
}

//! Everything that a request looks up or counts beside its lists.

use classdesk_domain::ExternalId;
use classdesk_domain::people::LoginName;
use classdesk_domain::subjects::SubjectKind;

use super::Exception::Nothing;
use super::reads::Reads;

impl Reads<'_> {
    pub(super) async fn every_lookup(&mut self) {
        let (store, who, scope) = (self.store, self.who.id, self.scope);
        let filled = self.filled;
        let fixture = &filled.fixture;
        self.find("user", store.user(who)).await;
        let id = ExternalId::parse("crm/7").unwrap();
        let found = store.user_by_external_id(&id);
        self.note("user by external id", Nothing, found).await;
        let kind = SubjectKind::CLASS_BUNDLE;
        let found = store.subject_by_external_id(&kind, &id);
        self.note("subject by external id", Nothing, found).await;
        let next = store.next_object_id(&kind);
        self.note("next number of a kind", Nothing, next).await;
        let both = [fixture.client.id, fixture.writer.id];
        self.note("users by id", Nothing, store.users(&both)).await;
        self.note("any user", Nothing, store.any_user()).await;
        for login in ["client", "client@example.com"] {
            self.find("login", store.credentials(&LoginName::new(login)))
                .await;
        }
        self.find("password", store.credentials_of(who)).await;
        let assignments = store.assignments(who, 10);
        self.note("assignments", Nothing, assignments).await;
        // A session is remembered for a moment; noting its use makes it read anew.
        let session = store.session(&filled.token).await.unwrap().unwrap().session;
        let noted = store.touch_session(session.id, session.last_used_at);
        noted.await.unwrap();
        self.find("session", store.session(&filled.token)).await;
        self.find("key", store.api_key_with_token(&filled.token))
            .await;
        self.find("key by id", store.api_key(filled.api_key)).await;
        let named = [filled.api_key];
        self.note("named keys", Nothing, store.api_keys(&named))
            .await;
        self.find("subject", store.subject(&fixture.subject()))
            .await;
        self.find("bundle", store.bundle(fixture.bundle, scope))
            .await;
        self.find("bundle detail", store.bundle_detail(fixture.bundle, scope))
            .await;
        self.find("thread facts", store.thread_context(filled.thread, who))
            .await;
        self.find("thread", store.thread(filled.thread, scope))
            .await;
        let (recipient, reply_to) = (Some(fixture.writer.id), Some(filled.message));
        let facts = store.post_context(filled.thread, who, recipient, reply_to);
        self.find("post facts", facts).await;
        self.find("message facts", store.message_context(filled.message, who))
            .await;
        self.find("message", store.message(filled.message, scope))
            .await;
        let attachment = store.message_attachment(filled.message, who);
        self.find("message attachment", attachment).await;
        self.find("ticket", store.ticket(filled.ticket, scope))
            .await;
        self.find("ticket message", store.ticket_message(filled.note))
            .await;
        let attachment = store.ticket_attachment(filled.ticket, filled.ticket_attachment, scope);
        self.find("ticket attachment", attachment).await;
        self.find("file", store.file(fixture.bundle, filled.file))
            .await;
        self.find("webhook", store.webhook(filled.webhook)).await;
        self.find("webhook secrets", store.webhook_secrets(filled.webhook))
            .await;
        self.find(
            "delivery",
            store.delivery(filled.webhook, filled.delivery, 2),
        )
        .await;
        let due = store.due_deliveries(filled.webhook, fixture.now(), 2);
        self.note("due deliveries", Nothing, due).await;
        for after in [None, Some(filled.blob)] {
            self.note("blobs", Nothing, store.list_blobs(after, 2))
                .await;
        }
        let keys = [filled.key.clone()];
        self.note("known keys", Nothing, store.known_keys(&keys))
            .await;
        self.note("ping", Nothing, store.ping()).await;
    }
}

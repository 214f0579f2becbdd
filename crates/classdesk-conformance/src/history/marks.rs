//! Marks that are the same mean that everything looks the same.

use classdesk_domain::changes::{ChangeMark, ChangeScope};
use classdesk_domain::ids::{BundleId, ThreadId, TicketId, UserId};
use classdesk_domain::paging::{Limit, PageRequest};
use classdesk_domain::policy::AccessScope;
use classdesk_domain::subjects::SubjectRef;
use classdesk_domain::threads::MessageQuery;

use super::changes::order;
use super::side::Side;

/// Everything that is looked at in one step.
const WHOLE: PageRequest = PageRequest {
    limit: Limit::GREATEST,
    after: None,
};

/// A scope with the mark that was given before it was looked at.
pub(super) struct Seen {
    pub(super) scope: ChangeScope,
    pub(super) mark: ChangeMark,
    /// What there was, for one viewer after the other.
    pub(super) looks: Vec<(UserId, String)>,
}

impl Side<'_> {
    /// Every scope there is, as people of different places see it.
    pub(super) async fn see_scopes(&mut self) -> Vec<Seen> {
        let bundles = self.numbers.all::<BundleId>();
        let bundles = bundles.map(|id| ChangeScope::Subject(SubjectRef::bundle(id)));
        let orders = (1..6).map(|number| ChangeScope::Subject(order(number)));
        let threads = self.numbers.all::<ThreadId>().map(ChangeScope::Thread);
        let tickets = self.numbers.all::<TicketId>().map(ChangeScope::Ticket);
        let scopes: Vec<_> = bundles
            .chain(orders)
            .chain(threads)
            .chain(tickets)
            .collect();
        let mut seen = Vec::new();
        for scope in scopes {
            // Where there is no mark, there is nothing to compare.
            if let Some(mark) = self.store.mark(&scope).await {
                let looks = self.looks_at(&scope).await;
                seen.push(Seen { scope, mark, looks });
            }
        }
        seen
    }

    async fn looks_at(&self, scope: &ChangeScope) -> Vec<(UserId, String)> {
        let fixture = self.fixture();
        let mut looks = Vec::new();
        for viewer in [
            fixture.editor,
            fixture.client,
            fixture.writer,
            fixture.other_client,
            fixture.other_writer,
        ] {
            let sees = AccessScope::of(&viewer);
            let look = match scope {
                ChangeScope::Subject(subject) => self.see_subject(subject, sees).await,
                ChangeScope::Thread(thread) => self.see_thread(*thread, sees).await,
                ChangeScope::Ticket(ticket) => self.see_ticket(*ticket, sees).await,
            };
            looks.push((viewer.id, look));
        }
        looks
    }

    async fn see_subject(&self, subject: &SubjectRef, viewer: AccessScope) -> String {
        let found = self.tell("subject", self.store.subject(subject).await);
        match subject.as_bundle() {
            Some(id) => found + &self.tell("detail", self.store.bundle_detail(id, viewer).await),
            None => found,
        }
    }

    async fn see_thread(&self, thread: ThreadId, viewer: AccessScope) -> String {
        let query = MessageQuery {
            thread,
            scope: viewer,
            after: None,
            before: None,
        };
        let found = self.store.list_messages(query, WHOLE).await;
        self.tell("list_messages", found)
    }

    async fn see_ticket(&self, id: TicketId, viewer: AccessScope) -> String {
        let store = self.store;
        [
            self.tell("ticket", store.ticket(id, viewer).await),
            self.tell("notes", store.list_ticket_messages(id, viewer, WHOLE).await),
            self.tell(
                "files",
                store.list_ticket_attachments(id, viewer, WHOLE).await,
            ),
            self.tell("history", store.ticket_history(id, viewer, WHOLE).await),
        ]
        .concat()
    }
}

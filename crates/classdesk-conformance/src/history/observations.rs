//! The reads of a history.

use classdesk_domain::ExternalId;
use classdesk_domain::bundles::{BundleFilter, BundleStatus};
use classdesk_domain::clock::Timestamp;
use classdesk_domain::events::{AuditFilter, EventAction, EventFilter, EventRange};
use classdesk_domain::ids::{
    BundleId, EventId, FileId, MessageId, ThreadId, TicketAttachmentId, TicketId, TicketMessageId,
    UserId,
};
use classdesk_domain::paging::{Limit, Page, PageRequest, Seek, SeekRequest};
use classdesk_domain::people::{LoginName, Role, UserFilter};
use classdesk_domain::policy::AccessScope;
use classdesk_domain::store::StoreError;
use classdesk_domain::subjects::SubjectKind;
use classdesk_domain::threads::{
    MessagePage, MessageQuery, MessageStart, ThreadFilter, ThreadQuery,
};
use classdesk_domain::tickets::{TicketFilter, TicketPriority, TicketQuery, TicketStatus};
use fastrand::Rng;

use super::changes::order;
use super::replica::Replica;

/// Reads a list to its end.
pub(super) async fn walk<T, F>(
    limit: i64,
    mut list: impl FnMut(PageRequest) -> F,
) -> Result<Vec<T>, StoreError>
where
    F: Future<Output = Result<Page<T>, StoreError>>,
{
    let mut page = PageRequest {
        limit: Limit::new(limit).expect("a limit"),
        after: None,
    };
    let mut items = Vec::new();
    loop {
        let found = list(page).await?;
        items.extend(found.items);
        page.after = found.next;
        if page.after.is_none() {
            return Ok(items);
        }
    }
}

impl Replica<'_> {
    /// Reads something and says what there was.
    pub(super) async fn observe(&mut self, dice: Rng) -> String {
        self.dice = dice;
        let store = self.store;
        let scope = self.scope();
        let person = scope.viewer;
        let limit = self.dice.i64(1..6);
        match self.dice.u32(0..25) {
            0 => {
                let id = self.row::<UserId>();
                self.report("user", store.user(id).await)
            }
            1 => {
                let filter = self.user_filter();
                let found = walk(limit, |page| store.list_users(filter.clone(), page)).await;
                self.report("list_users", found)
            }
            2 => {
                let login = self.any(&["client", "writer@example.com", "person3", "nobody"]);
                let found = store.credentials(&LoginName::new(login)).await;
                self.report(
                    "credentials",
                    found.map(|found| found.map(|known| known.user)),
                )
            }
            3 => {
                let (now, long_ago) = (self.fixture().now(), Timestamp::from_micros(0));
                let list = |page| store.list_sessions(person, now, long_ago, page);
                let found = walk(limit, list).await;
                let sessions = self.report("list_sessions", found);
                let found = walk(limit, |page| store.list_api_keys(person, page)).await;
                let keys = self.report("list_api_keys", found);
                let id = self.row();
                let key = self.report("api_key", store.api_key(id).await);
                let named = self.report("api_keys", store.api_keys(&[id]).await);
                [sessions, keys, key, named].concat()
            }
            4 => {
                let reference = self.subject();
                if self.once_in(3) {
                    let kind = &reference.content_type;
                    let id = ExternalId::from_stored(format!("ext{limit}"));
                    let found = store.subject_by_external_id(kind, &id).await;
                    return self.report("subject_by_external_id", found);
                }
                if self.once_in(3) {
                    let next = store.next_object_id(&order(1).content_type).await;
                    return format!("next_object_id: {next:?}");
                }
                self.report("subject", store.subject(&reference).await)
            }
            5 => {
                let id = self.row::<BundleId>();
                self.report("bundle_detail", store.bundle_detail(id, scope).await)
            }
            6 | 7 => {
                let filter = self.bundle_filter();
                let list = |page| store.list_bundles(scope, filter.clone(), page);
                let found = walk(limit, list).await;
                self.report("list_bundles", found)
            }
            8 => {
                let id = self.row::<BundleId>();
                let found = walk(limit, |page| store.list_members(id, page)).await;
                self.report("list_members", found)
            }
            9 => {
                let id = self.row::<ThreadId>();
                self.report("thread", store.thread(id, scope).await)
            }
            10 => {
                let id = self.row::<ThreadId>();
                self.report("thread_facts", store.thread_context(id, person).await)
            }
            11 | 12 => {
                let filter = self.thread_filter();
                let list = |page| {
                    let filter = filter.clone();
                    store.list_threads(ThreadQuery { scope, filter }, page)
                };
                let found = walk(limit, list).await;
                self.report("list_threads", found)
            }
            13 | 14 => self.observe_messages(scope, limit).await,
            15 => {
                let (thread, reply_to) = (self.row::<ThreadId>(), self.row::<MessageId>());
                let recipient = self.row::<UserId>();
                let found = store
                    .post_context(thread, person, Some(recipient), Some(reply_to))
                    .await;
                self.report("post_facts", found)
            }
            16 => {
                let id = self.row::<MessageId>();
                self.report("message", store.message(id, scope).await)
            }
            17 => {
                let id = self.row::<MessageId>();
                self.report(
                    "message_attachment",
                    store.message_attachment(id, person).await,
                )
            }
            18 => {
                let (id, file) = (self.row::<BundleId>(), self.row::<FileId>());
                self.report("file", store.file(id, file).await)
            }
            19 | 20 => {
                let filter = self.ticket_filter();
                let list = |page| {
                    let filter = filter.clone();
                    store.list_tickets(TicketQuery { scope, filter }, page)
                };
                let found = walk(limit, list).await;
                self.report("list_tickets", found)
            }
            21 | 22 => self.observe_ticket(scope, limit).await,
            23 => {
                let found = store.list_blobs(None, 50).await;
                self.report("list_blobs", found)
            }
            _ => {
                let filter = self.audit_filter();
                let found = walk(limit * 10, |page| store.audit(filter.clone(), page)).await;
                self.report("audit", found)
            }
        }
    }

    /// Everything that everybody may see in the end.
    pub(super) async fn survey(&mut self) -> Vec<String> {
        let store = self.store;
        let mut told = Vec::new();
        let found = walk(200, |page| store.audit(AuditFilter::default(), page)).await;
        told.push(self.report("audit", found));
        let found = store.list_blobs(None, 1_000).await;
        told.push(self.report("list_blobs", found));
        let found = store.blob_backlog(self.fixture().now()).await;
        told.push(self.report("blob_backlog", found));
        let whole = EventRange {
            after: EventId::new(0),
            up_to: store.horizon().await.expect("readable").complete,
        };
        let found = store.tail(whole, 10_000).await;
        told.push(self.report("tail", found));
        for person in self.people.clone() {
            let scope = AccessScope::of(&person);
            let filter = EventFilter::default();
            let found = store.visible_events(scope, filter, whole, 10_000).await;
            let found = found.map(|page| page.events);
            told.push(self.report("visible_events", found));
            let list = |page| store.list_bundles(scope, BundleFilter::default(), page);
            let found = walk(7, list).await;
            told.push(self.report("list_bundles", found));
            let list = |page| {
                let filter = ThreadFilter::default();
                store.list_threads(ThreadQuery { scope, filter }, page)
            };
            let found = walk(7, list).await;
            told.push(self.report("list_threads", found));
            let list = |page| {
                let filter = TicketFilter::default();
                store.list_tickets(TicketQuery { scope, filter }, page)
            };
            let found = walk(7, list).await;
            told.push(self.report("list_tickets", found));
        }
        told
    }

    async fn observe_messages(&mut self, scope: AccessScope, limit: i64) -> String {
        let store = self.store;
        let (thread, message) = (self.row::<ThreadId>(), self.row::<MessageId>());
        let start = match self.dice.u32(0..4) {
            0 => MessageStart::Around(message),
            1 => MessageStart::AroundUnread,
            _ => MessageStart::Seek(self.seek(message.get())),
        };
        let query = |after| {
            let limit = Limit::new(limit).expect("a limit");
            let page = MessagePage::new(start, PageRequest { limit, after });
            MessageQuery {
                thread,
                scope,
                page,
            }
        };
        let first = store.list_messages(query(None)).await;
        let next = match &first {
            Ok(Some((_, found))) => found.next,
            _ => None,
        };
        let second = store.list_messages(query(next)).await;
        let first = self.report("list_messages", first);
        let second = self.report("list_messages", second);
        first + &second
    }

    /// A place in a list, in either direction.
    fn seek(&mut self, id: i64) -> Seek {
        match self.dice.u32(0..4) {
            0 => Seek::START,
            1 => Seek::END,
            2 => Seek::After(id),
            _ => Seek::Before(id),
        }
    }

    async fn observe_ticket(&mut self, scope: AccessScope, limit: i64) -> String {
        let store = self.store;
        let page = PageRequest {
            limit: Limit::new(limit).expect("a limit"),
            after: None,
        };
        let id = self.row::<TicketId>();
        let (note, attachment) = (
            self.row::<TicketMessageId>(),
            self.row::<TicketAttachmentId>(),
        );
        let mut seek = SeekRequest {
            limit: page.limit,
            seek: self.seek(note.get()),
        };
        let notes = store.list_ticket_messages(id, scope, seek).await;
        seek.seek = self.seek(0);
        let history = store.ticket_history(id, scope, seek).await;
        [
            self.report("ticket", store.ticket(id, scope).await),
            self.report("notes", notes),
            self.report(
                "files",
                store.list_ticket_attachments(id, scope, page).await,
            ),
            self.report("history", history),
            self.report("note", store.ticket_message(note).await),
            self.report(
                "attachment",
                store.ticket_attachment(id, attachment, scope).await,
            ),
        ]
        .concat()
    }

    fn kind(&mut self) -> Option<SubjectKind> {
        let order = self.once_in(2);
        self.once_in(4).then(|| {
            if order {
                order_kind()
            } else {
                SubjectKind::CLASS_BUNDLE
            }
        })
    }

    fn user_filter(&mut self) -> UserFilter {
        let role = self.any(Role::ALL);
        UserFilter {
            role: self.once_in(3).then_some(role),
            is_active: self.once_in(3).then_some(true),
            q: self.searched(),
        }
    }

    fn bundle_filter(&mut self) -> BundleFilter {
        let status = self.any(BundleStatus::ALL);
        BundleFilter {
            status: self.once_in(4).then_some(status),
            client: self.once_in(4).then(|| self.row::<UserId>()),
            assigned_writer: self.once_in(4).then(|| self.row::<UserId>()),
            q: self.searched(),
        }
    }

    fn thread_filter(&mut self) -> ThreadFilter {
        let unread = self.once_in(2);
        ThreadFilter {
            content_type: self.kind(),
            object_id: None,
            unread: self.once_in(3).then_some(unread),
            mine: self.once_in(3),
        }
    }

    fn ticket_filter(&mut self) -> TicketFilter {
        let (status, priority) = (self.any(TicketStatus::ALL), self.any(TicketPriority::ALL));
        TicketFilter {
            status: self.once_in(4).then_some(status),
            priority: self.once_in(6).then_some(priority),
            category: None,
            assigned_to: self.once_in(6).then(|| self.row::<UserId>()),
            created_by: self.once_in(4).then(|| self.row::<UserId>()),
            content_type: self.kind(),
            object_id: None,
            q: self.searched(),
        }
    }

    fn audit_filter(&mut self) -> AuditFilter {
        let action = self.any(EventAction::ALL);
        let now = self.fixture().now();
        AuditFilter {
            actor: self.once_in(3).then(|| self.row::<UserId>()),
            action: self.once_in(6).then_some(action),
            content_type: self.once_in(4).then(|| "ticket".to_owned()),
            object_id: None,
            since: None,
            until: self.once_in(3).then_some(now),
        }
    }
}

fn order_kind() -> SubjectKind {
    order(1).content_type
}

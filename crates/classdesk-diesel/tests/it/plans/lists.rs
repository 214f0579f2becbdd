//! Every list, with every filter alone and with those that can get in each other's way.

use std::time::Duration;

use classdesk_domain::bundles::{BundleFilter, BundleStatus};
use classdesk_domain::events::{AuditFilter, EventAction, EventFilter, EventRange, EventTypes};
use classdesk_domain::ids::EventId;
use classdesk_domain::paging::{Page, PageRequest, Seek, SeekRequest};
use classdesk_domain::people::{Role, UserFilter};
use classdesk_domain::search::SearchText;
use classdesk_domain::store::StoreError;
use classdesk_domain::subjects::SubjectKind;
use classdesk_domain::threads::{
    MessagePage, MessageQuery, MessageStart, ThreadFilter, ThreadQuery,
};
use classdesk_domain::tickets::{
    TicketCategory, TicketFilter, TicketPriority, TicketQuery, TicketStatus,
};
use classdesk_domain::webhooks::{DeliveryFilter, DeliveryState};

use super::Exception::{self, AnyKind, Nothing, OwnPartOfLog, PartOfLog, Text, TwoKinds, Unread};
use super::reads::Reads;

/// A text to search for.
fn text() -> Option<SearchText> {
    Some(SearchText::parse("e").unwrap())
}

impl Reads<'_> {
    pub(super) async fn every_list(&mut self, pages: &[PageRequest]) {
        self.bundles(pages).await;
        self.threads(pages).await;
        self.messages(pages).await;
        self.tickets(pages).await;
        self.users(pages).await;
        self.audit(pages).await;
        self.feed().await;
        self.lists_without_filters(pages).await;
    }

    /// Reads pages of a list.
    async fn list<T>(
        &mut self,
        name: &str,
        exception: Exception,
        pages: &[PageRequest],
        read: impl AsyncFn(PageRequest) -> Result<Page<T>, StoreError>,
    ) {
        for page in pages {
            let which = page.after.map_or("", |_| ", a later page");
            self.note(format!("{name}{which}"), exception, read(*page))
                .await;
        }
    }

    /// What staff may have to pass over. Everybody else is led by their own rows, whatever else
    /// they ask for.
    fn for_staff(&self, exception: Exception) -> Exception {
        if self.who.role.is_staff() {
            exception
        } else {
            Nothing
        }
    }

    async fn bundles(&mut self, pages: &[PageRequest]) {
        let fixture = &self.filled.fixture;
        let all = BundleFilter {
            status: Some(BundleStatus::ALL[0]),
            client: Some(fixture.client.id),
            assigned_writer: Some(fixture.writer.id),
            q: text(),
        };
        let none = BundleFilter::default();
        let of_status = BundleFilter {
            status: all.status,
            ..none.clone()
        };
        let of_client = BundleFilter {
            client: all.client,
            ..none.clone()
        };
        let of_writer = BundleFilter {
            assigned_writer: all.assigned_writer,
            ..none.clone()
        };
        let with_text = |filter: &BundleFilter| BundleFilter {
            q: text(),
            ..filter.clone()
        };
        let search = self.for_staff(Text);
        let filters = [
            ("all bundles", Nothing, none.clone()),
            ("bundles in a status", Nothing, of_status.clone()),
            ("bundles of a client", Nothing, of_client.clone()),
            ("bundles of a writer", Nothing, of_writer.clone()),
            ("bundles with a text", search, with_text(&none)),
            (
                "bundles in a status with a text",
                search,
                with_text(&of_status),
            ),
            (
                "bundles of a client with a text",
                Nothing,
                with_text(&of_client),
            ),
            (
                "bundles of a writer with a text",
                Nothing,
                with_text(&of_writer),
            ),
            (
                "bundles of a client in a status",
                Nothing,
                BundleFilter {
                    status: all.status,
                    ..of_client
                },
            ),
            (
                "bundles of a writer in a status",
                Nothing,
                BundleFilter {
                    status: all.status,
                    ..of_writer
                },
            ),
            ("bundles by everything", Nothing, all),
        ];
        let (store, scope) = (self.store, self.scope);
        for (name, exception, filter) in filters {
            self.list(name, exception, pages, async |page| {
                store.list_bundles(scope, filter.clone(), page).await
            })
            .await;
        }
    }

    async fn threads(&mut self, pages: &[PageRequest]) {
        let fixture = &self.filled.fixture;
        let none = ThreadFilter::default();
        let mine = ThreadFilter {
            mine: true,
            ..none.clone()
        };
        let of_kind = |filter: &ThreadFilter| ThreadFilter {
            content_type: Some(SubjectKind::CLASS_BUNDLE),
            ..filter.clone()
        };
        let of_object = |filter: &ThreadFilter| ThreadFilter {
            object_id: Some(fixture.bundle.get()),
            ..filter.clone()
        };
        let unread = |filter: &ThreadFilter| ThreadFilter {
            unread: Some(true),
            ..filter.clone()
        };
        let read = ThreadFilter {
            unread: Some(false),
            ..none.clone()
        };
        let by_marks = self.for_staff(Unread);
        let filters = [
            ("all threads", Nothing, none.clone()),
            ("threads of a kind", Nothing, of_kind(&none)),
            ("threads of an object id", AnyKind, of_object(&none)),
            ("threads on a subject", Nothing, of_kind(&of_object(&none))),
            ("unread threads", by_marks, unread(&none)),
            ("read threads", by_marks, read),
            (
                "unread threads of a kind",
                by_marks,
                unread(&of_kind(&none)),
            ),
            (
                "unread threads on a subject",
                Nothing,
                unread(&of_kind(&of_object(&none))),
            ),
            ("own threads", Nothing, mine.clone()),
            ("own threads of a kind", Nothing, of_kind(&mine)),
            ("own threads of an object id", AnyKind, of_object(&mine)),
            ("own unread threads", Nothing, unread(&mine)),
            (
                "threads by everything",
                Nothing,
                unread(&of_kind(&of_object(&mine))),
            ),
        ];
        let (store, scope) = (self.store, self.scope);
        for (name, exception, filter) in filters {
            self.list(name, exception, pages, async |page| {
                let filter = filter.clone();
                store
                    .list_threads(ThreadQuery { scope, filter }, page)
                    .await
            })
            .await;
        }
    }

    async fn messages(&mut self, pages: &[PageRequest]) {
        let (store, scope, thread) = (self.store, self.scope, self.filled.thread);
        let starts = [
            ("messages", MessageStart::default()),
            ("messages from the end", MessageStart::Seek(Seek::END)),
            (
                "messages around one",
                MessageStart::Around(self.filled.message),
            ),
            (
                "messages around the first unread",
                MessageStart::AroundUnread,
            ),
        ];
        for (name, start) in starts {
            self.list(name, Nothing, pages, async |page| {
                let page = MessagePage::new(start, page);
                let query = MessageQuery {
                    thread,
                    scope,
                    page,
                };
                let found = store.list_messages(query).await?;
                Ok(found.expect("the thread is there").1)
            })
            .await;
        }
    }

    async fn tickets(&mut self, pages: &[PageRequest]) {
        let fixture = &self.filled.fixture;
        let none = TicketFilter::default();
        let all = TicketFilter {
            status: Some(TicketStatus::Open),
            priority: Some(TicketPriority::Medium),
            category: Some(TicketCategory::General),
            assigned_to: Some(fixture.admin.id),
            created_by: Some(fixture.client.id),
            content_type: Some(SubjectKind::CLASS_BUNDLE),
            object_id: Some(fixture.bundle.get()),
            q: text(),
        };
        let of_status = TicketFilter {
            status: all.status,
            ..none.clone()
        };
        let of_priority = TicketFilter {
            priority: all.priority,
            ..none.clone()
        };
        let of_kind = TicketFilter {
            content_type: all.content_type.clone(),
            ..none.clone()
        };
        let search = self.for_staff(Text);
        let kinds = self.for_staff(TwoKinds);
        let filters = [
            ("all tickets", Nothing, none.clone()),
            ("tickets in a status", Nothing, of_status.clone()),
            ("tickets of a priority", Nothing, of_priority.clone()),
            (
                "tickets in a category",
                Nothing,
                TicketFilter {
                    category: all.category,
                    ..none.clone()
                },
            ),
            (
                "tickets that somebody has",
                Nothing,
                TicketFilter {
                    assigned_to: all.assigned_to,
                    ..none.clone()
                },
            ),
            (
                "tickets that somebody created",
                Nothing,
                TicketFilter {
                    created_by: all.created_by,
                    ..none.clone()
                },
            ),
            ("tickets of a kind", Nothing, of_kind.clone()),
            (
                "tickets of an object id",
                AnyKind,
                TicketFilter {
                    object_id: all.object_id,
                    ..none.clone()
                },
            ),
            (
                "tickets on a subject",
                Nothing,
                TicketFilter {
                    object_id: all.object_id,
                    ..of_kind.clone()
                },
            ),
            (
                "tickets with a text",
                search,
                TicketFilter {
                    q: text(),
                    ..none.clone()
                },
            ),
            (
                "tickets in a status with a text",
                search,
                TicketFilter {
                    q: text(),
                    ..of_status.clone()
                },
            ),
            (
                "tickets of a priority in a status",
                kinds,
                TicketFilter {
                    status: all.status,
                    ..of_priority
                },
            ),
            (
                "tickets of a kind in a status",
                kinds,
                TicketFilter {
                    status: all.status,
                    ..of_kind
                },
            ),
            (
                "tickets that somebody has in a status",
                Nothing,
                TicketFilter {
                    assigned_to: all.assigned_to,
                    ..of_status
                },
            ),
            ("tickets by everything", Nothing, all),
        ];
        let (store, scope) = (self.store, self.scope);
        for (name, exception, filter) in filters {
            self.list(name, exception, pages, async |page| {
                let filter = filter.clone();
                store
                    .list_tickets(TicketQuery { scope, filter }, page)
                    .await
            })
            .await;
        }
    }

    async fn users(&mut self, pages: &[PageRequest]) {
        let filter = |role, is_active, q| UserFilter { role, is_active, q };
        let (role, active) = (Some(Role::Writer), Some(true));
        let filters = [
            ("all users", Nothing, filter(None, None, None)),
            ("users of a role", Nothing, filter(role, None, None)),
            ("active users", Nothing, filter(None, active, None)),
            (
                "active users of a role",
                Nothing,
                filter(role, active, None),
            ),
            ("users with a text", Text, filter(None, None, text())),
            ("users by everything", Text, filter(role, active, text())),
        ];
        let store = self.store;
        for (name, exception, filter) in filters {
            self.list(name, exception, pages, async |page| {
                store.list_users(filter.clone(), page).await
            })
            .await;
        }
    }

    async fn feed(&mut self) {
        let range = EventRange {
            after: EventId::new(3),
            up_to: self.store.horizon().await.unwrap().complete,
        };
        let subject = self.filled.fixture.subject();
        let filter = |words: &[&str], subject| EventFilter {
            types: EventTypes::parse(words.iter().copied()).unwrap(),
            subject,
        };
        let exception = if self.who.role.is_staff() {
            PartOfLog
        } else {
            OwnPartOfLog
        };
        let (store, scope) = (self.store, self.scope);
        for (name, filter) in [
            ("the feed", filter(&["*"], None)),
            ("the feed of types", filter(&["message.*"], None)),
            ("the feed of a subject", filter(&["*"], Some(subject))),
        ] {
            let read = store.visible_events(scope, filter, range, 3);
            self.note(name, exception, read).await;
        }
        let read = store.tail(range, 3);
        self.note("the tail of the log", PartOfLog, read).await;
    }

    async fn audit(&mut self, pages: &[PageRequest]) {
        let fixture = &self.filled.fixture;
        let none = AuditFilter::default();
        let all = AuditFilter {
            actor: Some(fixture.admin.id),
            action: Some(EventAction::TicketCreated),
            content_type: Some("ticket".to_owned()),
            object_id: Some(1),
            since: Some(fixture.now().minus(Duration::from_secs(3600))),
            until: Some(fixture.now()),
        };
        let by_actor = AuditFilter {
            actor: all.actor,
            ..none.clone()
        };
        let by_action = AuditFilter {
            action: all.action,
            ..none.clone()
        };
        let by_kind = AuditFilter {
            content_type: all.content_type.clone(),
            ..none.clone()
        };
        let by_object = AuditFilter {
            object_id: all.object_id,
            ..none.clone()
        };
        let since = |filter: &AuditFilter| AuditFilter {
            since: all.since,
            ..filter.clone()
        };
        let until = |filter: &AuditFilter| AuditFilter {
            until: all.until,
            ..filter.clone()
        };
        let filters = [
            ("the whole log", Nothing, none.clone()),
            ("the log of an actor", Nothing, by_actor.clone()),
            ("the log of an action", Nothing, by_action.clone()),
            ("the log of a kind", Nothing, by_kind.clone()),
            ("the log of an object id", AnyKind, by_object.clone()),
            ("the log since a time", Nothing, since(&none)),
            ("the log until a time", Nothing, until(&none)),
            ("the log of a time", Nothing, since(&until(&none))),
            (
                "the log of an actor until a time",
                Nothing,
                until(&by_actor),
            ),
            (
                "the log of an action until a time",
                Nothing,
                until(&by_action),
            ),
            ("the log of a kind until a time", Nothing, until(&by_kind)),
            (
                "the log of an object",
                Nothing,
                AuditFilter {
                    content_type: all.content_type.clone(),
                    ..by_object
                },
            ),
            (
                "the log of an action on a kind",
                TwoKinds,
                AuditFilter {
                    action: all.action,
                    ..by_kind
                },
            ),
            ("the log by everything", Nothing, all.clone()),
        ];
        let store = self.store;
        for (name, exception, filter) in filters {
            self.list(name, exception, pages, async |page| {
                store.audit(filter.clone(), page).await
            })
            .await;
        }
    }

    async fn lists_without_filters(&mut self, pages: &[PageRequest]) {
        let (store, who, scope) = (self.store, self.who.id, self.scope);
        let (bundle, ticket) = (self.filled.fixture.bundle, self.filled.ticket);
        let now = self.filled.fixture.now();
        let idle_since = now.minus(Duration::from_secs(1_000_000));
        self.list("members", Nothing, pages, async |page| {
            store.list_members(bundle, page).await
        })
        .await;
        self.list("webhooks", Nothing, pages, async |page| {
            store.list_webhooks(page).await
        })
        .await;
        let webhook = self.filled.webhook;
        let all = DeliveryFilter::default();
        let of_time = DeliveryFilter {
            state: Some(DeliveryState::Pending),
            kind: Some("webhook.ping"),
            since: Some(idle_since),
            until: Some(now),
        };
        for filter in [all, of_time] {
            self.list("deliveries", Nothing, pages, async |page| {
                store.list_deliveries(webhook, filter, page).await
            })
            .await;
        }
        self.list("files", Nothing, pages, async |page| {
            let found = store.list_files(bundle, scope, page).await?;
            Ok(found.expect("the bundle is there").1)
        })
        .await;
        self.list("sessions", Nothing, pages, async |page| {
            store.list_sessions(who, now, idle_since, page).await
        })
        .await;
        for (end, start) in [("", Seek::START), (" from the end", Seek::END)] {
            let seek = |page: PageRequest| SeekRequest {
                limit: page.limit,
                seek: start.continued(page.after),
            };
            let name = format!("ticket messages{end}");
            self.list(&name, Nothing, pages, async |page| {
                let found = store
                    .list_ticket_messages(ticket, scope, seek(page))
                    .await?;
                Ok(found.expect("the ticket is there").1)
            })
            .await;
            let name = format!("ticket history{end}");
            self.list(&name, Nothing, pages, async |page| {
                let found = store.ticket_history(ticket, scope, seek(page)).await?;
                Ok(found.expect("the ticket is there").1)
            })
            .await;
        }
        self.list("ticket attachments", Nothing, pages, async |page| {
            let found = store.list_ticket_attachments(ticket, scope, page).await?;
            Ok(found.expect("the ticket is there").1)
        })
        .await;
    }
}

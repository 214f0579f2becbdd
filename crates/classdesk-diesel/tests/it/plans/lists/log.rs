//! The log, as the feed and as the audit log.

use classdesk_domain::events::{AuditFilter, EventAction, EventFilter, EventRange, EventTypes};
use classdesk_domain::ids::EventId;
use classdesk_domain::paging::PageRequest;
use std::time::Duration;

use super::super::Exception::{AnyKind, Nothing, OwnPartOfLog, PartOfLog, TwoKinds};
use super::super::reads::Reads;

impl Reads<'_> {
    pub(super) async fn feed(&mut self) {
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

    pub(super) async fn audit(&mut self, pages: &[PageRequest]) {
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
}

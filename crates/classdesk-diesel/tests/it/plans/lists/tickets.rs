//! Tickets.

use classdesk_domain::paging::PageRequest;
use classdesk_domain::subjects::SubjectKind;
use classdesk_domain::tickets::{
    TicketCategory, TicketFilter, TicketPriority, TicketQuery, TicketStatus,
};

use super::super::Exception::{AnyKind, Nothing, Text, TwoKinds};
use super::super::reads::Reads;
use super::text;

impl Reads<'_> {
    pub(super) async fn tickets(&mut self, pages: &[PageRequest]) {
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
}

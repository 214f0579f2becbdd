//! Every list, with every filter alone and with those that can get in each other's way.

mod log;
mod subjects;
mod tickets;

use classdesk_domain::paging::{Page, PageRequest, Seek, SeekRequest};
use classdesk_domain::people::{Role, UserFilter};
use classdesk_domain::search::SearchText;
use classdesk_domain::store::StoreError;
use classdesk_domain::webhooks::{DeliveryFilter, DeliveryState};
use std::time::Duration;

use super::Exception::{self, Nothing, Text};
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
        self.list("keys", Nothing, pages, async |page| {
            store.list_api_keys(who, page).await
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

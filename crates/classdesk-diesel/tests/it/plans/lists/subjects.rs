//! Bundles, their threads and the messages in them.

use classdesk_domain::bundles::{BundleFilter, BundleStatus};
use classdesk_domain::paging::{PageRequest, Seek};
use classdesk_domain::subjects::SubjectKind;
use classdesk_domain::threads::{
    MessagePage, MessageQuery, MessageStart, ThreadFilter, ThreadQuery,
};

use super::super::Exception::{AnyKind, Nothing, Text, Unread};
use super::super::reads::Reads;
use super::text;

impl Reads<'_> {
    pub(super) async fn bundles(&mut self, pages: &[PageRequest]) {
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

    pub(super) async fn threads(&mut self, pages: &[PageRequest]) {
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

    pub(super) async fn messages(&mut self, pages: &[PageRequest]) {
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
}

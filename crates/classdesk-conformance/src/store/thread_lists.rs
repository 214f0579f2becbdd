//! Which threads are listed, and in which order.

use classdesk_domain::bundles::WriterAssignment;
use classdesk_domain::ids::ThreadId;
use classdesk_domain::paging::{Cursor, Page, PageRequest};
use classdesk_domain::people::Actor;
use classdesk_domain::store::{Commit, Store, StoreError};
use classdesk_domain::subjects::{Parties, Subject, SubjectKind, SubjectPut, SubjectRef};
use classdesk_domain::threads::{
    ParticipantRemoval, ReadMark, ThreadFilter, ThreadQuery, ThreadUpdate, ThreadView,
};

use super::support::{all, first, scope, walk};
use crate::Fixture;
use crate::fixture::title;

async fn list(
    store: &dyn Store,
    who: Actor,
    filter: ThreadFilter,
    page: PageRequest,
) -> Result<Page<ThreadView>, StoreError> {
    let query = ThreadQuery {
        scope: scope(who),
        filter,
    };
    store.list_threads(query, page).await
}

async fn listed(store: &dyn Store, who: Actor, filter: ThreadFilter) -> Vec<ThreadId> {
    let page = list(store, who, filter, all()).await.expect("readable");
    page.items.iter().map(|view| view.thread.id).collect()
}

/// Access to threads, alone and in the list: participants who are parties, and staff.
///
/// contract: perm.thread.see, perm.participant-party
pub async fn threads_follow_the_access_scope(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let both = fixture
        .add_thread(store, &[fixture.client, fixture.writer])
        .await
        .thread
        .id;
    let client = fixture
        .add_thread(store, &[fixture.client, fixture.editor])
        .await
        .thread
        .id;
    let writer = fixture
        .add_thread(store, &[fixture.editor, fixture.writer])
        .await
        .thread
        .id;
    // People who are in a thread, but no party of its subject.
    let strangers = [fixture.other_client, fixture.other_writer];
    let strangers = fixture.add_thread(store, &strangers).await.thread.id;
    let every = [strangers, writer, client, both];
    let check = async |who, expected: &[ThreadId]| {
        let seen = listed(store, who, ThreadFilter::default()).await;
        assert_eq!(seen, expected, "{who:?}");
        for id in every {
            let alone = store.thread(id, scope(who)).await.expect("readable");
            assert_eq!(alone.is_some(), expected.contains(&id), "{who:?} {id}");
        }
    };
    check(fixture.superadmin, &every).await;
    check(fixture.editor, &every).await;
    check(fixture.client, &[client, both]).await;
    check(fixture.writer, &[writer, both]).await;
    check(fixture.other_client, &[]).await;
    check(fixture.other_writer, &[]).await;

    let assignment = WriterAssignment {
        bundle: fixture.bundle,
        writer: Some(fixture.other_writer.id),
        at: fixture.tick(),
    };
    store
        .assign_writer(Commit::new(assignment))
        .await
        .expect("assigned");
    check(fixture.writer, &[]).await;
    check(fixture.other_writer, &every).await;
    let removal = ParticipantRemoval {
        thread: client,
        user: fixture.client.id,
    };
    store
        .remove_participant(Commit::new(removal))
        .await
        .expect("left");
    check(fixture.client, &[both]).await;
}

/// Each filter of the list of threads; `unread` is about the viewer's own unread messages.
pub async fn threads_are_filtered(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let kind = SubjectKind::parse("order").expect("a kind");
    let reference = SubjectRef::new(kind.clone(), fixture.bundle.get());
    let subject = Subject {
        external_id: None,
        reference: reference.clone(),
        parties: Parties {
            client: fixture.client.id,
            assigned_writer: None,
        },
        label: title("An order"),
        version: 1,
    };
    let put = SubjectPut {
        subject,
        before: None,
        joins: None,
        at: fixture.tick(),
    };
    store
        .put_subject(Commit::new(put))
        .await
        .expect("registered");
    let bundle = fixture
        .add_thread(store, &[fixture.client, fixture.writer])
        .await
        .thread
        .id;
    let mut row = fixture.new_thread(&[fixture.client, fixture.editor]);
    row.about = reference;
    let order = store
        .open_thread(Commit::new(row))
        .await
        .expect("opened")
        .thread
        .id;
    let other = fixture.add_bundle(store, fixture.client, None).await;
    let mut row = fixture.new_thread(&[fixture.client, fixture.editor]);
    row.about = other.subject();
    let elsewhere = store
        .open_thread(Commit::new(row))
        .await
        .expect("opened")
        .thread
        .id;
    fixture.add_message(store, order, fixture.client).await;
    fixture.add_message(store, bundle, fixture.writer).await;

    let any = ThreadFilter::default;
    let check = async |who, filter: ThreadFilter, expected: &[ThreadId]| {
        let seen = listed(store, who, filter.clone()).await;
        assert_eq!(seen, expected, "{who:?} {filter:?}");
    };
    let (client, editor) = (fixture.client, fixture.editor);
    check(editor, any(), &[bundle, order, elsewhere]).await;
    let content_type = Some(kind);
    let filter = ThreadFilter {
        content_type: content_type.clone(),
        ..any()
    };
    check(editor, filter, &[order]).await;
    let native = Some(SubjectKind::CLASS_BUNDLE);
    let filter = ThreadFilter {
        content_type: native.clone(),
        ..any()
    };
    check(editor, filter, &[bundle, elsewhere]).await;
    let object_id = Some(fixture.bundle.get());
    check(
        editor,
        ThreadFilter { object_id, ..any() },
        &[bundle, order],
    )
    .await;
    let filter = ThreadFilter {
        content_type: native,
        object_id,
        ..any()
    };
    check(editor, filter, &[bundle]).await;
    check(
        editor,
        ThreadFilter {
            mine: true,
            ..any()
        },
        &[order, elsewhere],
    )
    .await;
    let unread = |is| ThreadFilter {
        unread: Some(is),
        ..any()
    };
    check(client, unread(true), &[bundle]).await;
    check(client, unread(false), &[order, elsewhere]).await;
    check(editor, unread(true), &[bundle, order]).await;
    check(editor, unread(false), &[elsewhere]).await;
    let mark = ReadMark {
        thread: bundle,
        user: client.id,
        up_to: None,
        at: fixture.tick(),
    };
    store.mark_read(Commit::new(mark)).await.expect("marked");
    check(client, unread(true), &[]).await;
    let filter = ThreadFilter {
        unread: Some(true),
        mine: true,
        ..any()
    };
    check(editor, filter, &[order]).await;
}

/// Latest activity first; equal times by descending id; the position is time and id.
pub async fn threads_come_by_activity(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let mut opened = Vec::new();
    for _ in 0..4 {
        opened.push(
            fixture
                .add_thread(store, &[fixture.client, fixture.writer])
                .await
                .thread
                .id,
        );
    }
    let same = fixture.now();
    for _ in 0..3 {
        let mut row = fixture.new_thread(&[fixture.client, fixture.writer]);
        row.created_at = same;
        opened.push(
            store
                .open_thread(Commit::new(row))
                .await
                .expect("opened")
                .thread
                .id,
        );
    }
    // Threads 3, 4, 5 and 6 have the same time now.
    fixture.add_message(store, opened[1], fixture.client).await;
    let update = ThreadUpdate {
        thread: opened[0],
        subject: None,
        is_active: Some(false),
        at: fixture.tick(),
        viewer: fixture.client.id,
    };
    store
        .update_thread(Commit::new(update))
        .await
        .expect("changed");
    let expected: Vec<_> = [0, 1, 6, 5, 4, 3, 2].map(|n: usize| opened[n]).to_vec();
    assert_eq!(
        listed(store, fixture.client, ThreadFilter::default()).await,
        expected
    );
    for limit in 1..=3 {
        let list = |page| list(store, fixture.client, ThreadFilter::default(), page);
        let walked = walk(limit, list).await;
        let walked: Vec<_> = walked.iter().map(|view| view.thread.id).collect();
        assert_eq!(walked, expected, "in pages of {limit}");
    }
    let page = list(store, fixture.client, ThreadFilter::default(), first(3)).await;
    let page = page.expect("readable");
    let last = &page.items[2].thread;
    let position = Cursor {
        key: last.updated_at.micros(),
        id: last.id.get(),
    };
    assert_eq!(page.next, Some(position));
}

/// What does not change while a user pages is neither skipped nor repeated.
///
/// contract: conv.lists.keyset
pub async fn quiet_threads_are_paged(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let mut opened = Vec::new();
    for _ in 0..7 {
        opened.insert(
            0,
            fixture
                .add_thread(store, &[fixture.client, fixture.writer])
                .await
                .thread
                .id,
        );
    }
    // While the list is read, the thread on which the first page ended becomes active, and so
    // does one that has not been reached yet.
    let active = [opened[1], opened[4]];
    let seen = walk(2, async |page| {
        let found = list(store, fixture.client, ThreadFilter::default(), page).await;
        for thread in active {
            fixture.add_message(store, thread, fixture.writer).await;
        }
        found
    })
    .await;
    let seen: Vec<_> = seen.iter().map(|view| view.thread.id).collect();
    let quiet = |all: &[ThreadId]| -> Vec<ThreadId> {
        all.iter()
            .copied()
            .filter(|id| !active.contains(id))
            .collect()
    };
    assert_eq!(quiet(&seen), quiet(&opened));
    let again = listed(store, fixture.client, ThreadFilter::default()).await;
    assert_eq!(
        again[..2],
        [active[1], active[0]],
        "what became active is on the first page"
    );
}

//! The log of changes.

use classdesk_domain::bundles::{InsertBundle, NewBundle};
use classdesk_domain::events::{AuditFilter, EventAction, EventObject, NewEvent, TicketLine};
use classdesk_domain::people::UserUpdate;
use classdesk_domain::store::{Commit, Store};
use classdesk_domain::subjects::SubjectRef;
use futures_util::future::join_all;

use super::support::{all, event, first, log, scope, walk};
use crate::Fixture;
use crate::fixture::{title, words};

/// An event keeps everything that it was told with.
pub async fn an_event_is_kept_whole(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let by_somebody = NewEvent::new(
        fixture.tick(),
        Some(fixture.editor.id),
        EventAction::SubjectChanged,
        EventObject::existing("order", 77),
    )
    .changing(Some("Größe".to_owned()), None)
    .with("weather", "'fine'; \"100 %\"")
    .with("a", 1);
    let by_nobody = NewEvent::new(
        fixture.tick(),
        None,
        EventAction::UserCreated,
        EventObject::existing("user", 1),
    )
    .changing(None, Some("new".to_owned()));
    let commit = Commit::new(UserUpdate::of(fixture.client.id))
        .with_event(by_somebody.clone())
        .with_event(by_nobody.clone());
    store.update_user(commit).await.expect("change");
    let log = log(store).await;
    assert_eq!(log.len(), 2);
    for (entry, event) in log.iter().zip([by_somebody, by_nobody]) {
        assert_eq!(entry.at, event.at);
        assert_eq!(entry.actor.as_ref().map(|actor| actor.id), event.actor);
        assert_eq!(entry.action, event.action);
        assert_eq!(entry.content_type, event.object.content_type);
        assert_eq!(Some(entry.object_id), event.object.object_id);
        assert_eq!(entry.from, event.from);
        assert_eq!(entry.to, event.to);
        assert_eq!(entry.detail, event.detail);
    }
    assert_eq!(
        log[0].actor.as_ref().map(|actor| actor.username.as_str()),
        Some("editor")
    );
    assert!(log[0].id < log[1].id);
}

/// Newest is what happened last, not what was written last.
pub async fn the_log_goes_by_time(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let (early, late) = (fixture.tick(), fixture.tick());
    for at in [late, early] {
        let object = EventObject::existing("user", 1);
        let told = NewEvent::new(at, None, EventAction::UserChanged, object);
        let commit = Commit::new(UserUpdate::of(fixture.client.id)).with_event(told);
        store.update_user(commit).await.expect("change");
    }
    let seen = walk(1, |page| store.audit(AuditFilter::default(), page)).await;
    let times: Vec<_> = seen.iter().map(|entry| entry.at).collect();
    assert_eq!(times, [late, early]);
}

/// The events of one commit stand together and in its order, whatever else is committed.
pub async fn events_of_a_commit_stand_together(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let actions = [
        EventAction::UserChanged,
        EventAction::PasswordChanged,
        EventAction::SessionEnded,
    ];
    let commits = (0..12).map(|n: i64| {
        let told = actions.map(|action| {
            let object = EventObject::existing("user", n);
            NewEvent::new(fixture.now(), None, action, object)
        });
        store.update_user(Commit::new(UserUpdate::of(fixture.client.id)).with_events(told))
    });
    for result in join_all(commits).await {
        result.expect("change");
    }
    let log = log(store).await;
    assert_eq!(log.len(), 36);
    for chunk in log.chunks(3) {
        let told: Vec<_> = chunk.iter().map(|entry| entry.action).collect();
        assert_eq!(told, actions, "the order within a commit is kept");
        assert!(
            chunk
                .iter()
                .all(|entry| entry.object_id == chunk[0].object_id)
        );
    }
}

/// An event whose object has no id is about the row that the commit creates.
pub async fn created_rows_are_named(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let row = InsertBundle {
        bundle: NewBundle::new(fixture.client.id, title("Autumn")),
        created_by: fixture.admin.id,
        created_at: fixture.tick(),
        completed_at: None,
    };
    let commit =
        Commit::new(row).with_event(event(&fixture, EventAction::BundleCreated, "class_bundle"));
    let bundle = store.create_bundle(commit).await.expect("created").id;

    // So that the ids of threads and messages differ.
    let thread = fixture
        .add_thread(store, &[fixture.client, fixture.writer])
        .await
        .thread
        .id;
    for _ in 0..3 {
        fixture.add_message(store, thread, fixture.client).await;
    }
    let mut row = fixture.new_thread(&[fixture.client, fixture.writer]);
    row.first_message = Some((words("Hello"), fixture.writer.id));
    let commit = Commit::new(row)
        .with_event(event(&fixture, EventAction::ThreadCreated, "thread"))
        .with_event(event(&fixture, EventAction::MessageSent, "message"));
    let opened = store.open_thread(commit).await.expect("opened");
    let said = opened.last_message.expect("something was said").id;

    let row = fixture.new_message(thread, fixture.client);
    let commit = Commit::new(row).with_event(event(&fixture, EventAction::MessageSent, "message"));
    let (message, _) = store.post_message(commit).await.expect("sent");

    let ticket = fixture.add_ticket(store, fixture.client, None).await.id;
    fixture.add_note(store, ticket, fixture.client, false).await;
    let row = fixture.new_note(ticket, fixture.client, false);
    let told = event(&fixture, EventAction::TicketMessageAdded, "ticket_message");
    let note = store
        .add_ticket_message(Commit::new(row).with_event(told))
        .await
        .expect("added");

    let named: Vec<_> = log(store)
        .await
        .into_iter()
        .map(|entry| (entry.content_type, entry.object_id))
        .collect();
    let expected = [
        ("class_bundle", bundle.get()),
        ("thread", opened.thread.id.get()),
        ("message", said.get()),
        ("message", message.get()),
        ("ticket_message", note.get()),
    ];
    assert_eq!(named, expected.map(|(kind, id)| (kind.to_owned(), id)));
}

/// Each filter of the audit log, and all of them together.
pub async fn the_log_is_filtered(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let tell = async |at, actor, action, kind: &str, id| {
        let told = NewEvent::new(at, actor, action, EventObject::existing(kind, id));
        let commit = Commit::new(UserUpdate::of(fixture.client.id)).with_event(told);
        store.update_user(commit).await.expect("change");
    };
    let (early, middle, late) = (fixture.tick(), fixture.tick(), fixture.tick());
    let (admin, editor) = (Some(fixture.admin.id), Some(fixture.editor.id));
    tell(early, admin, EventAction::UserChanged, "user", 1).await;
    tell(middle, editor, EventAction::UserChanged, "user", 2).await;
    tell(middle, editor, EventAction::TicketAssigned, "ticket", 2).await;
    tell(late, None, EventAction::UserCreated, "user", 1).await;

    let check = async |filter: AuditFilter, expected: &[usize]| {
        let found = store.audit(filter.clone(), all()).await.expect("readable");
        let log = log(store).await;
        let expected: Vec<_> = expected.iter().rev().map(|n| log[*n].clone()).collect();
        assert_eq!(found.items, expected, "{filter:?}");
    };
    let any = AuditFilter::default;
    check(any(), &[0, 1, 2, 3]).await;
    check(
        AuditFilter {
            actor: admin,
            ..any()
        },
        &[0],
    )
    .await;
    check(
        AuditFilter {
            actor: editor,
            ..any()
        },
        &[1, 2],
    )
    .await;
    let action = Some(EventAction::UserChanged);
    check(AuditFilter { action, ..any() }, &[0, 1]).await;
    let content_type = Some("ticket".to_owned());
    check(
        AuditFilter {
            content_type,
            ..any()
        },
        &[2],
    )
    .await;
    check(
        AuditFilter {
            object_id: Some(2),
            ..any()
        },
        &[1, 2],
    )
    .await;
    check(
        AuditFilter {
            since: Some(middle),
            ..any()
        },
        &[1, 2, 3],
    )
    .await;
    check(
        AuditFilter {
            until: Some(middle),
            ..any()
        },
        &[0],
    )
    .await;
    let narrow = AuditFilter {
        actor: editor,
        action,
        content_type: Some("user".to_owned()),
        object_id: Some(2),
        since: Some(middle),
        until: Some(late),
    };
    check(narrow.clone(), &[1]).await;
    check(
        AuditFilter {
            object_id: Some(1),
            ..narrow
        },
        &[],
    )
    .await;
}

/// What is told while somebody pages through the log comes to nobody twice.
pub async fn the_log_is_paged(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let tell = async || {
        let told = event(&fixture, EventAction::UserChanged, "user");
        let commit = Commit::new(UserUpdate::of(fixture.client.id)).with_event(told);
        store.update_user(commit).await.expect("change");
    };
    for _ in 0..5 {
        tell().await;
    }
    let before = log(store).await;
    let seen = walk(2, async |page| {
        let found = store.audit(AuditFilter::default(), page).await;
        tell().await;
        found
    })
    .await;
    assert_eq!(seen, before.into_iter().rev().collect::<Vec<_>>());
}

/// A ticket's history has its own lines alone, oldest first, and follows sight.
///
/// contract: perm.ticket.see, perm.ticket.internal
pub async fn the_history_of_a_ticket_follows_sight(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let line = |ticket, is_internal| TicketLine {
        ticket,
        is_internal,
    };
    let told = event(&fixture, EventAction::TicketCreated, "ticket").in_history(line(None, false));
    let row = fixture.new_ticket(fixture.client, Some(SubjectRef::bundle(fixture.bundle)));
    let commit = Commit::new(row).with_event(told);
    let ticket = store.create_ticket(commit).await.expect("created").id;
    let other = fixture.add_ticket(store, fixture.client, None).await.id;
    for (of, is_internal) in [(ticket, true), (other, false), (ticket, false)] {
        let row = fixture.new_note(of, fixture.editor, is_internal);
        let told = event(&fixture, EventAction::TicketMessageAdded, "ticket_message")
            .changing(Some("a".to_owned()), Some("b".to_owned()))
            .in_history(line(Some(of), is_internal));
        store
            .add_ticket_message(Commit::new(row).with_event(told))
            .await
            .expect("added");
    }
    let lines = async |who| {
        let read = store.ticket_history(ticket, scope(who), all()).await;
        read.expect("readable").expect("there").1.items
    };
    let (staff, requester) = (lines(fixture.editor).await, lines(fixture.client).await);
    assert_eq!(staff.len(), 3);
    assert_eq!(requester, [staff[0].clone(), staff[2].clone()]);
    assert_eq!(staff[0].action, EventAction::TicketCreated);
    assert_eq!(staff[1].from.as_deref(), Some("a"));
    assert_eq!(staff[1].to.as_deref(), Some("b"));
    assert_eq!(
        staff[1].actor.as_ref().map(|actor| actor.id),
        Some(fixture.admin.id)
    );
    assert!(staff.windows(2).all(|pair| pair[0].id < pair[1].id));

    let page = store
        .ticket_history(ticket, scope(fixture.client), first(1))
        .await;
    let page = page.expect("readable").expect("there").1;
    assert_eq!(page.items, [staff[0].clone()]);
    let rest = walk(1, async |page| {
        let read = store
            .ticket_history(ticket, scope(fixture.client), page)
            .await;
        read.map(|found| found.expect("there").1)
    })
    .await;
    assert_eq!(rest, requester);
}

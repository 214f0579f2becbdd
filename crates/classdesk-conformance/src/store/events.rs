//! The log of changes.

use classdesk_domain::blobs::{BlobPurpose, FileName};
use classdesk_domain::bundles::{InsertBundle, NewBundle};
use classdesk_domain::events::{
    AuditFilter, CommitIds, DomainEvent, EventAction, EventRecord, HistoryValue, MAX_EVENTS,
    NewEvent, RowId, TicketLine,
};
use classdesk_domain::files::{InsertBundleFile, Visibility};
use classdesk_domain::ids::{ApiKeyId, UserId};
use classdesk_domain::paging::{Seek, SeekRequest};
use classdesk_domain::people::{Actor, Role, UserUpdate, Username};
use classdesk_domain::store::{Commit, Store, StoreError};
use classdesk_domain::subjects::SubjectRef;
use classdesk_domain::text::{Description, DisplayName};
use futures_util::future::join_all;

use super::support::{all, event, first, log, message_sent, scope, user_changed, walk};
use crate::Fixture;
use crate::every_event::every_event;
use crate::fixture::{new_user, title, words};

/// Every kind of event is stored as the domain projects it, with all that it is found by.
pub async fn an_event_is_kept_whole(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let ticket = fixture.add_ticket(store, fixture.client, None).await.id;
    let mut events: Vec<_> = every_event(&fixture, ticket)
        .into_iter()
        .map(|event| NewEvent::new(fixture.tick(), Some(fixture.editor.id), event))
        .collect();
    events[0].actor = None;
    events[1].key = Some(ApiKeyId::new(5));
    let ids = CommitIds {
        row: fixture.client.id.get(),
        first_message: None,
    };
    let records = EventRecord::of_commit(events.clone(), ids).expect("few enough");
    let commit = Commit::new(UserUpdate::of(fixture.client.id)).with_events(events);
    store.update_user(commit).await.expect("change");
    let log = log(store).await;
    assert_eq!(log.len(), records.len());
    for (entry, record) in log.iter().zip(records) {
        assert_eq!(entry.at, record.at);
        assert_eq!(entry.actor.as_ref().map(|actor| actor.id), record.actor);
        assert_eq!(entry.key, record.key);
        assert_eq!(entry.action, record.action);
        assert_eq!(entry.content_type, record.content_type);
        assert_eq!(entry.object_id, record.object_id);
        assert_eq!(entry.from, record.from);
        assert_eq!(entry.to, record.to);
        assert_eq!(entry.detail, record.detail);
        assert_eq!(entry.scope, record.scope);
    }
    assert_eq!(
        log[1].actor.as_ref().map(|actor| actor.username.as_str()),
        Some("editor")
    );
    assert!(log.windows(2).all(|pair| pair[0].id < pair[1].id));
}

/// A commit with one event too many fails as a whole.
pub async fn a_commit_has_a_bounded_number_of_events(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let change = |name: &str, events| {
        let update = UserUpdate {
            display_name: Some(DisplayName::from_stored(name.to_owned())),
            ..UserUpdate::of(fixture.client.id)
        };
        let told = vec![event(&fixture, user_changed(fixture.client)); events];
        store.update_user(Commit::new(update).with_events(told))
    };
    change("Full", MAX_EVENTS).await.expect("as many as may be");
    let refused = change("Overfull", MAX_EVENTS + 1).await;
    assert!(
        matches!(refused, Err(StoreError::Backend(_))),
        "{refused:?}"
    );
    assert_eq!(log(store).await.len(), MAX_EVENTS);
    let found = store.user(fixture.client.id).await.expect("readable");
    assert_eq!(found.expect("there").display_name.as_str(), "Full");
}

/// Newest is what happened last, not what was written last.
pub async fn the_log_goes_by_time(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let (early, late) = (fixture.tick(), fixture.tick());
    for at in [late, early] {
        let told = NewEvent::new(at, None, user_changed(fixture.client));
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
        let user = UserId::new(n);
        let events = [
            user_changed(Actor::new(user, Role::Client)),
            DomainEvent::PasswordChanged { user },
            DomainEvent::SessionEnded { user },
        ];
        let told = events.map(|event| NewEvent::new(fixture.now(), None, event));
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

/// An event that names what its commit creates is stored with the new id.
pub async fn created_rows_are_named(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let row = new_user("newcomer", Role::Client, fixture.tick());
    let created = DomainEvent::UserCreated {
        user: RowId::Created,
        username: row.username.clone(),
        role: row.role,
    };
    let commit = Commit::new(row).with_event(event(&fixture, created));
    let user = store.create_user(commit).await.expect("created").id;

    let row = InsertBundle {
        bundle: NewBundle::new(fixture.client.id, title("Autumn")),
        created_by: fixture.admin.id,
        created_at: fixture.tick(),
        completed_at: None,
    };
    let created = DomainEvent::BundleCreated {
        bundle: RowId::Created,
        parties: fixture.parties(),
    };
    let commit = Commit::new(row).with_event(event(&fixture, created));
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
    let created = DomainEvent::ThreadCreated {
        thread: fixture.event_thread(RowId::Created),
        recipient: fixture.writer.id,
    };
    let commit = Commit::new(row)
        .with_event(event(&fixture, created))
        .with_event(event(&fixture, message_sent(&fixture, RowId::Created)));
    let opened = store.open_thread(commit).await.expect("opened");
    let said = opened.last_message.expect("something was said").id;
    let opened = opened.thread.id;

    let row = fixture.new_message(thread, fixture.client);
    let commit = Commit::new(row).with_event(event(&fixture, message_sent(&fixture, thread)));
    let (message, _) = store.post_message(commit).await.expect("sent");

    let row = fixture.new_ticket(fixture.client, Some(fixture.subject()));
    let created = DomainEvent::TicketCreated {
        ticket: fixture.event_ticket(RowId::Created),
    };
    let commit = Commit::new(row).with_event(event(&fixture, created));
    let ticket = store.create_ticket(commit).await.expect("created").id;

    let upload = fixture
        .add_upload(store, fixture.client, BlobPurpose::BundleFile)
        .await;
    let uploaded = DomainEvent::FileUploaded {
        file: RowId::Created,
        bundle: fixture.bundle,
        file_name: upload.name.clone(),
    };
    let row = InsertBundleFile {
        bundle: fixture.bundle,
        upload,
        description: Description::empty(),
        visibility: Visibility::default(),
        uploaded_at: fixture.tick(),
    };
    let commit = Commit::new(row).with_event(event(&fixture, uploaded));
    let file = store.add_file(commit).await.expect("added").id;

    let log = log(store).await;
    let named: Vec<_> = log
        .iter()
        .map(|entry| (entry.content_type.as_str(), entry.object_id))
        .collect();
    let expected = [
        ("user", user.get()),
        ("class_bundle", bundle.get()),
        ("thread", opened.get()),
        ("message", said.get()),
        ("message", message.get()),
        ("ticket", ticket.get()),
        ("file", file.get()),
    ];
    assert_eq!(named, expected);
    assert_eq!(log[1].scope.subject, Some(SubjectRef::bundle(bundle)));
    assert_eq!(log[2].scope.thread, Some(opened));
    assert_eq!(log[3].scope.thread, Some(opened));
    assert_eq!(log[4].scope.thread, Some(thread));
    let line = TicketLine {
        ticket,
        is_internal: false,
    };
    assert_eq!(log[5].scope.ticket, Some(line));
    assert_eq!(log[6].scope.file, Some(file));
}

/// Each filter of the audit log, and all of them together.
pub async fn the_log_is_filtered(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let emit = async |at, actor, event| {
        let told = NewEvent::new(at, actor, event);
        let commit = Commit::new(UserUpdate::of(fixture.client.id)).with_event(told);
        store.update_user(commit).await.expect("change");
    };
    let (early, middle, late) = (fixture.tick(), fixture.tick(), fixture.tick());
    let (admin, editor) = (Some(fixture.admin.id), Some(fixture.editor.id));
    let changed = |id| user_changed(Actor::new(UserId::new(id), Role::Client));
    fixture.add_ticket(store, fixture.client, None).await;
    // Another number than that of the first person.
    let ticket = fixture.add_ticket(store, fixture.client, None).await.id;
    let assigned = DomainEvent::TicketAssigned {
        ticket: fixture.event_ticket(ticket),
        from: None,
        to: editor,
    };
    let created = DomainEvent::UserCreated {
        user: UserId::new(1).into(),
        username: Username::parse("somebody").expect("a username"),
        role: Role::Client,
    };
    emit(early, admin, changed(1)).await;
    emit(middle, editor, changed(ticket.get())).await;
    emit(middle, editor, assigned).await;
    emit(late, None, created).await;

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
            object_id: Some(ticket.get()),
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
        object_id: Some(ticket.get()),
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

/// What is told while a user pages through the log comes to nobody twice.
pub async fn the_log_is_paged(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let emit = async || {
        let told = event(&fixture, user_changed(fixture.client));
        let commit = Commit::new(UserUpdate::of(fixture.client.id)).with_event(told);
        store.update_user(commit).await.expect("change");
    };
    for _ in 0..5 {
        emit().await;
    }
    let before = log(store).await;
    let seen = walk(2, async |page| {
        let found = store.audit(AuditFilter::default(), page).await;
        emit().await;
        found
    })
    .await;
    assert_eq!(seen, before.into_iter().rev().collect::<Vec<_>>());
}

/// An assignee in a ticket's history is a person.
pub async fn an_assignee_in_the_history_is_a_person(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let ticket = fixture.add_ticket(store, fixture.client, None).await.id;
    let assigned = DomainEvent::TicketAssigned {
        ticket: fixture.event_ticket(ticket),
        from: Some(fixture.editor.id),
        to: None,
    };
    let told = event(&fixture, assigned);
    let commit = Commit::new(UserUpdate::of(fixture.client.id)).with_event(told);
    store.update_user(commit).await.expect("change");
    let editor = store.user(fixture.editor.id).await.expect("readable");
    let editor = HistoryValue::Person(editor.expect("there").to_ref());
    let read = store.ticket_history(ticket, scope(fixture.client), all().into());
    let lines = read.await.expect("readable").expect("there").1.items;
    assert_eq!(lines.len(), 1);
    assert_eq!((&lines[0].from, &lines[0].to), (&Some(editor), &None));
}

/// A ticket's history has its own lines alone, oldest first, and follows the access scope.
///
/// contract: perm.ticket.see, perm.ticket.internal
pub async fn the_history_of_a_ticket_follows_the_access_scope(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let created = DomainEvent::TicketCreated {
        ticket: fixture.event_ticket(RowId::Created),
    };
    let row = fixture.new_ticket(fixture.client, Some(SubjectRef::bundle(fixture.bundle)));
    let commit = Commit::new(row).with_event(event(&fixture, created));
    let ticket = store.create_ticket(commit).await.expect("created").id;
    let other = fixture.add_ticket(store, fixture.client, None).await.id;
    for (of, is_internal) in [(ticket, true), (other, false), (ticket, false)] {
        let row = fixture.new_note(of, fixture.editor, is_internal);
        let attached = DomainEvent::TicketAttachmentAdded {
            ticket: fixture.event_ticket(of),
            file_name: FileName::clean("b"),
            is_internal,
        };
        let commit = Commit::new(row).with_event(event(&fixture, attached));
        store.add_ticket_message(commit).await.expect("added");
    }
    let lines = async |who| {
        let read = store.ticket_history(ticket, scope(who), all().into()).await;
        read.expect("readable").expect("there").1.items
    };
    let (staff, requester) = (lines(fixture.editor).await, lines(fixture.client).await);
    assert_eq!(staff.len(), 3);
    assert_eq!(requester, [staff[0].clone(), staff[2].clone()]);
    assert_eq!(staff[0].action, EventAction::TicketCreated);
    assert_eq!(staff[1].from, None);
    assert_eq!(staff[1].to, Some(HistoryValue::Text("b".to_owned())));
    assert_eq!(
        staff[1].actor.as_ref().map(|actor| actor.id),
        Some(fixture.admin.id)
    );
    assert!(staff.windows(2).all(|pair| pair[0].id < pair[1].id));

    let page = store
        .ticket_history(ticket, scope(fixture.client), first(1).into())
        .await;
    let page = page.expect("readable").expect("there").1;
    assert_eq!(page.items, [staff[0].clone()]);
    let rest = walk(1, async |page| {
        let read = store
            .ticket_history(ticket, scope(fixture.client), page.into())
            .await;
        read.map(|found| found.expect("there").1)
    })
    .await;
    assert_eq!(rest, requester);
    let from_the_end = walk(1, async |page| {
        let page = SeekRequest {
            limit: page.limit,
            seek: Seek::END.continued(page.after),
        };
        let read = store.ticket_history(ticket, scope(fixture.client), page);
        read.await.map(|found| found.expect("there").1)
    })
    .await;
    assert_eq!(from_the_end, [staff[2].clone(), staff[0].clone()]);
}

//! Tickets, their messages, files and history.

use classdesk_conformance::fixture::{description, title, words};
use classdesk_domain::blobs::UploadTarget;
use classdesk_domain::events::HistoryValue;
use classdesk_domain::ids::{TicketAttachmentId, TicketId, TicketMessageId, UserId};
use classdesk_domain::paging::PageRequest;
use classdesk_domain::people::Actor;
use classdesk_domain::text::Description;
use classdesk_domain::tickets::{
    NewTicket, NewTicketMessage, NewTicketOnSubject, Ticket, TicketChange, TicketPriority,
    TicketStatus,
};

use super::support::{AppFixture, only_for, word};

fn new_ticket() -> NewTicket {
    NewTicket::new(title("Help"), description("Nothing happens."))
}

/// An test with a ticket of the client on the bundle.
async fn test() -> (AppFixture, TicketId) {
    let test = AppFixture::open().await;
    let new = NewTicketOnSubject::from(new_ticket());
    let fixture = &test.fixture;
    let created = test
        .app
        .tickets
        .create_on(fixture.client, &fixture.subject(), new)
        .await;
    let id = created.expect("created").id;
    (test, id)
}

async fn change(test: &AppFixture, by: &Actor, id: TicketId, wish: TicketChange) -> String {
    word(test.app.tickets.change(by, id, wish).await)
}

fn to(status: TicketStatus) -> TicketChange {
    TicketChange {
        status: Some(status),
        ..TicketChange::default()
    }
}

fn note(text: &str, is_internal: bool) -> NewTicketMessage {
    NewTicketMessage {
        text: words(text),
        is_internal,
    }
}

async fn get(test: &AppFixture, by: &Actor, id: TicketId) -> Ticket {
    test.app.tickets.get(by, id).await.expect("seen")
}

/// A ticket's history as its viewer sees it: `action from to`.
async fn history(test: &AppFixture, by: &Actor, id: TicketId) -> Vec<String> {
    let page = test
        .app
        .tickets
        .history(by, id, PageRequest::default())
        .await;
    let lines = page.expect("seen").items;
    lines
        .iter()
        .map(|line| {
            let value = |value: &Option<HistoryValue>| match value {
                Some(HistoryValue::Text(text)) => text.clone(),
                Some(HistoryValue::Person(person)) => person.username.to_string(),
                None => "-".to_owned(),
            };
            format!("{} {} {}", line.action, value(&line.from), value(&line.to))
        })
        .collect()
}

#[tokio::test]
async fn a_ticket_on_a_subject_names_it_in_its_last_line() {
    let (test, id) = test().await;
    let ticket = get(&test, &test.fixture.client, id).await;
    assert_eq!(
        ticket.description.as_str(),
        "Nothing happens.\nClass bundle #1: Spring semester"
    );
    assert_eq!((ticket.status, ticket.version), (TicketStatus::Open, 1));
    let bare = NewTicketOnSubject::from(NewTicket::new(title("Help"), Description::empty()));
    let fixture = &test.fixture;
    let created = test
        .app
        .tickets
        .create_on(fixture.editor, &fixture.subject(), bare)
        .await;
    let created = created.expect("created");
    assert_eq!(
        created.description.as_str(),
        "Class bundle #1: Spring semester"
    );
    assert_eq!(created.requester.id, fixture.editor.id);
    let alone = test
        .app
        .tickets
        .create(fixture.other_client, new_ticket())
        .await;
    assert_eq!(
        alone.expect("created").description.as_str(),
        "Nothing happens."
    );
}

/// contract: perm.ticket.create, perm.ticket.create-free, perm.requester
/// contract: bundles.create-ticket.on-behalf
#[tokio::test]
async fn who_may_create_a_ticket_and_for_whom() {
    let test = AppFixture::open().await;
    let (fixture, tickets) = (&test.fixture, &test.app.tickets);
    let subject = fixture.subject();
    let on = async |by: Actor, on_behalf_of: Option<UserId>| {
        let ticket = new_ticket();
        let new = NewTicketOnSubject {
            ticket,
            on_behalf_of,
        };
        tickets.create_on(by, &subject, new).await
    };
    assert_eq!(word(on(fixture.writer, None).await), "not allowed");
    assert_eq!(word(on(fixture.other_client, None).await), "not found");
    assert_eq!(
        word(on(fixture.client, Some(fixture.client.id)).await),
        "not allowed"
    );
    let wrong = on(fixture.admin, Some(fixture.other_client.id)).await;
    assert_eq!(word(wrong), "on_behalf_of:not_eligible");
    let ticket = on(fixture.admin, Some(fixture.client.id))
        .await
        .expect("created");
    assert_eq!(ticket.created_by.id, fixture.admin.id);
    assert_eq!(ticket.requester.id, fixture.client.id);
    assert_eq!(word(tickets.get(&fixture.client, ticket.id).await), "ok");
    assert_eq!(
        word(tickets.create(fixture.writer, new_ticket()).await),
        "not allowed"
    );
    assert_eq!(
        word(tickets.create(fixture.editor, new_ticket()).await),
        "ok"
    );
}

/// contract: perm.ticket.close, perm.ticket.triage
#[tokio::test]
async fn a_requester_closes_and_reopens_and_meets_403_or_409_else() {
    let (test, id) = test().await;
    let fixture = &test.fixture;
    let client = &fixture.client;
    use TicketStatus::{AwaitingResponse, Closed, Escalated, InProgress, Open};
    assert_eq!(
        change(&test, client, id, to(InProgress)).await,
        "not allowed"
    );
    assert_eq!(
        change(&test, client, id, to(Open)).await,
        "a ticket that is open cannot become open"
    );
    assert_eq!(
        change(&test, &fixture.writer, id, to(Closed)).await,
        "not found"
    );
    assert_eq!(change(&test, client, id, to(Closed)).await, "ok");
    assert!(get(&test, client, id).await.resolved_at.is_some());
    assert_eq!(
        change(&test, client, id, to(Escalated)).await,
        "a ticket that is closed cannot become escalated"
    );
    assert_eq!(change(&test, client, id, to(Open)).await, "ok");
    for status in [InProgress, Escalated, AwaitingResponse] {
        assert_eq!(change(&test, &fixture.editor, id, to(status)).await, "ok");
    }
    let ticket = get(&test, client, id).await;
    assert!(ticket.is_escalated && ticket.resolved_at.is_none());
    assert_eq!(
        history(&test, client, id).await,
        [
            "ticket.created - open",
            "ticket.status_changed open closed",
            "ticket.status_changed closed open",
            "ticket.status_changed open in_progress",
            "ticket.status_changed in_progress escalated",
            "ticket.status_changed escalated awaiting_response",
        ]
    );
}

/// contract: perm.ticket.triage, conv.concurrency
#[tokio::test]
async fn staff_triage_and_every_value_is_a_line() {
    let (test, id) = test().await;
    let fixture = &test.fixture;
    let wish = TicketChange {
        title: Some(title("Urgent help")),
        priority: Some(TicketPriority::Critical),
        assigned_to: Some(Some(fixture.editor.id)),
        ..TicketChange::default()
    };
    assert_eq!(
        change(&test, &fixture.client, id, wish.clone()).await,
        "not allowed"
    );
    assert_eq!(change(&test, &fixture.admin, id, wish.clone()).await, "ok");
    assert_eq!(
        change(&test, &fixture.admin, id, wish).await,
        "ok",
        "and changes nothing"
    );
    assert_eq!(get(&test, &fixture.admin, id).await.version, 2);
    let retitle = TicketChange {
        title: Some(title("Help!")),
        ..TicketChange::default()
    };
    assert_eq!(
        change(&test, &fixture.client, id, retitle.clone()).await,
        "ok"
    );
    let tickets = &test.app.tickets;
    let late = tickets
        .change(only_for(fixture.client, 2), id, retitle)
        .await;
    assert_eq!(word(late), "someone else changed it first");
    let assign = |person| TicketChange {
        assigned_to: Some(person),
        ..TicketChange::default()
    };
    for wrong in [fixture.client.id, UserId::new(999)] {
        let refused = change(&test, &fixture.admin, id, assign(Some(wrong))).await;
        assert_eq!(refused, "assigned_to:not_eligible");
    }
    assert_eq!(change(&test, &fixture.admin, id, assign(None)).await, "ok");
    assert_eq!(
        history(&test, &fixture.client, id).await,
        [
            "ticket.created - open".to_owned(),
            "ticket.priority_changed medium critical".to_owned(),
            "ticket.assigned - editor".to_owned(),
            "ticket.title_changed Help Urgent help".to_owned(),
            "ticket.title_changed Urgent help Help!".to_owned(),
            "ticket.assigned editor -".to_owned(),
        ]
    );
}

/// contract: perm.ticket.write, perm.ticket.internal
#[tokio::test]
async fn an_answer_of_the_requester_opens_and_one_of_staff_does_not() {
    let (test, id) = test().await;
    let (fixture, tickets) = (&test.fixture, &test.app.tickets);
    assert_eq!(
        change(
            &test,
            &fixture.editor,
            id,
            to(TicketStatus::AwaitingResponse)
        )
        .await,
        "ok"
    );
    let add = async |by: Actor, new| word(tickets.add_message(by, id, new).await);
    assert_eq!(add(fixture.editor, note("And?", false)).await, "ok");
    assert_eq!(
        get(&test, &fixture.client, id).await.status,
        TicketStatus::AwaitingResponse
    );
    assert_eq!(add(fixture.client, note("Here.", false)).await, "ok");
    assert_eq!(
        get(&test, &fixture.client, id).await.status,
        TicketStatus::Open
    );
    assert_eq!(add(fixture.client, note("Psst", true)).await, "not allowed");
    assert_eq!(
        add(fixture.writer, note("Me too", false)).await,
        "not found"
    );
    assert_eq!(
        history(&test, &fixture.client, id).await[2..],
        [
            "ticket.message_added - -",
            "ticket.message_added - -",
            "ticket.status_changed awaiting_response open",
        ]
    );
}

/// contract: perm.ticket.internal, perm.counts
#[tokio::test]
async fn what_is_internal_leaves_no_trace_for_the_requester() {
    let (test, id) = test().await;
    let (fixture, tickets) = (&test.fixture, &test.app.tickets);
    let before = get(&test, &fixture.client, id).await;
    test.clock.advance(std::time::Duration::from_secs(60));
    let secret = tickets
        .add_message(fixture.editor, id, note("Careful", true))
        .await;
    let secret = secret.expect("added");
    let upload = test.upload(fixture.editor, UploadTarget::Ticket(id)).await;
    let file = tickets
        .attach(fixture.editor, id, upload, true)
        .await
        .expect("attached");

    assert_eq!(get(&test, &fixture.client, id).await, before);
    assert_eq!(
        history(&test, &fixture.client, id).await,
        ["ticket.created - open"]
    );
    let page = PageRequest::default();
    let seen = tickets
        .messages(&fixture.client, id, page)
        .await
        .expect("seen");
    assert!(seen.items.is_empty());
    let seen = tickets
        .attachments(&fixture.client, id, page)
        .await
        .expect("seen");
    assert!(seen.items.is_empty());
    assert_eq!(
        word(tickets.message(&fixture.client, secret.id).await),
        "not found"
    );
    assert_eq!(
        word(tickets.attachment(&fixture.client, id, file.id).await),
        "not found"
    );

    let staff = get(&test, &fixture.admin, id).await;
    assert_eq!((staff.messages_count, staff.attachments_count), (1, 1));
    assert_eq!(
        tickets
            .message(&fixture.admin, secret.id)
            .await
            .expect("seen"),
        secret
    );
    assert_eq!(history(&test, &fixture.admin, id).await.len(), 3);
    let (seen, download) = tickets
        .attachment(&fixture.admin, id, file.id)
        .await
        .expect("seen");
    assert_eq!(seen, file);
    assert_eq!(
        word(test.app.downloads.open(&download.permit, None).await),
        "ok"
    );
}

/// contract: perm.ticket.see, perm.ticket.write
#[tokio::test]
async fn public_files_are_for_the_requester_and_staff() {
    let (test, id) = test().await;
    let (fixture, tickets) = (&test.fixture, &test.app.tickets);
    let upload = test.upload(fixture.client, UploadTarget::Ticket(id)).await;
    let refused = tickets.attach(fixture.client, id, upload, true).await;
    assert_eq!(word(refused), "not allowed");
    let upload = test.upload(fixture.client, UploadTarget::Ticket(id)).await;
    let file = tickets
        .attach(fixture.client, id, upload, false)
        .await
        .expect("attached");
    for (actor, expected) in [
        (fixture.client, "ok"),
        (fixture.editor, "ok"),
        (fixture.writer, "not found"),
        (fixture.other_client, "not found"),
    ] {
        assert_eq!(
            word(tickets.attachment(&actor, id, file.id).await),
            expected
        );
        assert_eq!(
            word(
                tickets
                    .attachments(&actor, id, PageRequest::default())
                    .await
            ),
            expected
        );
        assert_eq!(
            word(tickets.messages(&actor, id, PageRequest::default()).await),
            expected
        );
        assert_eq!(
            word(tickets.history(&actor, id, PageRequest::default()).await),
            expected
        );
    }
    let missing = TicketAttachmentId::new(999);
    assert_eq!(
        word(tickets.attachment(&fixture.admin, id, missing).await),
        "not found"
    );
    let missing = TicketMessageId::new(999);
    assert_eq!(
        word(tickets.message(&fixture.admin, missing).await),
        "not found"
    );
}

/// contract: perm.ticket.see
#[tokio::test]
async fn a_requester_keeps_the_ticket_whatever_happens_to_the_subject() {
    let (test, id) = test().await;
    let fixture = &test.fixture;
    let ticket = test
        .app
        .tickets
        .create(fixture.other_client, new_ticket())
        .await;
    let alone = ticket.expect("created").id;
    assert_eq!(
        change(
            &test,
            &fixture.other_client,
            alone,
            to(TicketStatus::Closed)
        )
        .await,
        "ok"
    );
    // Somebody who owns the subject without being the requester knows nothing of it.
    let subject = fixture.subject();
    let created = test.app.tickets.create_on(
        fixture.editor,
        &subject,
        NewTicketOnSubject::from(new_ticket()),
    );
    let theirs = created.await.expect("created").id;
    assert_eq!(
        word(test.app.tickets.get(&fixture.client, theirs).await),
        "not found"
    );
    assert_eq!(word(test.app.tickets.get(&fixture.client, id).await), "ok");
}

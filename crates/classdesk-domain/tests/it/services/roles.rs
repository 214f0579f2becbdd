//! What a new role or a deactivation takes with it.

use classdesk_conformance::fixture::{description, title, words};
use classdesk_domain::error::Error;
use classdesk_domain::events::HistoryValue;
use classdesk_domain::ids::{TicketId, UserId};
use classdesk_domain::paging::PageRequest;
use classdesk_domain::people::{Actor, LoginName, NewPassword, Role, User, UserChange};
use classdesk_domain::threads::NewThread;
use classdesk_domain::tickets::{
    NewTicket, NewTicketMessage, NewTicketOnSubject, Ticket, TicketChange, TicketStatus,
};

use super::support::{AppFixture, word};

fn role(role: Role) -> UserChange {
    UserChange {
        role: Some(role),
        ..UserChange::default()
    }
}

fn active(is_active: bool) -> UserChange {
    UserChange {
        is_active: Some(is_active),
        ..UserChange::default()
    }
}

async fn change(test: &AppFixture, of: Actor, change: UserChange) -> Result<User, Error> {
    let superadmin = test.fixture.superadmin;
    test.app.users.change(&superadmin, of.id, change).await
}

/// A ticket of the client that this person has.
async fn assigned(test: &AppFixture, to: Actor) -> TicketId {
    let ticket = test
        .fixture
        .add_ticket(&*test.store, test.fixture.client, None);
    let id = ticket.await.id;
    let assign = TicketChange {
        assigned_to: Some(Some(to.id)),
        ..TicketChange::default()
    };
    triage(test, id, assign).await;
    id
}

async fn triage(test: &AppFixture, id: TicketId, change: TicketChange) -> Ticket {
    let tickets = &test.app.tickets;
    let admin = &test.fixture.admin;
    let changed = tickets.change(admin, id, change);
    changed.await.expect("changed")
}

fn status(status: TicketStatus) -> TicketChange {
    TicketChange {
        status: Some(status),
        ..TicketChange::default()
    }
}

async fn assignee(test: &AppFixture, id: TicketId) -> Option<UserId> {
    let ticket = test.app.tickets.get(&test.fixture.admin, id).await;
    ticket.expect("seen").assigned_to.map(|person| person.id)
}

/// The last line of a ticket's history: the action and who before and after.
async fn last_line(test: &AppFixture, id: TicketId) -> (&'static str, [Option<UserId>; 2]) {
    let page = PageRequest::default();
    let lines = test
        .app
        .tickets
        .history(&test.fixture.admin, id, page)
        .await;
    let line = lines.expect("seen").items.pop().expect("a line");
    let person = |value| match value {
        Some(HistoryValue::Person(person)) => Some(person.id),
        _ => None,
    };
    (line.action.as_str(), [person(line.from), person(line.to)])
}

/// contract: perm.last-superadmin
#[tokio::test]
async fn the_last_active_superadmin_stays_one() {
    let test = AppFixture::open().await;
    let superadmin = test.fixture.superadmin;
    let last = "nobody else is an active superadmin";
    for refused in [active(false), role(Role::Admin)] {
        assert_eq!(word(change(&test, superadmin, refused).await), last);
    }
    let (commands, name) = (&test.app.admin_commands, LoginName::new("superadmin"));
    assert_eq!(word(commands.set_active(&name, false).await), last);
    assert_eq!(word(commands.set_role(&name, Role::Client).await), last);
    assert_eq!(word(change(&test, superadmin, active(true)).await), "ok");

    let second = test
        .fixture
        .add_user(&*test.store, "second", Role::Superadmin);
    let second = second.await;
    assert_eq!(word(change(&test, second, active(false)).await), "ok");
    assert_eq!(
        word(change(&test, superadmin, role(Role::Admin)).await),
        last
    );
    assert_eq!(word(change(&test, second, active(true)).await), "ok");
    assert_eq!(
        word(change(&test, superadmin, role(Role::Admin)).await),
        "ok"
    );
    assert_eq!(
        word(commands.set_active(&LoginName::new("second"), false).await),
        last
    );
}

/// contract: users.own-password
#[tokio::test]
async fn an_own_password_is_changed_with_the_present_one_alone() {
    let test = AppFixture::open().await;
    let new = UserChange {
        password: NewPassword::parse("another horse battery").ok(),
        ..UserChange::default()
    };
    for actor in test.fixture.everybody() {
        let refused = test.app.users.change(&actor, actor.id, new.clone()).await;
        assert_eq!(word(refused), "not allowed", "{actor:?}");
    }
}

/// contract: tickets.assignee
#[tokio::test]
async fn a_person_who_leaves_the_staff_is_taken_off_open_tickets() {
    for leaving in [role(Role::Client), role(Role::Writer), active(false)] {
        let test = AppFixture::open().await;
        let editor = test.fixture.editor;
        let (open, closed) = (assigned(&test, editor).await, assigned(&test, editor).await);
        let other = assigned(&test, test.fixture.admin).await;
        let version = triage(&test, closed, status(TicketStatus::Closed))
            .await
            .version;
        let before = test
            .app
            .tickets
            .get(&test.fixture.admin, open)
            .await
            .expect("seen");
        assert_eq!(word(change(&test, editor, leaving).await), "ok");
        let after = test
            .app
            .tickets
            .get(&test.fixture.admin, open)
            .await
            .expect("seen");
        assert_eq!(
            (after.assigned_to, after.version),
            (None, before.version + 1)
        );
        let line = ("ticket.assigned", [Some(editor.id), None]);
        assert_eq!(last_line(&test, open).await, line);
        let kept = test
            .app
            .tickets
            .get(&test.fixture.admin, closed)
            .await
            .expect("seen");
        let keeper = kept.assigned_to.as_ref().map(|person| person.id);
        assert_eq!((keeper, kept.version), (Some(editor.id), version));
        assert_eq!(assignee(&test, other).await, Some(test.fixture.admin.id));

        let named = TicketChange {
            assigned_to: Some(Some(editor.id)),
            ..status(TicketStatus::Open)
        };
        let named = test.app.tickets.change(test.fixture.admin, closed, named);
        assert_eq!(word(named.await), "assigned_to:not_eligible");

        // Reopened by staff, it goes to nobody.
        let reopened = triage(&test, closed, status(TicketStatus::Open)).await;
        assert_eq!(reopened.assigned_to, None);
        assert_eq!(last_line(&test, closed).await, line);
    }
}

/// contract: tickets.assignee
#[tokio::test]
async fn an_answer_that_reopens_a_ticket_takes_off_an_assignee_who_has_left() {
    let test = AppFixture::open().await;
    let (client, editor, admin) = (test.fixture.client, test.fixture.editor, test.fixture.admin);
    let (left, stays) = (assigned(&test, editor).await, assigned(&test, admin).await);
    for id in [left, stays] {
        triage(&test, id, status(TicketStatus::Closed)).await;
    }
    assert_eq!(word(change(&test, editor, active(false)).await), "ok");
    for id in [left, stays] {
        let answer = NewTicketMessage {
            text: words("It is back"),
            is_internal: false,
        };
        let sent = test.app.tickets.add_message(client, id, answer).await;
        assert_eq!(word(sent), "ok");
    }
    assert_eq!(assignee(&test, left).await, None);
    let line = ("ticket.assigned", [Some(editor.id), None]);
    assert_eq!(last_line(&test, left).await, line);
    assert_eq!(assignee(&test, stays).await, Some(admin.id));
}

#[tokio::test]
async fn another_staff_role_keeps_the_tickets() {
    let test = AppFixture::open().await;
    let id = assigned(&test, test.fixture.editor).await;
    let known = test.log_length().await;
    assert_eq!(
        word(change(&test, test.fixture.editor, role(Role::Admin)).await),
        "ok"
    );
    assert_eq!(assignee(&test, id).await, Some(test.fixture.editor.id));
    assert_eq!(test.told_after(known).await, ["user.changed"]);
}

/// contract: perm.role-change
#[tokio::test]
async fn a_thousand_tickets_are_left_in_one_change() {
    let test = AppFixture::open().await;
    for _ in 0..1_000 {
        assigned(&test, test.fixture.editor).await;
    }
    assert_eq!(
        word(change(&test, test.fixture.editor, active(false)).await),
        "ok"
    );
    for id in [1, 500, 1_000] {
        assert_eq!(assignee(&test, TicketId::new(id)).await, None);
    }
}

/// contract: perm.role-change
#[tokio::test]
async fn a_writer_with_another_role_is_no_party_any_more() {
    let test = AppFixture::open().await;
    let (fixture, writer) = (&test.fixture, test.fixture.writer);
    let bundle = async || {
        let detail = test
            .app
            .bundles
            .detail(&fixture.admin, fixture.bundle)
            .await;
        detail.expect("seen").view.bundle
    };
    let before = bundle().await;
    assert_eq!(word(change(&test, writer, active(false)).await), "ok");
    assert_eq!(bundle().await.parties.assigned_writer, Some(writer.id));
    let known = test.log_length().await;
    assert_eq!(word(change(&test, writer, role(Role::Client)).await), "ok");
    let after = bundle().await;
    assert_eq!(after.parties.assigned_writer, None);
    assert_eq!(after.version, before.version + 1);
    let told = test.told_after(known).await;
    assert_eq!(told, ["user.changed", "bundle.writer_assigned"]);
}

/// contract: perm.role-change
#[tokio::test]
async fn a_ticket_is_opened_for_a_present_client_alone() {
    for leaving in [role(Role::Writer), active(false)] {
        let test = AppFixture::open().await;
        let fixture = &test.fixture;
        let open = async || {
            let new = NewTicketOnSubject {
                ticket: NewTicket::new(title("Help"), description("Nothing happens.")),
                on_behalf_of: Some(fixture.client.id),
            };
            let tickets = &test.app.tickets;
            word(
                tickets
                    .create_on(fixture.admin, &fixture.subject(), new)
                    .await,
            )
        };
        assert_eq!(open().await, "ok");
        assert_eq!(word(change(&test, fixture.client, leaving).await), "ok");
        assert_eq!(open().await, "on_behalf_of:not_eligible");
        let bundle = test
            .app
            .bundles
            .detail(&fixture.admin, fixture.bundle)
            .await;
        let parties = bundle.expect("seen").view.bundle.parties;
        assert_eq!(parties.client, fixture.client.id, "the id stays");
    }
}

/// contract: threads.take-part
#[tokio::test]
async fn participants_are_those_who_take_part_now() {
    let test = AppFixture::open().await;
    let fixture = &test.fixture;
    let threads = &test.app.threads;
    let new = NewThread::with(fixture.writer.id);
    let opened = threads.open(fixture.client, &fixture.subject(), new).await;
    let id = opened.expect("opened").thread.id;
    let added = threads.add_participant(&fixture.editor, id, fixture.editor.id);
    assert_eq!(word(added.await), "ok");
    let names = async || {
        let view = threads.get(&fixture.admin, id).await.expect("seen");
        let listed = threads.list(&fixture.admin, Default::default(), PageRequest::default());
        let listed = listed.await.expect("listed").items;
        assert_eq!(listed[0].participants, view.participants);
        let people = view.participants.iter();
        people
            .map(|person| person.username.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(names().await, ["editor", "client", "writer"]);
    let other = Some(fixture.other_writer.id);
    let assigned = test
        .app
        .bundles
        .assign_writer(&fixture.admin, fixture.bundle, other);
    assert_eq!(word(assigned.await), "ok");
    assert_eq!(names().await, ["editor", "client", "other_writer"]);
    assert_eq!(
        word(change(&test, fixture.editor, active(false)).await),
        "ok"
    );
    assert_eq!(names().await, ["client", "other_writer"]);
    assert_eq!(
        word(change(&test, fixture.client, role(Role::Writer)).await),
        "ok"
    );
    assert_eq!(names().await, ["other_writer"]);
    assert_eq!(
        word(change(&test, fixture.client, role(Role::Client)).await),
        "ok"
    );
    assert_eq!(names().await, ["client", "other_writer"]);
}

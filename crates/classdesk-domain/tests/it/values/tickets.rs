//! The states of a ticket, all twenty-five steps between them.

use classdesk_domain::clock::Timestamp;
use classdesk_domain::ids::{TicketId, UserId};
use classdesk_domain::people::{Role, UserRef, Username};
use classdesk_domain::text::{Description, DisplayName, Title};
use classdesk_domain::tickets::{
    InvalidTransition, Ticket, TicketCategory, TicketPriority, TicketStatus,
};
use proptest::prelude::*;

/// From the row's state to the column's, in the order of the contract.
const STEPS: &str = "
    .                 open in_progress awaiting_response escalated closed
    open              no   yes         yes               yes       yes
    in_progress       no   no          yes               yes       yes
    awaiting_response no   yes         no                yes       yes
    escalated         no   yes         yes               no        yes
    closed            yes  no          no                no        no
";

fn exists(from: TicketStatus, to: TicketStatus) -> bool {
    let rows: Vec<Vec<_>> = STEPS
        .lines()
        .map(|line| line.split_whitespace().collect())
        .filter(|row: &Vec<_>| !row.is_empty())
        .collect();
    let row = rows
        .iter()
        .find(|row| row[0] == from.as_str())
        .expect("a row");
    let place = rows[0].iter().position(|word| *word == to.as_str());
    row[place.expect("a column")] == "yes"
}

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

fn ticket(status: TicketStatus) -> Ticket {
    let person = UserRef {
        id: UserId::new(1),
        username: Username::from_stored("client".into()),
        display_name: DisplayName::from_stored("Client".into()),
        role: Role::Client,
    };
    Ticket {
        id: TicketId::new(1),
        title: Title::from_stored("Help".into()),
        description: Description::empty(),
        priority: TicketPriority::Medium,
        category: TicketCategory::General,
        status,
        is_escalated: status == TicketStatus::Escalated,
        about: None,
        parties: None,
        created_by: person.clone(),
        requester: person,
        assigned_to: None,
        messages_count: 0,
        attachments_count: 0,
        resolved_at: (status == TicketStatus::Closed).then_some(at(5)),
        created_at: at(0),
        updated_at: at(5),
        version: 1,
    }
}

#[test]
fn every_step_is_as_the_table_says() {
    let mut steps = 0;
    for from in TicketStatus::ALL.iter().copied() {
        for to in TicketStatus::ALL.iter().copied() {
            steps += 1;
            assert_eq!(from.may_become(to), exists(from, to), "{from} to {to}");
            let before = ticket(from);
            let mut after = before.clone();
            let outcome = after.transition(to, at(9));
            if !exists(from, to) {
                assert_eq!(outcome, Err(InvalidTransition { from, to }));
                assert_eq!(after, before, "a refused step changes nothing");
                continue;
            }
            assert_eq!(outcome, Ok(()));
            let expected = Ticket {
                status: to,
                is_escalated: from == TicketStatus::Escalated || to == TicketStatus::Escalated,
                resolved_at: (to == TicketStatus::Closed).then_some(at(9)),
                ..before
            };
            assert_eq!(after, expected, "{from} to {to}");
        }
    }
    assert_eq!(steps, 25);
}

#[test]
fn an_answer_opens_what_awaits_one_or_is_closed() {
    for status in TicketStatus::ALL.iter().copied() {
        let before = ticket(status);
        let mut after = before.clone();
        let opens = matches!(
            status,
            TicketStatus::AwaitingResponse | TicketStatus::Closed
        );
        assert_eq!(after.answered_by_requester(at(9)), opens, "{status}");
        let expected = if opens {
            Ticket {
                status: TicketStatus::Open,
                resolved_at: None,
                ..before
            }
        } else {
            before
        };
        assert_eq!(after, expected, "{status}");
    }
}

proptest! {
    #[test]
    fn whatever_happens_the_marks_follow(walk in proptest::collection::vec(0_usize..6, 0..40)) {
        let mut ticket = ticket(TicketStatus::Open);
        let (mut escalated, mut closed_at) = (false, None);
        for (now, step) in (10..).zip(walk) {
            let before = ticket.status;
            match TicketStatus::ALL.get(step) {
                Some(to) => {
                    let _ = ticket.transition(*to, at(now));
                }
                None => {
                    ticket.answered_by_requester(at(now));
                }
            }
            if ticket.status != before {
                escalated |= ticket.status == TicketStatus::Escalated;
                closed_at = (ticket.status == TicketStatus::Closed).then_some(at(now));
            }
            prop_assert_eq!(ticket.is_escalated, escalated);
            prop_assert_eq!(ticket.resolved_at, closed_at);
        }
    }
}

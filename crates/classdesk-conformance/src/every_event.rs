//! One event of every kind.

use classdesk_domain::blobs::FileName;
use classdesk_domain::bundles::BundleStatus;
use classdesk_domain::events::{DomainEvent, EventTicket, UserChanges};
use classdesk_domain::files::Visibility;
use classdesk_domain::ids::{
    ApiKeyId, FileId, MessageId, ThreadId, TicketId, TicketMessageId, WebhookId,
};
use classdesk_domain::people::{Access, Role, Username};
use classdesk_domain::subjects::{SubjectKind, SubjectRef};
use classdesk_domain::text::SubjectLine;
use classdesk_domain::tickets::{TicketCategory, TicketPriority, TicketStatus};
use classdesk_domain::webhooks::DisabledReason;

use crate::Fixture;
use crate::fixture::title;

/// One event of every kind, with values that a store might get wrong. The ticket has to be there;
/// other ids need not be.
#[must_use]
pub fn every_event(fixture: &Fixture, ticket: TicketId) -> Vec<DomainEvent> {
    let mut events = of_people(fixture);
    events.extend(of_bundles(fixture));
    events.extend(of_threads(fixture));
    events.extend(of_tickets(fixture, ticket));
    events.extend(of_files(fixture));
    events.extend(of_webhooks());
    events
}

fn of_people(fixture: &Fixture) -> Vec<DomainEvent> {
    let user = fixture.client.id;
    vec![
        DomainEvent::UserCreated {
            user: user.into(),
            username: Username::parse("newcomer").expect("a username"),
            role: Role::Client,
        },
        DomainEvent::UserChanged {
            user,
            changes: UserChanges {
                username: true,
                external_id: true,
                language: true,
                time_zone: true,
                display_name: true,
                email: true,
                role: Some(Role::Writer),
                is_active: Some(false),
            },
        },
        DomainEvent::PasswordChanged { user },
        DomainEvent::UserInvited { user: user.into() },
        DomainEvent::UserUnlocked { user },
        DomainEvent::SessionStarted { user },
        DomainEvent::SessionEnded { user },
        DomainEvent::ApiKeyCreated {
            key: ApiKeyId::new(5).into(),
            user,
            access: Access::Read,
            act_as: true,
        },
        DomainEvent::ApiKeyEnded {
            key: ApiKeyId::new(5),
            user,
        },
    ]
}

fn of_bundles(fixture: &Fixture) -> Vec<DomainEvent> {
    let order = SubjectRef::new(SubjectKind::parse("order").expect("a kind"), 77);
    let (bundle, parties) = (fixture.bundle, fixture.parties());
    vec![
        DomainEvent::SubjectRegistered {
            subject: order.clone(),
            parties,
        },
        DomainEvent::SubjectChanged {
            subject: order.clone(),
            parties,
        },
        DomainEvent::SubjectRemoved { subject: order },
        DomainEvent::BundleCreated {
            bundle: bundle.into(),
            parties,
        },
        DomainEvent::BundleChanged {
            bundle,
            fields: vec!["title", "status"],
            status: Some((BundleStatus::NotStarted, BundleStatus::InProgress)),
        },
        DomainEvent::WriterAssigned {
            bundle,
            from: Some(fixture.writer.id),
            to: None,
        },
    ]
}

fn of_threads(fixture: &Fixture) -> Vec<DomainEvent> {
    let thread = fixture.event_thread(ThreadId::new(31));
    let (user, message) = (fixture.writer.id, MessageId::new(32));
    vec![
        DomainEvent::ThreadCreated {
            thread: thread.clone(),
            recipient: user,
        },
        DomainEvent::ThreadChanged {
            thread: thread.clone(),
            from: SubjectLine::cut("Größe"),
            to: SubjectLine::cut("'100 %'; \"fine\""),
        },
        DomainEvent::ThreadClosed {
            thread: thread.clone(),
        },
        DomainEvent::ThreadReopened {
            thread: thread.clone(),
        },
        DomainEvent::ParticipantAdded {
            thread: thread.clone(),
            user,
        },
        DomainEvent::ParticipantRemoved {
            thread: thread.clone(),
            user,
        },
        DomainEvent::MessageSent {
            message: message.into(),
            thread: thread.clone(),
        },
        DomainEvent::MessageEdited {
            message,
            thread: thread.clone(),
            sender: user,
        },
        DomainEvent::MessageDeleted {
            message,
            thread,
            sender: user,
        },
    ]
}

fn of_tickets(fixture: &Fixture, id: TicketId) -> Vec<DomainEvent> {
    let ticket = fixture.event_ticket(id);
    let on_nothing = EventTicket {
        subject: None,
        ..fixture.event_ticket(id)
    };
    vec![
        DomainEvent::TicketCreated { ticket: on_nothing },
        DomainEvent::TicketStatusChanged {
            ticket: ticket.clone(),
            from: TicketStatus::Open,
            to: TicketStatus::Closed,
        },
        DomainEvent::TicketPriorityChanged {
            ticket: ticket.clone(),
            from: TicketPriority::Low,
            to: TicketPriority::Critical,
        },
        DomainEvent::TicketCategoryChanged {
            ticket: ticket.clone(),
            from: TicketCategory::General,
            to: TicketCategory::Payment,
        },
        DomainEvent::TicketAssigned {
            ticket: ticket.clone(),
            from: None,
            to: Some(fixture.editor.id),
        },
        DomainEvent::TicketTitleChanged {
            ticket: ticket.clone(),
            from: title("Before"),
            to: title("After"),
        },
        DomainEvent::TicketMessageAdded {
            ticket: ticket.clone(),
            is_internal: true,
        },
        DomainEvent::TicketAttachmentAdded {
            ticket: ticket.clone(),
            file_name: FileName::clean("März.pdf"),
            is_internal: false,
        },
        DomainEvent::TicketMessageDeleted {
            ticket: ticket.clone(),
            message: TicketMessageId::new(36),
            sender: fixture.client.id,
            is_internal: false,
        },
        DomainEvent::TicketAttachmentDeleted {
            ticket,
            file_name: FileName::clean("März.pdf"),
            is_internal: true,
        },
    ]
}

fn of_files(fixture: &Fixture) -> Vec<DomainEvent> {
    let (file, bundle) = (FileId::new(33), fixture.bundle);
    let to_writer = Visibility {
        to_client: false,
        to_writer: true,
    };
    vec![
        DomainEvent::FileUploaded {
            file: file.into(),
            bundle,
            file_name: FileName::clean("März.pdf"),
        },
        DomainEvent::FileChanged {
            file,
            bundle,
            description: true,
            visibility: Some(to_writer),
        },
        DomainEvent::FileDeleted {
            file,
            bundle,
            file_name: FileName::clean("März.pdf"),
            visibility: to_writer,
        },
    ]
}

fn of_webhooks() -> Vec<DomainEvent> {
    let webhook = WebhookId::new(51);
    let origin = || "https://hooks.example.com:8443".to_owned();
    vec![
        DomainEvent::WebhookCreated {
            webhook: webhook.into(),
            origin: origin(),
        },
        DomainEvent::WebhookChanged {
            webhook,
            fields: vec!["url", "types"],
            origin: origin(),
        },
        DomainEvent::WebhookSecretRotated { webhook },
        DomainEvent::WebhookDisabled {
            webhook,
            reason: DisabledReason::Gone,
        },
        DomainEvent::WebhookEnabled { webhook },
        DomainEvent::WebhookRemoved { webhook },
    ]
}

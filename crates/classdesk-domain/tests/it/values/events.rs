//! What a row of the log says of each event.

use classdesk_conformance::Fixture;
use classdesk_conformance::every_event::every_event;
use classdesk_domain::events::{
    CommitIds, DomainEvent, EventAction, EventRecord, EventScope, EventTicket, MAX_EVENTS,
    NewEvent, RowId, TicketLine,
};
use classdesk_domain::ids::{BundleId, FileId, ThreadId, TicketId};
use classdesk_domain::subjects::SubjectRef;
use classdesk_memory::MemoryStore;

const TICKET: TicketId = TicketId::new(34);
const IDS: CommitIds = CommitIds {
    row: 99,
    first_message: None,
};

async fn records() -> Vec<(DomainEvent, EventRecord)> {
    let fixture = Fixture::create(&MemoryStore::new()).await;
    let events = every_event(&fixture, TICKET);
    let new = events
        .iter()
        .map(|event| NewEvent::new(fixture.now(), None, event.clone()));
    let records = EventRecord::of_commit(new.collect(), IDS).expect("few enough");
    events.into_iter().zip(records).collect()
}

fn existing<I>(id: &RowId<I>) -> I
where
    I: Copy,
{
    match id {
        RowId::Existing(id) => *id,
        RowId::Created => panic!("every id of the example is there"),
    }
}

/// What decides who may see an event, as the contract says it. A new kind of event has to be added
/// here, or this does not compile.
fn scope_by_contract(event: &DomainEvent) -> EventScope {
    use DomainEvent as E;
    let of_subject = |subject: &SubjectRef| EventScope {
        subject: Some(subject.clone()),
        ..EventScope::default()
    };
    let of_bundle = |bundle: BundleId| of_subject(&SubjectRef::bundle(bundle));
    let of_file = |file: FileId, bundle| EventScope {
        file: Some(file),
        ..of_bundle(bundle)
    };
    let of_ticket = |ticket: &EventTicket, is_internal| EventScope {
        subject: ticket.subject.clone(),
        ticket: Some(TicketLine {
            ticket: TICKET,
            is_internal,
        }),
        requester: Some(ticket.requester),
        ..EventScope::default()
    };
    match event {
        E::UserCreated { .. }
        | E::UserChanged { .. }
        | E::PasswordChanged { .. }
        | E::UserInvited { .. }
        | E::UserUnlocked { .. }
        | E::SessionStarted { .. }
        | E::SessionEnded { .. }
        | E::ApiKeyCreated { .. }
        | E::ApiKeyEnded { .. }
        | E::WebhookCreated { .. }
        | E::WebhookChanged { .. }
        | E::WebhookSecretRotated { .. }
        | E::WebhookDisabled { .. }
        | E::WebhookEnabled { .. }
        | E::WebhookRemoved { .. } => EventScope::default(),
        E::SubjectRegistered { subject, .. }
        | E::SubjectChanged { subject, .. }
        | E::SubjectRemoved { subject } => of_subject(subject),
        E::BundleCreated { bundle, .. } => of_bundle(existing(bundle)),
        E::BundleChanged { bundle, .. } | E::WriterAssigned { bundle, .. } => of_bundle(*bundle),
        E::ThreadCreated { thread, .. }
        | E::ThreadChanged { thread, .. }
        | E::ThreadClosed { thread }
        | E::ThreadReopened { thread }
        | E::ParticipantAdded { thread, .. }
        | E::ParticipantRemoved { thread, .. }
        | E::MessageSent { thread, .. }
        | E::MessageEdited { thread, .. }
        | E::MessageDeleted { thread, .. } => EventScope {
            thread: Some(existing(&thread.id)),
            ..of_subject(&thread.subject)
        },
        E::TicketCreated { ticket }
        | E::TicketStatusChanged { ticket, .. }
        | E::TicketPriorityChanged { ticket, .. }
        | E::TicketCategoryChanged { ticket, .. }
        | E::TicketAssigned { ticket, .. }
        | E::TicketTitleChanged { ticket, .. } => of_ticket(ticket, false),
        E::TicketMessageAdded {
            ticket,
            is_internal,
        }
        | E::TicketAttachmentAdded {
            ticket,
            is_internal,
            ..
        }
        | E::TicketMessageDeleted {
            ticket,
            is_internal,
            ..
        }
        | E::TicketAttachmentDeleted {
            ticket,
            is_internal,
            ..
        } => of_ticket(ticket, *is_internal),
        E::FileUploaded { file, bundle, .. } => of_file(existing(file), *bundle),
        E::FileChanged { file, bundle, .. } => of_file(*file, *bundle),
        E::FileDeleted {
            file,
            bundle,
            visibility,
            ..
        } => EventScope {
            seen_by: Some(*visibility),
            ..of_file(*file, *bundle)
        },
    }
}

#[tokio::test]
async fn every_event_has_a_scope() {
    let records = records().await;
    let told: Vec<_> = records.iter().map(|(_, record)| record.action).collect();
    assert_eq!(told, EventAction::ALL, "one of every kind");
    for (event, record) in records {
        assert_eq!(record.scope, scope_by_contract(&event), "{event:?}");
        let audit_only = matches!(record.content_type.as_str(), "user" | "api_key" | "webhook");
        assert_eq!(
            record.scope == EventScope::default(),
            audit_only,
            "{event:?}"
        );
    }
}

/// The words and facts of the audit log, which clients read.
#[tokio::test]
async fn every_event_keeps_its_line_in_the_audit_log() {
    let lines: Vec<_> = records()
        .await
        .into_iter()
        .map(|(_, row)| {
            let detail: Vec<_> = row.detail.iter().map(|(k, v)| format!("{k}={v}")).collect();
            let value = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
            format!(
                "{} {} {} {} > {} {}",
                row.action,
                row.content_type,
                row.object_id,
                value(row.from),
                value(row.to),
                detail.join(" ")
            )
        })
        .collect();
    let expected = [
        "user.created user 4 - > - role=client username=newcomer",
        "user.changed user 4 - > - display_name=changed email=changed external_id=changed is_active=false language=changed role=writer time_zone=changed username=changed",
        "user.password_changed user 4 - > - ",
        "user.invited user 4 - > - ",
        "user.unlocked user 4 - > - ",
        "session.started user 4 - > - ",
        "session.ended user 4 - > - ",
        "api_key.created api_key 5 - > - access=read act_as=true user=4",
        "api_key.ended api_key 5 - > - user=4",
        "subject.registered order 77 - > - assigned_writer=5 client=4",
        "subject.changed order 77 - > - assigned_writer=5 client=4",
        "subject.removed order 77 - > - ",
        "bundle.created class_bundle 1 - > - assigned_writer=5 client=4",
        "bundle.changed class_bundle 1 not_started > in_progress fields=title,status",
        "bundle.writer_assigned class_bundle 1 5 > - ",
        "thread.created thread 31 - > - recipient=5 subject=class_bundle/1",
        "thread.changed thread 31 Größe > '100 %'; \"fine\" ",
        "thread.closed thread 31 - > - ",
        "thread.reopened thread 31 - > - ",
        "thread.participant_added thread 31 - > - user=5",
        "thread.participant_removed thread 31 - > - user=5",
        "message.sent message 32 - > - thread=31",
        "message.edited message 32 - > - sender=5 thread=31",
        "message.deleted message 32 - > - sender=5 thread=31",
        "ticket.created ticket 34 - > open requester=4",
        "ticket.status_changed ticket 34 open > closed ",
        "ticket.priority_changed ticket 34 low > critical ",
        "ticket.category_changed ticket 34 general > payment ",
        "ticket.assigned ticket 34 - > 3 ",
        "ticket.title_changed ticket 34 Before > After ",
        "ticket.message_added ticket 34 - > - ",
        "ticket.attachment_added ticket 34 - > März.pdf ",
        "ticket.message_deleted ticket 34 - > - message=36 sender=4",
        "ticket.attachment_deleted ticket 34 März.pdf > - ",
        "file.uploaded file 33 - > - bundle=1 file_name=März.pdf",
        "file.changed file 33 - > - bundle=1 description=changed is_visible_to_client=false \
         is_visible_to_writer=true",
        "file.deleted file 33 - > - bundle=1 file_name=März.pdf",
        "webhook.created webhook 51 - > - origin=https://hooks.example.com:8443",
        "webhook.changed webhook 51 - > - fields=url,types origin=https://hooks.example.com:8443",
        "webhook.secret_rotated webhook 51 - > - ",
        "webhook.disabled webhook 51 - > - reason=gone",
        "webhook.enabled webhook 51 - > - ",
        "webhook.removed webhook 51 - > - ",
    ];
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn what_a_commit_creates_is_named_by_the_ids_of_the_store() {
    let fixture = Fixture::create(&MemoryStore::new()).await;
    let thread = fixture.event_thread(RowId::Created);
    let events = [
        DomainEvent::ThreadCreated {
            thread: thread.clone(),
            recipient: fixture.writer.id,
        },
        DomainEvent::MessageSent {
            message: RowId::Created,
            thread,
        },
    ];
    let new = events.map(|event| NewEvent::new(fixture.now(), None, event));
    let ids = CommitIds {
        row: 7,
        first_message: Some(classdesk_domain::ids::MessageId::new(12)),
    };
    let records = EventRecord::of_commit(new.to_vec(), ids).expect("few enough");
    let named: Vec<_> = records
        .iter()
        .map(|row| (row.object_id, row.scope.thread.map(ThreadId::get)))
        .collect();
    assert_eq!(named, [(7, Some(7)), (12, Some(7))]);
    assert!(
        records[1].detail.is_empty(),
        "its thread's event is beside it"
    );
}

#[tokio::test]
async fn a_commit_has_a_bounded_number_of_events() {
    let fixture = Fixture::create(&MemoryStore::new()).await;
    let event = NewEvent::new(
        fixture.now(),
        None,
        DomainEvent::SessionEnded {
            user: fixture.client.id,
        },
    );
    let most = EventRecord::of_commit(vec![event.clone(); MAX_EVENTS], IDS);
    assert_eq!(most.expect("just few enough").len(), MAX_EVENTS);
    let refused = EventRecord::of_commit(vec![event; MAX_EVENTS + 1], IDS);
    assert_eq!(
        refused.expect_err("one too many").to_string(),
        "a commit has 4097 events, and 4096 are the most"
    );
}

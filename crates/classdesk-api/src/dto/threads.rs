//! Threads.

use classdesk_domain::clock::Timestamp;
use classdesk_domain::ids::{MessageId, ThreadId, UserId};
use classdesk_domain::subjects::{SubjectKind, SubjectRef};
use classdesk_domain::text::{MessageText, SubjectLine};
use classdesk_domain::threads::{NewThread, ThreadChange, ThreadFilter, ThreadView as SeenThread};
use classdesk_domain::validation::FieldError;
use classdesk_http::PublicUrl;

use crate::input::{AnyIdOrZero, input, inputs, text_like};
use crate::output::view;

use super::messages::MessageView;
use super::people::UserRefView;
use super::subjects::{SubjectFields, SubjectInput};

view! {
    /// A conversation on a subject, as the caller sees it.
    ThreadView of (seen: SeenThread, public_url: &PublicUrl) {
        /// Its id.
        id: ThreadId = seen.thread.id,
        /// The same as `content_type`.
        thread_type: SubjectKind = seen.thread.about.content_type.clone(),
        /// The kind of its subject, for example `class_bundle`.
        content_type: SubjectKind = seen.thread.about.content_type.clone(),
        /// Which subject of that kind.
        object_id: i64 = seen.thread.about.object_id,
        /// The `object_id` when the `content_type` is `order`, else null.
        order: Option<i64> = order(&seen.thread.about),
        /// Its subject line.
        subject: SubjectLine = seen.thread.subject,
        /// Whether it takes messages.
        is_active: bool = seen.thread.is_active,
        /// Whether only those who were named are in it.
        is_private: bool = seen.thread.is_private,
        /// Who opened it.
        created_by: UserRefView = seen.created_by.into(),
        /// Who is in it.
        participants: Vec<UserRefView> = seen.participants.into_iter().map(Into::into).collect(),
        /// How many messages it has, deleted ones included.
        message_count: i64,
        /// How many messages of others lie beyond the caller's read mark, without deleted ones.
        unread_count: i64,
        /// The latest message.
        last_message: Option<MessageView> = seen
            .last_message
            .map(|message| MessageView::of(message, public_url)),
        /// When it was opened.
        created_at: Timestamp = seen.thread.created_at,
        /// Its latest activity: a message or a change.
        updated_at: Timestamp = seen.thread.updated_at,
        /// Counts its changes, which messages are not; the first part of the `ETag`.
        version: i64 = seen.thread.version,
    },
    example {
        "id": 5, "thread_type": "class_bundle", "content_type": "class_bundle", "object_id": 42,
        "order": null, "subject": "Class bundle #42: Spring semester", "is_active": true,
        "is_private": false,
        "created_by": {"id": 8, "username": "writer", "display_name": "Will Writer", "role": "writer"},
        "participants": [
            {"id": 7, "username": "client", "display_name": "Clara Client", "role": "client"},
            {"id": 8, "username": "writer", "display_name": "Will Writer", "role": "writer"},
        ],
        "message_count": 0, "unread_count": 0, "last_message": null,
        "created_at": "2026-03-01T10:00:00.000000Z", "updated_at": "2026-03-01T10:00:00.000000Z",
        "version": 1,
    }
}

fn order(about: &SubjectRef) -> Option<i64> {
    (about.content_type.as_str() == "order").then_some(about.object_id)
}

input! {
    /// A thread to be opened on a subject that the path names.
    body ThreadBody -> NewThread {
        /// With whom: another person who can see the subject.
        recipient_id: UserId,
        /// Its subject line; one that names the subject when it is left out.
        subject: Option<SubjectLine>,
        /// The first message.
        initial_message: Option<MessageText>,
        /// Whether only the caller and the recipient are in it.
        is_private: bool = false,
    },
    example {"recipient_id": 8, "initial_message": "When do we begin?"}
}

input! {
    /// A thread to be opened on a subject that the body names.
    body ThreadOnSubjectBody -> (SubjectInput, NewThread) {
        ..subject: SubjectFields,
        ..thread: ThreadBody,
    } => (subject, thread),
    example {
        "content_type": "class_bundle", "object_id": 42, "recipient_id": 8,
        "initial_message": "When do we begin?",
    }
}

input! {
    /// A change to a thread. What is left out stays.
    body ThreadChangeBody -> ThreadChange {
        /// Its subject line.
        subject: Option<SubjectLine>,
        /// Open or closed.
        is_active: Option<bool>,
    },
    example {"is_active": false}
}

input! {
    /// A person who shall be in a thread.
    body ParticipantBody -> UserId {
        /// Who: a person who can see the subject.
        user_id: UserId,
    } => user_id,
    example {"user_id": 4}
}

input! {
    /// How far a thread was read.
    body ReadMarkBody -> Option<MessageId> {
        /// The id of the last message that was read; the latest one when it is left out.
        up_to: Option<MessageId>,
    } => up_to,
    example {"up_to": 31}
}

/// The caller, as the one participant by whom threads can be looked for.
pub(crate) struct Me;

inputs! {
    Me => (): |raw| match raw.text()? {
        "me" => Ok(()),
        _ => Err(FieldError::NotAChoice { allowed: "me".to_owned() }),
    }, text_like("^me$");
}

input! {
    /// Which threads are listed. Every given parameter has to match.
    query ThreadParams -> ThreadFilter {
        /// On subjects of this kind.
        content_type: Option<SubjectKind>,
        /// On a subject with this id.
        object_id: Option<AnyIdOrZero>,
        /// With messages that the caller has not read, or without.
        unread: Option<bool>,
        /// `me`: only threads that the caller is in. Staff see all of them otherwise.
        participant: Option<Me>,
    } => ThreadFilter { content_type, object_id, unread, mine: participant.is_some() }
}

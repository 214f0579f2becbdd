//! Threads.

use classdesk_domain::clock::Timestamp;
use classdesk_domain::ids::{MessageId, UserId};
use classdesk_domain::subjects::SubjectKind;
use classdesk_domain::text::{MessageText, SubjectLine};
use classdesk_domain::threads::{NewThread, ThreadChange, ThreadFilter, ThreadView as SeenThread};
use classdesk_domain::validation::FieldError;
use classdesk_http::PublicUrl;
use serde::Serialize;
use utoipa::ToSchema;

use crate::input::{Input, Raw, ValueSchema, input, text_like};
use crate::render::display;

use super::messages::MessageView;
use super::people::UserRefView;
use super::subjects::{OnSubject, SubjectFields, SubjectInput};

/// A conversation on a subject, as the caller sees it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
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
}))]
pub struct ThreadView {
    /// Its id.
    pub id: i64,
    /// The same as `content_type`.
    pub thread_type: String,
    /// The kind of its subject, for example `class_bundle`.
    pub content_type: String,
    /// Which subject of that kind.
    pub object_id: i64,
    /// The `object_id` when the `content_type` is `order`, else null.
    #[schema(required = true)]
    pub order: Option<i64>,
    /// Its subject line.
    pub subject: String,
    /// Whether it takes messages.
    pub is_active: bool,
    /// Whether only those who were named are in it.
    pub is_private: bool,
    /// Who opened it.
    pub created_by: UserRefView,
    /// Who is in it.
    pub participants: Vec<UserRefView>,
    /// How many messages it has, deleted ones included.
    pub message_count: i64,
    /// How many messages of others lie beyond the caller's read mark.
    pub unread_count: i64,
    /// The latest message.
    #[schema(required = true)]
    pub last_message: Option<MessageView>,
    /// When it was opened.
    #[serde(serialize_with = "display")]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// Its latest activity: a message or a change.
    #[serde(serialize_with = "display")]
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

impl ThreadView {
    /// A thread, with file URLs below the public one.
    pub(crate) fn of(seen: SeenThread, public_url: &PublicUrl) -> Self {
        let thread = seen.thread;
        let content_type = thread.about.content_type.to_string();
        let object_id = thread.about.object_id;
        Self {
            id: thread.id.get(),
            order: (content_type == "order").then_some(object_id),
            thread_type: content_type.clone(),
            content_type,
            object_id,
            subject: thread.subject.into_string(),
            is_active: thread.is_active,
            is_private: thread.is_private,
            created_by: seen.created_by.into(),
            participants: seen.participants.into_iter().map(Into::into).collect(),
            message_count: seen.message_count,
            unread_count: seen.unread_count,
            last_message: seen
                .last_message
                .map(|message| MessageView::of(message, public_url)),
            created_at: thread.created_at,
            updated_at: thread.updated_at,
        }
    }
}

input! {
    /// A thread to be opened on a subject that the path names.
    body ThreadBody -> NewThread {
        /// With whom: somebody else who can see the subject.
        recipient_id: UserId,
        /// Its subject line; one that names the subject when it is left out.
        subject: Option<SubjectLine>,
        /// The first message.
        initial_message: Option<MessageText>,
        /// Whether only the caller and the recipient are in it.
        is_private: bool = false,
    } => NewThread { recipient_id, subject, initial_message, is_private },
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

impl OnSubject for ThreadOnSubjectBody {
    type Subject = SubjectFields;
    type Rest = ThreadBody;
}

input! {
    /// A change to a thread. What is left out stays.
    body ThreadChangeBody -> ThreadChange {
        /// Its subject line.
        subject: Option<SubjectLine>,
        /// Open or closed.
        is_active: Option<bool>,
    } => ThreadChange { subject, is_active },
    example {"is_active": false}
}

input! {
    /// Somebody who shall be in a thread.
    body ParticipantBody -> UserId {
        /// Who: somebody who can see the subject.
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

impl Input for Me {
    fn read(raw: &Raw) -> Result<Self, FieldError> {
        match raw.text()? {
            "me" => Ok(Self),
            _ => Err(FieldError::NotAChoice {
                allowed: "me".to_owned(),
            }),
        }
    }

    fn schema() -> ValueSchema {
        text_like("^me$")
    }
}

input! {
    /// Which threads are listed. Every given parameter has to match.
    query ThreadParams -> ThreadFilter {
        /// On subjects of this kind.
        content_type: Option<SubjectKind>,
        /// On a subject with this id.
        object_id: Option<i64>,
        /// With messages that the caller has not read, or without.
        unread: Option<bool>,
        /// `me`: only threads that the caller is in. Staff see all of them otherwise.
        participant: Option<Me>,
    } => ThreadFilter { content_type, object_id, unread, mine: participant.is_some() }
}

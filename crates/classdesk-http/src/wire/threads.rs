//! Threads.

use classdesk_domain::clock::Timestamp;
use classdesk_domain::ids::{MessageId, UserId};
use classdesk_domain::text::{MessageText, SubjectLine};
use classdesk_domain::threads::{NewThread, ThreadChange, ThreadView as SeenThread};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::extract::{Fields, read};
use crate::render::display;
use crate::settings::PublicUrl;

use super::messages::MessageView;
use super::people::UserRefView;

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

/// A thread to be opened on a subject that the path names.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"recipient_id": 8, "initial_message": "When do we begin?"}))]
pub struct ThreadBody {
    /// With whom: somebody else who can see the subject.
    #[schema(minimum = 1)]
    pub recipient_id: i64,
    /// Its subject line; one that names the subject when it is left out.
    #[schema(
        min_length = 1,
        max_length = 255,
        pattern = r"^[^\x00]*\S[^\x00]*$",
        nullable = false
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The first message.
    #[schema(
        min_length = 1,
        max_length = 10000,
        pattern = r"^[^\x00]*\S[^\x00]*$",
        nullable = false
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initial_message: Option<String>,
    /// Whether only the caller and the recipient are in it.
    #[schema(default = false, nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_private: Option<bool>,
}

impl ThreadBody {
    /// Reads such a body.
    pub(crate) fn read(fields: &mut Fields) -> Option<NewThread> {
        let recipient_id = fields.required("recipient_id", read::id::<UserId>);
        let subject = fields.optional("subject", read::text(SubjectLine::parse));
        let initial_message = fields.optional("initial_message", read::text(MessageText::parse));
        let is_private = fields.optional("is_private", read::boolean);
        Some(NewThread {
            recipient_id: recipient_id?,
            subject,
            initial_message,
            is_private: is_private.unwrap_or_default(),
        })
    }
}

/// A thread to be opened on a subject that the body names.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "content_type": "class_bundle", "object_id": 42, "recipient_id": 8,
    "initial_message": "When do we begin?",
}))]
pub struct ThreadOnSubjectBody {
    /// The kind of the subject.
    #[schema(pattern = "^[a-z][a-z0-9_]{0,31}$")]
    pub content_type: String,
    /// Which subject of that kind.
    pub object_id: i64,
    /// With whom: somebody else who can see the subject.
    #[schema(minimum = 1)]
    pub recipient_id: i64,
    /// Its subject line; one that names the subject when it is left out.
    #[schema(
        min_length = 1,
        max_length = 255,
        pattern = r"^[^\x00]*\S[^\x00]*$",
        nullable = false
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The first message.
    #[schema(
        min_length = 1,
        max_length = 10000,
        pattern = r"^[^\x00]*\S[^\x00]*$",
        nullable = false
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initial_message: Option<String>,
    /// Whether only the caller and the recipient are in it.
    #[schema(default = false, nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_private: Option<bool>,
}

/// A change to a thread. What is left out stays.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"is_active": false}))]
pub struct ThreadChangeBody {
    /// Its subject line.
    #[schema(
        min_length = 1,
        max_length = 255,
        pattern = r"^[^\x00]*\S[^\x00]*$",
        nullable = false
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Open or closed.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_active: Option<bool>,
}

impl ThreadChangeBody {
    /// Reads such a body.
    pub(crate) fn read(fields: &mut Fields) -> Option<ThreadChange> {
        Some(ThreadChange {
            subject: fields.optional("subject", read::text(SubjectLine::parse)),
            is_active: fields.optional("is_active", read::boolean),
        })
    }
}

/// Somebody who shall be in a thread.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"user_id": 4}))]
pub struct ParticipantBody {
    /// Who: somebody who can see the subject.
    #[schema(minimum = 1)]
    pub user_id: i64,
}

impl ParticipantBody {
    /// Reads such a body.
    pub(crate) fn read(fields: &mut Fields) -> Option<UserId> {
        fields.required("user_id", read::id::<UserId>)
    }
}

/// How far a thread was read.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"up_to": 31}))]
pub struct ReadMarkBody {
    /// The id of the last message that was read; the latest one when it is left out.
    #[schema(minimum = 1, nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub up_to: Option<i64>,
}

impl ReadMarkBody {
    /// Reads such a body.
    #[expect(
        clippy::option_option,
        reason = "the outer one is for bodies that are not right, which this one never is"
    )]
    pub(crate) fn read(fields: &mut Fields) -> Option<Option<MessageId>> {
        Some(fields.optional("up_to", read::id::<MessageId>))
    }
}

/// Which threads are listed. Every given parameter has to match.
#[derive(Debug, Default, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ThreadParams {
    /// On subjects of this kind.
    #[param(pattern = "^[a-z][a-z0-9_]{0,31}$", required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// On a subject with this id.
    #[param(required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object_id: Option<i64>,
    /// With messages that the caller has not read, or without.
    #[param(required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unread: Option<bool>,
    /// `me`: only threads that the caller is in. Staff see all of them otherwise.
    #[param(pattern = "^me$", required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub participant: Option<String>,
}

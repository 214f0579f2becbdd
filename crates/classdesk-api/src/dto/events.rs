//! Events of the feed.

use std::time::Duration;

use classdesk_domain::clock::Timestamp;
use classdesk_domain::events::{Event, EventAction, EventFilter, EventTypes, HistoryValue};
use classdesk_domain::ids::{EventId, ThreadId, TicketId};
use classdesk_domain::paging::Limit;
use classdesk_domain::subjects::{SubjectKind, SubjectRef};
use classdesk_domain::validation::FieldError;
use utoipa::openapi::KnownFormat;

use crate::input::{AnyIdOrZero, input, inputs, plain_number, text_like};
use crate::output::view;
use crate::schema::integer;

use super::lists::LimitParam;
use super::people::UserRefView;

view! {
    /// The subject that an event belongs to.
    EventSubjectView from (subject: SubjectRef) {
        /// Its kind.
        content_type: SubjectKind,
        /// Its id.
        object_id: i64,
    }
}

view! {
    /// Something that happened. It names things and never repeats what they say.
    EventView from (event: Event) {
        /// Its place in the log. Later events have greater ids.
        id: EventId = event.line.id,
        /// What was done.
        r#type: EventAction = event.line.action,
        /// When.
        at: Timestamp = event.line.at,
        /// Who; null for the program itself.
        actor: Option<UserRefView> = event.line.actor.map(Into::into),
        /// To what kind of thing.
        content_type: String,
        /// To which one.
        object_id: i64,
        /// The bundle or registered subject that the thing belongs to, if it belongs to one.
        subject: Option<EventSubjectView> = event.scope.subject.map(Into::into),
        /// The thread that the thing belongs to, if it belongs to one.
        thread: Option<ThreadId> = event.scope.thread,
        /// The ticket that the thing belongs to, if it belongs to one.
        ticket: Option<TicketId> = event.scope.ticket.map(|line| line.ticket),
        /// The value before, for the status, priority, category and assignee of a ticket.
        from: Option<HistoryValue> = event.line.from,
        /// The value after.
        to: Option<HistoryValue> = event.line.to,
    },
    example {
        "id": 4711, "type": "message.sent", "at": "2026-03-01T10:00:00.000000Z",
        "actor": {"id": 7, "username": "anna", "display_name": "Anna", "role": "client"},
        "content_type": "message", "object_id": 77,
        "subject": {"content_type": "class_bundle", "object_id": 42},
        "thread": 9, "ticket": null, "from": null, "to": null,
    }
}

/// The position after which a page or a stream begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum After {
    /// This event.
    Event(EventId),
    /// All that has happened so far.
    Latest,
}

impl After {
    /// Reads an id or `latest`.
    pub(crate) fn parse(text: &str) -> Result<Self, FieldError> {
        let id = || plain_number(text).filter(|id| *id >= 0);
        match text {
            "latest" => Ok(Self::Latest),
            _ => id().map(|id| Self::Event(EventId::new(id))).ok_or_else(|| {
                let message = "Expected the id of an event, 0 or `latest`.";
                FieldError::malformed("position", message)
            }),
        }
    }
}

/// Types of events, separated by commas.
pub(crate) struct TypeList;

/// How long to wait, in seconds.
pub(crate) struct Seconds;

/// The longest wait, in seconds.
const LONGEST_WAIT: i64 = 30;

inputs! {
    After => Self: |raw| Self::parse(raw.text()?), text_like("^(latest|0|[1-9][0-9]{0,17})$");
    TypeList => EventTypes: |raw| EventTypes::parse(raw.text()?.split(',')),
        text_like(&type_list());
    Seconds => Duration: |raw| match u64::try_from(raw.integer()?) {
        Ok(seconds @ 0..=30) => Ok(Duration::from_secs(seconds)),
        _ => Err(FieldError::OutOfRange { min: 0, max: LONGEST_WAIT }),
    }, integer(KnownFormat::Int32).minimum(Some(0)).maximum(Some(LONGEST_WAIT));
}

/// The pattern of types with commas between them.
fn type_list() -> String {
    let words = EventTypes::words()
        .join("|")
        .replace('.', r"\.")
        .replace('*', r"\*");
    format!("^({words})(,({words}))*$")
}

/// What a client asks of the feed.
pub(crate) struct FeedQuery {
    pub(crate) after: Option<After>,
    pub(crate) filter: EventFilter,
    pub(crate) limit: Limit,
    pub(crate) wait: Option<Duration>,
}

input! {
    /// Which events are wanted, and from where on.
    query FeedParams -> FeedQuery {
        ..limit: LimitParam,
        /// Events after the one with this id; `latest` for those from now on. A page begins at the
        /// beginning of the log by default, a stream at its end.
        after: Option<After>,
        /// Only events of these types, with commas: `message.sent`, `ticket.*`.
        types: Option<TypeList>,
        /// Only events that belong to a subject of this kind; needs `object_id`.
        content_type: Option<SubjectKind>,
        /// Only events that belong to this subject; needs `content_type`.
        object_id: Option<AnyIdOrZero>,
        /// How many seconds a page without an event waits for one.
        wait: Option<Seconds>,
    } => |fields| {
        let subject = match (content_type, object_id) {
            (Some(kind), Some(id)) => Some(SubjectRef::new(kind, id)),
            (None, None) => None,
            (Some(_), None) => fields.check("object_id", Err(FieldError::Required))?,
            (None, Some(_)) => fields.check("content_type", Err(FieldError::Required))?,
        };
        let types = types.unwrap_or_default();
        Some(FeedQuery {
            after,
            filter: EventFilter { types, subject },
            limit,
            wait,
        })
    }
}

//! The frames of a stream, in the format of server-sent events (WHATWG HTML, section 9.2).

use std::time::Duration;

use bytes::Bytes;
use classdesk_domain::events::Event;
use classdesk_domain::ids::EventId;
use serde_json::json;

use crate::dto::EventView;
use crate::output::to_json;

/// How long a client should wait before it connects again after a break.
const RETRY: Duration = Duration::from_secs(3);

/// An event. It has no name, so that the usual handler of a client gets it.
pub(super) fn event(event: &Event) -> Bytes {
    let data = to_json(&EventView::from(event.clone()));
    let id = event.id().get();
    [format!("id: {id}\ndata: ").as_bytes(), &data, b"\n\n"]
        .concat()
        .into()
}

/// The first frame: from where on the stream goes.
pub(super) fn ready(from: EventId) -> Bytes {
    let retry = RETRY.as_millis();
    let from = from.get();
    let data = json!({"last_event_id": from});
    format!("retry: {retry}\nid: {from}\nevent: ready\ndata: {data}\n\n").into()
}

/// The position of the client is beyond the log; the stream goes on from here.
pub(super) fn reset(to: EventId) -> Bytes {
    let to = to.get();
    let data = json!({"last_event_id": to});
    format!("id: {to}\nevent: reset\ndata: {data}\n\n").into()
}

/// How far the stream has come. Browsers remember it and tell nobody.
pub(super) fn heartbeat(up_to: EventId) -> Bytes {
    format!("id: {}\n\n", up_to.get()).into()
}

/// Why a stream ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The client is no longer signed in.
    Unauthenticated,
    /// The server stops.
    Stopping,
    /// The stream has lasted long enough.
    Lifetime,
}

/// The last frame. Clients that come again at once would all come at the same time.
pub(super) fn end(why: End, retry: Duration) -> Bytes {
    let reason = match why {
        End::Unauthenticated => "unauthenticated",
        End::Stopping => "stopping",
        End::Lifetime => "lifetime",
    };
    let (retry, data) = (retry.as_millis(), json!({"reason": reason}));
    format!("event: end\nretry: {retry}\ndata: {data}\n\n").into()
}

//! What happens: `events/`.

use actix_web::HttpResponse;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::rt::time::timeout;
use classdesk_domain::events::EventPage;
use classdesk_domain::ids::EventId;
use classdesk_domain::validation::{FieldError, Invalid};
use classdesk_http::problem::{Problem, ProblemKind};
use classdesk_http::{end_work, preferred, single_header};

use crate::call::{Answer, Call};
use crate::dto::{After, EventView, FeedParams, FeedQuery};
use crate::event_streams::{Start, stream};
use crate::render;
use crate::routing::{Endpoints, endpoints};

/// What is served here.
pub(super) const ENDPOINTS: Endpoints = endpoints![follow_events];

/// How far a page or a stream has come.
const LAST_EVENT_ID: &str = "Last-Event-ID";

/// The media types of a page and of a stream.
const PAGE: &str = "application/json";
const STREAM: &str = "text/event-stream";

/// Follow what happens
///
/// Everything that happens to what you may see, oldest first, as a page or as a stream. You get an
/// event if you may see what it is about at the moment in which it is sent.
///
/// A page always has a link to the next one, and the header `Last-Event-ID` says how far it looked:
/// a page without an event moves on too.
///
/// With `Accept: text/event-stream` the answer is a stream of server-sent events. It begins with
/// `ready`, sends a heartbeat every 15 seconds and ends with `end`. A client that comes again
/// sends the last id as the header `Last-Event-ID` and misses nothing.
#[utoipa::path(
    get, path = "/api/v1/events/", tag = "events",
    params(
        FeedParams,
        ("Last-Event-ID" = Option<String>, Header, description =
            "Where a stream goes on; it wins over `after`."),
    ),
    responses((
        status = 200, description = "A page of events, or a stream of them",
        content((Vec<EventView> = "application/json"), (String = "text/event-stream")),
        headers(("Last-Event-ID" = String, description = "How far the page looked")),
    )),
    extensions(("x-problems" = json!(
        ["validation", "not-acceptable", "position-lost", "too-many-streams"]
    ))),
)]
async fn follow_events(call: Call) -> Answer {
    let query = call.params::<FeedParams>()?;
    match preferred(call.request().headers(), &[PAGE, STREAM]) {
        Some(STREAM) => begin_stream(&call, query).await,
        Some(_) => page(&call, query).await,
        None => Err(Problem::of(ProblemKind::NotAcceptable)),
    }
}

/// The id after which to begin.
async fn position(call: &Call, after: After) -> Result<EventId, Problem> {
    match after {
        After::Event(id) => Ok(id),
        After::Latest => Ok(call.app().feed.horizon().await?.complete),
    }
}

async fn page(call: &Call, query: FeedQuery) -> Answer {
    let beginning = After::Event(EventId::new(0));
    let after = position(call, query.after.unwrap_or(beginning)).await?;
    let mut page = read(call, &query, after).await?;
    if page.events.is_empty()
        && let Some(wait) = query.wait
        && !wait.is_zero()
    {
        // One who waits is no work for the server.
        end_work(call.request());
        let until_some = wait_for_events(call, &query, page.up_to);
        if let Ok(found) = timeout(wait, until_some).await {
            page = found?;
        }
    }
    let EventPage { events, up_to } = page;
    let events: Vec<_> = events.into_iter().map(EventView::from).collect();
    let mut response = render::ok(&events);
    render::link_to_next(call.request(), &mut response, ("after", &up_to.to_string()));
    let headers = response.headers_mut();
    headers.insert(HeaderName::from_static("last-event-id"), up_to.get().into());
    headers.insert(header::VARY, HeaderValue::from_static("Accept"));
    Ok(response)
}

async fn read(call: &Call, query: &FeedQuery, after: EventId) -> Result<EventPage, Problem> {
    let limit = query.limit.get();
    let feed = &call.app().feed;
    Ok(feed
        .page(call.actor(), query.filter.clone(), after, limit)
        .await?)
}

/// Waits until there is an event that the client may see then.
async fn wait_for_events(
    call: &Call,
    query: &FeedQuery,
    after: EventId,
) -> Result<EventPage, Problem> {
    let (feed, follower) = (&call.app().feed, call.follower());
    let mut subscription = follower.join(call.actor().id)?;
    let mut stop = subscription.stop_signal();
    let mut actor = *call.actor();
    loop {
        // What came between the first look and the subscription wakes nobody.
        let filter = query.filter.clone();
        let page = feed.page(&actor, filter, after, query.limit.get()).await?;
        if !page.events.is_empty() {
            // A look takes its time, in which the client may have left.
            let now = call.reauthenticate().await?;
            if now == actor {
                return Ok(page);
            }
            actor = now;
            continue;
        }
        tokio::select! {
            () = subscription.woken(feed.sees_all(&actor)) => {}
            _ = stop.wait_for(|stop| *stop) => return Ok(page),
        }
        actor = call.reauthenticate().await?;
    }
}

async fn begin_stream(call: &Call, query: FeedQuery) -> Answer {
    if query.wait.is_some() {
        let message = "A stream always waits.";
        let fault = FieldError::malformed("not_for_streams", message);
        return Err(Invalid::field("wait", fault).into());
    }
    let named = match call.request().headers().get(LAST_EVENT_ID) {
        Some(_) => Some(last_event_id(call)?),
        None => query.after,
    };
    let horizon = call.app().feed.horizon().await?;
    let after = match named {
        Some(After::Event(id)) => id,
        Some(After::Latest) | None => horizon.complete,
    };
    let is_reset = after > horizon.last;
    let start = Start {
        after: if is_reset { horizon.complete } else { after },
        is_reset,
    };
    let subscription = call.follower().join(call.actor().id)?;
    let head = call.request().head().clone();
    let events = stream(
        call.state().clone(),
        subscription,
        head,
        query.filter,
        start,
    );
    let mut response = HttpResponse::Ok();
    response
        .content_type("text/event-stream; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-store, no-transform"))
        // Proxies that collect answers would keep the events to themselves.
        .insert_header(("X-Accel-Buffering", "no"))
        .insert_header((header::VARY, "Accept"));
    Ok(response.streaming(events))
}

fn last_event_id(call: &Call) -> Result<After, Problem> {
    let text = single_header(call.request().headers(), LAST_EVENT_ID).unwrap_or_default();
    After::parse(text.trim()).map_err(|_| {
        let detail = "`Last-Event-ID` has to be the id of an event, 0 or `latest`.";
        Problem::new(ProblemKind::InvalidHeader, detail)
    })
}

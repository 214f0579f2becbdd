//! JSON bodies: bounded, in time, and handed to the domain with their errors.

use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header;
use actix_web::rt::time::timeout;
use actix_web::{FromRequest, HttpRequest};
use bytes::{Bytes, BytesMut};
use classdesk_domain::validation::{Invalid, Validated};
use classdesk_http::context::user;
use classdesk_http::problem::{Problem, ProblemKind};
use classdesk_http::{
    check_content_encoding, content_length, http_state, is_json, is_json_lines, while_body_arrives,
};
use futures_util::future::LocalBoxFuture;
use futures_util::{Stream, StreamExt};

use crate::input::{FieldSet, Fields};

use super::parameters::{no_parameters, together, validated};

/// The greatest JSON body, in bytes (docs/contract.md#text).
pub const JSON_LIMIT: usize = 256 * 1024;

/// The greatest JSON body without a sign-in, in bytes. A login is tiny.
const STRANGERS_LIMIT: usize = 4 * 1024;

/// How long a JSON body without a sign-in may take to arrive at most.
const STRANGERS_TIME: Duration = Duration::from_secs(10);

/// Most bodies are no larger, in bytes. More is reserved only for what has arrived.
const USUAL: usize = 8 * 1024;

/// A JSON body as it came. [`JsonBody::validated`] reads it. Its errors travel into the service,
/// which decides about rights first. Those of the query travel with them: no operation with a body
/// has parameters.
pub(crate) struct JsonBody {
    bytes: Bytes,
    parameters: Result<(), Invalid>,
}

impl JsonBody {
    /// Reads what the body asks for.
    pub(crate) fn validated<S: FieldSet>(&self) -> Validated<S::Output> {
        validated(self.parse::<S>())
    }

    /// The same for requests that need no right at all.
    ///
    /// # Errors
    /// Everything that is wrong with the body.
    pub(crate) fn parse<S: FieldSet>(&self) -> Result<S::Output, Invalid> {
        let read = Fields::of_json(&self.bytes).and_then(Fields::read::<S>);
        together(read, &self.parameters)
    }

    /// The subject that the body names, whatever else is wrong with it, and the rest of it.
    pub(crate) fn on_subject<S: FieldSet, R: FieldSet>(
        &self,
    ) -> (Option<S::Output>, Validated<R::Output>) {
        let mut fields = match Fields::of_json(&self.bytes) {
            Ok(fields) => fields,
            Err(invalid) => return (None, Validated::invalid(invalid)),
        };
        let subject = S::read(&mut fields);
        let rest = R::read(&mut fields);
        let rest = fields.finish(subject.as_ref().and(rest));
        (subject, validated(together(rest, &self.parameters)))
    }

    /// The same for a body that may be left out, or null: then it says `nothing`.
    pub(crate) fn validated_or<S: FieldSet>(&self, nothing: S::Output) -> Validated<S::Output> {
        if self.bytes.is_empty() || self.bytes == "null" {
            validated(together(Ok(nothing), &self.parameters))
        } else {
            self.validated::<S>()
        }
    }

    /// The bytes themselves, which make two requests the same or not.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl FromRequest for JsonBody {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move {
            let mut time = http_state(&request).settings().body_timeout;
            let mut limit = JSON_LIMIT;
            if user(&request).is_none() {
                time = time.min(STRANGERS_TIME);
                limit = STRANGERS_LIMIT;
            }
            let length = check_headers(&request, limit)?;
            let body = async {
                let body = timeout(time, collect(payload, length, limit)).await;
                body.map_err(|_| Problem::of(ProblemKind::RequestTimeout))?
            };
            Ok(Self {
                bytes: while_body_arrives(&request, body).await?,
                parameters: no_parameters(&request),
            })
        })
    }
}

/// The greatest body of JSON lines, in bytes.
const LINES_LIMIT: usize = 8 * 1024 * 1024;

/// A body of JSON lines, bounded and in time.
pub(crate) async fn json_lines(
    request: &HttpRequest,
    payload: actix_web::web::Payload,
) -> Result<Bytes, Problem> {
    let headers = request.headers();
    if !is_json_lines(headers) {
        let takes = "`application/jsonl` or `application/x-ndjson`";
        return Err(Problem::unsupported_media_type(takes));
    }
    check_content_encoding(headers)?;
    let length = usize::try_from(content_length(headers).unwrap_or(0)).unwrap_or(usize::MAX);
    if length > LINES_LIMIT {
        return Err(Problem::too_large(LINES_LIMIT as u64));
    }
    let time = http_state(request).settings().body_timeout;
    let body = async {
        let body = timeout(time, collect(payload, length, LINES_LIMIT)).await;
        body.map_err(|_| Problem::of(ProblemKind::RequestTimeout))?
    };
    while_body_arrives(request, body).await
}

/// Checks media type, coding and announced length, and answers the latter.
fn check_headers(request: &HttpRequest, limit: usize) -> Result<usize, Problem> {
    let headers = request.headers();
    let length = content_length(headers).unwrap_or(0);
    let has_body = length > 0 || headers.contains_key(header::TRANSFER_ENCODING);
    if !is_json(headers) && (has_body || headers.contains_key(header::CONTENT_TYPE)) {
        return Err(Problem::unsupported_media_type("`application/json`"));
    }
    check_content_encoding(headers)?;
    match usize::try_from(length) {
        Ok(length) if length <= limit => Ok(length),
        _ => Err(Problem::too_large(limit as u64)),
    }
}

async fn collect(
    mut payload: impl Stream<Item = Result<Bytes, PayloadError>> + Unpin,
    length: usize,
    limit: usize,
) -> Result<Bytes, Problem> {
    let mut body = BytesMut::with_capacity(length.min(USUAL));
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| {
            Problem::of(ProblemKind::IncompleteBody).caused_by(error.to_string())
        })?;
        if body.len() + chunk.len() > limit {
            return Err(Problem::too_large(limit as u64));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

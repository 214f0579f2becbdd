//! JSON bodies: bounded, in time, and handed to the domain with their errors.

use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap};
use actix_web::rt::time::timeout;
use actix_web::{FromRequest, HttpRequest};
use bytes::{Bytes, BytesMut};
use classdesk_domain::validation::{Invalid, Validated};
use classdesk_http::context::user;
use classdesk_http::problem::{Problem, ProblemKind};
use classdesk_http::{content_length, http_state, media_type, while_body_arrives};
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;

use crate::input::{FieldSet, Fields};

/// The greatest JSON body, in bytes (docs/contract.md#requests).
pub const JSON_LIMIT: usize = 256 * 1024;

/// The greatest JSON body without a sign-in, in bytes. A login is tiny.
const STRANGERS_LIMIT: usize = 4 * 1024;

/// How long a JSON body without a sign-in may take to arrive at most.
const STRANGERS_TIME: Duration = Duration::from_secs(10);

/// Most bodies are no larger, in bytes. More is reserved only for what has arrived.
const USUAL: usize = 8 * 1024;

/// A JSON body as it came. [`JsonBody::validated`] reads it. Its errors travel into the service,
/// which decides about rights first.
pub(crate) struct JsonBody(Bytes);

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
        Fields::of_json(&self.0)?.read::<S>()
    }

    /// The subject that the body names, whatever else is wrong with it, and the rest of it.
    pub(crate) fn on_subject<S: FieldSet, R: FieldSet>(
        &self,
    ) -> (Option<S::Output>, Validated<R::Output>) {
        let mut fields = match Fields::of_json(&self.0) {
            Ok(fields) => fields,
            Err(invalid) => return (None, Validated::invalid(invalid)),
        };
        let subject = S::read(&mut fields);
        let rest = R::read(&mut fields);
        let rest = fields.finish(subject.as_ref().and(rest));
        (subject, validated(rest))
    }

    /// Whether there is no body at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The bytes themselves, which make two requests the same or not.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
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
            while_body_arrives(&request, body).await.map(Self)
        })
    }
}

/// What was read, with its errors, for a service.
pub(super) fn validated<T>(read: Result<T, Invalid>) -> Validated<T> {
    match read {
        Ok(value) => Validated::valid(value),
        Err(invalid) => Validated::invalid(invalid),
    }
}

/// Checks media type and announced length, and answers the latter.
fn check_headers(request: &HttpRequest, limit: usize) -> Result<usize, Problem> {
    let headers = request.headers();
    let length = content_length(headers).unwrap_or(0);
    let has_body = length > 0 || headers.contains_key(header::TRANSFER_ENCODING);
    if !is_json(headers) && (has_body || headers.contains_key(header::CONTENT_TYPE)) {
        return Err(Problem::unsupported_media_type("`application/json`"));
    }
    match usize::try_from(length) {
        Ok(length) if length <= limit => Ok(length),
        _ => Err(Problem::too_large(limit as u64)),
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    media_type(headers).is_some_and(|media| {
        let charset = media.get_param(mime::CHARSET);
        media.essence_str() == mime::APPLICATION_JSON.essence_str()
            && charset.is_none_or(|charset| charset == mime::UTF_8)
    })
}

async fn collect(mut payload: Payload, length: usize, limit: usize) -> Result<Bytes, Problem> {
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

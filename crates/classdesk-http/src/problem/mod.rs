//! Problem documents (RFC 9457): everything that is not a success looks the same.
//!
//! Handlers and extractors answer with a [`Problem`]; the middleware renders it, since only there
//! the request id is at hand.

mod document;
mod kind;
mod table;

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName};
use actix_web::{HttpResponse, ResponseError};
use classdesk_domain::ids::EventId;
use classdesk_domain::policy::Refusal;
use classdesk_domain::store::Cause;
use classdesk_domain::validation::{FieldError, InvalidField};

use crate::limits::ShedReason;

pub use document::{FieldProblem, ProblemDocument};
pub use kind::ProblemKind;

/// Why a request was not answered with success.
#[derive(Debug)]
pub struct Problem {
    kind: ProblemKind,
    detail: Cow<'static, str>,
    // Most problems have nothing of this, and results that may hold one stay small.
    more: Box<More>,
}

/// What only some problems have.
#[derive(Debug, Default)]
struct More {
    errors: Vec<InvalidField>,
    /// How many errors are not among them.
    omitted: usize,
    refusal: Option<Refusal>,
    /// The end of the log.
    last_event: Option<EventId>,
    headers: Vec<(HeaderName, String)>,
    cause: Option<Cause>,
    shed: Option<ShedReason>,
}

/// When a request that was shed may come again.
const COME_AGAIN: Duration = Duration::from_secs(1);

impl Problem {
    /// A problem of a kind, with a sentence about this occurrence. The sentence is shown to the
    /// client: it must not hold anything internal.
    #[must_use]
    pub fn new(kind: ProblemKind, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            more: Box::default(),
        }
    }

    /// A problem of a kind about which nothing more can be said.
    #[must_use]
    pub fn of(kind: ProblemKind) -> Self {
        Self::new(kind, kind.about())
    }

    /// What is missing and what is hidden: always the same words.
    #[must_use]
    pub fn not_found() -> Self {
        Self::of(ProblemKind::NotFound)
    }

    /// A body of another media type than the operation takes.
    #[must_use]
    pub fn unsupported_media_type(takes: &str) -> Self {
        Self::new(
            ProblemKind::UnsupportedMediaType,
            format!("This operation takes {takes}."),
        )
    }

    /// A request that is shed. The middleware counts it.
    #[must_use]
    pub fn shed(reason: ShedReason) -> Self {
        let mut problem = Self::of(ProblemKind::Overloaded).retry_after(COME_AGAIN);
        problem.more.shed = Some(reason);
        problem
    }

    /// More bytes than allowed.
    #[must_use]
    pub fn too_large(limit: u64) -> Self {
        Self::new(
            ProblemKind::TooLarge,
            format!("The limit is {limit} bytes."),
        )
    }

    /// Names a field and what is wrong with it.
    #[must_use]
    pub fn with_error(mut self, field: impl Into<String>, fault: FieldError) -> Self {
        self.more.errors.push(InvalidField {
            field: field.into(),
            fault,
        });
        self
    }

    /// Adds a header to the answer.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.more.headers.push((name, value.into()));
        self
    }

    /// Says when to try again, in whole seconds.
    #[must_use]
    pub fn retry_after(self, wait: Duration) -> Self {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        self.with_header(header::RETRY_AFTER, seconds.max(1).to_string())
    }

    /// Keeps what really happened, for the log alone.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<Cause>) -> Self {
        self.more.cause = Some(cause.into());
        self
    }

    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> ProblemKind {
        self.kind
    }

    /// Why the request was shed, if it was.
    pub(crate) fn shed_reason(&self) -> Option<ShedReason> {
        self.more.shed
    }

    /// What really happened, for the log.
    pub(crate) fn cause(&self) -> Option<&Cause> {
        self.more.cause.as_ref()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.slug(), self.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.kind.status()
    }

    /// The document without a request id; the middleware renders it anew with one.
    fn error_response(&self) -> HttpResponse {
        self.render("")
    }
}

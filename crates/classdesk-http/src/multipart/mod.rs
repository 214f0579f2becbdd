//! Reading `multipart/form-data` as a stream: the parts in any order, the file straight into the
//! store, and no more of it in memory than a few chunks.

mod count;
mod file;

use std::io;
use std::rc::Rc;

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::error::PayloadError;
use actix_web::http::header::HeaderMap;
use actix_web::{HttpRequest, web};
use bytes::BytesMut;
use classdesk_domain::error::Error;
use classdesk_domain::validation::{ErrorCollector, ExpectedType, FieldError, Invalid};
use futures_util::stream::StreamExt;

use crate::body::while_body_arrives;
use crate::headers::{content_length, media_type};
use crate::problem::{Problem, ProblemKind};
use crate::state::http_state;

use self::count::{BESIDE_THE_FILE, ByteCount};
use self::file::receive_file;

pub use self::file::FileSink;
pub use crate::form::{FilePart, Form, FormFile};

/// How many parts a form may have; each operation knows far fewer.
const MAX_PARTS: usize = 64;

/// Whether a request announces `multipart/form-data`.
pub fn is_multipart(headers: &HeaderMap) -> bool {
    media_type(headers).is_some_and(|media| media.essence_str() == "multipart/form-data")
}

/// Reads a form to its end. The caller of this function authorizes the request before.
///
/// What is wrong with the fields is kept in the form; the caller adds what it finds itself and
/// answers all of it at once. When this fails, a file that had been stored is given up.
///
/// # Errors
/// 415 for any other body, 413 as soon as the file or all else has passed its limit, 400 when the
/// form is broken, and failures of the store.
pub async fn read_form(
    request: &HttpRequest,
    body: web::Payload,
    file: FilePart,
    sink: FileSink<'_>,
) -> Result<Form, Problem> {
    let headers = request.headers();
    let longest_pause = http_state(request).settings().body_timeout;
    let divided = media_type(headers)
        .and_then(|media| Some(!media.get_param(mime::BOUNDARY)?.as_str().is_empty()));
    if !is_multipart(headers) || divided != Some(true) {
        return Err(Problem::unsupported_media_type(
            "`multipart/form-data` with a boundary",
        ));
    }
    let most = sink.limit().saturating_add(BESIDE_THE_FILE);
    if content_length(headers).is_some_and(|length| length > most) {
        return Err(Problem::too_large(sink.limit()));
    }
    let count = Rc::new(ByteCount::default());
    let mut reader = Reader {
        parts: Multipart::new(headers, count.clone().counted(body, longest_pause)),
        count,
        file,
        sink,
        form: Form::default(),
        file_seen: false,
        present: None,
    };
    match while_body_arrives(request, reader.read()).await {
        Ok(()) => Ok(reader.form),
        Err(problem) => {
            sink.give_up(&mut reader.form).await;
            Err(problem)
        }
    }
}

/// A form that is being read.
struct Reader<'a> {
    parts: Multipart,
    count: Rc<ByteCount>,
    file: FilePart,
    sink: FileSink<'a>,
    form: Form,
    file_seen: bool,
    /// The name of the part that is being read, for telling where a form is broken.
    present: Option<String>,
}

impl Reader<'_> {
    async fn read(&mut self) -> Result<(), Problem> {
        let mut parts = 0;
        while let Some(part) = self.parts.next().await {
            let part = part.map_err(|error| self.broken(error))?;
            parts += 1;
            if parts > MAX_PARTS {
                let fault = FieldError::malformed(
                    "too_many_parts",
                    format!("A form has at most {MAX_PARTS} parts."),
                );
                return Err(self.faulty("body".to_owned(), fault));
            }
            let name = part.name().unwrap_or_default().to_owned();
            self.present = Some(name.clone());
            self.read_part(&name, part).await?;
            self.present = None;
        }
        if self.file.is_required && !self.file_seen {
            self.form.faults.add(self.file.name, FieldError::Required);
        }
        Ok(())
    }

    async fn read_part(&mut self, name: &str, part: Field) -> Result<(), Problem> {
        if name == self.file.name {
            if self.file_seen {
                // Reading on would mean to take in a second file just to throw it away.
                return Err(self.faulty(name.to_owned(), duplicate()));
            }
            return self.read_file(part).await;
        }
        let (name, bytes) = (shown(name), self.read_text(part).await?);
        if self.form.texts.contains_key(&name) {
            self.form.faults.add(name, duplicate());
            return Ok(());
        }
        let text = String::from_utf8(bytes.into()).unwrap_or_else(|_| {
            let expected = ExpectedType::Utf8;
            let fault = FieldError::WrongType { expected };
            self.form.faults.add(name.clone(), fault);
            String::new()
        });
        self.form.texts.insert(name, text);
        Ok(())
    }

    /// Reads a part that is no file; the count bounds it.
    async fn read_text(&mut self, mut part: Field) -> Result<BytesMut, Problem> {
        let mut text = BytesMut::new();
        while let Some(chunk) = part.next().await {
            text.extend_from_slice(&chunk.map_err(|error| self.broken(error))?);
        }
        Ok(text)
    }

    async fn read_file(&mut self, part: Field) -> Result<(), Problem> {
        self.file_seen = true;
        let (received, forwarded) = receive_file(self.sink, part, &self.count).await;
        let received = received.map(|file| self.form.file = Some(file));
        forwarded.map_err(|error| self.broken(error))?;
        match received {
            Err(Error::Invalid(invalid)) => {
                for error in invalid.errors() {
                    self.form.faults.add(self.file.name, error.fault.clone());
                }
                Ok(())
            }
            other => Ok(other?),
        }
    }

    /// Everything that was wrong up to here, and this.
    fn faulty(&mut self, field: String, fault: FieldError) -> Problem {
        let mut faults = std::mem::take(&mut self.form.faults);
        faults.add(field, fault);
        invalid(faults)
    }

    fn broken(&mut self, error: MultipartError) -> Problem {
        if self.count.exceeded.get() {
            if !self.form.faults.is_empty() {
                return invalid(std::mem::take(&mut self.form.faults));
            }
            return Problem::new(
                ProblemKind::TooLarge,
                format!("Beside its file, a form has at most {BESIDE_THE_FILE} bytes."),
            );
        }
        let message = match error {
            MultipartError::BoundaryMissing if self.present.is_none() => {
                "The form is not divided by the boundary that its `Content-Type` names."
            }
            MultipartError::ContentDispositionMissing
            | MultipartError::ContentDispositionNameMissing => {
                "A part needs `Content-Disposition: form-data` with a name."
            }
            MultipartError::Payload(PayloadError::Overflow) => "A part's headers are too long.",
            MultipartError::Payload(PayloadError::Io(cause))
                if cause.kind() == io::ErrorKind::TimedOut =>
            {
                return Problem::of(ProblemKind::RequestTimeout);
            }
            MultipartError::Payload(_) => {
                return Problem::of(ProblemKind::IncompleteBody).caused_by(error.to_string());
            }
            MultipartError::Incomplete => "The form ends in the middle of a part.",
            MultipartError::Nested => "A form within a form is not understood.",
            _ => "The form is broken here.",
        };
        let field = self.present.as_deref().map_or("body".to_owned(), shown);
        self.faulty(field, FieldError::malformed("broken_multipart", message))
    }
}

/// A part that may be there once.
fn duplicate() -> FieldError {
    FieldError::malformed("repeated", "This field may be there only once.")
}

/// A name that a client made up, short enough to be shown.
fn shown(name: &str) -> String {
    name.chars().take(64).collect()
}

fn invalid(faults: ErrorCollector) -> Problem {
    faults
        .into_invalid()
        .unwrap_or_else(|| Invalid::field("body", FieldError::Required))
        .into()
}

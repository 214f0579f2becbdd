//! Reading `multipart/form-data` as a stream: the parts in any order, the file straight into the
//! store, and no more of it in memory than a few pieces.

mod body;
mod disposition;
mod file;

use std::pin::pin;
use std::sync::Arc;

use actix_web::http::header::HeaderMap;
use actix_web::{HttpRequest, web};
use classdesk_domain::blobs::{BlobError, FileName};
use classdesk_domain::error::Error;
use classdesk_domain::validation::{ErrorCollector, ExpectedType, FieldError, Invalid};
use futures_util::future::{Either, select};
use futures_util::stream::StreamExt;
use multer::{Field, Multipart};
use tokio::sync::mpsc;

use crate::body::while_body_arrives;
use crate::headers::{check_content_encoding, content_length, media_type};
use crate::problem::{Problem, ProblemKind};
use crate::state::http_state;

use self::body::{BESIDE_THE_FILE, BodyFailure, Progress, TEXTS, received};
use self::disposition::Disposition;

pub use self::file::FileSink;
pub use crate::form::{FilePart, Form, FormFile, FormParts, TextLimit};

/// How many parts a form may have; each operation knows far fewer.
const MAX_PARTS: usize = 64;

/// Whether a request announces `multipart/form-data`.
pub fn is_multipart(headers: &HeaderMap) -> bool {
    media_type(headers).is_some_and(|media| media.value == "multipart/form-data")
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
    parts: FormParts,
    sink: FileSink<'_>,
) -> Result<Form, Problem> {
    let headers = request.headers();
    let boundary = boundary(headers)
        .ok_or_else(|| Problem::unsupported_media_type("`multipart/form-data` with a boundary"))?;
    check_content_encoding(headers)?;
    let most = sink.limit().saturating_add(BESIDE_THE_FILE);
    if content_length(headers).is_some_and(|length| length > most) {
        return Err(Problem::too_large(sink.limit()));
    }
    let longest_pause = http_state(request).settings().body_timeout;
    let progress = Arc::new(Progress::default());
    let mut reader = Reader {
        progress: Arc::clone(&progress),
        parts,
        sink,
        form: Form::default(),
        file_seen: false,
        texts: 0,
        present: None,
    };
    let reading = async {
        let (sender, receiver) = mpsc::channel(1);
        let forwarding = pin!(progress.forward(body, sender, longest_pause));
        let reading = pin!(reader.read(Multipart::new(received(receiver), boundary)));
        match select(reading, forwarding).await {
            // What follows the last boundary is read as well, so that the connection can go on.
            Either::Left((Ok(()), forwarding)) => forwarding.await.map_err(body_problem),
            Either::Left((Err(problem), _)) => Err(problem),
            Either::Right((_, reading)) => reading.await,
        }
    };
    match while_body_arrives(request, reading).await {
        Ok(()) => Ok(reader.form),
        Err(problem) => {
            sink.give_up(&mut reader.form).await;
            Err(problem)
        }
    }
}

fn boundary(headers: &HeaderMap) -> Option<String> {
    let media = media_type(headers).filter(|media| media.value == "multipart/form-data")?;
    let boundary = String::from_utf8(media.get("boundary")?.to_vec()).ok()?;
    (!boundary.is_empty()).then_some(boundary)
}

/// A form that is being read.
struct Reader<'a> {
    progress: Arc<Progress>,
    parts: FormParts,
    sink: FileSink<'a>,
    form: Form,
    file_seen: bool,
    /// How many bytes of text have come.
    texts: u64,
    /// The name of the part that is being read, for telling where a form is broken.
    present: Option<String>,
}

impl Reader<'_> {
    async fn read(&mut self, mut fields: Multipart<'static>) -> Result<(), Problem> {
        let mut parts = 0;
        while let Some(field) = fields.next_field().await.map_err(|_| self.broken(parts))? {
            parts += 1;
            if parts > MAX_PARTS {
                let fault = FieldError::malformed(
                    "too_many_parts",
                    format!("A form has at most {MAX_PARTS} parts."),
                );
                return Err(self.faulty("body".to_owned(), fault));
            }
            let disposition = field.headers().get("content-disposition");
            let disposition = disposition.and_then(|value| Disposition::parse(value.as_bytes()));
            let Some(disposition) = disposition else {
                let message = "A part needs `Content-Disposition: form-data` with a name.";
                return Err(self.malformed(message));
            };
            self.present = Some(shown(&disposition.name));
            if disposition.name == self.parts.file.name {
                self.read_file(&disposition.file_name, field).await?;
            } else {
                self.read_text(&disposition.name, field).await?;
            }
            self.present = None;
        }
        if self.parts.file.is_required && !self.file_seen {
            let name = self.parts.file.name;
            self.form.faults.add(name, FieldError::Required);
        }
        Ok(())
    }

    /// Reads a part that is no file. Of more than its field can have, nothing is kept.
    async fn read_text(&mut self, name: &str, mut field: Field<'_>) -> Result<(), Problem> {
        let limit = self.parts.texts.get(name).copied();
        let most = limit.map_or(0, TextLimit::bytes);
        let (mut text, mut is_too_long) = (Vec::new(), false);
        while let Some(chunk) = field.chunk().await.map_err(|_| self.broken(1))? {
            self.texts += chunk.len() as u64;
            if self.texts > TEXTS {
                return Err(self.too_large());
            }
            is_too_long |= text.len() + chunk.len() > most;
            if is_too_long {
                text = Vec::new();
            } else {
                text.extend_from_slice(&chunk);
            }
        }
        let text = match limit {
            Some(limit) if is_too_long => Err(FieldError::TooLong {
                max: limit.characters,
            }),
            _ => String::from_utf8(text).map_err(|_| FieldError::WrongType {
                expected: ExpectedType::Utf8,
            }),
        };
        let first = self.form.texts.entry(shown(name));
        let first = first.and_modify(|first| *first = Err(duplicate()));
        first.or_insert(text);
        Ok(())
    }

    async fn read_file(&mut self, name: &str, field: Field<'static>) -> Result<(), Problem> {
        if self.file_seen {
            // Reading on would mean to take in a second file just to throw it away.
            return Err(self.faulty(self.parts.file.name.to_owned(), duplicate()));
        }
        let bytes = file::bytes_of(field, Arc::clone(&self.progress), self.sink.limit());
        let mut bytes = Box::pin(bytes.peekable());
        if name.is_empty() && bytes.as_mut().peek().await.is_none() {
            // So browsers say that nothing was chosen.
            return Ok(());
        }
        self.file_seen = true;
        match self.sink.receive(FileName::clean(name), bytes).await {
            Ok(file) => self.form.file = Some(file),
            Err(Error::Invalid(invalid)) => {
                for error in invalid.errors() {
                    self.form
                        .faults
                        .add(self.parts.file.name, error.fault.clone());
                }
            }
            Err(Error::Blob(BlobError::Interrupted(_))) => return Err(self.broken(1)),
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Everything that was wrong up to here, and this.
    fn faulty(&mut self, field: String, fault: FieldError) -> Problem {
        let mut faults = std::mem::take(&mut self.form.faults);
        faults.add(field, fault);
        invalid(faults)
    }

    fn malformed(&mut self, message: &str) -> Problem {
        let field = self.present.clone().unwrap_or_else(|| "body".to_owned());
        self.faulty(field, FieldError::malformed("broken_multipart", message))
    }

    fn too_large(&mut self) -> Problem {
        if !self.form.faults.is_empty() {
            return invalid(std::mem::take(&mut self.form.faults));
        }
        body_problem(BodyFailure::TooLarge)
    }

    /// Why a form can't be read on after so many parts.
    fn broken(&mut self, parts: usize) -> Problem {
        let message = match self.progress.failure() {
            Some(BodyFailure::TooLarge) => return self.too_large(),
            Some(failure) => return body_problem(failure.clone()),
            None if self.present.is_some() => "The form ends in the middle of a part.",
            None if parts == 0 => {
                "The form is not divided by the boundary that its `Content-Type` names."
            }
            None => "The headers of a part are broken, or the form ends before its last boundary.",
        };
        self.malformed(message)
    }
}

fn body_problem(failure: BodyFailure) -> Problem {
    match failure {
        BodyFailure::TooLarge => Problem::new(
            ProblemKind::TooLarge,
            format!("Beside its file, a form has at most {TEXTS} bytes."),
        ),
        BodyFailure::TooSlow => Problem::of(ProblemKind::RequestTimeout),
        BodyFailure::Broken(_) => Problem::of(ProblemKind::IncompleteBody).caused_by(failure),
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

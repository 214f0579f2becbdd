//! Reading `multipart/form-data` as a stream: the parts in any order, the file straight into the
//! store, and no more of it in memory than a few chunks.

use std::cell::Cell;
use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::error::PayloadError;
use actix_web::http::header::{self, HeaderMap};
use actix_web::rt::time::{Instant, timeout};
use actix_web::{HttpRequest, web};
use bytes::{Bytes, BytesMut};
use classdesk_domain::blobs::{
    BlobError, ByteStream, FileName, Sha256Digest, UploadPermit, Uploads,
};
use classdesk_domain::error::Error;
use classdesk_domain::validation::{ErrorCollector, FieldError, Invalid};
use futures_util::future::{Either, select};
use futures_util::stream::{self, Stream, StreamExt};
use mime::Mime;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use crate::problem::{Problem, ProblemKind};
use crate::state::http_state;

use crate::body::while_body_arrives;
pub use crate::form::{FilePart, Form, FormFile};

/// How many bytes of a body may be anything else than its file: texts, headers of parts, what
/// stands between them, and what is buffered.
const BESIDE_THE_FILE: u64 = 512 * 1024;

/// How many parts a form may have; each operation knows far fewer.
const MAX_PARTS: usize = 64;

/// How many bytes an upload sends at least in each second, once it has taken longer than it may
/// stand still. A client that sends a byte now and then would keep its upload open for good.
const LEAST_RATE: u64 = 1024;

/// How many chunks wait between the connection and the store. A chunk has at most 64 KiB.
const CHUNKS_IN_FLIGHT: usize = 2;

/// Where the file of a form goes.
#[derive(Clone, Copy)]
pub enum FileSink<'a> {
    /// Into the store.
    Store(&'a Uploads, &'a UploadPermit),
    /// Nowhere; only its digest is wanted.
    Digest(&'a Uploads),
}

impl FileSink<'_> {
    fn limit(&self) -> u64 {
        match self {
            Self::Store(uploads, _) | Self::Digest(uploads) => uploads.limit(),
        }
    }

    async fn receive(&self, name: FileName, bytes: ByteStream) -> Result<FormFile, Error> {
        match self {
            Self::Store(uploads, permit) => {
                let upload = uploads.receive(permit, name, bytes).await?;
                Ok(FormFile {
                    name: upload.name.clone(),
                    sha256: upload.info.sha256,
                    upload: Some(upload),
                })
            }
            Self::Digest(uploads) => Ok(FormFile {
                name,
                sha256: digest(bytes, uploads.limit()).await?,
                upload: None,
            }),
        }
    }

    async fn give_up(&self, form: &mut Form) {
        if let (Self::Store(uploads, _), Some(upload)) = (self, form.take_upload())
            && let Err(error) = uploads.abandon(&upload).await
        {
            tracing::warn!(%error, "an upload without an owner waits for the sweeper");
        }
    }
}

async fn digest(mut bytes: ByteStream, limit: u64) -> Result<Sha256Digest, BlobError> {
    let (mut hasher, mut size) = (Sha256::new(), 0_u64);
    while let Some(chunk) = bytes.next().await {
        let chunk = chunk?;
        size += chunk.len() as u64;
        if size > limit {
            return Err(BlobError::TooLarge { limit });
        }
        hasher.update(&chunk);
    }
    if size == 0 {
        return Err(BlobError::Empty);
    }
    Ok(Sha256Digest::from_bytes(hasher.finalize().into()))
}

/// Whether a request announces `multipart/form-data`.
pub fn is_multipart(headers: &HeaderMap) -> bool {
    media_type(headers).is_some_and(|media| media.essence_str() == "multipart/form-data")
}

/// The media type of the body, if there is exactly one.
fn media_type(headers: &HeaderMap) -> Option<Mime> {
    let mut values = headers.get_all(header::CONTENT_TYPE);
    let (value, others) = (values.next()?, values.next());
    value
        .to_str()
        .ok()?
        .parse()
        .ok()
        .filter(|_| others.is_none())
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
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > sink.limit().saturating_add(BESIDE_THE_FILE)) {
        return Err(Problem::too_large(sink.limit()));
    }
    let count = ByteCount::default();
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
    count: ByteCount,
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
        let keep = !self.form.texts.contains_key(&shown(name));
        let bytes = self.read_text(part, keep).await?;
        if !keep {
            self.form.faults.add(shown(name), duplicate());
            return Ok(());
        }
        let text = String::from_utf8(bytes.into()).unwrap_or_else(|_| {
            let fault = FieldError::WrongType {
                expected: "text in UTF-8",
            };
            self.form.faults.add(shown(name), fault);
            String::new()
        });
        self.form.texts.insert(shown(name), text);
        Ok(())
    }

    /// Reads a part that is no file; the count bounds it.
    async fn read_text(&mut self, mut part: Field, keep: bool) -> Result<BytesMut, Problem> {
        let mut text = BytesMut::new();
        while let Some(chunk) = part.next().await {
            let chunk = chunk.map_err(|error| self.broken(error))?;
            if keep {
                text.extend_from_slice(&chunk);
            }
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
        if self.count.exceeded() {
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

/// Lets the sink receive a file: its answer, and how the body behaved meanwhile.
///
/// The body can't leave its thread and the store's stream has to, so the one feeds the other
/// through a channel, both in this very future.
async fn receive_file(
    sink: FileSink<'_>,
    mut part: Field,
    count: &ByteCount,
) -> (Result<FormFile, Error>, Result<(), MultipartError>) {
    let (sender, receiver) = mpsc::channel(CHUNKS_IN_FLIGHT);
    let bytes = stream::unfold(receiver, |mut receiver| async {
        receiver.recv().await.map(|chunk| (chunk, receiver))
    });
    let receive = pin!(sink.receive(file_name(&part), Box::pin(bytes)));
    let forwarding = pin!(forward_chunks(&mut part, sender, count));
    match select(receive, forwarding).await {
        Either::Left((received, _)) => (received, Ok(())),
        Either::Right((forwarded, receive)) => (receive.await, forwarded),
    }
}

/// Moves a file's chunks from the connection to the store until either ends.
async fn forward_chunks(
    part: &mut Field,
    sender: mpsc::Sender<Result<Bytes, BlobError>>,
    count: &ByteCount,
) -> Result<(), MultipartError> {
    while let Some(chunk) = part.next().await {
        match chunk {
            Ok(chunk) => {
                count.add_file(chunk.len());
                if sender.send(Ok(chunk)).await.is_err() {
                    // The store has given its answer already.
                    return Ok(());
                }
            }
            Err(error) => {
                let cause = BlobError::Interrupted(error.to_string().into());
                let _ = sender.send(Err(cause)).await;
                return Err(error);
            }
        }
    }
    Ok(())
}

fn too_slow() -> PayloadError {
    PayloadError::Io(io::ErrorKind::TimedOut.into())
}

fn file_name(part: &Field) -> FileName {
    let disposition = part.content_disposition();
    let extended = disposition
        .and_then(|disposition| disposition.get_filename_ext())
        .map(|name| String::from_utf8_lossy(&name.value).into_owned());
    let plain = disposition.and_then(|disposition| disposition.get_filename());
    FileName::clean(extended.as_deref().or(plain).unwrap_or_default())
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

/// Counts what comes in, so that whatever is no file stays small.
#[derive(Clone, Default)]
struct ByteCount(Rc<Counts>);

#[derive(Default)]
struct Counts {
    read: Cell<u64>,
    file: Cell<u64>,
    exceeded: Cell<bool>,
}

impl ByteCount {
    /// Counts a body as it comes, and ends it when it says too much, stands still too long or comes
    /// too slowly.
    fn counted<S>(
        self,
        body: S,
        longest_pause: Duration,
    ) -> impl Stream<Item = Result<Bytes, PayloadError>>
    where
        S: Stream<Item = Result<Bytes, PayloadError>> + Unpin,
    {
        let started = Instant::now();
        stream::unfold((self, body), move |(count, mut body)| async move {
            let chunk = match timeout(longest_pause, body.next()).await {
                Ok(chunk) => chunk?.and_then(|chunk| count.add(chunk)),
                Err(_) => Err(too_slow()),
            };
            let expected = started.elapsed().saturating_sub(longest_pause).as_secs() * LEAST_RATE;
            let chunk = chunk.and_then(|chunk| match count.0.read.get() {
                read if read < expected => Err(too_slow()),
                _ => Ok(chunk),
            });
            Some((chunk, (count, body)))
        })
        // The parser asks on beyond the end.
        .fuse()
    }

    fn add(&self, chunk: Bytes) -> Result<Bytes, PayloadError> {
        let counts = &self.0;
        counts.read.set(counts.read.get() + chunk.len() as u64);
        if counts.read.get() - counts.file.get() > BESIDE_THE_FILE {
            counts.exceeded.set(true);
            return Err(PayloadError::Overflow);
        }
        Ok(chunk)
    }

    fn add_file(&self, bytes: usize) {
        self.0.file.set(self.0.file.get() + bytes as u64);
    }

    fn exceeded(&self) -> bool {
        self.0.exceeded.get()
    }
}

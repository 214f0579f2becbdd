//! Files on their way to the client.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use actix_web::body::SizedStream;
use actix_web::http::{Method, StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use bytes::Bytes;
use classdesk_domain::blobs::{BlobError, BlobInfo, ByteStream, Download, Downloads};
use futures_util::stream::{self, Fuse, Stream, StreamExt};
use tracing::Span;

use crate::conditional::{DownloadPlan, entity_tag, plan_download};
use crate::content_disposition::attachment;
use crate::problem::Problem;

/// A page that shows the bytes may run nothing and load nothing.
const RUNS_NOTHING: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'; sandbox";

/// Answers a GET or HEAD request for a file that the caller may read.
///
/// # Errors
/// Failed preconditions, a range that does not exist, and failures of the store.
pub async fn answer(
    request: &HttpRequest,
    downloads: &Downloads,
    download: &Download,
) -> Result<HttpResponse, Problem> {
    let info = &download.file.blob;
    let (range, length) = match plan_download(request, info)? {
        DownloadPlan::NotModified => return Ok(head(StatusCode::NOT_MODIFIED, download).finish()),
        DownloadPlan::Whole => (None, info.size),
        DownloadPlan::Part(range) => (Some(range), range.end - range.start),
    };
    let mut response = match range {
        None => head(StatusCode::OK, download),
        Some(range) => {
            let mut response = head(StatusCode::PARTIAL_CONTENT, download);
            let span = format!("bytes {}-{}/{}", range.start, range.end - 1, info.size);
            response.insert_header((header::CONTENT_RANGE, span));
            response
        }
    };
    response.insert_header((header::CONTENT_TYPE, info.content_type.as_str()));
    if request.method() == Method::HEAD {
        let nothing = stream::empty::<Result<Bytes, BlobError>>();
        return Ok(response.body(SizedStream::new(length, nothing)));
    }
    let bytes = downloads.open(&download.permit, range).await?;
    Ok(response.body(SizedStream::new(length, HoldBackLast::new(bytes, info))))
}

/// What every answer about a file has in common, a 304 among them.
fn head(status: StatusCode, download: &Download) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response
        .insert_header(header::ETag(entity_tag(&download.file.blob)))
        .insert_header((header::ACCEPT_RANGES, "bytes"))
        .insert_header((header::CACHE_CONTROL, "private, no-cache"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::CONTENT_SECURITY_POLICY, RUNS_NOTHING))
        .insert_header((header::CONTENT_DISPOSITION, attachment(&download.file.name)));
    response
}

/// A stream of stored bytes that holds its latest chunk back until the stream has gone on.
///
/// Damage shows only at the end of a stream, when all of the promised length has been read. The
/// client must not have got all of it by then, or it would take the damaged bytes for good.
struct HoldBackLast {
    bytes: Fuse<ByteStream>,
    held: Option<Bytes>,
    sha256: String,
    span: Span,
}

impl HoldBackLast {
    fn new(bytes: ByteStream, info: &BlobInfo) -> Self {
        Self {
            bytes: bytes.fuse(),
            held: None,
            sha256: info.sha256.to_string(),
            span: Span::current(),
        }
    }
}

impl Stream for HoldBackLast {
    type Item = Result<Bytes, BlobError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match ready!(self.bytes.poll_next_unpin(cx)) {
                Some(Ok(chunk)) if chunk.is_empty() => {}
                Some(Ok(chunk)) => {
                    if let Some(earlier) = self.held.replace(chunk) {
                        return Poll::Ready(Some(Ok(earlier)));
                    }
                }
                Some(Err(error)) => {
                    self.held = None;
                    self.span.in_scope(|| {
                        let cause = std::error::Error::source(&error).map(tracing::field::display);
                        tracing::error!(%error, cause, sha256 = self.sha256, "a download broke off");
                    });
                    return Poll::Ready(Some(Err(error)));
                }
                None => return Poll::Ready(self.held.take().map(Ok)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use classdesk_domain::blobs::{ContentType, Sha256Digest};
    use futures_util::FutureExt;

    use super::*;

    fn check_sent(chunks: Vec<Result<&'static str, BlobError>>, expected: &[Option<&str>]) {
        let stored = chunks
            .into_iter()
            .map(|chunk| chunk.map(|text| Bytes::from_static(text.as_bytes())));
        let info = BlobInfo {
            size: 1,
            sha256: Sha256Digest::from_bytes([0; 32]),
            content_type: ContentType::unknown(),
        };
        let stream = HoldBackLast::new(stream::iter(stored).boxed(), &info);
        let sent: Vec<_> = stream.collect().now_or_never().unwrap();
        let sent: Vec<_> = sent.iter().map(|chunk| chunk.as_deref().ok()).collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|chunk| chunk.map(str::as_bytes))
            .collect();
        assert_eq!(sent, expected);
    }

    #[test]
    fn all_chunks_leave_in_order() {
        check_sent(
            vec![Ok("a"), Ok(""), Ok("b"), Ok("c")],
            &[Some("a"), Some("b"), Some("c")],
        );
    }

    #[test]
    fn damage_keeps_the_last_chunk_back() {
        check_sent(
            vec![Ok("a"), Ok("b"), Err(BlobError::Damaged)],
            &[Some("a"), None],
        );
    }
}

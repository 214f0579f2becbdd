//! Files on their way to the client.

use actix_web::body::SizedStream;
use actix_web::http::{Method, StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use bytes::Bytes;
use classdesk_domain::blobs::{BlobError, BlobInfo, ByteStream, Download, Downloads};
use classdesk_domain::links::Disposition;
use futures_util::stream::{self, Stream, StreamExt, TryStreamExt};
use tracing::Span;

use crate::content_disposition::content_disposition;
use crate::download_plan::{DownloadPlan, entity_tag, plan_download};
use crate::problem::Problem;

/// A page that shows the bytes may run nothing and load nothing.
const RUNS_NOTHING: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'; sandbox";

/// The same for a page that browsers make of a file that they show.
const SHOWS_ITSELF: &str = "default-src 'none'; img-src 'self'; media-src 'self'; \
    style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox";

/// Answers a GET or HEAD request for a file that the caller may read.
///
/// # Errors
/// Failed preconditions, a range that does not exist, and failures of the store.
pub async fn answer(
    request: &HttpRequest,
    downloads: &Downloads,
    download: &Download,
    disposition: Disposition,
) -> Result<HttpResponse, Problem> {
    let head = |status| head(status, download, disposition);
    let info = &download.file.blob;
    let (range, length) = match plan_download(request, info)? {
        DownloadPlan::NotModified => return Ok(head(StatusCode::NOT_MODIFIED).finish()),
        DownloadPlan::Whole => (None, info.size),
        DownloadPlan::Part(range) => (Some(range), range.end - range.start),
    };
    let mut response = match range {
        None => head(StatusCode::OK),
        Some(range) => {
            let mut response = head(StatusCode::PARTIAL_CONTENT);
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
    Ok(response.body(SizedStream::new(length, hold_back_last(bytes, info))))
}

/// What every answer about a file has in common, a 304 among them.
fn head(status: StatusCode, download: &Download, disposition: Disposition) -> HttpResponseBuilder {
    let policy = match disposition {
        Disposition::Attachment => RUNS_NOTHING,
        Disposition::Inline => SHOWS_ITSELF,
    };
    let name = content_disposition(disposition, &download.file.name);
    let mut response = HttpResponse::build(status);
    response
        .insert_header(header::ETag(entity_tag(&download.file.blob)))
        .insert_header((header::ACCEPT_RANGES, "bytes"))
        .insert_header((header::CACHE_CONTROL, "private, no-cache"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::CONTENT_SECURITY_POLICY, policy))
        .insert_header((header::CONTENT_DISPOSITION, name));
    response
}

/// The stored bytes, each chunk held back until the stream has gone on.
///
/// Damage shows only at the end of a stream, when all of the promised length has been read. The
/// client must not have got all of it by then, or it would take the damaged bytes for good.
fn hold_back_last(
    bytes: ByteStream,
    info: &BlobInfo,
) -> impl Stream<Item = Result<Bytes, BlobError>> + use<> {
    let (span, sha256) = (Span::current(), info.sha256.to_string());
    let bytes = bytes.inspect_err(move |error| {
        span.in_scope(|| {
            let cause = std::error::Error::source(error).map(tracing::field::display);
            tracing::error!(%error, cause, sha256, "a download broke off");
        });
    });
    stream::try_unfold((bytes.fuse(), None), async |(mut bytes, mut held)| {
        while let Some(chunk) = bytes.try_next().await? {
            if chunk.is_empty() {
                continue;
            }
            if let Some(earlier) = held.replace(chunk) {
                return Ok(Some((earlier, (bytes, held))));
            }
        }
        Ok(held.map(|last| (last, (bytes, None))))
    })
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
        let stream = hold_back_last(stream::iter(stored).boxed(), &info);
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

//! Answers in pieces.
//!
//! A connection's write buffer grows to what is written at once and keeps that size for as long as
//! the connection lasts. A page of a list has tens of kilobytes, so thousands of connections would
//! keep a hundred megabytes for their next one.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::HttpResponse;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use bytes::Bytes;

/// What fits into the buffer that a connection begins with, together with usual headers.
const PIECE: usize = 7 * 1024;

/// Lets a larger body that is in memory go out in pieces. Streams bring pieces of their own.
pub(crate) fn in_pieces(response: HttpResponse<BoxBody>) -> HttpResponse<BoxBody> {
    match response.body().size() {
        BodySize::Sized(size) if size > PIECE as u64 => {
            response.map_body(|_, body| match body.try_into_bytes() {
                Ok(bytes) => BoxBody::new(Pieces(bytes)),
                Err(stream) => stream,
            })
        }
        _ => response,
    }
}

/// What is left of a body. It can't be had as a whole again: actix-web would send that at once.
struct Pieces(Bytes);

impl MessageBody for Pieces {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.0.len() as u64)
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Infallible>>> {
        let length = self.0.len().min(PIECE);
        let piece = self.0.split_to(length);
        Poll::Ready((length > 0).then_some(Ok(piece)))
    }
}

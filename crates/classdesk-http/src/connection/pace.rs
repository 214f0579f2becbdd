//! How much may be read from a connection.

use std::cell::{Cell, RefCell};
use std::error::Error;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::http::header::{HeaderMap, TRANSFER_ENCODING};
use bytes::Bytes;

/// How much may be read from a connection. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Pace(pub(super) Rc<State>);

pub(super) struct State {
    /// How much the request that is served still wants; `None` while there is none.
    pub(super) wanted: Cell<Option<usize>>,
    /// How much of the present piece was read.
    pub(super) piece: Cell<usize>,
    /// How much was read since a request was served.
    pub(super) between: Cell<usize>,
    /// What has to come in time while no request is served.
    pub(super) due: Cell<Due>,
    /// Who waits for what comes while no request is served.
    pub(super) reader: RefCell<Option<Waker>>,
    /// Who waits for more to be wanted.
    pub(super) waiting: RefCell<Option<Waker>>,
}

/// What has to come in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// Nothing, so far: actix-web looks after connections that are not used.
    Nothing,
    /// The rest of a body without an announced length, which actix-web waits for without a timer.
    /// Its time has yet to begin.
    Rest,
    /// That, or the rest of a head, within a time that has begun. actix-web looks at the time of a
    /// connection's first head alone, and after the first byte of another one it has no timer at all.
    InTime,
}

impl Default for State {
    fn default() -> Self {
        Self {
            wanted: Cell::default(),
            piece: Cell::default(),
            between: Cell::default(),
            // The first head begins with the connection.
            due: Cell::new(Due::InTime),
            reader: RefCell::default(),
            waiting: RefCell::default(),
        }
    }
}

impl Pace {
    /// From now on a request is served: only what it wants is read, until this is dropped.
    pub(crate) fn serve(&self, headers: &HeaderMap) -> Serving {
        self.0.wanted.set(Some(0));
        self.0.between.set(0);
        Serving {
            pace: self.clone(),
            then: if headers.contains_key(TRANSFER_ENCODING) {
                Due::Rest
            } else {
                Due::Nothing
            },
        }
    }

    /// The request that is served wants this much of its body.
    pub(crate) fn want(&self, bytes: usize) {
        if self.0.wanted.get().is_some() {
            self.0.wanted.set(Some(bytes));
            self.wake();
        }
    }

    fn wake(&self) {
        if let Some(waiting) = self.0.waiting.take() {
            waiting.wake();
        }
    }
}

/// A request is being served.
pub(crate) struct Serving {
    pace: Pace,
    /// What is due once it was served.
    then: Due,
}

impl Serving {
    /// Goes on until a body that is not in memory as a whole has been taken.
    pub(crate) fn until_taken(self, body: BoxBody) -> BoxBody {
        match body.try_into_bytes() {
            Ok(bytes) => BoxBody::new(bytes),
            Err(body) => BoxBody::new(Answering {
                body,
                _serving: self,
            }),
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let state = &self.pace.0;
        state.wanted.set(None);
        state.due.set(self.then);
        self.pace.wake();
        if self.then == Due::Rest
            && let Some(reader) = state.reader.take()
        {
            reader.wake();
        }
    }
}

/// What is answered to a request that is being served.
struct Answering {
    body: BoxBody,
    _serving: Serving,
}

impl MessageBody for Answering {
    type Error = Box<dyn Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(context)
    }
}

#[cfg(test)]
mod tests {
    use actix_web::body::SizedStream;
    use futures_util::stream;

    use super::*;

    #[test]
    fn a_request_is_served_until_its_answer_was_taken() {
        let pace = Pace::default();
        let is_served = || pace.0.wanted.get().is_some();
        let headers = HeaderMap::new();
        let whole = pace.serve(&headers).until_taken(BoxBody::new("whole"));
        assert!(!is_served());
        assert_eq!(whole.try_into_bytes().unwrap(), "whole");
        let bytes = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"a"))]);
        let stream = BoxBody::new(SizedStream::new(1, bytes));
        let answer = pace.serve(&headers).until_taken(stream);
        assert_eq!(answer.size(), BodySize::Sized(1));
        assert!(is_served());
        drop(answer);
        assert!(!is_served());
    }
}

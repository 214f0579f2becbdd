//! Answers on their way out, no faster than their client takes them.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll};

use actix_web::body::{BodySize, MessageBody};
use bytes::Bytes;

use crate::shares::{Claim, Client, Shares};

/// So many bytes are handed to the connection at once. It would copy all of a larger answer and
/// keep the copy until its client has read it.
pub(crate) const PIECE: usize = 32 * 1024;

/// What is not handed to the connection yet of an answer. Only [`Shares`] owns it: while a client
/// reads nothing, its connection asks for nothing and could not be told to let go.
pub(crate) type Unsent = Arc<Mutex<Bytes>>;

/// The body of a large answer.
pub(crate) struct PacedBody {
    length: u64,
    rest: Rest,
}

enum Rest {
    /// Bytes that many answers share.
    Shared(Bytes),
    /// Bytes that are held for this one answer.
    Held(
        Weak<Mutex<Bytes>>,
        #[expect(dead_code, reason = "it counts until it is dropped")] Claim<Unsent>,
    ),
}

/// The answer had to make room for others.
#[derive(Debug, thiserror::Error)]
#[error("the client did not read its answer, and others needed the room")]
pub(crate) struct MadeRoom;

impl PacedBody {
    /// A body of bytes that many answers share.
    pub(crate) const fn shared(bytes: Bytes) -> Self {
        Self {
            length: bytes.len() as u64,
            rest: Rest::Shared(bytes),
        }
    }

    /// A body that counts in these shares until its last piece is handed on.
    pub(crate) fn held(bytes: Bytes, shares: &Arc<Shares<Unsent>>, client: Client) -> Self {
        let length = bytes.len();
        let unsent = Arc::new(Mutex::new(bytes));
        let weak = Arc::downgrade(&unsent);
        let claim = shares.hold(client, length, unsent);
        Self {
            length: length as u64,
            rest: Rest::Held(weak, claim),
        }
    }

    fn next_piece(&mut self) -> Result<Bytes, MadeRoom> {
        let cut = |rest: &mut Bytes| rest.split_to(rest.len().min(PIECE));
        match &mut self.rest {
            Rest::Shared(rest) => Ok(cut(rest)),
            Rest::Held(rest, _) => {
                let rest = rest.upgrade().ok_or(MadeRoom)?;
                let mut rest = rest.lock().unwrap_or_else(PoisonError::into_inner);
                Ok(cut(&mut rest))
            }
        }
    }
}

impl MessageBody for PacedBody {
    type Error = MadeRoom;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.length)
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, MadeRoom>>> {
        let piece = self.next_piece();
        Poll::Ready(Some(piece).filter(|piece| !piece.as_ref().is_ok_and(Bytes::is_empty)))
    }
}

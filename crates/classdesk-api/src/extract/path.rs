//! Which object the path names.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use classdesk_domain::ids::{
    BundleId, FileId, MessageId, SessionId, ThreadId, TicketAttachmentId, TicketId, UserId,
};
use classdesk_domain::subjects::{SubjectKind, SubjectRef};
use classdesk_http::problem::Problem;

use crate::routing::SLASH;

/// The ids in a path. Text that is no id names nothing that exists: 404.
pub(crate) struct Path<T>(pub(crate) T);

/// A number as it stands in a path: decimal, without sign and leading zeros, so that each object
/// has one path.
fn number(segment: &str) -> Option<i64> {
    let canonical = segment.bytes().all(|b| b.is_ascii_digit())
        && (segment == "0" || !segment.starts_with('0'));
    segment.parse().ok().filter(|_| canonical)
}

/// What can be read from the last segments that a path has as parameters.
pub(crate) trait PathIds: Sized {
    /// Reads them.
    fn read(segments: &[&str]) -> Option<Self>;
}

macro_rules! path_ids {
    ($($id:ident)*) => {$(
        impl PathIds for $id {
            fn read(segments: &[&str]) -> Option<Self> {
                number(segments.last()?).map(Self::new)
            }
        }
    )*};
}
path_ids!(BundleId FileId MessageId SessionId ThreadId TicketAttachmentId TicketId UserId);

impl<A: PathIds, B: PathIds> PathIds for (A, B) {
    fn read(segments: &[&str]) -> Option<Self> {
        let (_, before) = segments.split_last()?;
        Some((A::read(before)?, B::read(segments)?))
    }
}

/// A path that ends in `{content_type}/{object_id}/`.
impl PathIds for SubjectRef {
    fn read(segments: &[&str]) -> Option<Self> {
        let (object_id, before) = segments.split_last()?;
        let kind = SubjectKind::parse(before.last()?).ok()?;
        Some(Self::new(kind, number(object_id)?))
    }
}

impl<T: PathIds> FromRequest for Path<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    /// Below a host's own prefix the first parameters are the host's, so ours are the last ones.
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let parameters = request.match_info().iter();
        let segments: Vec<&str> = parameters
            .filter(|(name, _)| *name != SLASH)
            .map(|(_, segment)| segment)
            .collect();
        ready(T::read(&segments).map(Self).ok_or_else(Problem::not_found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_spelling() {
        assert_eq!(number("42"), Some(42));
        assert_eq!(number("9223372036854775807"), Some(i64::MAX));
        for odd in ["", "+1", "-1", "007", "1.0", "9223372036854775808", "١"] {
            assert_eq!(number(odd), None, "{odd}");
        }
    }
}

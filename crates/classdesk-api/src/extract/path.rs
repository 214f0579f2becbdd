//! Which object the path names.

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use classdesk_domain::error::Error;
use classdesk_domain::ids::{
    ApiKeyId, BundleId, DeliveryId, FileId, MessageId, SessionId, ThreadId, TicketAttachmentId,
    TicketId, TicketMessageId, UserId, WebhookId,
};
use classdesk_domain::subjects::{SubjectKind, SubjectRef};
use classdesk_domain::{App, ExternalId};
use classdesk_http::problem::Problem;
use futures_util::future::{LocalBoxFuture, ready};
use percent_encoding::percent_decode_str;

use crate::input::plain_number;
use crate::state::state_of;

/// The name of the last slash in a pattern. It is none of the path's parameters.
pub(crate) const SLASH: &str = "slash";

/// The ids in a path. Text that is no id names nothing that exists: 404.
pub(crate) struct Path<T>(pub(crate) T);

/// A number as it stands in a path, where nothing has a negative one.
fn number(segment: &str) -> Option<i64> {
    plain_number(segment).filter(|number| *number >= 0)
}

/// The id of another system, as it stands in a path: after `ext:`, percent-encoded. A percent sign, a
/// slash and a plus sign are still encoded here.
pub(crate) fn external_id(segment: &str) -> Option<ExternalId> {
    let encoded = segment.strip_prefix("ext:")?;
    let id = percent_decode_str(encoded).decode_utf8().ok()?;
    ExternalId::parse(&id).ok()
}

/// Something that a path names by the id of another system.
pub(crate) enum External {
    Person(ExternalId),
    Subject(SubjectKind, ExternalId),
}

impl External {
    /// The number by which it is known here.
    async fn number(&self, app: &App) -> Result<i64, Error> {
        Ok(match self {
            Self::Person(id) => app.users.with_external_id(id).await?.get(),
            Self::Subject(kind, id) => app.subjects.with_external_id(kind, id).await?.object_id,
        })
    }
}

/// What can be read from the last segments that a path has as parameters.
pub(crate) trait PathIds: Sized {
    /// Reads them.
    fn read(segments: &[&str]) -> Option<Self>;

    /// Which of them names something by the id of another system, and what.
    fn external(segments: &[&str]) -> Option<(usize, External)> {
        let _ = segments;
        None
    }
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
path_ids!(
    ApiKeyId DeliveryId FileId MessageId SessionId ThreadId TicketAttachmentId TicketId
    TicketMessageId WebhookId
);

impl PathIds for UserId {
    fn read(segments: &[&str]) -> Option<Self> {
        number(segments.last()?).map(Self::new)
    }

    fn external(segments: &[&str]) -> Option<(usize, External)> {
        let (last, before) = segments.split_last()?;
        external_id(last).map(|id| (before.len(), External::Person(id)))
    }
}

impl PathIds for BundleId {
    fn read(segments: &[&str]) -> Option<Self> {
        number(segments.last()?).map(Self::new)
    }

    fn external(segments: &[&str]) -> Option<(usize, External)> {
        let (last, before) = segments.split_last()?;
        let bundle = |id| External::Subject(SubjectKind::CLASS_BUNDLE, id);
        external_id(last).map(|id| (before.len(), bundle(id)))
    }
}

/// A path that ends in `ext:{external_id}/`, whether or not there is such a thing.
impl PathIds for ExternalId {
    fn read(segments: &[&str]) -> Option<Self> {
        external_id(segments.last()?)
    }
}

impl<A: PathIds, B: PathIds> PathIds for (A, B) {
    fn read(segments: &[&str]) -> Option<Self> {
        let (_, before) = segments.split_last()?;
        Some((A::read(before)?, B::read(segments)?))
    }

    fn external(segments: &[&str]) -> Option<(usize, External)> {
        let (_, before) = segments.split_last()?;
        A::external(before).or_else(|| B::external(segments))
    }
}

/// A path that ends in `{content_type}/{object_id}/`.
impl PathIds for SubjectRef {
    fn read(segments: &[&str]) -> Option<Self> {
        let (object_id, before) = segments.split_last()?;
        let kind = SubjectKind::parse(before.last()?).ok()?;
        Some(Self::new(kind, number(object_id)?))
    }

    fn external(segments: &[&str]) -> Option<(usize, External)> {
        let (last, before) = segments.split_last()?;
        let kind = SubjectKind::parse(before.last()?).ok()?;
        external_id(last).map(|id| (before.len(), External::Subject(kind, id)))
    }
}

/// A path that ends in `{content_type}/{object_id}/` or in `{content_type}/ext:{external_id}/`, whether
/// or not there is such a subject.
pub(crate) enum SubjectName {
    Number(SubjectRef),
    External(SubjectKind, ExternalId),
}

impl PathIds for SubjectName {
    fn read(segments: &[&str]) -> Option<Self> {
        let (last, before) = segments.split_last()?;
        match external_id(last) {
            Some(id) => Some(Self::External(SubjectKind::parse(before.last()?).ok()?, id)),
            None => SubjectRef::read(segments).map(Self::Number),
        }
    }
}

impl<T: PathIds + 'static> FromRequest for Path<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let segments = path_parameters(request);
        let Some((place, external)) = T::external(&segments) else {
            let read = T::read(&segments);
            return Box::pin(ready(read.map(Self).ok_or_else(Problem::not_found)));
        };
        let mut segments: Vec<String> = segments.into_iter().map(str::to_owned).collect();
        let state = state_of(request).clone();
        Box::pin(async move {
            segments[place] = external.number(&state.app).await?.to_string();
            let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
            T::read(&segments).map(Self).ok_or_else(Problem::not_found)
        })
    }
}

/// The parameters of a path. Below a host's own prefix the first ones are the host's, so ours are
/// the last ones.
pub(crate) fn path_parameters(request: &HttpRequest) -> Vec<&str> {
    let parameters = request.match_info().iter();
    parameters
        .filter(|(name, _)| *name != SLASH)
        .map(|(_, segment)| segment)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_spelling() {
        assert_eq!(number("42"), Some(42));
        assert_eq!(number("9223372036854775807"), Some(i64::MAX));
        for odd in [
            "",
            "+1",
            "-1",
            "-0",
            "00",
            "007",
            "1.0",
            "9223372036854775808",
            "١",
        ] {
            assert_eq!(number(odd), None, "{odd}");
        }
    }
}

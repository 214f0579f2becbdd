//! Query parameters: everything that is not understood is refused.

use std::borrow::Cow;

use actix_web::HttpRequest;
use classdesk_domain::error::{Error, ErrorCollector, FieldError, Invalid};
use classdesk_domain::paging::{Cursor, Limit, ListKind, PageRequest};

use crate::problem::Problem;

/// Reads the parameters of one request and collects what is wrong with them.
///
/// It is used once the asker's right is settled, so that nobody learns from a parameter what they
/// may not know.
pub(crate) struct QueryReader<'r> {
    pairs: Vec<(Cow<'r, str>, Cow<'r, str>)>,
    faults: ErrorCollector,
}

impl<'r> QueryReader<'r> {
    /// A reader of this request's parameters.
    pub(crate) fn of(request: &'r HttpRequest) -> Self {
        Self {
            pairs: form_urlencoded::parse(request.query_string().as_bytes()).collect(),
            faults: ErrorCollector::default(),
        }
    }

    /// A parameter that may be there once.
    pub(crate) fn optional<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, FieldError>,
    ) -> Option<T> {
        let first = self.pairs.iter().position(|(key, _)| key == name)?;
        let (_, value) = self.pairs.swap_remove(first);
        if self.pairs.iter().any(|(key, _)| key == name) {
            self.pairs.retain(|(key, _)| key != name);
            let fault = FieldError::rule("repeated", "This parameter may be there only once.");
            self.faults.add(name, fault);
            return None;
        }
        self.faults.check(name, parse(&value))
    }

    /// `limit` and `cursor` of a list.
    pub(crate) fn page(&mut self, list: ListKind) -> PageRequest {
        PageRequest {
            limit: self.optional("limit", limit).unwrap_or_default(),
            after: self.optional("cursor", |text| Cursor::decode(list, text)),
        }
    }

    /// `limit` and `cursor` of a list that has no other parameters.
    ///
    /// # Errors
    /// Everything that was wrong.
    pub(crate) fn page_alone(
        request: &HttpRequest,
        list: ListKind,
    ) -> Result<PageRequest, Invalid> {
        let mut query = QueryReader::of(request);
        let page = query.page(list);
        query.finish()?;
        Ok(page)
    }

    /// Ends the reading. Every parameter that nobody asked for is a fault.
    ///
    /// # Errors
    /// Everything that was wrong.
    pub(crate) fn finish(mut self) -> Result<(), Invalid> {
        self.pairs.sort_unstable();
        self.pairs.dedup_by(|a, b| a.0 == b.0);
        for (name, _) in self.pairs {
            self.faults.add(name, FieldError::Unknown);
        }
        self.faults.into_result()
    }
}

/// Lets parameters that were read only after somebody's right pass, and asks for the right when
/// they are faulty: whoever may not know of a thing is not told about parameters either. Where
/// they are good, the service asks for the right itself.
pub(crate) async fn rights_first<T>(
    parameters: Result<T, Invalid>,
    right: impl AsyncFnOnce() -> Result<(), Error>,
) -> Result<T, Problem> {
    match parameters {
        Ok(parameters) => Ok(parameters),
        Err(invalid) => {
            right().await?;
            Err(invalid.into())
        }
    }
}

fn limit(text: &str) -> Result<Limit, FieldError> {
    // Whatever is no number is as far out of the range as any other.
    Limit::new(text.parse().unwrap_or(0))
}

//! Query parameters: everything that is not understood is refused.

use actix_web::HttpRequest;
use classdesk_domain::error::Error;
use classdesk_domain::paging::{ListKind, PageRequest};
use classdesk_domain::validation::Invalid;
use classdesk_http::problem::Problem;

use crate::dto::PageParams;
use crate::input::{FieldSet, Fields, NoFields};

/// The parameters of a list: which items, and which page of them.
///
/// # Errors
/// Everything that is wrong with them.
pub(crate) fn list_params<S: FieldSet>(
    request: &HttpRequest,
    list: ListKind,
) -> Result<(S::Output, PageRequest), Invalid> {
    let mut fields = Fields::of_query(request.query_string());
    let filter = S::read(&mut fields);
    let page = PageParams::read_for(&mut fields, list);
    fields.finish(filter.zip(page))
}

/// The parameters of a list that has no filter.
///
/// # Errors
/// Everything that is wrong with them.
pub(crate) fn page_params(request: &HttpRequest, list: ListKind) -> Result<PageRequest, Invalid> {
    list_params::<NoFields>(request, list).map(|((), page)| page)
}

/// Passes good parameters on. Where they are wrong, it asks for the right first: a client that may
/// not know of a thing is told nothing about parameters either. Where they are good, the service
/// asks for the right itself.
pub(crate) async fn authorize_before_validation<T>(
    parameters: Result<T, Invalid>,
    authorize: impl AsyncFnOnce() -> Result<(), Error>,
) -> Result<T, Problem> {
    match parameters {
        Ok(parameters) => Ok(parameters),
        Err(invalid) => {
            authorize().await?;
            Err(invalid.into())
        }
    }
}

//! Which requests are worked on at all.

use std::sync::atomic::Ordering;
use std::time::Duration;

use actix_web::dev::ServiceRequest;

use crate::Shell;
use crate::problem::{Problem, ProblemKind};

/// A place among the requests that are worked on. It is free again when it is dropped.
pub(super) struct Place(Option<Shell>);

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(shell) = &self.0 {
            shell.in_flight().fetch_sub(1, Ordering::AcqRel);
        }
    }
}

/// Lets a request in, or says why not. Health and metrics are answered under any load.
pub(super) fn admit(request: &ServiceRequest, shell: &Shell) -> Result<Place, Problem> {
    check_size(request, shell)?;
    let path = request.match_info().unprocessed();
    if path.starts_with("/healthz/") || path.starts_with("/metrics") {
        return Ok(Place(None));
    }
    let before = shell.in_flight().fetch_add(1, Ordering::AcqRel);
    let place = Place(Some(shell.clone()));
    if before < shell.settings().max_in_flight {
        Ok(place)
    } else {
        Err(Problem::of(ProblemKind::Overloaded).retry_after(Duration::from_secs(1)))
    }
}

fn check_size(request: &ServiceRequest, shell: &Shell) -> Result<(), Problem> {
    let settings = shell.settings();
    if request
        .uri()
        .path_and_query()
        .map_or(0, |target| target.as_str().len())
        > settings.max_uri_bytes
    {
        return Err(Problem::of(ProblemKind::UriTooLong));
    }
    let headers: usize = request
        .headers()
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    if headers > settings.max_header_bytes {
        return Err(Problem::of(ProblemKind::HeadersTooLarge));
    }
    Ok(())
}

//! Which requests are worked on, and when. [The decision](../../../../docs/adr/places-for-work.md)
//! says why it is done like this.

mod at_work;
mod bodies;
mod patient_hasher;
mod places;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix_web::dev::ServiceRequest;
use actix_web::http::header::{self, HeaderMap};
use actix_web::rt::time::sleep;

use crate::Shell;
use crate::problem::{Problem, ProblemKind};

pub(crate) use at_work::{aside, aside_and_anew, serve};
pub(crate) use bodies::{Bodies, HeldBody};
pub use patient_hasher::PatientHasher;
use places::Load;
pub(crate) use places::{Places, WorkPlace};

/// When somebody who was turned away may come again.
const COME_AGAIN: Duration = Duration::from_secs(1);

/// For how long a refusal is held back: between this and three times as much. Whoever asks again as
/// soon as they are refused would otherwise get the server to do nothing but refuse; and if all of
/// a crowd were answered at the same moment, they would come back at the same moment.
const HOLD: Duration = Duration::from_millis(500);

/// Why a request was not served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Refusal {
    /// There are as many requests as there may be.
    InFlight,
    /// No place to work got free.
    AtWork,
    /// As much of bodies is in memory as there may be.
    Bodies,
    /// As many logins wait for the password hasher as may.
    Hashing,
}

impl Refusal {
    /// Its name in the metrics.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::InFlight => "in_flight",
            Self::AtWork => "at_work",
            Self::Bodies => "bodies",
            Self::Hashing => "hashing",
        }
    }
}

/// All that bounds how much is done at once.
pub(crate) struct Admission {
    in_flight: AtomicUsize,
    refused: AtomicUsize,
    pub(crate) places: Places,
    pub(crate) bodies: Bodies,
}

impl Admission {
    /// So many places, and so many bytes of bodies.
    pub(crate) fn new(max_at_work: usize, max_body_bytes: usize) -> Self {
        Self {
            in_flight: AtomicUsize::new(0),
            refused: AtomicUsize::new(0),
            places: Places::new(max_at_work),
            bodies: Bodies::new(max_body_bytes),
        }
    }

    /// How many requests are not answered yet.
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }
}

/// A request that is in flight; it no longer is when this is dropped.
pub(crate) struct InFlight(Shell);

impl Drop for InFlight {
    fn drop(&mut self) {
        let admission = self.0.admission();
        admission.in_flight.fetch_sub(1, Ordering::AcqRel);
    }
}

/// What a request was given on its way in.
pub(crate) struct Admitted {
    /// That it is counted. Health and metrics are not.
    pub(crate) in_flight: Option<InFlight>,
    /// Where it is worked on.
    pub(crate) place: Option<WorkPlace>,
}

/// Lets a request in, or says why not. Health and metrics are answered under any load.
pub(crate) async fn admit(
    request: &mut ServiceRequest,
    shell: &Shell,
) -> Result<Admitted, Problem> {
    check_size(request, shell)?;
    let path = request.match_info().unprocessed();
    if path.starts_with("/healthz/") || path.starts_with("/metrics") {
        return Ok(Admitted {
            in_flight: None,
            place: None,
        });
    }
    let admission = shell.admission();
    let before = admission.in_flight.fetch_add(1, Ordering::AcqRel);
    let in_flight = InFlight(shell.clone());
    if before >= shell.settings().max_in_flight {
        return Err(refuse(shell, Refusal::InFlight));
    }
    let place = match admission.places.enter_at_once(load(request)) {
        Ok(place) => Some(place),
        Err(waiting) => {
            pack(request.headers_mut());
            waiting.turn().await
        }
    };
    match place {
        Some(place) => Ok(Admitted {
            in_flight: Some(in_flight),
            place: Some(place),
        }),
        None => Err(refuse_later(shell).await),
    }
}

/// Makes headers take no more room than they need. Theirs is the most that a request keeps while
/// it waits, some seven kilobytes for a handful of them.
fn pack(headers: &mut HeaderMap) {
    let mut packed = HeaderMap::with_capacity(headers.len_keys());
    for (name, value) in headers.iter() {
        packed.append(name.clone(), value.clone());
    }
    *headers = packed;
}

/// Turns a request away.
pub(crate) fn refuse(shell: &Shell, why: Refusal) -> Problem {
    shell.metrics().refused(why);
    Problem::of(ProblemKind::Overloaded).retry_after(COME_AGAIN)
}

/// Turns a request away for which there was no place, after some time.
pub(crate) async fn refuse_later(shell: &Shell) -> Problem {
    let _turned_away = shell.admission().places.turn_away();
    hold_back(shell).await;
    refuse(shell, Refusal::AtWork)
}

/// Turns a login away that the password hasher has no room for, after some time too. It keeps no
/// place meanwhile, nor does it make a crowd of those who want something else.
pub(crate) async fn refuse_login(shell: &Shell) -> Problem {
    aside(hold_back(shell)).await;
    refuse(shell, Refusal::Hashing)
}

async fn hold_back(shell: &Shell) {
    let number = shell.admission().refused.fetch_add(1, Ordering::Relaxed);
    sleep(hold(number)).await;
}

/// Steps of the golden ratio spread over the time evenly, however many there are.
fn hold(number: usize) -> Duration {
    let step = (number % 1024 * 633) % 1024;
    HOLD + HOLD * 2 * u32::try_from(step).unwrap_or_default() / 1024
}

/// How much a request brings, as far as it says so.
fn load(request: &ServiceRequest) -> Load {
    let headers = request.headers();
    let length = headers.get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
    let is_small = length.unwrap_or(0) <= bodies::FREE;
    if is_small && !headers.contains_key(header::TRANSFER_ENCODING) {
        Load::Light
    } else {
        Load::Heavy
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

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn packed_headers_are_the_same() {
        let mut headers = HeaderMap::with_capacity(100);
        let (cookie, host) = (header::COOKIE, header::HOST);
        for (name, value) in [(&cookie, "a"), (&host, "h"), (&cookie, "b")] {
            headers.append(name.clone(), HeaderValue::from_static(value));
        }
        pack(&mut headers);
        let values = |name: HeaderName| -> Vec<_> {
            let values = headers.get_all(name);
            values.map(|value| value.to_str().unwrap()).collect()
        };
        assert_eq!(values(cookie), ["a", "b"]);
        assert_eq!(values(host), ["h"]);
        assert!(headers.capacity() < 10);
    }

    #[test]
    fn refusals_are_spread_over_time() {
        let mut times: Vec<Duration> = (0..1024).map(hold).collect();
        times.sort_unstable();
        assert!(times[0] >= HOLD && times[1023] < HOLD * 3);
        let widest = times.windows(2).map(|pair| pair[1] - pair[0]).max();
        assert!(widest < Some(Duration::from_millis(2)), "{widest:?}");
    }
}

//! `Idempotency-Key`: the same request twice creates one thing (docs/contract.md#retries).
//!
//! A handler that creates something from a JSON body calls [`once`]. One that takes in a form begins
//! the [`Attempt`] itself, since only the end of the form tells what was asked for.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::rt::time::sleep;
use actix_web::{HttpRequest, HttpResponse};
use classdesk_domain::blobs::UploadPermit;
use classdesk_domain::error::{Conflict, Error};
use classdesk_domain::idempotency::{
    Begun, Completed, Completion, Fingerprint, IdempotencyKey, IdempotencyService, KeyScope,
    LEASE_TTL, Lease,
};
use classdesk_domain::{Present, RequestContext, VersionConditions};
use classdesk_http::context::RoutePattern;
use classdesk_http::problem::{Problem, ProblemKind};
use classdesk_http::single_header;
use futures_util::future::{Either, select};
use tokio::runtime::Handle;

use crate::call::{Answer, Call};
use crate::extract::{JsonBody, path_parameters};

/// The header that says that nothing was created this time.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// How often a long request renews its lease.
const RENEWAL: Duration = Duration::from_secs(LEASE_TTL.as_secs() / 3);

fn key(request: &HttpRequest) -> Result<Option<IdempotencyKey>, Problem> {
    const NAME: &str = "idempotency-key";
    let headers = request.headers();
    if !headers.contains_key(NAME) {
        return Ok(None);
    }
    match single_header(headers, NAME).map(IdempotencyKey::parse) {
        Some(Ok(key)) => Ok(Some(key)),
        _ => Err(Problem::new(
            ProblemKind::InvalidHeader,
            "`Idempotency-Key` has 1 to 255 printable ASCII characters.",
        )),
    }
}

/// Method and path as the contract writes them, with the ids of this request: a path that is typed
/// with percent escapes is the same path.
fn operation(request: &HttpRequest) -> String {
    let RoutePattern(pattern) = request
        .app_data()
        .expect("every route of the API has its pattern");
    let mut ids = path_parameters(request);
    let mut segments: Vec<_> = pattern.split('/').collect();
    for segment in segments.iter_mut().rev() {
        if segment.starts_with('{') {
            *segment = ids.pop().expect("each parameter of the path was matched");
        }
    }
    format!("{} {}", request.method(), segments.join("/"))
}

/// Creates something from a JSON body, unless an earlier request with the same key has: then the
/// answer is what that one created, as it is now.
///
/// `read` finds it again, if the caller may still see it.
pub(crate) async fn once<T>(
    call: &Call,
    body: &JsonBody,
    create: impl AsyncFnOnce(RequestContext) -> Result<T, Error>,
    read: impl AsyncFnOnce(i64) -> Result<T, Error>,
    render: impl FnOnce(T) -> HttpResponse,
) -> Answer {
    let attempt = Attempt::begin(call).await?;
    let fingerprint = Fingerprint::of(body.bytes());
    attempt.finish(fingerprint, create, read, render).await
}

/// A request of which it is known whether it is the first with its key.
pub(crate) enum Attempt {
    /// It is, or it has no key.
    First(Reservation),
    /// An earlier one has created something. This one has preconditions of its own.
    Repeated(Completed, VersionConditions),
}

impl Attempt {
    /// Reserves the key, if there is one.
    pub(crate) async fn begin(call: &Call) -> Result<Self, Problem> {
        let (request, by) = (call.request(), call.by());
        let user = by.actor.id;
        let mut reservation = Reservation {
            by,
            lease: None,
            service: call.app().idempotency.clone(),
        };
        if let Some(key) = key(request)? {
            let scope = KeyScope {
                user,
                operation: operation(request),
                key,
            };
            match reservation.service.begin(&scope).await? {
                Begun::First(lease) => reservation.lease = Some(lease),
                Begun::Repeated(completed) => {
                    return Ok(Self::Repeated(completed, reservation.by.conditions.clone()));
                }
            }
        }
        Ok(Self::First(reservation))
    }

    /// The permit to store the file of the request's form. A repeated request stores nothing, so
    /// it gets none, and needs only to see what the file is for.
    pub(crate) async fn permit(
        &mut self,
        right: impl Future<Output = Result<UploadPermit, Error>>,
    ) -> Result<Option<UploadPermit>, Problem> {
        match self {
            Self::First(_) => self.during(async { Ok(Some(right.await?)) }).await,
            Self::Repeated(..) => match right.await {
                // What can no longer be created was created all the same.
                Ok(_) | Err(Error::Forbidden(_) | Error::Conflict(_)) => Ok(None),
                Err(error) => Err(error.into()),
            },
        }
    }

    /// Keeps the key while a long body comes in, and frees it when that fails.
    pub(crate) async fn during<T>(
        &mut self,
        work: impl Future<Output = Result<T, Problem>>,
    ) -> Result<T, Problem> {
        match self {
            Self::First(reservation) => reservation.during(work, RENEWAL).await,
            Self::Repeated(..) => work.await,
        }
    }

    /// Creates something, or answers with what an earlier request has created; see
    /// [`once`].
    pub(crate) async fn finish<T>(
        self,
        fingerprint: Fingerprint,
        create: impl AsyncFnOnce(RequestContext) -> Result<T, Error>,
        read: impl AsyncFnOnce(i64) -> Result<T, Error>,
        render: impl FnOnce(T) -> HttpResponse,
    ) -> Answer {
        match self {
            Self::First(reservation) => reservation.finish(fingerprint, create, render).await,
            Self::Repeated(completed, conditions) => {
                // The right to see it comes first: another body on something hidden is 404, not 422.
                let found = read(completed.object_id).await?;
                completed.check(&fingerprint)?;
                conditions.check(Present::Unversioned)?;
                let mut response = render(found);
                response
                    .headers_mut()
                    .insert(REPLAYED, HeaderValue::from_static("true"));
                Ok(response)
            }
        }
    }
}

/// A reserved key, or none. Dropping it frees the key, as when the client has gone away.
pub(crate) struct Reservation {
    by: RequestContext,
    lease: Option<Lease>,
    service: IdempotencyService,
}

impl Reservation {
    /// Works for as long as it takes, renewing the lease every so often.
    async fn during<T>(
        &mut self,
        work: impl Future<Output = Result<T, Problem>>,
        every: Duration,
    ) -> Result<T, Problem> {
        let outcome = {
            let work = pin!(work);
            let keep = pin!(self.keep(every));
            match select(work, keep).await {
                Either::Left((outcome, _)) => outcome,
                Either::Right((lost, _)) => Err(lost),
            }
        };
        if outcome.is_err() {
            self.release().await;
        }
        outcome
    }

    /// Renews the lease until it is lost.
    async fn keep(&self, every: Duration) -> Problem {
        let Some(lease) = self.lease else {
            return std::future::pending().await;
        };
        loop {
            sleep(every).await;
            match self.service.renew(lease).await {
                Ok(true) => {}
                Ok(false) => return Error::from(Conflict::IdempotencyRunning).into(),
                // The lease outlives a few failures of the store; the commit tells in the end.
                Err(error) => tracing::warn!(%error, "an idempotency key was not renewed"),
            }
        }
    }

    async fn finish<T>(
        mut self,
        fingerprint: Fingerprint,
        create: impl AsyncFnOnce(RequestContext) -> Result<T, Error>,
        render: impl FnOnce(T) -> HttpResponse,
    ) -> Result<HttpResponse, Problem> {
        let completes = self.lease.map(|lease| Completion { lease, fingerprint });
        match create(self.by.clone().completing(completes)).await {
            Ok(created) => {
                // The commit has completed it, so there is nothing to free.
                self.lease = None;
                Ok(render(created))
            }
            Err(error) => {
                self.release().await;
                Err(error.into())
            }
        }
    }

    async fn release(&mut self) {
        if let Some(lease) = self.lease.take() {
            release(&self.service, lease).await;
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let (Some(lease), Ok(runtime)) = (self.lease.take(), Handle::try_current()) else {
            return;
        };
        let service = self.service.clone();
        runtime.spawn(async move { release(&service, lease).await });
    }
}

async fn release(service: &IdempotencyService, lease: Lease) {
    if let Err(error) = service.release(lease).await {
        tracing::warn!(%error, "an idempotency key is free only when its lease ends");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use actix_web::http::StatusCode;
    use classdesk_conformance::Fixture;
    use classdesk_domain::clock::{Clock, Timestamp};
    use classdesk_domain::{App, Ports, Settings};
    use classdesk_memory::{MemoryBlobs, MemoryStore, PlainHasher, SeededSecrets};

    use super::*;

    /// Short, so that nobody waits; what is waited for is never the time itself.
    const OFTEN: Duration = Duration::from_millis(1);

    /// The world's clock, which counts how often it is asked.
    struct CountingClock {
        fixture: Fixture,
        asked: AtomicUsize,
    }

    impl Clock for CountingClock {
        fn now(&self) -> Timestamp {
            self.asked.fetch_add(1, Ordering::SeqCst);
            self.fixture.now()
        }
    }

    async fn begun() -> (
        Arc<CountingClock>,
        IdempotencyService,
        KeyScope,
        Reservation,
    ) {
        let store = Arc::new(MemoryStore::new());
        let fixture = Fixture::create(&*store).await;
        let actor = fixture.client;
        let clock = Arc::new(CountingClock {
            fixture,
            asked: AtomicUsize::new(0),
        });
        let ports = Ports::new(
            store,
            Arc::new(MemoryBlobs::default()),
            Arc::new(PlainHasher::default()),
            clock.clone(),
            Arc::new(SeededSecrets::new(1)),
        );
        let service = App::new(ports, Settings::default()).idempotency;
        let scope = KeyScope {
            user: actor.id,
            operation: "POST /api/v1/tickets/".to_owned(),
            key: IdempotencyKey::parse("k").unwrap(),
        };
        let Begun::First(lease) = service.begin(&scope).await.unwrap() else {
            panic!("the key was used before");
        };
        let reservation = Reservation {
            by: actor.into(),
            lease: Some(lease),
            service: service.clone(),
        };
        (clock, service, scope, reservation)
    }

    async fn check_running(service: &IdempotencyService, scope: &KeyScope) {
        let error = service.begin(scope).await.unwrap_err();
        assert!(
            matches!(error, Error::Conflict(Conflict::IdempotencyRunning)),
            "{error:?}"
        );
    }

    #[tokio::test]
    async fn a_long_request_renews_its_lease() {
        let (clock, service, scope, mut reservation) = begun().await;
        clock
            .fixture
            .clock
            .advance(LEASE_TTL - Duration::from_secs(1));
        let before = clock.asked.load(Ordering::SeqCst);
        // A renewal asks for the time first: the second question follows a whole renewal.
        let work = async {
            while clock.asked.load(Ordering::SeqCst) < before + 2 {
                tokio::task::yield_now().await;
            }
            Ok(())
        };
        reservation.during(work, OFTEN).await.unwrap();
        clock.fixture.clock.advance(Duration::from_secs(2));
        check_running(&service, &scope).await;
    }

    #[tokio::test]
    async fn a_request_that_lost_its_lease_stops_and_frees_nothing() {
        let (clock, service, scope, mut reservation) = begun().await;
        clock.fixture.clock.advance(LEASE_TTL);
        let another = service.begin(&scope).await.unwrap();
        assert!(matches!(another, Begun::First(_)), "the lease has ended");
        let work = std::future::pending::<Result<(), Problem>>();
        let problem = reservation.during(work, OFTEN).await.unwrap_err();
        assert_eq!(problem.kind().status(), StatusCode::CONFLICT);
        check_running(&service, &scope).await;
    }
}

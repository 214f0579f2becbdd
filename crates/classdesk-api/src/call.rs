//! A call of the API: an authenticated request, what serves it, and how it is answered.

use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use classdesk_domain::blobs::Download;
use classdesk_domain::error::Error;
use classdesk_domain::links::Disposition;
use classdesk_domain::paging::{ListKind, Page, PageRequest, SeekRequest};
use classdesk_domain::people::{Actor, AuthenticatedSession, Principal};
use classdesk_domain::validation::Invalid;
use classdesk_domain::{App, Present, RequestContext, VersionConditions};
use classdesk_http::conditional::version_conditions;
use classdesk_http::problem::{Problem, ProblemKind};
use classdesk_http::{PublicUrl, download};
use serde::Serialize;

use crate::acting::principal_now;
use crate::dto::{PageParams, SeekParams};
use crate::event_streams::Follower;
use crate::extract::no_parameters;
use crate::input::{FieldSet, Fields, NoFields};
use crate::render;
pub(crate) use crate::render::Answer;
use crate::state::{AppState, state_of};

/// An authenticated request. It comes before the other arguments of a handler: without a sign-in
/// nothing else is looked at.
pub(crate) struct Call {
    principal: Principal,
    request: HttpRequest,
    state: Data<AppState>,
    conditions: VersionConditions,
}

impl FromRequest for Call {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let principal = request.extensions_mut().remove::<Principal>();
        ready(match principal {
            Some(principal) => conditions_of(request).map(|conditions| Self {
                principal,
                request: request.clone(),
                state: state_of(request).clone(),
                conditions,
            }),
            None => Err(Problem::of(ProblemKind::Unauthenticated)),
        })
    }
}

impl Call {
    /// The caller as the policy knows them.
    pub(crate) const fn actor(&self) -> &Actor {
        &self.principal.actor
    }

    /// The caller's session.
    ///
    /// # Errors
    /// They came in otherwise.
    pub(crate) fn session(&self) -> Result<&AuthenticatedSession, Problem> {
        Ok(self.principal.session().map_err(Error::from)?)
    }

    /// The use cases.
    pub(crate) fn app(&self) -> &App {
        &self.state.app
    }

    /// What all handlers share.
    pub(crate) const fn state(&self) -> &Data<AppState> {
        &self.state
    }

    /// What follows the log for all clients.
    pub(crate) fn follower(&self) -> &Arc<Follower> {
        &self.state.follower
    }

    /// The caller as they are now, in an answer that takes its time.
    pub(crate) async fn reauthenticate(&self) -> Result<Actor, Problem> {
        let principal = principal_now(&self.state, self.request.head()).await?;
        Ok(principal.actor)
    }

    /// The address below which clients reach the API.
    pub(crate) fn public_url(&self) -> &PublicUrl {
        &self.state.public_url
    }

    /// The request itself.
    pub(crate) const fn request(&self) -> &HttpRequest {
        &self.request
    }

    /// The parameters of a list: which items, and which page of them.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub(crate) fn list_params<S: FieldSet>(
        &self,
        list: ListKind,
    ) -> Result<(S::Output, PageRequest), Invalid> {
        let mut fields = Fields::of_query(self.request.query_string());
        let filter = S::read(&mut fields);
        let page = PageParams::read_for(&mut fields, list);
        fields.finish(filter.zip(page))
    }

    /// The parameters of something that is no usual list.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub(crate) fn params<S: FieldSet>(&self) -> Result<S::Output, Invalid> {
        Fields::of_query(self.request.query_string()).read::<S>()
    }

    /// The parameters of a list that has no filter.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub(crate) fn page_params(&self, list: ListKind) -> Result<PageRequest, Invalid> {
        self.list_params::<NoFields>(list).map(|((), page)| page)
    }

    /// The parameters of a list that is read from either end.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub(crate) fn seek_params(&self, list: ListKind) -> Result<SeekRequest, Invalid> {
        let (seek, page) = self.list_params::<SeekParams>(list)?;
        Ok(SeekRequest {
            limit: page.limit,
            seek: seek.unwrap_or_default().continued(page.after),
        })
    }

    /// Refuses the parameters of a change that has no body. It asks for the right to see the thing
    /// first, like [`authorize_before_validation`].
    ///
    /// # Errors
    /// Every parameter is one.
    pub(crate) async fn refuse_parameters<T>(
        &self,
        authorize: impl Future<Output = Result<T, Error>>,
    ) -> Result<(), Problem> {
        authorize_before_validation(no_parameters(&self.request), authorize).await
    }

    /// The caller with the preconditions of the request: what every use case takes that changes
    /// something.
    pub(crate) fn by(&self) -> RequestContext {
        RequestContext::from(&self.principal).on(self.conditions.clone())
    }

    /// Checks the preconditions of a request that changes nothing with a version, and needs no right
    /// beyond its session.
    pub(crate) fn check_unversioned(&self) -> Result<(), Problem> {
        Ok(self.conditions.check(Present::Unversioned)?)
    }

    /// Answers with a page of a list.
    pub(crate) fn page<T, V: Serialize>(
        &self,
        list: ListKind,
        page: Page<T>,
        view: impl FnMut(T) -> V,
    ) -> Answer {
        render::page(&self.request, list, page, view)
    }

    /// Answers with a file, or what of it is asked for.
    pub(crate) async fn download(&self, file: &Download) -> Answer {
        let downloads = &self.state.app.downloads;
        download::answer(&self.request, downloads, file, Disposition::Attachment).await
    }
}

/// The preconditions of a change. Those of a read are for what renders its answer.
fn conditions_of(request: &HttpRequest) -> Result<VersionConditions, Problem> {
    if request.method().is_safe() {
        Ok(VersionConditions::default())
    } else {
        version_conditions(request)
    }
}

/// Passes good parameters on. Where they are wrong, it asks for the right first: a client that may
/// not know of a thing is told nothing about parameters either. Where they are good, the service
/// asks for the right itself.
pub(crate) async fn authorize_before_validation<P, T>(
    parameters: Result<P, Invalid>,
    authorize: impl Future<Output = Result<T, Error>>,
) -> Result<P, Problem> {
    if parameters.is_err() {
        authorize.await?;
    }
    Ok(parameters?)
}

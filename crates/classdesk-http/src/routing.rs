//! Endpoints: one path, its methods, and what all endpoints share.

use actix_web::dev::HttpServiceFactory;
use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::{FromRequest, Handler, HttpResponse, Resource, Responder, Route, guard, web};

use crate::middleware::authenticate;
use crate::problem::{Problem, ProblemKind};

/// The path of an endpoint as the contract writes it, for metrics and the access log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RoutePattern(pub(crate) &'static str);

/// One path with its methods.
///
/// The path is served with and without its last slash, `HEAD` works where `GET` does, and any
/// other method is 405 with `Allow`.
pub(crate) struct Endpoint {
    resource: Resource,
    allow: Vec<&'static str>,
}

impl Endpoint {
    /// An endpoint at a path.
    pub(crate) fn at(path: &'static str) -> Self {
        let bare = path.trim_end_matches('/');
        let resource =
            web::resource([bare.to_owned(), format!("{bare}/")]).app_data(RoutePattern(path));
        Self {
            resource,
            allow: Vec::new(),
        }
    }

    /// Answers `method`, for people who have signed in.
    pub(crate) fn on<F, Args>(self, method: &Method, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.route(method, |route| {
            route.to(handler).wrap(from_fn(authenticate))
        })
    }

    /// Answers `method`, for everybody.
    pub(crate) fn public<F, Args>(self, method: &Method, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.route(method, |route| route.to(handler))
    }

    /// Answers `GET` and `HEAD`, for people who have signed in.
    pub(crate) fn get<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.on(&Method::GET, handler)
    }

    /// Answers `POST`, for people who have signed in.
    pub(crate) fn post<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.on(&Method::POST, handler)
    }

    /// Answers `PATCH`, for people who have signed in.
    pub(crate) fn patch<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.on(&Method::PATCH, handler)
    }

    /// Answers `PUT`, for people who have signed in.
    pub(crate) fn put<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.on(&Method::PUT, handler)
    }

    /// Answers `DELETE`, for people who have signed in.
    pub(crate) fn delete<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.on(&Method::DELETE, handler)
    }

    fn route(mut self, method: &Method, build: impl FnOnce(Route) -> Route) -> Self {
        let (names, route): (&[&'static str], _) = match *method {
            Method::GET => (
                &["GET", "HEAD"],
                web::route().guard(guard::Any(guard::Get()).or(guard::Head())),
            ),
            Method::POST => (&["POST"], web::post()),
            Method::PUT => (&["PUT"], web::put()),
            Method::PATCH => (&["PATCH"], web::patch()),
            Method::DELETE => (&["DELETE"], web::delete()),
            _ => unreachable!("the contract has no other methods"),
        };
        self.allow.extend(names);
        self.resource = self.resource.route(build(route));
        self
    }

    /// The service to register.
    pub(crate) fn service(self) -> impl HttpServiceFactory {
        let allow = self.allow.join(", ");
        self.resource.default_service(web::to(move || {
            let problem = Problem::of(ProblemKind::MethodNotAllowed).allowing(allow.clone());
            async move { Err::<HttpResponse, _>(problem) }
        }))
    }
}

//! Endpoints: one path, its methods, and what all endpoints share.

use std::collections::BTreeMap;

use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::web::ServiceConfig;
use actix_web::{
    FromRequest, Handler, HttpResponse, Resource, Responder, Route, Scope, guard, web,
};

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
    path: &'static str,
    routes: Vec<Route>,
    allow: Vec<&'static str>,
}

impl Endpoint {
    /// An endpoint at a path.
    pub(crate) fn at(path: &'static str) -> Self {
        Self {
            path,
            routes: Vec::new(),
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
        self.routes.push(build(route));
        self
    }

    /// The service for what of the path lies below a prefix.
    fn below(self, prefix: &str) -> Resource {
        let below = self.path.strip_prefix(prefix).unwrap_or(self.path);
        let patterns = match below.trim_end_matches('/') {
            "" => vec![String::new(), "/".to_owned()],
            // One pattern is faster to try than one with and one without the slash.
            bare => vec![format!("{bare}{{{SLASH}:/?}}")],
        };
        let allow = self.allow.join(", ");
        let resource = web::resource(patterns).app_data(RoutePattern(self.path));
        let resource = self.routes.into_iter().fold(resource, Resource::route);
        resource.default_service(web::to(move || {
            let problem = Problem::of(ProblemKind::MethodNotAllowed).allowing(allow.clone());
            async move { Err::<HttpResponse, _>(problem) }
        }))
    }
}

/// The name of the last slash in a pattern. It is none of the path's parameters.
pub(crate) const SLASH: &str = "slash";

/// All endpoints. Those of one noun of the API lie in one scope, so that a request is held against
/// the patterns of its own noun alone.
#[derive(Default)]
pub(crate) struct Endpoints(Vec<Endpoint>);

impl Endpoints {
    pub(crate) fn add(&mut self, endpoint: Endpoint) -> &mut Self {
        self.0.push(endpoint);
        self
    }

    /// Registers them.
    pub(crate) fn register(self, config: &mut ServiceConfig) {
        let mut nouns: BTreeMap<&'static str, Vec<Endpoint>> = BTreeMap::new();
        for endpoint in self.0 {
            nouns.entry(noun(endpoint.path)).or_default().push(endpoint);
        }
        for (prefix, endpoints) in nouns {
            if prefix.is_empty() {
                for endpoint in endpoints {
                    config.service(endpoint.below(prefix));
                }
            } else {
                let scope = web::scope(prefix).default_service(web::to(not_found));
                let resources = endpoints.into_iter().map(|endpoint| endpoint.below(prefix));
                config.service(resources.fold(scope, Scope::service));
            }
        }
    }
}

/// The answer to every path that is not served.
pub(crate) async fn not_found() -> Result<HttpResponse, Problem> {
    Err(Problem::not_found())
}

/// The part of a path that names a noun of the API; nothing for what lies beside the API.
fn noun(path: &'static str) -> &'static str {
    const API: &str = "/api/v1/";
    path.strip_prefix(API)
        .and_then(|below| below.find('/'))
        .map_or("", |end| &path[..API.len() + end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_lies_below_its_noun() {
        for (path, expected) in [
            ("/api/v1/tickets/{id}/history/", "/api/v1/tickets"),
            ("/api/v1/tickets/", "/api/v1/tickets"),
            ("/api/v1/openapi.json", ""),
            ("/healthz/live", ""),
        ] {
            assert_eq!(noun(path), expected);
        }
    }
}

//! Where handlers are served. Path, method and whether a sign-in is needed stand in a handler's
//! `#[utoipa::path]` alone.

use std::collections::BTreeMap;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, header};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::ServiceConfig;
use actix_web::{Error, HttpResponse, Resource, Route, Scope, guard, web};
use classdesk_http::context::RoutePattern;
use classdesk_http::middleware::no_such_path;
use classdesk_http::problem::{Problem, ProblemKind};
use utoipa::openapi::OpenApi as Document;

use crate::authenticate::authenticate;
use crate::extract::{SLASH, no_parameters};
use crate::openapi::{has_parameters, is_public, operations};

/// Makes the route of a handler.
pub(crate) type MakeRoute = fn() -> Route;

/// Handlers that are served together, made by [`endpoints!`].
pub(crate) struct Endpoints {
    /// What is said of them.
    pub(crate) document: fn() -> Document,
    /// Each with its name, which is the id of its operation.
    pub(crate) handlers: &'static [(&'static str, MakeRoute)],
}

/// The endpoints of these handlers, each of which has a `#[utoipa::path]`.
macro_rules! endpoints {
    ($($handler:ident),+ $(,)?) => {{
        #[derive(utoipa::OpenApi)]
        #[openapi(paths($($handler),+))]
        struct Operations;

        $crate::routing::Endpoints {
            document: <Operations as utoipa::OpenApi>::openapi,
            handlers: &[$((stringify!($handler), || actix_web::Route::new().to($handler))),+],
        }
    }};
}
pub(crate) use endpoints;

/// A handler and where it is served.
pub(crate) struct Operation {
    path: String,
    method: Method,
    is_public: bool,
    has_parameters: bool,
    make_route: MakeRoute,
}

impl Operation {
    /// A `GET` for everybody that is no part of the API.
    pub(crate) fn asset(path: &str, make_route: MakeRoute) -> Self {
        Self {
            path: path.to_owned(),
            method: Method::GET,
            is_public: true,
            has_parameters: false,
            make_route,
        }
    }

    fn route(&self) -> Route {
        let route = (self.make_route)();
        let route = if self.method == Method::GET {
            route.guard(guard::Any(guard::Get()).or(guard::Head()))
        } else {
            route.method(self.method.clone())
        };
        match (
            self.is_public,
            self.method == Method::GET && !self.has_parameters,
        ) {
            (true, _) => route,
            (false, true) => {
                let route = route.wrap(from_fn(refuse_parameters));
                route.wrap(from_fn(authenticate))
            }
            (false, false) => route.wrap(from_fn(authenticate)),
        }
    }
}

impl Endpoints {
    /// Where each handler is served.
    pub(crate) fn operations(&self) -> Vec<Operation> {
        let mut all = Vec::new();
        for (path, mut item) in (self.document)().paths.paths {
            for (method, operation) in operations(&mut item) {
                let id = operation.operation_id.as_deref();
                let handler = self.handlers.iter().find(|(name, _)| id == Some(name));
                let (_, make_route) = handler.expect("an operation has the name of its handler");
                all.push(Operation {
                    path: path.clone(),
                    method,
                    is_public: is_public(operation),
                    has_parameters: has_parameters(operation),
                    make_route: *make_route,
                });
            }
        }
        all
    }
}

/// Refuses the parameters of a read that has none. The right to read comes before, so the read is
/// made first: it changes nothing.
async fn refuse_parameters(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let answer = next.call(request).await?;
    let was_read = !answer.status().is_client_error() && !answer.status().is_server_error();
    match no_parameters(answer.request()) {
        Err(invalid) if was_read => {
            let refused = answer.error_response(Problem::from(invalid));
            Ok(refused.map_into_right_body())
        }
        _ => Ok(answer.map_into_left_body()),
    }
}

/// Registers operations. Those of one noun of the API lie in one scope, so that a request is held
/// against the patterns of its own noun alone.
pub(crate) fn register(
    config: &mut ServiceConfig,
    operations: impl Iterator<Item = &'static Operation>,
) {
    let mut nouns = BTreeMap::<&str, BTreeMap<&'static str, Vec<&Operation>>>::new();
    for operation in operations {
        let paths = nouns.entry(noun(&operation.path)).or_default();
        paths.entry(&operation.path).or_default().push(operation);
    }
    for (prefix, paths) in nouns {
        let resources = paths
            .into_iter()
            .map(|(path, operations)| resource(prefix, path, operations));
        if prefix.is_empty() {
            for resource in resources {
                config.service(resource);
            }
        } else {
            let scope = web::scope(prefix).default_service(web::to(no_such_path));
            config.service(resources.fold(scope, Scope::service));
        }
    }
}

/// The service for what of a path lies below a prefix.
///
/// The path is served with and without its last slash, `HEAD` works where `GET` does, and any
/// other method is 405 with `Allow`.
fn resource(prefix: &str, path: &'static str, operations: Vec<&Operation>) -> Resource {
    let below = path.strip_prefix(prefix).unwrap_or(path);
    let patterns = match below.trim_end_matches('/') {
        "" => vec![String::new(), "/".to_owned()],
        // One pattern is faster to try than one with and one without the slash.
        bare => vec![format!("{bare}{{{SLASH}:/?}}")],
    };
    let allow = allowed(&operations);
    let resource = web::resource(patterns).app_data(RoutePattern(path));
    let routes = operations.into_iter().map(Operation::route);
    let resource = routes.fold(resource, Resource::route);
    resource.default_service(web::to(move || {
        let problem = Problem::of(ProblemKind::MethodNotAllowed);
        let problem = problem.with_header(header::ALLOW, allow.clone());
        async move { Err::<HttpResponse, _>(problem) }
    }))
}

/// The methods of a path, for `Allow`.
fn allowed(operations: &[&Operation]) -> String {
    let methods = operations.iter().map(|each| match each.method {
        Method::GET => "GET, HEAD",
        ref other => other.as_str(),
    });
    methods.collect::<Vec<_>>().join(", ")
}

/// The part of a path that names a noun of the API; nothing for what lies beside the API.
fn noun(path: &str) -> &str {
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

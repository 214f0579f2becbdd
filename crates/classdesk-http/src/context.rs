//! What is known of a request while it is served.

use std::net::IpAddr;

use actix_web::{HttpMessage as _, HttpRequest};
use classdesk_domain::ids::UserId;

/// The path of an endpoint as the contract writes it, for metrics and the access log. A resource
/// has it in its app data.
#[derive(Debug, Clone, Copy)]
pub struct RoutePattern(pub &'static str);

/// Where a request comes from, where its scope is mounted, and what person has signed in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequestInfo {
    /// The address of the client.
    pub(crate) address: IpAddr,
    /// How much of the path lies above the scope, in bytes.
    pub(crate) mount: usize,
    /// The person, once that is known.
    pub(crate) user: Option<UserId>,
}

pub(crate) fn info(request: &HttpRequest) -> Option<RequestInfo> {
    request.extensions().get::<RequestInfo>().copied()
}

/// Notes the person that has signed in, for the access log and the limits.
pub fn set_user(request: &HttpRequest, user: UserId) {
    if let Some(info) = request.extensions_mut().get_mut::<RequestInfo>() {
        info.user = Some(user);
    }
}

/// The person that has signed in.
#[must_use]
pub fn user(request: &HttpRequest) -> Option<UserId> {
    info(request).and_then(|info| info.user)
}

/// The path of a request below its scope, whatever a host has mounted it under.
#[must_use]
pub fn path_within(request: &HttpRequest) -> &str {
    let mount = info(request).map_or(0, |info| info.mount);
    &request.path()[mount..]
}

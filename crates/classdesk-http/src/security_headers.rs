//! Headers that every response has unless its handler says otherwise.

use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};

const NOTHING_IS_LOADED: &str =
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const DEFAULTS: [(HeaderName, HeaderValue); 5] = [
    default(header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    default(header::CONTENT_SECURITY_POLICY, NOTHING_IS_LOADED),
    default(header::X_FRAME_OPTIONS, "DENY"),
    default(header::REFERRER_POLICY, "no-referrer"),
    default(header::CACHE_CONTROL, "no-store"),
];

const fn default(name: HeaderName, value: &'static str) -> (HeaderName, HeaderValue) {
    (name, HeaderValue::from_static(value))
}

pub(crate) fn set_defaults(headers: &mut HeaderMap) {
    for (name, value) in DEFAULTS {
        if !headers.contains_key(&name) {
            headers.insert(name, value);
        }
    }
}

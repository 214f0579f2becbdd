//! Requests that can be repeated.

use serde::Serialize;
use utoipa::IntoParams;

/// What makes a request that creates something safe to repeat.
#[derive(Debug, Default, Serialize, IntoParams)]
#[into_params(parameter_in = Header)]
pub struct RetryHeader {
    /// A key of your choice. The same key with the same body gives the first answer again for 24
    /// hours, marked by `Idempotency-Replayed: true`, and creates nothing.
    #[serde(rename = "Idempotency-Key", skip_serializing_if = "Option::is_none")]
    #[param(
        rename = "Idempotency-Key",
        min_length = 1,
        max_length = 255,
        pattern = "^[ -~]+$",
        required = false,
        nullable = false
    )]
    pub idempotency_key: Option<String>,
}

//! What operators look at.

use serde::Serialize;
use utoipa::ToSchema;

/// How the program is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"status": "ok"}))]
pub struct HealthView {
    /// `ok`.
    pub status: &'static str,
}

impl HealthView {
    /// All is well.
    pub(crate) const OK: Self = Self { status: "ok" };
}

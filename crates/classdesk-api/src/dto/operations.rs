//! The health of the program, and the kinds of problems.

use classdesk_http::problem::ProblemKind;
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

/// A kind of problem and what to do about it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "type": "/problems/not-found", "title": "Not found", "status": 404,
    "about": "There is nothing here that you may see.",
}))]
pub struct ProblemKindView {
    /// The `type` of problem documents of this kind.
    #[serde(rename = "type")]
    pub kind: String,
    /// Their title.
    pub title: &'static str,
    /// The status that they come with.
    pub status: u16,
    /// What it means and what to do.
    pub about: &'static str,
}

impl From<ProblemKind> for ProblemKindView {
    fn from(kind: ProblemKind) -> Self {
        Self {
            kind: kind.type_path(),
            title: kind.title(),
            status: kind.status().as_u16(),
            about: kind.about(),
        }
    }
}

//! What all lists have in common.

use serde::Serialize;
use utoipa::IntoParams;

/// Which page of a list.
#[derive(Debug, Default, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageParams {
    /// How many items a page has.
    #[param(minimum = 1, maximum = 200, default = 50, required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Where the page begins: opaque, taken from the `Link` header of the page before.
    #[param(required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

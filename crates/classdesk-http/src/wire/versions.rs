//! Changes that are made for a version.

use serde::Serialize;
use utoipa::IntoParams;

/// What keeps a change from undoing somebody else's.
#[derive(Debug, Default, Serialize, IntoParams)]
#[into_params(parameter_in = Header)]
pub struct VersionHeader {
    /// Entity tags of the versions that the change is made for; 412 when it is another by now.
    #[serde(rename = "If-Match", skip_serializing_if = "Option::is_none")]
    #[param(
        rename = "If-Match",
        pattern = r#"^[ \t]*(\*|(W/)?"[!#-~]*"([ \t]*,[ \t]*(W/)?"[!#-~]*")*)[ \t]*$"#,
        required = false,
        nullable = false
    )]
    pub if_match: Option<String>,
}

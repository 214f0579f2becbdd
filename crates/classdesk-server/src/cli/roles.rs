//! Reading roles.

use classdesk_domain::people::Role;

/// A role by its word.
pub(super) fn role(word: &str) -> Result<Role, String> {
    Role::parse(word).map_err(|error| error.to_string())
}

//! Keys.

use classdesk_domain::api_keys::{ApiKey, KeyToken, NewApiKey};
use classdesk_domain::clock::Timestamp;
use classdesk_domain::ids::{ApiKeyId, UserId};
use classdesk_domain::people::Access;
use classdesk_domain::text::KeyName;

use crate::input::{Nullable, input};
use crate::output::view;

use super::people::UserRefView;

input! {
    /// A key to be made.
    body ApiKeyBody -> NewApiKey {
        /// What it is for.
        name: KeyName,
        /// What it is good for.
        access: Access,
        /// Whether it may act for those whom its owner manages; for admins and superadmins.
        act_as: bool = false,
        /// When it ends by itself; never when null.
        expires_at: Option<Nullable<Timestamp>>,
    } => NewApiKey { name, access, act_as, expires_at: expires_at.flatten() },
    example {"name": "CRM", "access": "write", "act_as": true}
}

view! {
    /// A key of a person.
    ApiKeyView from (key: ApiKey) {
        /// Its id.
        id: ApiKeyId,
        /// What it is for.
        name: KeyName,
        /// What it is good for.
        access: Access,
        /// Whether it may act for those whom its owner manages.
        act_as: bool,
        /// Whose it is.
        user: UserRefView = key.owner.into(),
        /// When it was made.
        created_at: Timestamp,
        /// When it was last used, to within a minute; null when it never was.
        last_used_at: Option<Timestamp>,
        /// When it ends by itself; null when it does not.
        expires_at: Option<Timestamp>,
    },
    example {
        "id": 5, "name": "CRM", "access": "write", "act_as": true,
        "user": {"id": 2, "username": "admin", "display_name": "Ada Admin", "role": "admin"},
        "created_at": "2026-03-01T10:00:00.000000Z",
        "last_used_at": "2026-03-02T08:30:00.000000Z", "expires_at": null,
    }
}

view! {
    /// A key that was made.
    CreatedApiKeyView from (created: (ApiKey, Option<KeyToken>)) {
        ..key: ApiKeyView = created.0.into(),
        /// What to send as `Authorization: Bearer TOKEN`. It is shown this once and kept nowhere, so it
        /// is null where the request was sent again.
        token: Option<KeyToken> = created.1,
    }
}

input! {
    /// Whose keys are listed.
    query ApiKeyParams -> Option<UserId> {
        /// Those of the person with this id, for superadmins. By default, one's own.
        user: Option<UserId>,
    } => user
}

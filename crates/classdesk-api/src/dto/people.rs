//! People.

use classdesk_domain::ExternalId;
use classdesk_domain::clock::Timestamp;
use classdesk_domain::ids::UserId;
use classdesk_domain::people::{
    DisplayUpdate, Email, Language, NewPassword, NewUser, PutUser, Role, TimeZone, User,
    UserChange, UserFilter, UserRef, Username,
};
use classdesk_domain::search::SearchText;
use classdesk_domain::text::DisplayName;
use serde_json::Value;

use crate::input::{Nullable, input};
use crate::output::view;

view! {
    /// A person as they and the staff see them.
    UserView from (user: User) {
        /// Their id.
        id: UserId,
        /// Their id in the system that they come from, if they have one.
        external_id: Option<ExternalId>,
        /// Their username.
        username: Username,
        /// Their email address.
        email: Email,
        /// Their name for others.
        display_name: DisplayName,
        /// What they are.
        role: Role,
        /// Whether they may sign in and act.
        is_active: bool,
        /// The language that they read.
        language: Language,
        /// The name of their time zone in the IANA database.
        time_zone: TimeZone,
        /// Since when they exist.
        created_at: Timestamp,
        /// When they last signed in.
        last_login_at: Option<Timestamp>,
        /// Counts the changes to them; the first part of the `ETag`.
        version: i64,
    },
    example {
        "id": 7, "external_id": null, "username": "client", "email": "client@example.com",
        "display_name": "Clara Client", "role": "client", "is_active": true, "language": "en",
        "time_zone": "UTC", "created_at": "2026-03-01T10:00:00.000000Z",
        "last_login_at": "2026-03-02T08:30:00.000000Z", "version": 1,
    }
}

view! {
    /// What other people see of a person.
    UserRefView from (user: UserRef) {
        /// Their id.
        id: UserId,
        /// Their username.
        username: Username,
        /// Their name for others.
        display_name: DisplayName,
        /// What they are.
        role: Role,
    },
    example {
        "id": 7, "username": "client", "display_name": "Clara Client", "role": "client",
    }
}

input! {
    /// A person to be created.
    body UserBody -> NewUser {
        /// Their id in the system that they come from.
        external_id: Nullable<ExternalId> = Value::Null,
        /// Their username: `a-z 0-9 . _ -`, case-folded.
        username: Username,
        /// Their email address, case-folded.
        email: Email,
        /// Their name for others; the username when it is left out or empty.
        display_name: Option<DisplayName>,
        /// What they are: a role that the caller manages.
        role: Role,
        /// Their first password: not a common one, and without the username in it. Whoever has none
        /// can't sign in with one.
        password: Option<NewPassword>,
        /// The language that they read.
        language: Language = Language::default().as_str(),
        /// The name of their time zone in the IANA database.
        time_zone: TimeZone = "UTC",
    },
    example {
        "username": "client", "email": "client@example.com", "display_name": "Clara Client",
        "role": "client", "password": "correct horse battery",
    }
}

input! {
    /// A person as another system knows them. The password stays.
    body PutUserBody -> PutUser {
        /// Their username: `a-z 0-9 . _ -`, case-folded.
        username: Username,
        /// Their email address, case-folded.
        email: Email,
        /// Their name for others; the username when it is left out or empty.
        display_name: Option<DisplayName>,
        /// What they are: a role that the caller manages.
        role: Role,
        /// Whether they may sign in and act. Deactivation ends all sessions.
        is_active: bool = true,
        /// The language that they read.
        language: Language = Language::default().as_str(),
        /// The name of their time zone in the IANA database.
        time_zone: TimeZone = "UTC",
    },
    example {
        "username": "client", "email": "client@example.com", "display_name": "Clara Client",
        "role": "client",
    }
}

input! {
    /// A line of an import: a person as another system knows them. The password stays.
    body ImportedUserBody -> (ExternalId, PutUser) {
        ..person: PutUserBody,
        /// Their id in the system that they come from.
        external_id: ExternalId,
    } => (external_id, person),
    example {
        "external_id": "crm/7", "username": "client", "email": "client@example.com",
        "role": "client",
    }
}

input! {
    /// A change to a person. What is left out stays.
    body UserChangeBody -> UserChange {
        /// A new name for others, by the person themselves or by who manages the role.
        display_name: Option<DisplayName>,
        /// A new email address, by the same.
        email: Option<Email>,
        /// Another language, by the same.
        language: Option<Language>,
        /// Another time zone, by the same.
        time_zone: Option<TimeZone>,
        /// A new username, by who manages the role.
        username: Option<Username>,
        /// A new id in another system, or null, by who manages the role.
        external_id: Option<Nullable<ExternalId>>,
        /// A new role, by one that manages the old and the new one.
        role: Option<Role>,
        /// Activation or deactivation, by who manages the role. Deactivation ends all sessions.
        is_active: Option<bool>,
        /// A new password, by who manages the role. It ends all sessions.
        password: Option<NewPassword>,
    } => UserChange {
        own: DisplayUpdate { display_name, email, language, time_zone },
        username,
        external_id,
        role,
        is_active,
        password,
    },
    example {"display_name": "Clara C.", "email": "clara@example.com"}
}

input! {
    /// Which people are listed. Every given parameter has to match.
    query UserParams -> UserFilter {
        /// In this role.
        role: Option<Role>,
        /// Active or not.
        is_active: Option<bool>,
        /// Each of these words begins one of the username, email or display name.
        q: Option<SearchText>,
    }
}

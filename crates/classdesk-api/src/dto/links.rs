//! Links to files.

use classdesk_domain::clock::Timestamp;
use classdesk_domain::links::{Disposition, LinkLifetime, MadeLink, NewLink};
use classdesk_http::PublicUrl;
use utoipa::openapi::KnownFormat;

use crate::input::{input, inputs};
use crate::output::view;
use crate::schema::integer;

use super::files::FileUrl;

inputs! {
    LinkLifetime => Self: |raw| Self::seconds(raw.integer()?),
        integer(KnownFormat::Int32).minimum(Some(1)).maximum(Some(Self::MAX));
}

input! {
    /// A link to be made.
    body FileLinkBody -> NewLink {
        /// For how many seconds it can be opened.
        expires_in: LinkLifetime = LinkLifetime::DEFAULT,
        /// Whether a browser saves the file or shows it.
        disposition: Disposition = "attachment",
    } => NewLink { lifetime: expires_in, disposition },
    example {"disposition": "inline"}
}

view! {
    /// A link that was made.
    FileLinkView of (link: MadeLink, public_url: &PublicUrl) {
        /// The link itself. Whoever has it can open it.
        url: FileUrl = FileUrl::of_link(public_url, &link.token),
        /// When it can no longer be opened.
        expires_at: Timestamp,
    },
    example {
        "url": "https://desk.example.com/api/v1/links/?token=AAAAAAAAAAc",
        "expires_at": "2026-03-01T10:01:00.000000Z",
    }
}

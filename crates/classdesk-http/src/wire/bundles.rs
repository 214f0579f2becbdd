//! Class bundles.

use classdesk_domain::bundles::{
    BundleChange, BundleDetail, BundleStatus, BundleView as SeenBundle, Dates, Member, NewBundle,
    NumberOfClasses,
};
use classdesk_domain::clock::Timestamp;
use classdesk_domain::ids::UserId;
use classdesk_domain::text::{Description, Level, Title};
use serde::Serialize;
use time::Date;
use utoipa::{IntoParams, ToSchema};

use crate::extract::{Fields, read};
use crate::render::{display, display_option};
use crate::settings::PublicUrl;

use super::files::BundleFileView;
use super::people::UserRefView;
use super::string_enum::{BundleStatusWord, MemberRelationWord};

/// A class bundle as the caller sees it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": 42, "title": "Spring semester", "description": "Twelve classes on statistics",
    "status": "in_progress", "level": "B2", "number_of_classes": 12, "start_date": "2026-03-01",
    "end_date": null, "client": 7, "client_username": "client", "assigned_writer": 8,
    "assigned_writer_username": "writer", "created_by": 2,
    "created_at": "2026-03-01T10:00:00.000000Z", "updated_at": "2026-03-01T10:00:00.000000Z",
    "completed_at": null, "version": 1, "threads_count": 2, "tickets_count": 0,
}))]
pub struct BundleView {
    /// Its id.
    pub id: i64,
    /// What it is called.
    pub title: String,
    /// What it is about.
    pub description: String,
    /// How far it is.
    pub status: BundleStatusWord,
    /// Its level, in the staff's own words.
    pub level: String,
    /// How many classes it has.
    #[schema(minimum = 1, maximum = 1000)]
    pub number_of_classes: i32,
    /// Its first day.
    #[serde(serialize_with = "display_option")]
    #[schema(value_type = Option<String>, format = Date, required = true)]
    pub start_date: Option<Date>,
    /// Its last day.
    #[serde(serialize_with = "display_option")]
    #[schema(value_type = Option<String>, format = Date, required = true)]
    pub end_date: Option<Date>,
    /// The id of its client.
    pub client: i64,
    /// The username of its client.
    pub client_username: String,
    /// The id of its writer, if it has one.
    #[schema(required = true)]
    pub assigned_writer: Option<i64>,
    /// The username of its writer.
    #[schema(required = true)]
    pub assigned_writer_username: Option<String>,
    /// The id of who created it.
    pub created_by: i64,
    /// When it was created.
    #[serde(serialize_with = "display")]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(serialize_with = "display")]
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// When it became completed.
    #[serde(serialize_with = "display_option")]
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    pub completed_at: Option<Timestamp>,
    /// Counts its changes; the first part of the `ETag`.
    pub version: i64,
    /// How many threads on it the caller may see.
    pub threads_count: i64,
    /// How many tickets on it the caller may see.
    pub tickets_count: i64,
}

impl From<SeenBundle> for BundleView {
    fn from(seen: SeenBundle) -> Self {
        let bundle = seen.bundle;
        Self {
            id: bundle.id.get(),
            title: bundle.title.into_string(),
            description: bundle.description.into_string(),
            status: bundle.status.into(),
            level: bundle.level.into_string(),
            number_of_classes: bundle.number_of_classes.get(),
            start_date: bundle.dates.start(),
            end_date: bundle.dates.end(),
            client: bundle.parties.client.get(),
            client_username: seen.client_username.to_string(),
            assigned_writer: bundle.parties.assigned_writer.map(UserId::get),
            assigned_writer_username: seen.assigned_writer_username.map(|name| name.to_string()),
            created_by: bundle.created_by.get(),
            created_at: bundle.created_at,
            updated_at: bundle.updated_at,
            completed_at: bundle.completed_at,
            version: bundle.version,
            threads_count: seen.threads_count,
            tickets_count: seen.tickets_count,
        }
    }
}

/// A class bundle with its files.
#[derive(Debug, Serialize, ToSchema)]
pub struct BundleDetailView {
    /// The bundle.
    #[serde(flatten)]
    pub bundle: BundleView,
    /// The newest files that the caller may see, at most 200, newest first.
    pub files: Vec<BundleFileView>,
}

impl BundleDetailView {
    /// A bundle, with the URLs of its files below the public one.
    pub(crate) fn of(detail: BundleDetail, public_url: &PublicUrl) -> Self {
        let files = detail.files.into_iter();
        Self {
            bundle: detail.view.into(),
            files: files
                .map(|file| BundleFileView::of(file, public_url))
                .collect(),
        }
    }
}

/// Somebody who can be a recipient on a bundle.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": 7, "username": "client", "display_name": "Clara Client", "role": "client",
    "relation": "client",
}))]
pub struct MemberView {
    /// Who.
    #[serde(flatten)]
    pub user: UserRefView,
    /// Why.
    pub relation: MemberRelationWord,
}

impl From<Member> for MemberView {
    fn from(member: Member) -> Self {
        Self {
            user: member.user.into(),
            relation: member.relation.into(),
        }
    }
}

/// A bundle to be created.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "client_id": 7, "title": "Spring semester", "assigned_writer_id": 8,
    "number_of_classes": 12, "start_date": "2026-03-01",
}))]
pub struct BundleBody {
    /// Its owner, an active client.
    #[schema(minimum = 1)]
    pub client_id: i64,
    /// What it is called.
    #[schema(min_length = 1, max_length = 255, pattern = r"^[^\x00]*\S[^\x00]*$")]
    pub title: String,
    /// Its writer, an active writer.
    #[schema(minimum = 1)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assigned_writer_id: Option<i64>,
    /// What it is about.
    #[schema(
        max_length = 20000,
        pattern = r"^[^\x00]*$",
        default = "",
        nullable = false
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its level, in your own words.
    #[schema(
        max_length = 50,
        pattern = r"^[^\x00]*$",
        default = "",
        nullable = false
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// How many classes it has.
    #[schema(minimum = 1, maximum = 1000, default = 1, nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number_of_classes: Option<i32>,
    /// Its first day.
    #[schema(format = Date)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_date: Option<String>,
    /// Its last day, not before the first.
    #[schema(format = Date)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_date: Option<String>,
    /// How far it is; `not_started` when it is left out.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<BundleStatusWord>,
}

impl BundleBody {
    /// Reads such a body.
    pub(crate) fn read(fields: &mut Fields) -> Option<NewBundle> {
        let client_id = fields.required("client_id", read::id::<UserId>);
        let title = fields.required("title", read::text(Title::parse));
        let assigned_writer_id = fields.nullable("assigned_writer_id", read::id::<UserId>);
        let description = fields.optional("description", read::text(Description::parse));
        let level = fields.optional("level", read::text(Level::parse));
        let number = fields.optional("number_of_classes", read::integer(NumberOfClasses::new));
        let start = fields.nullable("start_date", read::text(read::date));
        let end = fields.nullable("end_date", read::text(read::date));
        let status = fields.optional("status", read::text(BundleStatus::parse));
        let dates = Dates::new(start.flatten(), end.flatten());
        let dates = fields.check("end_date", dates);
        let new = NewBundle::new(client_id?, title?);
        Some(NewBundle {
            assigned_writer_id: assigned_writer_id.flatten(),
            description: description.unwrap_or_default(),
            level: level.unwrap_or_default(),
            number_of_classes: number.unwrap_or(new.number_of_classes),
            dates: dates?,
            status: status.unwrap_or(new.status),
            ..new
        })
    }
}

/// A change to a bundle. What is left out stays.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"status": "in_progress", "end_date": null}))]
pub struct BundleChangeBody {
    /// What it is called.
    #[schema(
        min_length = 1,
        max_length = 255,
        pattern = r"^[^\x00]*\S[^\x00]*$",
        nullable = false
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What it is about.
    #[schema(max_length = 20000, pattern = r"^[^\x00]*$", nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// How far it is.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<BundleStatusWord>,
    /// Its level.
    #[schema(max_length = 50, pattern = r"^[^\x00]*$", nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// How many classes it has.
    #[schema(minimum = 1, maximum = 1000, nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number_of_classes: Option<i32>,
    /// Its first day; null takes it away.
    #[schema(value_type = Option<String>, format = Date)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_date: Option<Option<String>>,
    /// Its last day; null takes it away.
    #[schema(value_type = Option<String>, format = Date)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_date: Option<Option<String>>,
}

impl BundleChangeBody {
    /// Reads such a body.
    pub(crate) fn read(fields: &mut Fields) -> Option<BundleChange> {
        Some(BundleChange {
            title: fields.optional("title", read::text(Title::parse)),
            description: fields.optional("description", read::text(Description::parse)),
            status: fields.optional("status", read::text(BundleStatus::parse)),
            level: fields.optional("level", read::text(Level::parse)),
            number_of_classes: fields
                .optional("number_of_classes", read::integer(NumberOfClasses::new)),
            start_date: fields.nullable("start_date", read::text(read::date)),
            end_date: fields.nullable("end_date", read::text(read::date)),
        })
    }
}

/// Who shall be the writer of a bundle.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"writer_id": 8}))]
pub struct AssignWriterBody {
    /// An active writer; null takes the present one off.
    #[schema(minimum = 1, required = true)]
    pub writer_id: Option<i64>,
}

impl AssignWriterBody {
    /// Reads such a body.
    pub(crate) fn read(fields: &mut Fields) -> Option<Option<UserId>> {
        fields.required_nullable("writer_id", read::id::<UserId>)
    }
}

/// Which bundles are listed. Every given parameter has to match.
#[derive(Debug, Default, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct BundleParams {
    /// In this status.
    #[param(required = false)]
    pub status: Option<BundleStatusWord>,
    /// Owned by the client with this id.
    #[param(minimum = 1, required = false)]
    pub client: Option<i64>,
    /// Assigned to the writer with this id.
    #[param(minimum = 1, required = false)]
    pub assigned_writer: Option<i64>,
    /// Title or description contains this, whatever the case.
    #[param(
        min_length = 1,
        max_length = 255,
        pattern = r"^[^\x00]*\S[^\x00]*$",
        required = false
    )]
    pub q: Option<String>,
}

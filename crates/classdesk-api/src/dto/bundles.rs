//! Class bundles.

use classdesk_domain::bundles::{
    BundleChange, BundleDetail, BundleFilter, BundleStatus, BundleView as SeenBundle, Dates,
    Member, NewBundle, NumberOfClasses,
};
use classdesk_domain::clock::Timestamp;
use classdesk_domain::ids::UserId;
use classdesk_domain::text::{Description, Level, SearchText, Title};
use classdesk_http::PublicUrl;
use serde::Serialize;
use time::Date;
use utoipa::ToSchema;

use crate::input::{FieldSet, Fields, Nullable, Property, input};
use crate::render::{display, display_option};

use super::files::BundleFileView;
use super::people::UserRefView;
use super::string_enum::{BundleStatusName, MemberRelationName};

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
    pub status: BundleStatusName,
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
    pub relation: MemberRelationName,
}

impl From<Member> for MemberView {
    fn from(member: Member) -> Self {
        Self {
            user: member.user.into(),
            relation: member.relation.into(),
        }
    }
}

/// From when to when a new bundle is.
pub(crate) struct BundleDates;

input! {
    /// The days as they were sent.
    part BundleDays -> (Option<Date>, Option<Date>) {
        /// Its first day.
        start_date: Option<Nullable<Date>>,
        /// Its last day, not before the first.
        end_date: Option<Nullable<Date>>,
    } => (start_date.and_then(|day| day.0), end_date.and_then(|day| day.0))
}

impl FieldSet for BundleDates {
    type Output = Dates;

    fn read(fields: &mut Fields) -> Option<Dates> {
        let (start, end) = BundleDays::read(fields)?;
        fields.check("end_date", Dates::new(start, end))
    }

    fn properties() -> Vec<Property> {
        BundleDays::properties()
    }
}

input! {
    /// A bundle to be created.
    body BundleBody -> NewBundle {
        ..dates: BundleDates,
        /// Its owner, an active client.
        client_id: UserId,
        /// What it is called.
        title: Title,
        /// Its writer, an active writer.
        assigned_writer_id: Option<Nullable<UserId>>,
        /// What it is about.
        description: Description = "",
        /// Its level, in your own words.
        level: Level = "",
        /// How many classes it has.
        number_of_classes: NumberOfClasses = NumberOfClasses::ONE.get(),
        /// How far it is; `not_started` when it is left out.
        status: Option<BundleStatus>,
    } => NewBundle {
        client_id,
        title,
        assigned_writer_id: assigned_writer_id.and_then(|writer| writer.0),
        description,
        level,
        number_of_classes,
        dates,
        status: status.unwrap_or(BundleStatus::NotStarted),
    },
    example {
        "client_id": 7, "title": "Spring semester", "assigned_writer_id": 8,
        "number_of_classes": 12, "start_date": "2026-03-01",
    }
}

input! {
    /// A change to a bundle. What is left out stays.
    body BundleChangeBody -> BundleChange {
        /// What it is called.
        title: Option<Title>,
        /// What it is about.
        description: Option<Description>,
        /// How far it is.
        status: Option<BundleStatus>,
        /// Its level.
        level: Option<Level>,
        /// How many classes it has.
        number_of_classes: Option<NumberOfClasses>,
        /// Its first day; null takes it away.
        start_date: Option<Nullable<Date>>,
        /// Its last day; null takes it away.
        end_date: Option<Nullable<Date>>,
    } => BundleChange {
        title,
        description,
        status,
        level,
        number_of_classes,
        start_date: start_date.map(|day| day.0),
        end_date: end_date.map(|day| day.0),
    },
    example {"status": "in_progress", "end_date": null}
}

input! {
    /// Who shall be the writer of a bundle.
    body AssignWriterBody -> Option<UserId> {
        /// An active writer; null takes the present one off.
        writer_id: Nullable<UserId>,
    } => writer_id.0,
    example {"writer_id": 8}
}

input! {
    /// Which bundles are listed. Every given parameter has to match.
    query BundleParams -> BundleFilter {
        /// In this status.
        status: Option<BundleStatus>,
        /// Owned by the client with this id.
        client: Option<UserId>,
        /// Assigned to the writer with this id.
        assigned_writer: Option<UserId>,
        /// Title or description contains this, whatever the case.
        q: Option<SearchText>,
    } => BundleFilter { status, client, assigned_writer, q }
}

//! Bundles.

use classdesk_domain::ExternalId;
use classdesk_domain::bundles::{Bundle, BundleStatus, BundleView, Dates, NumberOfClasses};
use classdesk_domain::ids::{BundleId, UserId};
use classdesk_domain::people::Username;
use classdesk_domain::subjects::Parties;
use classdesk_domain::text::{Description, Level, Title};
use diesel::prelude::*;

use super::schema::bundles;
use super::subjects::PartiesRow;
use super::values::{At, DayOf, word};
use crate::error::Failure;

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = bundles)]
pub(crate) struct BundleRow {
    pub(crate) id: i64,
    pub(crate) external_id: Option<String>,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) status: String,
    pub(crate) level: String,
    pub(crate) number_of_classes: i32,
    pub(crate) start_date: Option<DayOf>,
    pub(crate) end_date: Option<DayOf>,
    pub(crate) created_by: i64,
    pub(crate) created_at: At,
    pub(crate) updated_at: At,
    pub(crate) completed_at: Option<At>,
    pub(crate) version: i64,
}

impl BundleRow {
    pub(crate) fn into_domain(self, parties: Parties) -> Result<Bundle, Failure> {
        Ok(Bundle {
            id: BundleId::new(self.id),
            external_id: self.external_id.map(ExternalId::from_stored),
            title: Title::from_stored(self.title),
            description: Description::from_stored(self.description),
            status: word(BundleStatus::parse, &self.status, "bundle")?,
            level: Level::from_stored(self.level),
            number_of_classes: NumberOfClasses::from_stored(self.number_of_classes),
            dates: Dates::from_stored(
                self.start_date.map(|day| day.0),
                self.end_date.map(|day| day.0),
            ),
            parties,
            created_by: UserId::new(self.created_by),
            created_at: self.created_at.into(),
            updated_at: self.updated_at.into(),
            completed_at: self.completed_at.map(Into::into),
            version: self.version,
        })
    }
}

/// A bundle with its parties, their names, and how many threads and tickets its viewer sees.
pub(crate) type ViewRow = (
    BundleRow,
    PartiesRow,
    String,
    Option<String>,
    Option<i64>,
    Option<i64>,
);

pub(crate) fn into_view(row: ViewRow) -> Result<BundleView, Failure> {
    let (bundle, parties, client, writer, threads, tickets) = row;
    Ok(BundleView {
        bundle: bundle.into_domain(parties.into())?,
        client_username: Username::from_stored(client),
        assigned_writer_username: writer.map(Username::from_stored),
        threads_count: threads.unwrap_or(0),
        tickets_count: tickets.unwrap_or(0),
    })
}

//! Class bundles.

use classdesk_domain::ExternalId;
use classdesk_domain::bundles::{
    BundleChange, BundleDetail, BundleFilter, BundleStatus, BundleView as SeenBundle, Dates,
    Member, MemberRelation, NewBundle, NumberOfClasses,
};
use classdesk_domain::clock::Timestamp;
use classdesk_domain::ids::{BundleId, UserId};
use classdesk_domain::people::Username;
use classdesk_domain::search::SearchText;
use classdesk_domain::text::{Description, Level, Title};
use classdesk_http::PublicUrl;
use serde_json::Value;
use time::Date;

use crate::input::{Nullable, input};
use crate::output::view;

use super::files::BundleFileView;
use super::people::UserRefView;

view! {
    /// A class bundle as the caller sees it.
    BundleView from (seen: SeenBundle) {
        /// Its id.
        id: BundleId = seen.bundle.id,
        /// Its id in another system, if one keeps it.
        external_id: Option<ExternalId> = seen.bundle.external_id,
        /// What it is called.
        title: Title = seen.bundle.title,
        /// What it is about.
        description: Description = seen.bundle.description,
        /// How far it is.
        status: BundleStatus = seen.bundle.status,
        /// Its level, in the staff's own words.
        level: Level = seen.bundle.level,
        /// How many classes it has.
        number_of_classes: NumberOfClasses = seen.bundle.number_of_classes,
        /// Its first day.
        start_date: Option<Date> = seen.bundle.dates.start(),
        /// Its last day.
        end_date: Option<Date> = seen.bundle.dates.end(),
        /// The id of its client.
        client: UserId = seen.bundle.parties.client,
        /// The username of its client.
        client_username: Username,
        /// The id of its writer, if it has one.
        assigned_writer: Option<UserId> = seen.bundle.parties.assigned_writer,
        /// The username of its writer.
        assigned_writer_username: Option<Username>,
        /// The id of its creator.
        created_by: UserId = seen.bundle.created_by,
        /// When it was created.
        created_at: Timestamp = seen.bundle.created_at,
        /// When it was last changed.
        updated_at: Timestamp = seen.bundle.updated_at,
        /// When it became completed.
        completed_at: Option<Timestamp> = seen.bundle.completed_at,
        /// Counts its changes; the first part of the `ETag`.
        version: i64 = seen.bundle.version,
        /// How many threads on it the caller may see.
        threads_count: i64,
        /// How many tickets on it the caller may see.
        tickets_count: i64,
    },
    example {
        "id": 42, "external_id": "order-1001", "title": "Spring semester", "description": "Twelve classes on statistics",
        "status": "in_progress", "level": "B2", "number_of_classes": 12, "start_date": "2026-03-01",
        "end_date": null, "client": 7, "client_username": "client", "assigned_writer": 8,
        "assigned_writer_username": "writer", "created_by": 2,
        "created_at": "2026-03-01T10:00:00.000000Z", "updated_at": "2026-03-01T10:00:00.000000Z",
        "completed_at": null, "version": 1, "threads_count": 2, "tickets_count": 0,
    }
}

view! {
    /// A class bundle with its files.
    BundleDetailView of (detail: BundleDetail, public_url: &PublicUrl) {
        ..bundle: BundleView = detail.view.into(),
        /// How many files on it the caller may see.
        files_count: i64 = detail.files_count,
        /// The newest files that the caller may see, newest first: at most 50, and fewer where the
        /// answer would pass 1 MiB. The list of its files has all.
        files: Vec<BundleFileView> = detail
            .files
            .into_iter()
            .map(|file| BundleFileView::of(file, public_url))
            .collect(),
    }
}

view! {
    /// A person who can be a recipient on a bundle.
    MemberView from (member: Member) {
        ..user: UserRefView = member.user.into(),
        /// Why.
        relation: MemberRelation,
    },
    example {
        "id": 7, "username": "client", "display_name": "Clara Client", "role": "client",
        "relation": "client",
    }
}

input! {
    /// From when to when a new bundle is.
    part BundleDates -> Dates {
        /// Its first day.
        start_date: Nullable<Date> = Value::Null,
        /// Its last day, not before the first.
        end_date: Nullable<Date> = Value::Null,
    } => |fields| fields.check("end_date", Dates::new(start_date, end_date))
}

input! {
    /// What is said of a whole bundle.
    part BundleFields -> NewBundle {
        ..dates: BundleDates,
        /// Its owner, an active client.
        client_id: UserId,
        /// What it is called.
        title: Title,
        /// Its writer, an active writer.
        assigned_writer_id: Nullable<UserId> = Value::Null,
        /// What it is about.
        description: Description = "",
        /// Its level, in your own words.
        level: Level = "",
        /// How many classes it has.
        number_of_classes: NumberOfClasses = NumberOfClasses::ONE.get(),
        /// How far it is; `not_started` when it is left out.
        status: BundleStatus = BundleStatus::NotStarted.as_str(),
    } => NewBundle {
        external_id: None,
        client_id,
        title,
        assigned_writer_id,
        description,
        level,
        number_of_classes,
        dates,
        status,
    }
}

input! {
    /// A bundle to be created.
    body BundleBody -> NewBundle {
        ..bundle: BundleFields,
        /// Its id in another system, which no other bundle has.
        external_id: Nullable<ExternalId> = Value::Null,
    } => NewBundle { external_id, ..bundle },
    example {
        "client_id": 7, "title": "Spring semester", "assigned_writer_id": 8,
        "number_of_classes": 12, "start_date": "2026-03-01",
    }
}

input! {
    /// What another system says of a bundle. What is left out is as in a new one.
    body PutBundleBody -> NewBundle {
        ..bundle: BundleFields,
    } => bundle,
    example {
        "client_id": 7, "title": "Spring semester", "assigned_writer_id": 8,
        "number_of_classes": 12, "start_date": "2026-03-01",
    }
}

input! {
    /// A change to a bundle. What is left out stays.
    body BundleChangeBody -> BundleChange {
        /// Its id in another system, which no other bundle has; null takes it away.
        external_id: Option<Nullable<ExternalId>>,
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
    },
    example {"status": "in_progress", "end_date": null}
}

input! {
    /// Who shall be the writer of a bundle.
    body AssignWriterBody -> Option<UserId> {
        /// An active writer; null takes the present one off.
        writer_id: Nullable<UserId>,
    } => writer_id,
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
        /// Each of these words begins one of the title or the description, whatever the case and accents.
        q: Option<SearchText>,
    }
}

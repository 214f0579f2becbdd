//! What a class bundle is (docs/contract.md#bundles).

use time::Date;

use crate::clock::Timestamp;
use crate::external_id::ExternalId;
use crate::files::model::BundleFile;
use crate::ids::{BundleId, UserId};
use crate::paging::Limit;
use crate::people::model::UserRef;
use crate::people::names::Username;
use crate::search::SearchText;
use crate::string_enum::string_enum;
use crate::subjects::model::{Parties, SubjectRef};
use crate::text::{Description, Level, Title};
use crate::validation::FieldError;

string_enum! {
    /// How far a bundle is.
    BundleStatus {
        /// Work has not begun.
        NotStarted = "not_started",
        /// Work goes on.
        InProgress = "in_progress",
        /// All classes are used up.
        Exhausted = "exhausted",
        /// Everything is done.
        Completed = "completed",
    }
}

/// How many classes a bundle has: 1 to 1000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct NumberOfClasses(i32);

impl NumberOfClasses {
    /// The least number.
    pub const MIN: i32 = 1;
    /// The greatest number.
    pub const MAX: i32 = 1000;
    /// One class, the number by default.
    pub const ONE: Self = Self(1);

    /// Checks a number.
    ///
    /// # Errors
    /// [`FieldError::OutOfRange`].
    pub fn new(number: i64) -> Result<Self, FieldError> {
        match i32::try_from(number) {
            Ok(number @ Self::MIN..=Self::MAX) => Ok(Self(number)),
            _ => Err(FieldError::OutOfRange {
                min: Self::MIN.into(),
                max: Self::MAX.into(),
            }),
        }
    }

    /// Takes back what a store kept.
    #[must_use]
    pub const fn from_stored(number: i32) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> i32 {
        self.0
    }
}

/// The first and last day of a bundle, either of which may be open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Dates {
    start: Option<Date>,
    end: Option<Date>,
}

impl Dates {
    /// Checks that the end is not before the start.
    ///
    /// # Errors
    /// A [`FieldError`] on the end.
    pub fn new(start: Option<Date>, end: Option<Date>) -> Result<Self, FieldError> {
        match (start, end) {
            (Some(start), Some(end)) if end < start => Err(FieldError::EndBeforeStart),
            _ => Ok(Self { start, end }),
        }
    }

    /// Takes back what a store kept.
    #[must_use]
    pub const fn from_stored(start: Option<Date>, end: Option<Date>) -> Self {
        Self { start, end }
    }

    /// The first day.
    #[must_use]
    pub const fn start(&self) -> Option<Date> {
        self.start
    }

    /// The last day.
    #[must_use]
    pub const fn end(&self) -> Option<Date> {
        self.end
    }
}

/// A class bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// Its id.
    pub id: BundleId,
    /// Its id in another system, if one keeps it.
    pub external_id: Option<ExternalId>,
    /// What it is called.
    pub title: Title,
    /// What it is about.
    pub description: Description,
    /// How far it is.
    pub status: BundleStatus,
    /// Its level.
    pub level: Level,
    /// How many classes it has.
    pub number_of_classes: NumberOfClasses,
    /// From when to when.
    pub dates: Dates,
    /// Whose it is.
    pub parties: Parties,
    /// The creator.
    pub created_by: UserId,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When it became `completed`; cleared when it leaves that status.
    pub completed_at: Option<Timestamp>,
    /// Counts its changes, from 1.
    pub version: i64,
}

impl Bundle {
    /// The subject that this bundle is.
    #[must_use]
    pub const fn subject(&self) -> SubjectRef {
        SubjectRef::bundle(self.id)
    }
}

/// A bundle as one viewer sees it: the counts are of what that viewer may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleView {
    /// The bundle.
    pub bundle: Bundle,
    /// The client's username.
    pub client_username: Username,
    /// The writer's username.
    pub assigned_writer_username: Option<Username>,
    /// How many threads on it the viewer may see.
    pub threads_count: i64,
    /// How many tickets on it the viewer may see.
    pub tickets_count: i64,
}

/// A bundle with the newest files that the viewer may see, at most
/// [`BundleDetail::MOST_FILES`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleDetail {
    /// The bundle and its counts.
    pub view: BundleView,
    /// Its newest files, newest first.
    pub files: Vec<BundleFile>,
    /// How many files on it the viewer may see.
    pub files_count: i64,
}

impl BundleDetail {
    /// How many files stand in a detail.
    pub const MOST_FILES: Limit = Limit::DEFAULT;
}

/// A bundle to be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewBundle {
    /// Its id in another system, if one keeps it.
    pub external_id: Option<ExternalId>,
    /// Its owner.
    pub client_id: UserId,
    /// What it is called.
    pub title: Title,
    /// Its writer, if there is one.
    pub assigned_writer_id: Option<UserId>,
    /// What it is about.
    pub description: Description,
    /// Its level.
    pub level: Level,
    /// How many classes it has.
    pub number_of_classes: NumberOfClasses,
    /// From when to when.
    pub dates: Dates,
    /// How far it is.
    pub status: BundleStatus,
}

impl NewBundle {
    /// A bundle of which only the essentials are known.
    #[must_use]
    pub fn new(client_id: UserId, title: Title) -> Self {
        Self {
            external_id: None,
            client_id,
            title,
            assigned_writer_id: None,
            description: Description::empty(),
            level: Level::default(),
            number_of_classes: NumberOfClasses::ONE,
            dates: Dates::default(),
            status: BundleStatus::NotStarted,
        }
    }
}

/// A change to a bundle; what is `None` stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BundleChange {
    /// Its id in another system; `Some(None)` takes it away.
    pub external_id: Option<Option<ExternalId>>,
    /// What it is called.
    pub title: Option<Title>,
    /// What it is about.
    pub description: Option<Description>,
    /// How far it is.
    pub status: Option<BundleStatus>,
    /// Its level.
    pub level: Option<Level>,
    /// How many classes it has.
    pub number_of_classes: Option<NumberOfClasses>,
    /// The first day; `Some(None)` takes it away.
    pub start_date: Option<Option<Date>>,
    /// The last day; `Some(None)` takes it away.
    pub end_date: Option<Option<Date>>,
}

/// Which bundles are listed. Every given filter has to match.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BundleFilter {
    /// In this status.
    pub status: Option<BundleStatus>,
    /// Owned by this client.
    pub client: Option<UserId>,
    /// Assigned to this writer.
    pub assigned_writer: Option<UserId>,
    /// Its words are in the title or the description.
    pub q: Option<SearchText>,
}

string_enum! {
    /// Why a person can be a recipient on a bundle.
    MemberRelation {
        /// They own it.
        Client = "client",
        /// They are its writer.
        AssignedWriter = "assigned_writer",
        /// They are staff.
        Staff = "staff",
    }
}

/// A possible recipient on a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The person.
    pub user: UserRef,
    /// Why.
    pub relation: MemberRelation,
}

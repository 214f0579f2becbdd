//! Bundles.

use async_trait::async_trait;
use classdesk_domain::bundles::{
    Bundle, BundleDetail, BundleFilter, BundleRepository, BundleUpdate, BundleView, InsertBundle,
    WriterAssignment,
};
use classdesk_domain::ids::BundleId;
use classdesk_domain::paging::{Limit, Page, PageRequest};
use classdesk_domain::people::{Role, UserRef};
use classdesk_domain::policy::{AccessScope, BundleScope, ThreadScope, TicketScope};
use classdesk_domain::store::{Commit, StoreError};
use classdesk_domain::subjects::{Subject, SubjectRef};
use diesel::dsl::{count_star, exists};
use diesel::prelude::*;

use super::commit::commit;
use super::dialect::{ascii_lower, id_set};
use super::files::page_of;
use super::page::{after, before, cut, one_more};
use super::participants::join_all;
use super::rows::bundles::{BundleInsert, BundleRow, ViewRow, into_view};
use super::rows::schema::{bundles, subjects, thread_participants, threads, tickets, users};
use super::rows::subjects::parties;
use super::rows::users::PersonRow;
use super::rows::values::{At, DayOf, containing};
use super::{Conn, Database, subjects as subject_queries};
use crate::error::Failure;
use crate::outcome::{LockTargets, Outcome, exactly_one};

#[async_trait]
impl BundleRepository for Database {
    async fn bundle(
        &self,
        id: BundleId,
        scope: AccessScope,
    ) -> Result<Option<BundleView>, StoreError> {
        self.read(move |conn| bundle(conn, id, &scope)).await
    }

    async fn bundle_detail(
        &self,
        id: BundleId,
        scope: AccessScope,
    ) -> Result<Option<BundleDetail>, StoreError> {
        self.snapshot(move |conn| bundle_detail(conn, id, &scope))
            .await
    }

    async fn list_bundles(
        &self,
        scope: AccessScope,
        filter: BundleFilter,
        page: PageRequest,
    ) -> Result<Page<BundleView>, StoreError> {
        self.read(move |conn| list_bundles(conn, &scope, &filter, page))
            .await
    }

    async fn list_members(
        &self,
        id: BundleId,
        page: PageRequest,
    ) -> Result<Page<UserRef>, StoreError> {
        self.snapshot(move |conn| list_members(conn, id, page))
            .await
    }

    async fn create_bundle(&self, commit: Commit<InsertBundle>) -> Result<Bundle, StoreError> {
        self.write(move |conn| create_bundle(conn, commit)).await
    }

    async fn update_bundle(&self, commit: Commit<BundleUpdate>) -> Result<Bundle, StoreError> {
        self.write(move |conn| update_bundle(conn, commit)).await
    }

    async fn assign_writer(&self, commit: Commit<WriterAssignment>) -> Result<Bundle, StoreError> {
        self.write(move |conn| assign_writer(conn, commit)).await
    }
}

const KIND: &str = "class_bundle";

/// No person's id: ids count up from 1.
const NOBODY: i64 = 0;

diesel::alias!(users as clients: Clients, users as writers: Writers);

/// Who may see which threads, as values that one statement can bind.
struct CountedThreads {
    all: bool,
    client: i64,
    writer: i64,
    joined: i64,
}

impl From<ThreadScope> for CountedThreads {
    fn from(scope: ThreadScope) -> Self {
        let (all, client, writer) = match scope {
            ThreadScope::All => (true, NOBODY, NOBODY),
            ThreadScope::OwnedAndJoined(client) => (false, client.get(), NOBODY),
            ThreadScope::AssignedAndJoined(writer) => (false, NOBODY, writer.get()),
        };
        Self {
            all,
            client,
            writer,
            joined: client.max(writer),
        }
    }
}

/// Who may see which tickets, as values that one statement can bind.
struct CountedTickets {
    all: bool,
    requester: i64,
    not_written_by: i64,
}

impl From<TicketScope> for CountedTickets {
    fn from(scope: TicketScope) -> Self {
        match scope {
            TicketScope::All => Self {
                all: true,
                requester: NOBODY,
                not_written_by: NOBODY,
            },
            TicketScope::RequestedBy(requester) => Self {
                all: false,
                requester: requester.get(),
                not_written_by: NOBODY,
            },
            TicketScope::RequestedByUnlessAssigned(requester) => Self {
                all: false,
                requester: requester.get(),
                not_written_by: requester.get(),
            },
        }
    }
}

/// Bundles with everything that a view shows. One statement whatever the sight, so that it stays
/// cached: what differs is bound.
///
/// It is a macro because the type of the query can't be written down.
macro_rules! views {
    ($scope:expr) => {{
        let counted = CountedThreads::from($scope.threads);
        let joined = exists(
            thread_participants::table
                .filter(thread_participants::thread_id.eq(threads::id))
                .filter(thread_participants::user_id.eq(counted.joined))
                .filter(thread_participants::participates.eq(true)),
        );
        let is_party = subjects::client_id
            .eq(counted.client)
            .or(subjects::assigned_writer_id.eq(counted.writer));
        let threads_count = threads::table
            .filter(threads::object_id.eq(subjects::object_id))
            .filter(threads::content_type.eq(subjects::content_type))
            .filter(
                counted
                    .all
                    .into_sql::<diesel::sql_types::Bool>()
                    .or(is_party.and(joined)),
            )
            .select(count_star())
            .single_value();
        let counted = CountedTickets::from($scope.tickets);
        let requested = tickets::requester_id.eq(counted.requester).and(
            subjects::assigned_writer_id
                .is_null()
                .or(subjects::assigned_writer_id.ne(counted.not_written_by)),
        );
        let tickets_count = tickets::table
            .filter(tickets::object_id.eq(subjects::object_id.nullable()))
            .filter(tickets::content_type.eq(subjects::content_type.nullable()))
            .filter(
                counted
                    .all
                    .into_sql::<diesel::sql_types::Bool>()
                    .or(requested),
            )
            .select(count_star())
            .single_value();
        bundles::table
            .inner_join(
                subjects::table.on(subjects::content_type
                    .eq(KIND)
                    .and(subjects::object_id.eq(bundles::id))),
            )
            .inner_join(clients.on(clients.field(users::id).eq(subjects::client_id)))
            .left_join(
                writers.on(writers
                    .field(users::id)
                    .nullable()
                    .eq(subjects::assigned_writer_id)),
            )
            .select((
                BundleRow::as_select(),
                (subjects::client_id, subjects::assigned_writer_id),
                clients.field(users::username),
                writers.field(users::username).nullable(),
                threads_count,
                tickets_count,
            ))
    }};
}

fn bundle(
    conn: &mut Conn,
    id: BundleId,
    scope: &AccessScope,
) -> Result<Option<BundleView>, Failure> {
    let row: Option<ViewRow> = views!(scope)
        .filter(bundles::id.eq(id.get()))
        .first(conn)
        .optional()?;
    let view = row.map(into_view).transpose()?;
    Ok(view.filter(|view| is_in_sight(view, scope.bundles)))
}

/// The same rule as in the list; of one row it needs no statement of its own for each sight.
fn is_in_sight(view: &BundleView, scope: BundleScope) -> bool {
    let parties = &view.bundle.parties;
    match scope {
        BundleScope::All => true,
        BundleScope::OwnedBy(client) => parties.client == client,
        BundleScope::AssignedTo(writer) => parties.assigned_writer == Some(writer),
    }
}

fn bundle_detail(
    conn: &mut Conn,
    id: BundleId,
    scope: &AccessScope,
) -> Result<Option<BundleDetail>, Failure> {
    let Some(view) = bundle(conn, id, scope)? else {
        return Ok(None);
    };
    let newest = PageRequest {
        limit: Limit::GREATEST,
        after: None,
    };
    let files = page_of(conn, id, scope.files, newest)?.items;
    Ok(Some(BundleDetail { view, files }))
}

fn list_bundles(
    conn: &mut Conn,
    scope: &AccessScope,
    filter: &BundleFilter,
    page: PageRequest,
) -> Result<Page<BundleView>, Failure> {
    let mut query = views!(scope).limit(one_more(page)).into_boxed();
    query = match scope.bundles {
        BundleScope::All => query,
        BundleScope::OwnedBy(client) => query.filter(subjects::client_id.eq(client.get())),
        BundleScope::AssignedTo(writer) => {
            query.filter(subjects::assigned_writer_id.eq(writer.get()))
        }
    };
    if let Some(client) = filter.client {
        query = query.filter(subjects::client_id.eq(client.get()));
    }
    if let Some(writer) = filter.assigned_writer {
        query = query.filter(subjects::assigned_writer_id.eq(writer.get()));
    }
    if let Some(status) = filter.status {
        query = query.filter(bundles::status.eq(status.as_str()));
    }
    if let Some(q) = &filter.q {
        let pattern = containing(q.as_str());
        query = query.filter(
            ascii_lower(bundles::title)
                .like(pattern.clone())
                .escape('\\')
                .or(ascii_lower(bundles::description).like(pattern).escape('\\')),
        );
    }
    // The same ids in the two tables: the order is asked of the one whose index serves it.
    let by_status = filter.status.is_some()
        && scope.bundles == BundleScope::All
        && filter.client.is_none()
        && filter.assigned_writer.is_none();
    query = if by_status {
        query
            .filter(bundles::id.lt(before(page)))
            .order(bundles::id.desc())
    } else {
        query
            .filter(subjects::object_id.lt(before(page)))
            .order(subjects::object_id.desc())
    };
    let rows: Vec<ViewRow> = query.load(conn)?;
    cut(rows, page, |row| row.0.id).try_map(into_view)
}

fn list_members(
    conn: &mut Conn,
    id: BundleId,
    page: PageRequest,
) -> Result<Page<UserRef>, Failure> {
    let found: Option<(i64, Option<i64>)> = subjects::table
        .find((KIND, id.get()))
        .select((subjects::client_id, subjects::assigned_writer_id))
        .first(conn)
        .optional()?;
    let Some((client, writer)) = found else {
        return Ok(Page {
            items: Vec::new(),
            next: None,
        });
    };
    // Two statements, because one that asked for either would walk past everybody else.
    let active = users::table
        .filter(users::is_active.eq(true))
        .filter(users::id.gt(after(page)))
        .select((users::id, PersonRow::as_select()));
    let mut rows: Vec<(i64, PersonRow)> = active
        .filter(users::is_staff.eq(true))
        .order(users::id)
        .limit(one_more(page))
        .load(conn)?;
    let parties: Vec<i64> = std::iter::once(client).chain(writer).collect();
    let parties: Vec<(i64, PersonRow)> = active
        .filter(users::id.eq_any(id_set(&parties)))
        .filter(
            users::id
                .eq(client)
                .and(users::role.eq(Role::Client.as_str()))
                .or(users::id
                    .eq(writer.unwrap_or(NOBODY))
                    .and(users::role.eq(Role::Writer.as_str()))),
        )
        .load(conn)?;
    rows.extend(parties);
    rows.sort_unstable_by_key(|(id, _)| *id);
    cut(rows, page, |row| row.0).try_map(|(_, person)| person.into_domain())
}

fn create_bundle(conn: &mut Conn, c: Commit<InsertBundle>) -> Result<Bundle, Failure> {
    commit(
        conn,
        c,
        |_| LockTargets::default(),
        |conn, new| {
            let row: BundleRow = diesel::insert_into(bundles::table)
                .values(BundleInsert {
                    title: new.bundle.title.as_str(),
                    description: new.bundle.description.as_str(),
                    status: new.bundle.status.as_str(),
                    level: new.bundle.level.as_str(),
                    number_of_classes: new.bundle.number_of_classes.get(),
                    start_date: new.bundle.dates.start().map(DayOf),
                    end_date: new.bundle.dates.end().map(DayOf),
                    created_by: new.created_by.get(),
                    created_at: new.created_at.into(),
                    updated_at: new.created_at.into(),
                    completed_at: new.completed_at.map(Into::into),
                    version: 1,
                })
                .returning(BundleRow::as_returning())
                .get_result(conn)?;
            let subject = Subject {
                reference: SubjectRef::bundle(BundleId::new(row.id)),
                parties: parties(
                    new.bundle.client_id.get(),
                    new.bundle.assigned_writer_id.map(|writer| writer.get()),
                ),
                label: new.bundle.title,
            };
            exactly_one(subject_queries::insert(conn, &subject)?)?;
            let client = subject.parties.client.get();
            let writer = subject.parties.assigned_writer.map(|writer| writer.get());
            Ok(Outcome::to(row.id, row.into_domain((client, writer))?))
        },
    )
}

fn update_bundle(conn: &mut Conn, c: Commit<BundleUpdate>) -> Result<Bundle, Failure> {
    let targets = |update: &BundleUpdate| LockTargets {
        subject: Some(update.bundle.subject()),
        ..LockTargets::default()
    };
    commit(conn, c, targets, |conn, BundleUpdate { bundle }| {
        let id = bundle.id.get();
        let row: Option<BundleRow> = diesel::update(bundles::table.find(id))
            .set((
                bundles::title.eq(bundle.title.as_str()),
                bundles::description.eq(bundle.description.as_str()),
                bundles::status.eq(bundle.status.as_str()),
                bundles::level.eq(bundle.level.as_str()),
                bundles::number_of_classes.eq(bundle.number_of_classes.get()),
                bundles::start_date.eq(bundle.dates.start().map(DayOf)),
                bundles::end_date.eq(bundle.dates.end().map(DayOf)),
                bundles::updated_at.eq(At::from(bundle.updated_at)),
                bundles::completed_at.eq(bundle.completed_at.map(At::from)),
                bundles::version.eq(bundles::version + 1),
            ))
            .returning(BundleRow::as_returning())
            .get_result(conn)
            .optional()?;
        let row = row.ok_or(Failure::STALE)?;
        let parties: (i64, Option<i64>) = diesel::update(subjects::table.find((KIND, id)))
            .set(subjects::label.eq(bundle.title.as_str()))
            .returning((subjects::client_id, subjects::assigned_writer_id))
            .get_result(conn)?;
        Ok(Outcome::to(id, row.into_domain(parties)?))
    })
}

fn assign_writer(conn: &mut Conn, c: Commit<WriterAssignment>) -> Result<Bundle, Failure> {
    let targets = |assignment: &WriterAssignment| LockTargets {
        subject: Some(SubjectRef::bundle(assignment.bundle)),
        ..LockTargets::default()
    };
    commit(conn, c, targets, |conn, assignment| {
        let id = assignment.bundle.get();
        let writer = assignment.writer.map(|writer| writer.get());
        let row: Option<BundleRow> = diesel::update(bundles::table.find(id))
            .set((
                bundles::updated_at.eq(At::from(assignment.at)),
                bundles::version.eq(bundles::version + 1),
            ))
            .returning(BundleRow::as_returning())
            .get_result(conn)
            .optional()?;
        let row = row.ok_or(Failure::STALE)?;
        let parties: (i64, Option<i64>) = diesel::update(subjects::table.find((KIND, id)))
            .set(subjects::assigned_writer_id.eq(writer))
            .returning((subjects::client_id, subjects::assigned_writer_id))
            .get_result(conn)?;
        if let Some(writer) = writer {
            join_all(conn, &SubjectRef::bundle(assignment.bundle), writer)?;
        }
        Ok(Outcome::to(id, row.into_domain(parties)?))
    })
}

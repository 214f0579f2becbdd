//! Bundles.

use classdesk_domain::ExternalId;
use classdesk_domain::bundles::{
    Bundle, BundleDetail, BundleFilter, BundleRepository, BundleStatus, BundleUpdate, BundleView,
    InsertBundle, WriterAssignment,
};
use classdesk_domain::ids::{BundleId, UserId};
use classdesk_domain::paging::{Page, PageRequest};
use classdesk_domain::people::{Role, UserRef};
use classdesk_domain::policy::{AccessScope, BundleScope, ThreadScope, TicketScope};
use classdesk_domain::search::Terms;
use classdesk_domain::store::Commit;
use classdesk_domain::subjects::{Parties, Subject, SubjectRef};
use diesel::dsl::{count_star, exists};
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::Conn;
use super::commit::commit;
use super::dialect::id_set;
use super::files::{count_of, page_of};
use super::filter::only;
use super::page::{after, before, cut, one_more};
use super::participants::change_parties;
use super::port::port;
use super::rows::bundles::{BundleRow, ViewRow, into_view};
use super::rows::schema::{
    bundle_terms, bundles, subjects, thread_participants, threads, tickets, users,
};
use super::rows::subjects::PartiesRow;
use super::rows::users::PersonRow;
use super::rows::values::{At, DayOf};
use super::search::{found, put};
use super::subjects::{BUNDLE, external_id_is_free, insert_subject, parties_of};
use crate::error::Failure;
use crate::outcome::{LockTarget, Outcome};

port! {
    impl BundleRepository {
        read bundle(id: BundleId, scope: AccessScope) -> Option<BundleView>;
        snapshot bundle_detail(id: BundleId, scope: AccessScope) -> Option<BundleDetail>;
        read list_bundles(scope: AccessScope, filter: BundleFilter, page: PageRequest)
            -> Page<BundleView>;
        snapshot list_members(id: BundleId, page: PageRequest) -> Page<UserRef>;
        write update_bundle(commit: Commit<BundleUpdate>) -> Bundle;
        write assign_writer(commit: Commit<WriterAssignment>) -> Bundle;
    }
    commits {
        create_bundle(InsertBundle) -> Bundle;
    }
}

/// No person's id: ids count up from 1.
const NOBODY: i64 = 0;

diesel::alias!(users as clients: Clients, users as writers: Writers);

/// Which threads are counted, as values that one statement can bind: all of them, or those of this
/// client and this writer.
const fn counted_threads(scope: ThreadScope) -> (bool, i64, i64) {
    match scope {
        ThreadScope::All => (true, NOBODY, NOBODY),
        ThreadScope::OwnedAndJoined(client) => (false, client.get(), NOBODY),
        ThreadScope::AssignedAndJoined(writer) => (false, NOBODY, writer.get()),
    }
}

/// The same of tickets: all of them, or those of this requester that are not of this writer.
const fn counted_tickets(scope: TicketScope) -> (bool, i64, i64) {
    match scope {
        TicketScope::All => (true, NOBODY, NOBODY),
        TicketScope::RequestedBy(requester) => (false, requester.get(), NOBODY),
        TicketScope::RequestedByUnlessAssigned(requester) => {
            (false, requester.get(), requester.get())
        }
    }
}

/// Bundles with everything that a view shows. One statement whatever the sight, so that it stays
/// cached: what differs is bound.
///
/// It is a macro because the type of the query can't be written down.
macro_rules! views {
    ($scope:expr) => {{
        let (all, client, writer) = counted_threads($scope.threads);
        let joined = exists(
            thread_participants::table
                .filter(thread_participants::thread_id.eq(threads::id))
                .filter(thread_participants::user_id.eq(client.max(writer)))
                .filter(thread_participants::participates.eq(true)),
        );
        let is_party = subjects::client_id
            .eq(client)
            .or(subjects::assigned_writer_id.eq(writer));
        let threads_count = threads::table
            .filter(threads::object_id.eq(subjects::object_id))
            .filter(threads::content_type.eq(subjects::content_type))
            .filter(all.into_sql::<Bool>().or(is_party.and(joined)))
            .select(count_star())
            .single_value();
        let (all, requester, writer) = counted_tickets($scope.tickets);
        let requested = tickets::requester_id.eq(requester).and(
            subjects::assigned_writer_id
                .is_null()
                .or(subjects::assigned_writer_id.ne(writer)),
        );
        let tickets_count = tickets::table
            .filter(tickets::object_id.eq(subjects::object_id.nullable()))
            .filter(tickets::content_type.eq(subjects::content_type.nullable()))
            .filter(all.into_sql::<Bool>().or(requested))
            .select(count_star())
            .single_value();
        bundles::table
            .inner_join(
                subjects::table.on(subjects::content_type
                    .eq(BUNDLE)
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
                PartiesRow::as_select(),
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
    scope: AccessScope,
) -> Result<Option<BundleView>, Failure> {
    let row: Option<ViewRow> = views!(scope)
        .filter(bundles::id.eq(id.get()))
        .first(conn)
        .optional()?;
    // The same rule as in the list; of one row it needs no statement of its own for each scope.
    let in_scope = |view: &BundleView| match scope.bundles {
        BundleScope::All => true,
        BundleScope::OwnedBy(client) => view.bundle.parties.client == client,
        BundleScope::AssignedTo(writer) => view.bundle.parties.assigned_writer == Some(writer),
    };
    Ok(row.map(into_view).transpose()?.filter(in_scope))
}

fn bundle_detail(
    conn: &mut Conn,
    id: BundleId,
    scope: AccessScope,
) -> Result<Option<BundleDetail>, Failure> {
    let Some(view) = bundle(conn, id, scope)? else {
        return Ok(None);
    };
    let newest = PageRequest {
        limit: BundleDetail::MOST_FILES,
        after: None,
    };
    let newest = page_of(conn, id, scope.files, newest)?;
    let files_count = match newest.next {
        None => newest.items.len() as i64,
        Some(_) => count_of(conn, id, scope.files)?,
    };
    Ok(Some(BundleDetail {
        view,
        files: newest.items,
        files_count,
    }))
}

fn list_bundles(
    conn: &mut Conn,
    scope: AccessScope,
    filter: BundleFilter,
    page: PageRequest,
) -> Result<Page<BundleView>, Failure> {
    let mut query = views!(scope).limit(one_more(page)).into_boxed();
    let (client, writer) = match scope.bundles {
        BundleScope::All => (None, None),
        BundleScope::OwnedBy(client) => (Some(client), None),
        BundleScope::AssignedTo(writer) => (None, Some(writer)),
    };
    only!(query,
        subjects::client_id => client.map(UserId::get),
        subjects::assigned_writer_id => writer.map(UserId::get),
        subjects::client_id => filter.client.map(UserId::get),
        subjects::assigned_writer_id => filter.assigned_writer.map(UserId::get),
        bundles::status => filter.status.map(BundleStatus::as_str),
    );
    let is_search = filter.q.is_some();
    if let Some(q) = filter.q {
        query = query.filter(bundles::id.eq_any(found!(bundle_terms, q)));
    }
    // The same ids in the two tables: the order is asked of the one whose index serves it.
    let by_status = filter.status.is_some()
        && !is_search
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
    cut(rows, page, |row| row.0.id, into_view)
}

fn list_members(
    conn: &mut Conn,
    id: BundleId,
    page: PageRequest,
) -> Result<Page<UserRef>, Failure> {
    let Some(parties) = parties_of(conn, &SubjectRef::bundle(id))? else {
        return Ok(Page::empty());
    };
    // Two statements, because one that asked for either would walk past all the others.
    let active = users::table
        .filter(users::is_active.eq(true))
        .filter(users::id.gt(after(page)))
        .select(PersonRow::as_select());
    let mut rows: Vec<PersonRow> = active
        .filter(users::is_staff.eq(true))
        .order(users::id)
        .limit(one_more(page))
        .load(conn)?;
    let client = parties.client.get();
    let writer = parties.assigned_writer.map_or(NOBODY, UserId::get);
    let of_bundle: Vec<PersonRow> = active
        .filter(users::id.eq_any(id_set([client, writer])))
        .filter(
            users::id
                .eq(client)
                .and(users::role.eq(Role::Client.as_str()))
                .or(users::id
                    .eq(writer)
                    .and(users::role.eq(Role::Writer.as_str()))),
        )
        .load(conn)?;
    rows.extend(of_bundle);
    rows.sort_unstable_by_key(|row| row.id);
    cut(rows, page, |row| row.id, PersonRow::into_domain)
}

fn create_bundle(conn: &mut Conn, new: &InsertBundle) -> Result<Outcome<Bundle>, Failure> {
    let bundle = &new.bundle;
    let row: BundleRow = diesel::insert_into(bundles::table)
        .values((
            bundles::external_id.eq(bundle.external_id.as_ref().map(ExternalId::as_str)),
            bundles::title.eq(bundle.title.as_str()),
            bundles::description.eq(bundle.description.as_str()),
            bundles::status.eq(bundle.status.as_str()),
            bundles::level.eq(bundle.level.as_str()),
            bundles::number_of_classes.eq(bundle.number_of_classes.get()),
            bundles::start_date.eq(bundle.dates.start().map(DayOf)),
            bundles::end_date.eq(bundle.dates.end().map(DayOf)),
            bundles::created_by.eq(new.created_by.get()),
            bundles::created_at.eq(At::from(new.created_at)),
            bundles::updated_at.eq(At::from(new.created_at)),
            bundles::completed_at.eq(new.completed_at.map(At::from)),
            bundles::version.eq(1),
        ))
        .returning(BundleRow::as_returning())
        .get_result(conn)?;
    let subject = Subject {
        reference: SubjectRef::bundle(BundleId::new(row.id)),
        external_id: bundle.external_id.clone(),
        parties: Parties {
            client: bundle.client_id,
            assigned_writer: bundle.assigned_writer_id,
        },
        label: bundle.title.clone(),
        version: 1,
    };
    insert_subject(conn, &subject)?;
    let words = Terms::of_bundle(bundle.title.as_str(), bundle.description.as_str());
    put!(conn, bundle_terms, row.id, words)?;
    Ok(Outcome::to(row.id, row.into_domain(subject.parties)?))
}

fn update_bundle(conn: &mut Conn, c: Commit<BundleUpdate>) -> Result<Bundle, Failure> {
    let target = LockTarget::Subject(c.change.bundle.subject());
    commit(
        conn,
        c,
        Some(target),
        |conn, BundleUpdate { bundle, writer }| {
            let (id, subject) = (bundle.id.get(), bundle.subject());
            let external_id = bundle.external_id.as_ref();
            external_id_is_free(conn, &subject, external_id)?;
            let external_id = external_id.map(ExternalId::as_str);
            let row: Option<BundleRow> = diesel::update(bundles::table.find(id))
                .set((
                    bundles::external_id.eq(external_id),
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
            let words = Terms::of_bundle(bundle.title.as_str(), bundle.description.as_str());
            put!(conn, bundle_terms, id, words)?;
            let parties: PartiesRow = diesel::update(subjects::table.find((BUNDLE, id)))
                .set((
                    subjects::external_id.eq(external_id),
                    subjects::label.eq(bundle.title.as_str()),
                    writer.map(|writer| subjects::assigned_writer_id.eq(writer.map(UserId::get))),
                    subjects::version.eq(row.version),
                ))
                .returning(PartiesRow::as_returning())
                .get_result(conn)?;
            if let Some(writer) = writer {
                change_parties(conn, &subject, writer)?;
            }
            Ok(Outcome::to(id, row.into_domain(parties.into())?))
        },
    )
}

fn assign_writer(conn: &mut Conn, c: Commit<WriterAssignment>) -> Result<Bundle, Failure> {
    let subject = SubjectRef::bundle(c.change.bundle);
    let target = LockTarget::Subject(subject.clone());
    commit(conn, c, Some(target), |conn, assignment| {
        let id = assignment.bundle.get();
        let writer = assignment.writer.map(UserId::get);
        let row: Option<BundleRow> = diesel::update(bundles::table.find(id))
            .set((
                bundles::updated_at.eq(At::from(assignment.at)),
                bundles::version.eq(bundles::version + 1),
            ))
            .returning(BundleRow::as_returning())
            .get_result(conn)
            .optional()?;
        let row = row.ok_or(Failure::STALE)?;
        let parties: PartiesRow = diesel::update(subjects::table.find((BUNDLE, id)))
            .set((
                subjects::assigned_writer_id.eq(writer),
                subjects::version.eq(row.version),
            ))
            .returning(PartiesRow::as_returning())
            .get_result(conn)?;
        change_parties(conn, &subject, assignment.writer)?;
        Ok(Outcome::to(id, row.into_domain(parties.into())?))
    })
}

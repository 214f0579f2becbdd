//! The use cases of class bundles.

use std::sync::Arc;

use crate::clock::{Clock, Timestamp};
use crate::error::Error;
use crate::events::facts::RowId;
use crate::events::model::DomainEvent;
use crate::ids::{BundleId, UserId};
use crate::paging::{Page, PageRequest};
use crate::people::model::{Actor, Role};
use crate::people::ports::UserRepository;
use crate::policy::access_scope::AccessScope;
use crate::policy::permission::{BundleAction, Permission};
use crate::request_context::RequestContext;
use crate::store::commit::{Commit, Versioned};
use crate::subjects::model::{Parties, SubjectRef};
use crate::subjects::ports::SubjectRepository;
use crate::use_case::{active_in_role, both, retry_on_stale, user_is_active};
use crate::validation::{Invalid, Validated};

use super::model::{
    Bundle, BundleChange, BundleDetail, BundleFilter, BundleStatus, BundleView, Dates, Member,
    MemberRelation, NewBundle,
};
use super::ports::{BundleRepository, BundleUpdate, InsertBundle, WriterAssignment};

/// Listing, reading, creating and changing bundles (docs/contract.md#class-bundles).
#[derive(Clone)]
pub struct Bundles {
    pub(crate) bundles: Arc<dyn BundleRepository>,
    pub(crate) subjects: Arc<dyn SubjectRepository>,
    pub(crate) users: Arc<dyn UserRepository>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Bundles {
    /// The bundles that the actor may see.
    ///
    /// # Errors
    /// Only failures of the store.
    pub async fn list(
        &self,
        actor: &Actor,
        filter: BundleFilter,
        page: PageRequest,
    ) -> Result<Page<BundleView>, Error> {
        let scope = AccessScope::of(actor);
        Ok(self.bundles.list_bundles(scope, filter, page).await?)
    }

    /// One bundle with its counts and files.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn detail(&self, actor: &Actor, id: BundleId) -> Result<BundleDetail, Error> {
        let scope = AccessScope::of(actor);
        let found = self.bundles.bundle_detail(id, scope).await?;
        let detail = found.ok_or(Error::NotFound)?;
        let parties = detail.view.bundle.parties;
        actor.require(Permission::Bundle(BundleAction::See, parties))?;
        Ok(detail)
    }

    /// Checks the right to see a bundle, for adapters that check rights before parameters.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn authorize_see(&self, actor: &Actor, id: BundleId) -> Result<(), Error> {
        let subject = self.subjects.subject(&SubjectRef::bundle(id)).await?;
        let parties = subject.ok_or(Error::NotFound)?.parties;
        Ok(actor.require(Permission::Bundle(BundleAction::See, parties))?)
    }

    /// The possible recipients on the bundle.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn members(
        &self,
        actor: &Actor,
        id: BundleId,
        page: PageRequest,
    ) -> Result<Page<Member>, Error> {
        self.authorize_see(actor, id).await?;
        let members = self.bundles.list_members(id, page).await?;
        Ok(members.map(|user| {
            // Only the bundle's own client and writer are listed beside staff.
            let relation = match user.role {
                Role::Client => MemberRelation::Client,
                Role::Writer => MemberRelation::AssignedWriter,
                Role::Editor | Role::Admin | Role::Superadmin => MemberRelation::Staff,
            };
            Member { user, relation }
        }))
    }

    /// Creates a bundle.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::Invalid`].
    pub async fn create(
        &self,
        by: impl Into<RequestContext>,
        draft: impl Into<Validated<NewBundle>>,
    ) -> Result<BundleDetail, Error> {
        let (by, draft) = (by.into(), draft.into());
        let actor = &by.actor;
        retry_on_stale!(self.users, actor, async {
            actor.require(Permission::CreateBundle)?;
            let new = draft.as_result()?;
            by.check_unversioned()?;
            let mut named = vec![new.client_id];
            named.extend(new.assigned_writer_id);
            let people = self.users.users(&named).await?;
            let (client, writer) = both(
                active_in_role(&people, new.client_id, Role::Client, "client_id"),
                new.assigned_writer_id
                    .map(|id| active_in_role(&people, id, Role::Writer, "assigned_writer_id"))
                    .transpose(),
            )?;
            let now = self.clock.now();
            let created = DomainEvent::BundleCreated {
                bundle: RowId::Created,
                parties: Parties {
                    client: new.client_id,
                    assigned_writer: new.assigned_writer_id,
                },
            };
            let row = InsertBundle {
                bundle: new.clone(),
                created_by: actor.id,
                created_at: now,
                completed_at: (new.status == BundleStatus::Completed).then_some(now),
            };
            let commit = Commit::by(&by, now, row, [created])
                .require(user_is_active(client))
                .require_all(writer.map(user_is_active));
            let view = BundleView {
                bundle: self.bundles.create_bundle(commit).await?,
                client_username: client.username.clone(),
                assigned_writer_username: writer.map(|writer| writer.username.clone()),
                threads_count: 0,
                tickets_count: 0,
            };
            Ok(BundleDetail {
                view,
                files: Vec::new(),
                files_count: 0,
            })
        })
    }

    /// Changes a bundle's own fields.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Invalid`],
    /// [`Error::PreconditionFailed`].
    pub async fn change(
        &self,
        by: impl Into<RequestContext>,
        id: BundleId,
        draft: impl Into<Validated<BundleChange>>,
    ) -> Result<BundleDetail, Error> {
        let (by, draft) = (by.into(), draft.into());
        let actor = &by.actor;
        retry_on_stale!(self.users, actor, async {
            let before = self.load_for_change(actor, id).await?;
            let change = draft.as_result()?;
            by.check_version(before.version)?;
            let now = self.clock.now();
            let after = changed(&before, change, now)?;
            let fields = differing_fields(&before, &after);
            if fields.is_empty() {
                return Ok(());
            }
            let moved = before.status != after.status;
            let changed = DomainEvent::BundleChanged {
                bundle: id,
                fields,
                status: moved.then_some((before.status, after.status)),
            };
            let update = BundleUpdate { bundle: after };
            let commit = Commit::by(actor, now, update, [changed])
                .require(Versioned::Bundle(id).at(before.version));
            self.bundles.update_bundle(commit).await?;
            Ok(())
        })?;
        self.detail(actor, id).await
    }

    /// Gives the bundle another writer, who joins its non-private threads, or none.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Invalid`],
    /// [`Error::PreconditionFailed`].
    pub async fn assign_writer(
        &self,
        by: impl Into<RequestContext>,
        id: BundleId,
        draft: impl Into<Validated<Option<UserId>>>,
    ) -> Result<BundleDetail, Error> {
        let (by, draft) = (by.into(), draft.into());
        let actor = &by.actor;
        retry_on_stale!(self.users, actor, async {
            let before = self.load_for_change(actor, id).await?;
            let writer = *draft.as_result()?;
            by.check_version(before.version)?;
            let former = before.parties.assigned_writer;
            if writer == former {
                return Ok(());
            }
            let named: Vec<_> = writer.into_iter().collect();
            let people = self.users.users(&named).await?;
            let person = writer
                .map(|id| active_in_role(&people, id, Role::Writer, "writer_id"))
                .transpose()?;
            let assignment = WriterAssignment {
                bundle: id,
                writer,
                at: self.clock.now(),
            };
            let assigned = DomainEvent::WriterAssigned {
                bundle: id,
                from: former,
                to: writer,
            };
            let commit = Commit::by(actor, assignment.at, assignment, [assigned])
                .require(Versioned::Bundle(id).at(before.version))
                .require_all(person.map(user_is_active));
            self.bundles.assign_writer(commit).await?;
            Ok(())
        })?;
        self.detail(actor, id).await
    }

    async fn load_for_change(&self, actor: &Actor, id: BundleId) -> Result<Bundle, Error> {
        let found = self.bundles.bundle(id, AccessScope::of(actor)).await?;
        let bundle = found.ok_or(Error::NotFound)?.bundle;
        actor.require(Permission::Bundle(BundleAction::Change, bundle.parties))?;
        Ok(bundle)
    }
}

/// The bundle with the change applied.
fn changed(before: &Bundle, change: &BundleChange, now: Timestamp) -> Result<Bundle, Invalid> {
    let start = change.start_date.unwrap_or_else(|| before.dates.start());
    let end = change.end_date.unwrap_or_else(|| before.dates.end());
    let field = if change.end_date.is_some() {
        "end_date"
    } else {
        "start_date"
    };
    let dates = Dates::new(start, end).map_err(|fault| Invalid::field(field, fault))?;
    let status = change.status.unwrap_or(before.status);
    let completed_at = match (before.status, status) {
        (BundleStatus::Completed, BundleStatus::Completed) => before.completed_at,
        (_, BundleStatus::Completed) => Some(now),
        _ => None,
    };
    Ok(Bundle {
        title: change.title.clone().unwrap_or_else(|| before.title.clone()),
        description: change
            .description
            .clone()
            .unwrap_or_else(|| before.description.clone()),
        level: change.level.clone().unwrap_or_else(|| before.level.clone()),
        number_of_classes: change.number_of_classes.unwrap_or(before.number_of_classes),
        dates,
        status,
        completed_at,
        updated_at: now,
        ..before.clone()
    })
}

/// The names of the fields in which two states of a bundle differ.
fn differing_fields(before: &Bundle, after: &Bundle) -> Vec<&'static str> {
    let fields = [
        ("title", before.title != after.title),
        ("description", before.description != after.description),
        ("status", before.status != after.status),
        ("level", before.level != after.level),
        (
            "number_of_classes",
            before.number_of_classes != after.number_of_classes,
        ),
        ("start_date", before.dates.start() != after.dates.start()),
        ("end_date", before.dates.end() != after.dates.end()),
    ];
    fields
        .into_iter()
        .filter_map(|(name, differs)| differs.then_some(name))
        .collect()
}

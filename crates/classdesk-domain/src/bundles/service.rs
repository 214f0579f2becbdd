//! The use cases of class bundles.

use std::sync::Arc;

use crate::clock::{Clock, Timestamp};
use crate::error::{Conflict, Error};
use crate::events::facts::RowId;
use crate::events::model::DomainEvent;
use crate::external_id::ExternalId;
use crate::ids::{BundleId, UserId};
use crate::paging::{Page, PageRequest};
use crate::people::model::{Actor, Role, User};
use crate::people::ports::UserRepository;
use crate::policy::access_scope::AccessScope;
use crate::policy::permission::{BundleAction, Permission};
use crate::request_context::{Present, Put, RequestContext};
use crate::store::commit::{Commit, Versioned};
use crate::subjects::model::{Parties, SubjectKind, SubjectRef};
use crate::subjects::ports::SubjectRepository;
use crate::use_case::{active_in_role, active_person, both, retry_on_stale, user_is_active};
use crate::validation::{Eligibility, FieldError, Invalid, Validated};

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
    /// [`Error::Forbidden`], [`Error::Invalid`], and a conflict when another bundle has the external id.
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
            self.try_create(&by, new).await
        })
    }

    /// Creates the bundle that another system knows by this id, or makes it what it says; its client
    /// stays. Doing so again changes nothing.
    ///
    /// # Errors
    /// As [`Bundles::create`] and [`Bundles::change`].
    pub async fn put(
        &self,
        by: impl Into<RequestContext>,
        external_id: &ExternalId,
        draft: impl Into<Validated<NewBundle>>,
    ) -> Result<Put<BundleDetail>, Error> {
        let (by, draft) = (by.into(), draft.into());
        let actor = &by.actor;
        // Before the look: whether there is a bundle is nothing for who may create none.
        actor.require(Permission::CreateBundle)?;
        retry_on_stale!(self.users, actor, async {
            let kind = &SubjectKind::CLASS_BUNDLE;
            let found = self.subjects.subject_by_external_id(kind, external_id);
            let found = found
                .await?
                .and_then(|subject| subject.reference.as_bundle());
            let Some(id) = found else {
                let new = NewBundle {
                    external_id: Some(external_id.clone()),
                    ..draft.as_result()?.clone()
                };
                by.conditions.check(Present::Nothing)?;
                let created = self.try_create(&by, &new).await;
                return match created {
                    // The same request at the same time created it: then it is there by now.
                    Err(Error::Conflict(Conflict::ExternalIdTaken)) => Err(Error::Contended),
                    created => Ok(Put::Created(created?)),
                };
            };
            let before = self.load_for_change(actor, id).await?;
            let put = draft.as_result()?;
            by.check_version(before.version)?;
            if put.client_id != before.parties.client {
                return Err(Invalid::field("client_id", FieldError::Unchangeable).into());
            }
            let writer = put.assigned_writer_id;
            let writer = (writer != before.parties.assigned_writer).then_some(writer);
            let has_changed = self
                .try_change(&by, before, &change_of(put), writer)
                .await?;
            let detail = self.detail(actor, id).await?;
            Ok(if has_changed {
                Put::Changed(detail)
            } else {
                Put::Unchanged(detail)
            })
        })
    }

    async fn try_create(
        &self,
        by: &RequestContext,
        new: &NewBundle,
    ) -> Result<BundleDetail, Error> {
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
            created_by: by.actor.id,
            created_at: now,
            completed_at: (new.status == BundleStatus::Completed).then_some(now),
        };
        let commit = Commit::by(by, now, row, [created])
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
    }

    /// Changes a bundle's own fields.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Invalid`],
    /// [`Error::PreconditionFailed`], and a conflict when another bundle has the external id.
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
            self.try_change(&by, before, change, None).await
        })?;
        self.detail(actor, id).await
    }

    /// Changes a bundle that was just read, and gives it another writer where one is named. Says
    /// whether anything changed.
    async fn try_change(
        &self,
        by: &RequestContext,
        before: Bundle,
        change: &BundleChange,
        writer: Option<Option<UserId>>,
    ) -> Result<bool, Error> {
        let id = before.id;
        let now = self.clock.now();
        let after = changed(&before, change, now)?;
        let newcomer = match writer.flatten() {
            Some(writer) => Some(self.active_writer(writer, "assigned_writer_id").await?),
            None => None,
        };
        let fields = differing_fields(&before, &after);
        let mut events = Vec::new();
        if !fields.is_empty() {
            let moved = before.status != after.status;
            events.push(DomainEvent::BundleChanged {
                bundle: id,
                fields,
                status: moved.then_some((before.status, after.status)),
            });
        }
        if let Some(to) = writer {
            events.push(DomainEvent::WriterAssigned {
                bundle: id,
                from: before.parties.assigned_writer,
                to,
            });
        }
        if events.is_empty() {
            return Ok(false);
        }
        let update = BundleUpdate {
            bundle: after,
            writer,
        };
        let commit = Commit::by(by, now, update, events)
            .require(Versioned::Bundle(id).at(before.version))
            .require_all(newcomer.as_ref().map(user_is_active));
        self.bundles.update_bundle(commit).await?;
        Ok(true)
    }

    async fn active_writer(&self, id: UserId, field: &'static str) -> Result<User, Error> {
        let is_writer = |user: &User| user.role == Role::Writer;
        active_person(
            &*self.users,
            id,
            field,
            Eligibility::ActiveWriter,
            is_writer,
        )
        .await
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
            let person = match writer {
                Some(writer) => Some(self.active_writer(writer, "writer_id").await?),
                None => None,
            };
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
            let commit = Commit::by(&by, assignment.at, assignment, [assigned])
                .require(Versioned::Bundle(id).at(before.version))
                .require_all(person.as_ref().map(user_is_active));
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
        external_id: change
            .external_id
            .clone()
            .unwrap_or_else(|| before.external_id.clone()),
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

/// The change that makes a bundle what another system says of it.
fn change_of(put: &NewBundle) -> BundleChange {
    BundleChange {
        external_id: None,
        title: Some(put.title.clone()),
        description: Some(put.description.clone()),
        status: Some(put.status),
        level: Some(put.level.clone()),
        number_of_classes: Some(put.number_of_classes),
        start_date: Some(put.dates.start()),
        end_date: Some(put.dates.end()),
    }
}

/// The names of the fields in which two states of a bundle differ.
fn differing_fields(before: &Bundle, after: &Bundle) -> Vec<&'static str> {
    let fields = [
        ("external_id", before.external_id != after.external_id),
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

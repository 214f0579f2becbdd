//! The use cases of bundle files.

use std::sync::Arc;

use crate::blobs::model::FinishedUpload;
use crate::blobs::ports::BlobRepository;
use crate::blobs::service::{Download, discard_on_error};
use crate::clock::Clock;
use crate::error::Error;
use crate::events::facts::RowId;
use crate::events::model::DomainEvent;
use crate::ids::{BundleId, FileId};
use crate::paging::{Page, PageRequest};
use crate::people::model::Actor;
use crate::people::ports::UserRepository;
use crate::policy::access_scope::AccessScope;
use crate::policy::authorize::may_set_visibility_at_upload;
use crate::policy::permission::{BundleAction, FileAction, Permission, SET_VISIBILITY};
use crate::policy::permit::permit_read;
use crate::request_context::RequestContext;
use crate::store::commit::{Commit, Precondition, Versioned};
use crate::subjects::model::SubjectRef;
use crate::subjects::ports::SubjectRepository;
use crate::use_case::retry_on_stale;
use crate::validation::Validated;

use super::model::{BundleFile, FileChange, NewFile, Visibility};
use super::ports::{BundleFileContext, FileDeletion, FileRepository, FileUpdate, InsertBundleFile};

/// Putting files on bundles, listing, reading, changing and deleting them
/// (docs/contract.md#bundle-files).
#[derive(Clone)]
pub struct Files {
    pub(crate) files: Arc<dyn FileRepository>,
    pub(crate) subjects: Arc<dyn SubjectRepository>,
    pub(crate) users: Arc<dyn UserRepository>,
    pub(crate) blob_rows: Arc<dyn BlobRepository>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Files {
    /// Puts an uploaded file on a bundle. Should that not succeed, the file is given up.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Forbidden`] for visibility flags from a party;
    /// [`Error::Invalid`].
    pub async fn add(
        &self,
        by: impl Into<RequestContext>,
        bundle: BundleId,
        upload: FinishedUpload,
        draft: impl Into<Validated<NewFile>>,
    ) -> Result<BundleFile, Error> {
        let (by, draft) = (by.into(), draft.into());
        let actor = &by.actor;
        let added = retry_on_stale!(self.users, actor, async {
            let reference = SubjectRef::bundle(bundle);
            let found = self.subjects.subject(&reference).await?;
            let subject = found.ok_or(Error::NotFound)?;
            actor.require(Permission::Bundle(BundleAction::Upload, subject.parties))?;
            let new = draft.as_result()?;
            if let Some(field) = flag(new.is_visible_to_client, new.is_visible_to_writer) {
                let allowed = may_set_visibility_at_upload(actor).require(SET_VISIBILITY);
                allowed.map_err(|denied| denied.in_field(field))?;
            }
            by.check_unversioned()?;
            let row = InsertBundleFile {
                bundle,
                upload: upload.clone(),
                description: new.description.clone(),
                visibility: Visibility {
                    to_client: new.is_visible_to_client.unwrap_or(true),
                    to_writer: new.is_visible_to_writer.unwrap_or(true),
                },
                uploaded_at: self.clock.now(),
            };
            let uploaded = DomainEvent::FileUploaded {
                file: RowId::Created,
                bundle,
                file_name: upload.name.clone(),
            };
            let commit =
                Commit::by(&by, row.uploaded_at, row, [uploaded]).require(subject.same_parties());
            Ok(self.files.add_file(commit).await?)
        });
        discard_on_error(&*self.blob_rows, &*self.clock, Some(&upload), added).await
    }

    /// The bundle's files that the actor may see, newest first.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn list(
        &self,
        actor: &Actor,
        bundle: BundleId,
        page: PageRequest,
    ) -> Result<Page<BundleFile>, Error> {
        let found = self
            .files
            .list_files(bundle, AccessScope::of(actor), page)
            .await?;
        let (parties, files) = found.ok_or(Error::NotFound)?;
        actor.require(Permission::Bundle(BundleAction::See, parties))?;
        Ok(files)
    }

    /// One file.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn get(
        &self,
        actor: &Actor,
        bundle: BundleId,
        file: FileId,
    ) -> Result<BundleFile, Error> {
        Ok(self.load(actor, bundle, file, FileAction::See).await?.file)
    }

    /// A file, ready to be read.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn download(
        &self,
        actor: &Actor,
        bundle: BundleId,
        file: FileId,
    ) -> Result<Download, Error> {
        let facts = self.load(actor, bundle, file, FileAction::See).await?;
        let ask = Permission::File(FileAction::See, facts.access());
        Ok(Download {
            file: facts.file.file,
            permit: permit_read(actor, &ask, facts.blob)?,
        })
    }

    /// Changes a file's description, and for staff its visibility.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Invalid`],
    /// [`Error::PreconditionFailed`].
    pub async fn change(
        &self,
        by: impl Into<RequestContext>,
        bundle: BundleId,
        file: FileId,
        draft: impl Into<Validated<FileChange>>,
    ) -> Result<BundleFile, Error> {
        let (by, draft) = (by.into(), draft.into());
        let actor = &by.actor;
        retry_on_stale!(self.users, actor, async {
            let facts = self.load(actor, bundle, file, FileAction::Change).await?;
            let change = draft.as_result()?;
            if let Some(field) = flag(change.is_visible_to_client, change.is_visible_to_writer) {
                let ask = Permission::File(FileAction::SetVisibility, facts.access());
                actor
                    .require(ask)
                    .map_err(|denied| denied.in_field(field))?;
            }
            let before = &facts.file;
            by.check_version(before.version)?;
            let Visibility {
                to_client,
                to_writer,
            } = before.visibility;
            let visibility = Some(Visibility {
                to_client: change.is_visible_to_client.unwrap_or(to_client),
                to_writer: change.is_visible_to_writer.unwrap_or(to_writer),
            });
            let description = change.description.clone();
            let update = FileUpdate {
                file,
                description: description.filter(|new| *new != before.description),
                visibility: visibility.filter(|new| *new != before.visibility),
            };
            if update.visibility.is_none() && update.description.is_none() {
                return Ok(facts.file);
            }
            let changed = DomainEvent::FileChanged {
                file,
                bundle,
                description: update.description.is_some(),
                visibility: update.visibility,
            };
            let commit = Commit::by(&by, self.clock.now(), update, [changed])
                .require_all(same_access(&facts));
            Ok(self.files.update_file(commit).await?)
        })
    }

    /// Deletes a file; its bytes are swept afterwards.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`], [`Error::PreconditionFailed`].
    pub async fn delete(
        &self,
        by: impl Into<RequestContext>,
        bundle: BundleId,
        file: FileId,
    ) -> Result<(), Error> {
        let by = by.into();
        let actor = &by.actor;
        retry_on_stale!(self.users, actor, async {
            let facts = self.load(actor, bundle, file, FileAction::Change).await?;
            by.check_version(facts.file.version)?;
            let deleted = DomainEvent::FileDeleted {
                file,
                bundle,
                file_name: facts.file.file.name.clone(),
                visibility: facts.file.visibility,
            };
            let at = self.clock.now();
            let commit = Commit::by(&by, at, FileDeletion { file, at }, [deleted])
                .require_all(same_access(&facts));
            Ok(self.files.delete_file(commit).await?)
        })
    }

    async fn load(
        &self,
        actor: &Actor,
        bundle: BundleId,
        file: FileId,
        action: FileAction,
    ) -> Result<BundleFileContext, Error> {
        let found = self.files.file(bundle, file).await?;
        let facts = found.ok_or(Error::NotFound)?;
        actor.require(Permission::File(action, facts.access()))?;
        Ok(facts)
    }
}

/// The first flag of the visibility that a request sets, if it sets one.
fn flag(to_client: Option<bool>, to_writer: Option<bool>) -> Option<&'static str> {
    let to_client = to_client.map(|_| "is_visible_to_client");
    to_client.or(to_writer.map(|_| "is_visible_to_writer"))
}

/// What the right to a file rests on. Its visibility is part of its version: a party from whom the
/// file was hidden a moment ago must not change it any more.
fn same_access(facts: &BundleFileContext) -> [Precondition; 2] {
    [
        Precondition::Parties {
            subject: SubjectRef::bundle(facts.file.bundle),
            parties: facts.parties,
        },
        Versioned::File(facts.file.id).at(facts.file.version),
    ]
}

//! Files of bundles.

use async_trait::async_trait;
use classdesk_domain::files::{
    BundleFile, BundleFileContext, FileDeletion, FileRepository, FileUpdate, InsertBundleFile,
};
use classdesk_domain::ids::{BundleId, FileId};
use classdesk_domain::paging::{Cursor, Page, PageRequest};
use classdesk_domain::policy::{AccessScope, FileScope};
use classdesk_domain::store::{Commit, StoreError};
use classdesk_domain::subjects::{Parties, SubjectRef};

use super::MemoryStore;
use super::access_scope::file_in_scope;
use super::commit::Outcome;
use super::rows::FileRow;
use super::state::{State, page_down};

impl State {
    /// The files of a bundle within the scope, newest first.
    pub(super) fn files_of(
        &self,
        bundle: BundleId,
        scope: FileScope,
    ) -> impl Iterator<Item = BundleFile> {
        let rows = self.files.iter().rev();
        rows.filter(move |(_, row)| row.bundle == bundle && file_in_scope(row.visibility, scope))
            .map(|(id, row)| self.bundle_file(id, row))
    }

    fn bundle_file(&self, id: FileId, row: &FileRow) -> BundleFile {
        BundleFile {
            id,
            bundle: row.bundle,
            file: self.file_info(&row.file),
            description: row.description.clone(),
            visibility: row.visibility,
            version: row.version,
        }
    }

    fn changed_file(&self, id: FileId) -> Result<(BundleFile, Outcome), StoreError> {
        let file = self.bundle_file(id, self.files.there(id)?);
        Ok((file, Outcome::changed(id.get())))
    }
}

#[async_trait]
impl FileRepository for MemoryStore {
    async fn file(
        &self,
        bundle: BundleId,
        file: FileId,
    ) -> Result<Option<BundleFileContext>, StoreError> {
        Ok(self.read(|state| {
            let row = state.files.get(file).filter(|row| row.bundle == bundle)?;
            Some(BundleFileContext {
                file: state.bundle_file(file, row),
                parties: state.parties(&SubjectRef::bundle(bundle)),
                blob: state.stored_blob(&row.file),
            })
        }))
    }

    async fn list_files(
        &self,
        bundle: BundleId,
        scope: AccessScope,
        page: PageRequest,
    ) -> Result<Option<(Parties, Page<BundleFile>)>, StoreError> {
        Ok(self.read(|state| {
            state.bundles.get(bundle)?;
            let parties = state.parties(&SubjectRef::bundle(bundle));
            let files = page_down(state.files_of(bundle, scope.files), page, |file| {
                Cursor::of_id(file.id.get())
            });
            Some((parties, files))
        }))
    }

    async fn add_file(&self, commit: Commit<InsertBundleFile>) -> Result<BundleFile, StoreError> {
        self.commit(commit, |state, new| {
            state.bundles.there(new.bundle)?;
            let file = state.take_upload(new.upload, new.uploaded_at)?;
            let id = state.files.insert(|_| FileRow {
                bundle: new.bundle,
                file,
                description: new.description,
                visibility: new.visibility,
                version: 1,
            });
            state.changed_file(id)
        })
    }

    async fn update_file(&self, commit: Commit<FileUpdate>) -> Result<BundleFile, StoreError> {
        self.commit(commit, |state, update| {
            let row = state.files.change(update.file)?;
            row.version += 1;
            if let Some(description) = update.description {
                row.description = description;
            }
            if let Some(visibility) = update.visibility {
                row.visibility = visibility;
            }
            state.changed_file(update.file)
        })
    }

    async fn delete_file(&self, commit: Commit<FileDeletion>) -> Result<(), StoreError> {
        self.commit(commit, |state, FileDeletion { file, at }| {
            let row = state.files.remove(file)?;
            state.drop_blob(row.file.blob, at)?;
            Ok(((), Outcome::changed(file.get())))
        })
    }
}

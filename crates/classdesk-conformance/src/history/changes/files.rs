//! Files and the rows about bytes.

use std::time::Duration;

use classdesk_domain::blobs::{BlobPurpose, FileName};
use classdesk_domain::events::{DomainEvent, RowId};
use classdesk_domain::files::{FileDeletion, FileUpdate, InsertBundleFile, Visibility};
use classdesk_domain::ids::{BlobId, FileId};
use classdesk_domain::jobs::TakeDue;

use crate::fixture::description;
use crate::history::replica::Replica;

impl Replica<'_> {
    pub(super) async fn create_upload(&mut self) -> String {
        let by = self.person();
        let purpose = self.any(BlobPurpose::ALL);
        let upload = self.fixture().add_upload(self.store, by, purpose).await;
        self.numbers.note(upload.blob);
        if self.once_in(8) {
            let now = self.tick();
            let abandoned = self.store.mark_blob_deleted(upload.blob, now).await;
            let told = self.report("mark_blob_deleted", abandoned);
            self.uploads.push(upload);
            return told;
        }
        if self.once_in(8) {
            // A user tries to use it twice.
            self.uploads.push(upload.clone());
        }
        self.uploads.push(upload);
        "create_blob".to_owned()
    }

    fn visibility(&mut self) -> Visibility {
        Visibility {
            to_client: !self.once_in(3),
            to_writer: !self.once_in(3),
        }
    }

    pub(super) async fn add_file(&mut self) -> String {
        let Some(upload) = self.uploads.pop() else {
            return self.create_upload().await;
        };
        let row = InsertBundleFile {
            bundle: self.row(),
            upload,
            description: description("A file"),
            visibility: self.visibility(),
            uploaded_at: self.tick(),
        };
        let uploaded = DomainEvent::FileUploaded {
            file: RowId::Created,
            bundle: row.bundle,
            file_name: row.upload.name.clone(),
        };
        let bundle = row.bundle;
        let commit = self.commit(row, uploaded).await;
        let added = self.store.add_file(commit).await;
        if let Ok(file) = &added {
            self.numbers.note(file.id);
            self.bundle_of.insert(file.id, bundle);
        }
        self.report("add_file", added)
    }

    pub(super) async fn change_file(&mut self) -> String {
        let file = self.row::<FileId>();
        // As the services do, events name the bundle that the file is on.
        let bundle = self.bundle_of.get(&file).copied();
        let bundle = bundle.unwrap_or(self.fixture().bundle);
        if self.once_in(3) {
            let event = DomainEvent::FileDeleted {
                file,
                bundle,
                file_name: FileName::clean("A file"),
                visibility: self.visibility(),
            };
            let deletion = FileDeletion {
                file,
                at: self.tick(),
            };
            let commit = self.commit(deletion, event).await;
            let deleted = self.store.delete_file(commit).await;
            return self.report("delete_file", deleted);
        }
        let visibility = self.visibility();
        let update = FileUpdate {
            file,
            description: self.once_in(2).then(|| description("Changed")),
            visibility: self.once_in(2).then_some(visibility),
        };
        let event = DomainEvent::FileChanged {
            file,
            bundle,
            description: update.description.is_some(),
            visibility: update.visibility,
        };
        let commit = self.commit(update, event).await;
        let changed = self.store.update_file(commit).await;
        self.report("update_file", changed)
    }

    pub(super) async fn sweep(&mut self) -> String {
        let now = self.tick();
        let take = TakeDue {
            now,
            leased_until: now.plus(Duration::from_secs(20)),
            limit: 1_000,
        };
        match self.dice.u32(0..3) {
            0 => {
                let ids = [self.row::<BlobId>(), self.row::<BlobId>()];
                let deleted = self.store.delete_blob_rows(&ids).await;
                self.report("delete_blob_rows", deleted)
            }
            // Leases end at whole seconds, so that a guess is sometimes right.
            1 => {
                let ids = [self.row::<BlobId>(), self.row(), self.row()];
                let until = now.plus(Duration::from_secs(self.dice.u64(0..20)));
                let returned = self.store.return_blobs(&ids, until, now).await;
                self.report("return_blobs", returned)
            }
            _ => {
                let taken = self.store.take_due_blobs(take).await;
                self.report("take_due_blobs", taken)
            }
        }
    }
}

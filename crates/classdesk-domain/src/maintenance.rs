//! Looking after what is stored: sweeping bytes without an owner, forgetting what has outlived its
//! use, and checking every file against its row.

use std::collections::{BTreeMap, HashSet};
use std::future::poll_fn;
use std::sync::Arc;

use crate::blobs::model::{BlobState, StorageKey, StoredBlob, UPLOAD_GRACE};
use crate::blobs::ports::{
    BlobError, BlobRepository, BlobStore, ListedObject, ObjectStream, StoredBlobRow,
};
use crate::clock::{Clock, Timestamp};
use crate::error::Error;
use crate::idempotency::model::KEY_TTL;
use crate::ids::BlobId;
use crate::jobs::{Backlog, TakeDue, retry_after};
use crate::people::sessions::SessionLimits;
use crate::people::throttling::{KNOWN_FOR, LoginLimits};
use crate::policy::permit::ReadPermit;
use crate::store::ports::{Maintenance, RetentionCutoffs};
use crate::webhooks::model::{ARRIVED_FOR, ENDED_FOR};

/// How many rows one round of sweeping or purging takes on.
const ROUND: u32 = 200;

/// What a round of sweeping did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// Objects removed together with their rows.
    pub removed: u64,
    /// Objects that the storage could not remove; they are tried again later.
    pub failed: u64,
}

impl Swept {
    /// Whether the round was full, so that more may be due.
    #[must_use]
    pub const fn was_full(self) -> bool {
        self.removed + self.failed >= ROUND as u64
    }
}

/// What is wrong with one stored file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// A row says that it is stored, and it is not.
    Missing(StorageKey),
    /// It is not the bytes that were stored.
    Damaged(StorageKey),
    /// No row names it.
    Orphaned {
        /// Where it is.
        path: String,
        /// How many bytes.
        size: u64,
        /// Whether it was removed.
        repaired: bool,
    },
}

/// What the consistency check did, besides its findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Checked {
    /// Files that were read and compared.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Objects that were listed.
    pub objects: u64,
}

/// The program's own upkeep. It runs for no actor, so it asks for no permission.
#[derive(Clone)]
pub struct MaintenanceService {
    pub(crate) maintenance: Arc<dyn Maintenance>,
    pub(crate) blob_rows: Arc<dyn BlobRepository>,
    pub(crate) blobs: Arc<dyn BlobStore>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) limits: SessionLimits,
    pub(crate) login_limits: LoginLimits,
}

impl MaintenanceService {
    /// Answers when the store and the storage both do.
    ///
    /// # Errors
    /// The failure of whichever does not.
    pub async fn ready(&self) -> Result<(), Error> {
        self.maintenance.ping().await?;
        Ok(self.blobs.ping().await?)
    }

    /// One bounded round of sweeping: uploads without an owner for a day and deleted files.
    /// Several processes may sweep at once.
    ///
    /// # Errors
    /// Failures of the store. An object that can't be removed is counted, and left for later.
    pub async fn sweep(&self) -> Result<Swept, Error> {
        let take = TakeDue::at(self.clock.now(), ROUND);
        let rows = self.blob_rows.take_due_blobs(take).await?;
        let mut swept = Swept::default();
        let mut gone: Vec<BlobId> = Vec::with_capacity(rows.len());
        let mut failed: BTreeMap<u32, Vec<BlobId>> = BTreeMap::new();
        for row in rows {
            match self.blobs.delete(&row.key).await {
                Ok(()) => gone.push(row.id),
                Err(_) => failed.entry(row.attempt).or_default().push(row.id),
            }
        }
        if !gone.is_empty() {
            swept.removed = self.blob_rows.delete_blob_rows(&gone).await?;
        }
        for (attempt, ids) in failed {
            swept.failed += ids.len() as u64;
            let due_at = self.clock.now().plus(retry_after(attempt));
            self.blob_rows
                .return_blobs(&ids, take.leased_until, due_at)
                .await?;
        }
        Ok(swept)
    }

    /// What waits to be swept.
    ///
    /// # Errors
    /// Only failures of the store.
    pub async fn sweep_backlog(&self) -> Result<Backlog, Error> {
        Ok(self.blob_rows.blob_backlog(self.clock.now()).await?)
    }

    /// Removes what uploads that broke off a day ago have left in the storage, and says how many
    /// there were.
    ///
    /// # Errors
    /// Failures of the storage.
    pub async fn abort_stale_uploads(&self) -> Result<u64, Error> {
        let before = self.clock.now().minus(UPLOAD_GRACE);
        Ok(self.blobs.abort_stale_uploads(before).await?)
    }

    /// One bounded round of forgetting: sessions that ended, failed logins, networks of logins,
    /// deliveries to webhooks and idempotency keys that no longer count.
    ///
    /// # Errors
    /// Only failures of the store.
    pub async fn purge(&self) -> Result<u64, Error> {
        let now = self.clock.now();
        // A slow request may still complete a lease that has ended, so its row stays a day longer.
        let outlived = RetentionCutoffs {
            sessions_expired_by: now,
            sessions_idle_since: now.minus(self.limits.idle),
            login_failures_before: now.minus(self.login_limits.window),
            login_networks_before: now.minus(KNOWN_FOR),
            deliveries_arrived_before: now.minus(ARRIVED_FOR),
            deliveries_ended_before: now.minus(ENDED_FOR),
            idempotency_expired_by: now.minus(KEY_TTL),
        };
        Ok(self.maintenance.purge(outlived, ROUND).await?)
    }

    /// Reads every file and compares it with its row, then looks for objects that no row names.
    /// Each finding goes to `report`. With `repair`, orphans older than [`UPLOAD_GRACE`] are removed.
    ///
    /// # Errors
    /// Failures of the store and of the storage, other than a missing or damaged file.
    pub async fn check(
        &self,
        repair: bool,
        mut report: impl FnMut(Finding) + Send,
    ) -> Result<Checked, Error> {
        let mut checked = Checked::default();
        let mut after = None;
        loop {
            let rows = self.blob_rows.list_blobs(after, ROUND).await?;
            let Some(last) = rows.last() else { break };
            after = Some(last.id);
            for row in rows {
                self.check_row(row, &mut checked, &mut report).await?;
            }
        }
        self.check_orphans(repair, &mut checked, &mut report)
            .await?;
        Ok(checked)
    }

    async fn check_row(
        &self,
        row: StoredBlobRow,
        checked: &mut Checked,
        report: &mut (impl FnMut(Finding) + Send),
    ) -> Result<(), Error> {
        let (BlobState::Stored, Some(info)) = (row.state, row.info) else {
            return Ok(());
        };
        let size = info.size;
        let key = row.key.clone();
        let permit = ReadPermit::for_consistency_check(StoredBlob {
            id: row.id,
            key: row.key,
            info,
        });
        match self.read_through(&permit).await {
            Ok(()) => {
                checked.files += 1;
                checked.bytes += size;
            }
            // A file that was deleted since the row was read is no finding.
            Err(BlobError::Missing) if self.is_stored(row.id).await? => {
                report(Finding::Missing(key));
            }
            Err(BlobError::Missing) => {}
            Err(BlobError::Damaged) => report(Finding::Damaged(key)),
            Err(other) => return Err(other.into()),
        }
        Ok(())
    }

    async fn is_stored(&self, id: BlobId) -> Result<bool, Error> {
        let before = BlobId::new(id.get() - 1);
        let rows = self.blob_rows.list_blobs(Some(before), 1).await?;
        Ok(rows
            .iter()
            .any(|row| row.id == id && row.state == BlobState::Stored))
    }

    async fn read_through(&self, permit: &ReadPermit) -> Result<(), BlobError> {
        let mut stream = self.blobs.open(permit, None).await?;
        while let Some(chunk) = poll_fn(|cx| stream.as_mut().poll_next(cx)).await {
            chunk?;
        }
        Ok(())
    }

    async fn check_orphans(
        &self,
        repair: bool,
        checked: &mut Checked,
        report: &mut (impl FnMut(Finding) + Send),
    ) -> Result<(), Error> {
        let old = self.clock.now().minus(UPLOAD_GRACE);
        let mut objects = self.blobs.list();
        loop {
            let some = next_objects(&mut objects).await?;
            // A stream must not be asked again after its end.
            let has_ended = some.len() < ROUND as usize;
            checked.objects += some.len() as u64;
            for orphan in self.without_row(some).await? {
                // The sweeper removes an object first and its row then.
                if self.blobs.head(&orphan.path).await?.is_none() {
                    continue;
                }
                let repaired = repair && self.remove_if_old(&orphan, old).await?;
                report(Finding::Orphaned {
                    path: orphan.path,
                    size: orphan.size,
                    repaired,
                });
            }
            if has_ended {
                return Ok(());
            }
        }
    }

    /// The objects that no row names. A row is written before its bytes, so an object that was
    /// listed before the rows are asked for has its row by then.
    async fn without_row(&self, objects: Vec<ListedObject>) -> Result<Vec<ListedObject>, Error> {
        let keys: Vec<_> = objects
            .iter()
            .filter_map(|object| StorageKey::parse(&object.path))
            .collect();
        let known = self.blob_rows.known_keys(&keys).await?;
        let known: HashSet<&str> = known.iter().map(StorageKey::as_str).collect();
        Ok(objects
            .into_iter()
            .filter(|object| !known.contains(object.path.as_str()))
            .collect())
    }

    async fn remove_if_old(&self, orphan: &ListedObject, old: Timestamp) -> Result<bool, Error> {
        if orphan.modified_at >= old {
            return Ok(false);
        }
        self.blobs.delete_orphan(&orphan.path).await?;
        Ok(true)
    }
}

/// The next objects of a listing, as many as one question about rows takes.
async fn next_objects(objects: &mut ObjectStream) -> Result<Vec<ListedObject>, BlobError> {
    let mut some = Vec::new();
    while some.len() < ROUND as usize
        && let Some(object) = poll_fn(|cx| objects.as_mut().poll_next(cx)).await
    {
        some.push(object?);
    }
    Ok(some)
}

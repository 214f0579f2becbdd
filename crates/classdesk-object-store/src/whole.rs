//! Which files were found whole a moment ago, so that a file that many fetch is not digested for
//! each of them.
//!
//! What is served within that moment comes from the system's cache, of which another digest would
//! tell nothing about the disk. A file that was written to since is another one: its change time
//! tells, which nobody can set. That has a coarse grain, so a file counts as whole only when it
//! was the same for longer than a grain before its digest was begun.

use std::collections::HashMap;
use std::fs::Metadata;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use classdesk_domain::blobs::StorageKey;

/// For how long a file is known.
const SPAN: Duration = Duration::from_secs(60);

/// The coarsest grain of a file system's times, that of FAT.
const GRAIN: Duration = Duration::from_secs(2);

/// How many files are known. One has some 200 bytes.
const CAPACITY: usize = 4096;

/// What changes when anybody writes to a file or puts another one in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    device: u64,
    inode: u64,
    changed: (i64, i64),
}

impl Identity {
    #[cfg(unix)]
    #[expect(
        clippy::unnecessary_wraps,
        reason = "systems without change times have none"
    )]
    pub(crate) fn of(file: &Metadata) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;

        Some(Self {
            device: file.dev(),
            inode: file.ino(),
            changed: (file.ctime(), file.ctime_nsec()),
        })
    }

    #[cfg(not(unix))]
    pub(crate) fn of(_: &Metadata) -> Option<Self> {
        None
    }
}

/// What is known of a file that is about to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    /// It was found whole.
    Whole,
    /// It has been the same for so long that a digest will tell for a while.
    Steady,
    /// Nothing yet.
    Nothing,
}

/// The files that were seen a moment ago.
#[derive(Debug, Default)]
pub(crate) struct WholeFiles(Mutex<HashMap<StorageKey, Seen>>);

#[derive(Debug)]
struct Seen {
    identity: Identity,
    since: Instant,
    is_whole: bool,
}

impl WholeFiles {
    /// What is known of a file, and takes note of it.
    pub(crate) fn look(&self, key: &StorageKey, identity: Identity, now: Instant) -> Known {
        let mut files = self.lock();
        if let Some(seen) = files.get(key) {
            let age = now.saturating_duration_since(seen.since);
            if seen.identity == identity && age < SPAN {
                return match seen.is_whole {
                    true => Known::Whole,
                    false if age > GRAIN => Known::Steady,
                    false => Known::Nothing,
                };
            }
        } else if files.len() >= CAPACITY {
            files.retain(|_, seen| now.saturating_duration_since(seen.since) < SPAN);
            if files.len() >= CAPACITY {
                return Known::Nothing;
            }
        }
        let seen = Seen {
            identity,
            since: now,
            is_whole: false,
        };
        files.insert(key.clone(), seen);
        Known::Nothing
    }

    /// Takes note that a file was whole which had been steady before it was read.
    fn vouch(&self, key: &StorageKey, identity: Identity) {
        let mut files = self.lock();
        if let Some(seen) = files.get_mut(key).filter(|seen| seen.identity == identity) {
            seen.is_whole = true;
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<StorageKey, Seen>> {
        // Nothing that panics happens while it is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who reads a file that was steady, and will know whether it is whole.
#[derive(Debug)]
pub(crate) struct Witness {
    pub(crate) files: Arc<WholeFiles>,
    pub(crate) key: StorageKey,
    pub(crate) identity: Identity,
}

impl Witness {
    /// The digest was right.
    pub(crate) fn vouch(&self) {
        self.files.vouch(&self.key, self.identity);
    }
}

#[cfg(test)]
mod tests {
    use classdesk_domain::blobs::BlobPurpose;

    use super::*;

    const MOMENT: Duration = Duration::from_millis(1);

    fn key(number: usize) -> StorageKey {
        let mut random = [0; 32];
        random[..size_of::<usize>()].copy_from_slice(&number.to_be_bytes());
        StorageKey::fresh(BlobPurpose::ALL[0], random)
    }

    fn identity(changed: i64) -> Identity {
        Identity {
            device: 1,
            inode: 2,
            changed: (changed, 0),
        }
    }

    #[test]
    fn a_file_is_whole_once_it_was_digested_after_a_grain_and_until_the_span_ends() {
        let (files, key, begin) = (WholeFiles::default(), key(0), Instant::now());
        let look = |after| files.look(&key, identity(1), begin + after);
        assert_eq!(look(Duration::ZERO), Known::Nothing);
        assert_eq!(look(GRAIN), Known::Nothing);
        assert_eq!(look(GRAIN + MOMENT), Known::Steady);
        files.vouch(&key, identity(1));
        assert_eq!(look(GRAIN + MOMENT), Known::Whole);
        assert_eq!(look(SPAN - MOMENT), Known::Whole);
        assert_eq!(look(SPAN), Known::Nothing);
        assert_eq!(look(SPAN + MOMENT), Known::Nothing);
    }

    #[test]
    fn a_file_that_was_changed_is_another_one() {
        let (files, key, begin) = (WholeFiles::default(), key(0), Instant::now());
        let later = begin + GRAIN + MOMENT;
        files.look(&key, identity(1), begin);
        files.look(&key, identity(1), later);
        files.vouch(&key, identity(1));
        assert_eq!(files.look(&key, identity(2), later), Known::Nothing);
        // Who digested the former one knows nothing of this.
        files.vouch(&key, identity(1));
        assert_ne!(files.look(&key, identity(2), later + MOMENT), Known::Whole);
    }

    #[test]
    fn a_bounded_number_of_files_is_known() {
        let (files, begin) = (WholeFiles::default(), Instant::now());
        for number in 0..=CAPACITY {
            files.look(&key(number), identity(1), begin);
        }
        assert_eq!(files.lock().len(), CAPACITY);
        files.look(&key(CAPACITY + 1), identity(1), begin + SPAN);
        assert_eq!(files.lock().len(), 1);
    }
}

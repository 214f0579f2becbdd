//! A local folder: what `object_store` leaves to do there.
//!
//! The library writes and reads. It neither makes a removal durable nor removes the temporary files
//! of a killed process (`name#1`), and its listing ends at the first name that no key could have.

use std::ffi::{OsStr, OsString};
use std::fs::{self, DirBuilder, File, Metadata};
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::UNIX_EPOCH;

use classdesk_domain::blobs::{BlobError, BlobPurpose, ListedObject, ObjectStream};
use classdesk_domain::clock::Timestamp;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Location;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, percent_encode};
use walkdir::{DirEntry, WalkDir};

use crate::failure::{self, Operation};

/// How many objects of a listing are read at once.
const BATCH: usize = 1000;

/// A local folder. All of its methods block.
#[derive(Debug, Clone)]
pub(crate) struct LocalFolder {
    root: PathBuf,
    files: Arc<LocalFileSystem>,
}

impl LocalFolder {
    /// Makes the folder and those of the key prefixes, and makes them durable.
    pub(crate) fn open(path: &Path) -> Result<Self, BlobError> {
        make_folders(path).map_err(|error| failure::of_io(error, Operation::Write))?;
        Self::open_existing(path)
    }

    /// Opens a folder that is there.
    pub(crate) fn open_existing(path: &Path) -> Result<Self, BlobError> {
        let root = path.canonicalize();
        let root = root.map_err(|error| failure::of_io(error, Operation::Write))?;
        let files = LocalFileSystem::new_with_prefix(&root)
            .map_err(|error| failure::of_store(error, Operation::Write))?;
        Ok(Self {
            root,
            files: Arc::new(files.with_fsync(true)),
        })
    }

    pub(crate) fn objects(&self) -> Arc<dyn ObjectStore> {
        Arc::clone(&self.files) as _
    }

    fn path(&self, location: &Location) -> Result<PathBuf, BlobError> {
        let path = self.files.path_to_filesystem(location);
        path.map_err(|error| failure::of_store(error, Operation::Write))
    }

    /// Checks that an object's folder is there. When it is gone, so is what was mounted here, and
    /// the bytes would land beneath it.
    pub(crate) fn check_writable(&self, location: &Location) -> Result<(), BlobError> {
        let path = self.path(location)?;
        let folder = path
            .parent()
            .map_or(Ok(()), |above| fs::metadata(above).map(drop));
        folder.map_err(|error| failure::of_io(error, Operation::Write))
    }

    /// Where an object is that has this key or was listed by this path.
    fn find(&self, listed: &str) -> Result<Option<PathBuf>, BlobError> {
        let Some(encoded) = listed.strip_prefix('/') else {
            let location =
                Location::parse(listed).map_err(|error| BlobError::Backend(error.into()))?;
            return self.path(&location).map(Some);
        };
        let below = decoded(encoded).and_then(|below| inner_path(Path::new(&below)));
        let path = below.map(|below| self.root.join(below));
        Ok(path.filter(|path| self.listed_path(path) == listed))
    }

    /// Looks at an object.
    pub(crate) fn head(&self, listed: &str) -> Result<Option<ListedObject>, BlobError> {
        let Some(path) = self.find(listed)? else {
            return Ok(None);
        };
        match fs::metadata(path) {
            Ok(metadata) => Ok(Some(object(listed.to_owned(), &metadata))),
            Err(error) => match failure::of_io(error, Operation::Read) {
                BlobError::Missing => Ok(None),
                error => Err(error),
            },
        }
    }

    /// Removes an object durably, with the temporary files of its writes.
    pub(crate) fn erase(&self, listed: &str) -> Result<(), BlobError> {
        let Some(path) = self.find(listed)? else {
            return Ok(());
        };
        erase_file(&path).map_err(|error| failure::of_io(error, Operation::Write))
    }

    /// Lists the objects.
    pub(crate) fn list(&self) -> ObjectStream {
        let folder = self.clone();
        let objects = self.files(true).filter_map(move |entry| {
            let listed = entry.and_then(|entry| folder.listed(&entry));
            listed.transpose()
        });
        let batches = stream::try_unfold(objects, async |mut objects| {
            let reading = tokio::task::spawn_blocking(move || {
                let batch: io::Result<Vec<_>> = objects.by_ref().take(BATCH).collect();
                batch.map(|batch| (batch, objects))
            });
            let read = reading
                .await
                .map_err(|panicked| BlobError::Backend(panicked.into()))?;
            let (batch, objects) = read.map_err(|error| failure::of_io(error, Operation::Write))?;
            let batch_or_end = (!batch.is_empty()).then_some(batch);
            Ok(batch_or_end.map(|batch| (stream::iter(batch.into_iter().map(Ok)), objects)))
        });
        batches.try_flatten().boxed()
    }

    /// The files of the folder, or those wherever its links lead too. One that goes away meanwhile is
    /// passed over, and so is a link that leads back or nowhere.
    fn files(
        &self,
        follow_links: bool,
    ) -> impl Iterator<Item = io::Result<DirEntry>> + Send + use<> {
        let walk = WalkDir::new(&self.root).min_depth(1);
        let entries = walk.follow_links(follow_links);
        entries.into_iter().filter_map(|entry| match entry {
            Ok(entry) => entry.file_type().is_file().then_some(Ok(entry)),
            Err(error) => {
                let kind = error.io_error().map(io::Error::kind);
                let is_gone = kind.is_none_or(|kind| kind == io::ErrorKind::NotFound);
                (error.depth() == 0 || !is_gone).then(|| Err(error.into()))
            }
        })
    }

    /// What a listing says of a file; nothing of one that is being written.
    fn listed(&self, entry: &DirEntry) -> io::Result<Option<ListedObject>> {
        if is_temporary(entry.file_name()) {
            return Ok(None);
        }
        match fs::metadata(entry.path()) {
            Ok(metadata) => Ok(Some(object(self.listed_path(entry.path()), &metadata))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The path by which a file is listed. What no key could be is listed percent-encoded behind a
    /// slash.
    fn listed_path(&self, path: &Path) -> String {
        const ENCODED: &AsciiSet = &CONTROLS.add(b'%');
        let path = path.strip_prefix(&self.root).unwrap_or(path);
        let names: Option<Vec<_>> = path.iter().map(OsStr::to_str).collect();
        let plain = names.map(|names| names.join("/"));
        let plain = plain.filter(|plain| Location::parse(plain).is_ok());
        plain.unwrap_or_else(|| {
            let bytes = path.as_os_str().as_encoded_bytes();
            format!("/{}", percent_encode(bytes, ENCODED))
        })
    }

    /// Removes temporary files that were last written before an instant. A link is never followed:
    /// what it leads to may be anybody's.
    pub(crate) fn abort_stale_uploads(&self, before: Timestamp) -> Result<u64, BlobError> {
        self.remove_temporary(before)
            .map_err(|error| failure::of_io(error, Operation::Write))
    }

    fn remove_temporary(&self, before: Timestamp) -> io::Result<u64> {
        let mut removed = 0;
        for entry in self.files(false) {
            let entry = entry?;
            if !is_temporary(entry.file_name()) {
                continue;
            }
            match entry.path().metadata() {
                Ok(metadata) if modified_at(&metadata) < before => {
                    remove_file(entry.path())?;
                    removed += 1;
                }
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(removed)
    }

    /// Writes a byte durably and removes it again.
    pub(crate) fn ping(&self) -> Result<(), BlobError> {
        static PINGS: AtomicU64 = AtomicU64::new(0);
        let number = PINGS.fetch_add(1, Ordering::Relaxed);
        // Named like a temporary file: listings skip it, and after a crash it is swept.
        let name = format!("ping-{}#{number}", std::process::id());
        let path = self.root.join(name);
        let written = File::create(&path).and_then(|mut file| {
            file.write_all(b"?")?;
            file.sync_all()
        });
        written
            .and_then(|()| fs::remove_file(&path))
            .map_err(|error| failure::of_io(error, Operation::Write))
    }
}

/// Makes folders that let their owner alone in.
fn make_folders(path: &Path) -> io::Result<()> {
    let mut private = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut private, 0o700);
    private.recursive(true).create(path)?;
    let root = path.canonicalize()?;
    sync(&root)?;
    root.parent().map_or(Ok(()), sync)?;
    // Those above may be new as well. One that can't be opened is not.
    for above in root.ancestors().skip(2) {
        if sync(above).is_err() {
            break;
        }
    }
    for purpose in BlobPurpose::ALL {
        let mut below = root.clone();
        for name in purpose.prefix().split_terminator('/') {
            below.push(name);
            private.create(&below)?;
            below.parent().map_or(Ok(()), sync)?;
        }
    }
    Ok(())
}

fn erase_file(path: &Path) -> io::Result<()> {
    remove_file(path)?;
    for number in 1_u32.. {
        let mut staged = OsString::from(path);
        staged.push(format!("#{number}"));
        match fs::remove_file(staged) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => break,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The bytes that were listed percent-encoded, as the system has them.
fn decoded(encoded: &str) -> Option<OsString> {
    let bytes: Vec<u8> = percent_decode_str(encoded).collect();
    #[cfg(unix)]
    return Some(std::os::unix::ffi::OsStringExt::from_vec(bytes));
    #[cfg(not(unix))]
    return String::from_utf8(bytes).ok().map(OsString::from);
}

/// A path of names alone; `None` for one that leads elsewhere.
fn inner_path(path: &Path) -> Option<PathBuf> {
    let names = path.components().map(|component| match component {
        Component::Normal(name) => Some(name),
        _ => None,
    });
    names.collect()
}

/// Whether the library gives such a name to a file that it is still writing.
fn is_temporary(name: &OsStr) -> bool {
    name.to_str()
        .and_then(|name| name.split_once('#'))
        .is_some_and(|(_, digits)| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// Removes a file durably, if it is there.
fn remove_file(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Ok(()) => path.parent().map_or(Ok(()), sync),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Makes the entries of a folder durable. Only Unix can open a folder for that.
fn sync(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

fn object(path: String, metadata: &Metadata) -> ListedObject {
    ListedObject {
        path,
        size: metadata.len(),
        modified_at: modified_at(metadata),
    }
}

fn modified_at(metadata: &Metadata) -> Timestamp {
    let micros = metadata
        .modified()
        .ok()
        .and_then(|at| at.duration_since(UNIX_EPOCH).ok())
        .and_then(|since| i64::try_from(since.as_micros()).ok());
    Timestamp::from_micros(micros.unwrap_or_default())
}

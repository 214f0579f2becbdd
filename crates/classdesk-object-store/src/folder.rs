//! A local folder: what `object_store` leaves to do there.
//!
//! The library writes files; it also follows symbolic links, lists in no order, and
//! leaves the temporary files of a killed process (`name#1`) lying. So looking at paths, reading,
//! listing, deleting and sweeping are done here.

use std::collections::BinaryHeap;
use std::fs::{self, File, Metadata};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::UNIX_EPOCH;

use classdesk_domain::blobs::{BlobError, BlobPurpose, ListedObject, ObjectPage, StorageKey};
use classdesk_domain::clock::Timestamp;
use object_store::local::LocalFileSystem;

use crate::failure::{self, Doing, LinkInside};
use crate::whole::WholeFiles;

/// A folder whose paths are looked at before they are used. All of its methods block.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    root: PathBuf,
    /// The files that were found whole a moment ago.
    pub(crate) whole: Arc<WholeFiles>,
}

impl Folder {
    /// Makes the folder and those of the key prefixes, and makes them durable.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        fs::create_dir_all(path)?;
        let root = path.canonicalize()?;
        sync(&root)?;
        root.parent().map_or(Ok(()), sync)?;
        // Those above may have been made just now too. Where one can't be opened, it was not.
        for above in root.ancestors().skip(2) {
            if sync(above).is_err() {
                break;
            }
        }
        for purpose in BlobPurpose::ALL {
            let mut below = root.clone();
            for name in purpose.prefix().split_terminator('/') {
                below.push(name);
                match fs::create_dir(&below) {
                    Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                        return Err(error);
                    }
                    _ => below.parent().map_or(Ok(()), sync)?,
                }
            }
        }
        Ok(Self {
            root,
            whole: Arc::default(),
        })
    }

    /// The library's store on this folder. It fsyncs files and their folders.
    pub(crate) fn objects(&self) -> Result<LocalFileSystem, object_store::Error> {
        Ok(LocalFileSystem::new_with_prefix(&self.root)?.with_fsync(true))
    }

    /// The path of an object below the root, refusing names that lead elsewhere and symbolic
    /// links on the way and at its end.
    fn resolve(&self, path: &str) -> io::Result<PathBuf> {
        let mut resolved = self.root.clone();
        for name in path.split('/') {
            if name.is_empty() || name == "." || name == ".." || name.contains(['\0', '\\']) {
                let text = format!("{path:?} is no path of an object");
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, text));
            }
            if self.is_link(&resolved)? {
                return Err(self.link_error(&resolved));
            }
            resolved.push(name);
        }
        Ok(resolved)
    }

    /// The path of an object that is no symbolic link itself either.
    fn resolve_file(&self, path: &str) -> io::Result<PathBuf> {
        let resolved = self.resolve(path)?;
        if self.is_link(&resolved)? {
            return Err(self.link_error(&resolved));
        }
        Ok(resolved)
    }

    fn is_link(&self, path: &Path) -> io::Result<bool> {
        match fs::symlink_metadata(path) {
            // The root is the operator's choice; only what lies inside is looked at.
            Ok(metadata) => Ok(metadata.is_symlink() && path != self.root),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn link_error(&self, path: &Path) -> io::Error {
        let path = path.strip_prefix(&self.root).unwrap_or(path);
        let path = path.display().to_string();
        io::Error::new(io::ErrorKind::PermissionDenied, LinkInside { path })
    }

    /// Opens an object that is to be read from a byte on. Whatever stands there instead of a file
    /// of this size is not what was stored there. What the system says of the file comes with it.
    pub(crate) fn open_for_reading(
        &self,
        key: &StorageKey,
        size: u64,
        start: u64,
    ) -> Result<(File, Metadata), BlobError> {
        let opened = self.resolve_file(key.as_str()).and_then(|path| {
            // Opening something else than a file, a pipe for example, could block for ever.
            if !fs::symlink_metadata(&path)?.is_file() {
                return Ok(None);
            }
            let mut file = File::open(path)?;
            let metadata = file.metadata()?;
            if metadata.len() != size {
                return Ok(None);
            }
            if start > 0 {
                file.seek(SeekFrom::Start(start))?;
            }
            Ok(Some((file, metadata)))
        });
        match opened {
            Ok(Some(opened)) => Ok(opened),
            Ok(None) => Err(BlobError::Damaged),
            Err(error) if LinkInside::caused(&error) => {
                tracing::error!(%key, %error, "a symbolic link stands where a file was stored");
                Err(BlobError::Damaged)
            }
            Err(error) => Err(failure::of_io(error, Doing::Reading)),
        }
    }

    /// Looks at where an object is to be written. Its folder has to be there already: when it is
    /// gone, so is what was mounted here, and the bytes would land beneath it.
    pub(crate) fn check_writable(&self, key: &StorageKey) -> Result<(), BlobError> {
        self.resolve_file(key.as_str())
            .and_then(|path| {
                path.parent()
                    .map_or(Ok(()), |folder| fs::symlink_metadata(folder).map(drop))
            })
            .map_err(|error| failure::of_io(error, Doing::Writing))
    }

    /// Removes an object and what a write of it left behind; what is not there is removed.
    pub(crate) fn erase(&self, key: &StorageKey) -> Result<(), BlobError> {
        let removed = self.resolve(key.as_str()).and_then(|path| {
            remove_file(&path)?;
            for number in 1_u32.. {
                let mut staged = path.clone().into_os_string();
                staged.push(format!("#{number}"));
                match fs::remove_file(staged) {
                    Ok(()) => {}
                    Err(error) if error.kind() == io::ErrorKind::NotFound => break,
                    Err(error) => return Err(error),
                }
            }
            Ok(())
        });
        removed.map_err(|error| failure::of_io(error, Doing::Writing))
    }

    /// Removes whatever stands at a path: a file, or a symbolic link but not its target.
    pub(crate) fn erase_stray(&self, path: &str) -> Result<(), BlobError> {
        self.resolve(path)
            .and_then(|path| remove_file(&path))
            .map_err(|error| failure::of_io(error, Doing::Writing))
    }

    /// The first `limit` objects after a path. It walks the folder anew for each page and keeps
    /// no more than a page of it in memory. Symbolic links count as objects, unfollowed.
    pub(crate) fn list(&self, after: Option<&str>, limit: usize) -> Result<ObjectPage, BlobError> {
        self.first_after(after.unwrap_or_default(), limit)
            .map_err(|error| failure::of_io(error, Doing::Writing))
    }

    fn first_after(&self, after: &str, limit: usize) -> io::Result<ObjectPage> {
        let (mut paths, more) = self.paths_after(after, limit)?;
        let last = paths.last().cloned();
        let mut objects = Vec::with_capacity(paths.len());
        for path in paths.drain(..) {
            match fs::symlink_metadata(self.root.join(&path)) {
                Ok(metadata) => objects.push(ListedObject {
                    size: metadata.len(),
                    modified_at: modified_at(&metadata),
                    path,
                }),
                // Somebody removed it meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        match last {
            // A page of removed objects is no place to go on from.
            Some(last) if more && objects.is_empty() => self.first_after(&last, limit),
            _ => Ok(ObjectPage { objects, more }),
        }
    }

    /// The first `limit` paths after one, and whether there are more.
    fn paths_after(&self, after: &str, limit: usize) -> io::Result<(Vec<String>, bool)> {
        let mut first = BinaryHeap::new();
        let mut folders = vec![String::new()];
        while let Some(folder) = folders.pop() {
            // Every path below begins with the folder's: it may lie before or behind the page.
            let behind = first.len() > limit && first.peek().is_some_and(|last| *last <= folder);
            if behind || (folder.as_str() < after && !after.starts_with(&folder)) {
                continue;
            }
            self.each_entry(&folder, |path, kind| {
                if kind.is_dir() {
                    folders.push(path + "/");
                } else if path.as_str() > after {
                    first.push(path);
                    if first.len() > limit + 1 {
                        first.pop();
                    }
                }
                Ok(())
            })?;
        }
        let mut paths = first.into_sorted_vec();
        let more = paths.len() > limit;
        paths.truncate(limit);
        Ok((paths, more))
    }

    /// Calls for each entry of a folder (empty, or with a final slash) but temporary files.
    /// Names that are no UTF-8 can't be named by a path and are told to the log.
    fn each_entry(
        &self,
        folder: &str,
        mut each: impl FnMut(String, fs::FileType) -> io::Result<()>,
    ) -> io::Result<()> {
        let entries = match fs::read_dir(self.root.join(folder)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && !folder.is_empty() => {
                return Ok(());
            }
            other => other?,
        };
        for entry in entries {
            let entry = entry?;
            match entry.file_name().to_str() {
                Some(name) if is_temporary(name) && !entry.file_type()?.is_dir() => {}
                Some(name) => each(format!("{folder}{name}"), entry.file_type()?)?,
                None => tracing::warn!(name = ?entry.path(), "a file's name is no UTF-8"),
            }
        }
        Ok(())
    }

    /// Removes temporary files that were last written before an instant.
    pub(crate) fn abort_stale_uploads(&self, before: Timestamp) -> Result<u64, BlobError> {
        self.remove_temporary(before)
            .map_err(|error| failure::of_io(error, Doing::Writing))
    }

    fn remove_temporary(&self, before: Timestamp) -> io::Result<u64> {
        let mut removed = 0;
        let mut folders = vec![self.root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder)? {
                let entry = entry?;
                let kind = entry.file_type()?;
                if kind.is_dir() {
                    folders.push(entry.path());
                } else if entry.file_name().to_str().is_some_and(is_temporary) {
                    match entry.metadata() {
                        Ok(metadata) if modified_at(&metadata) < before => {
                            remove_file(&entry.path())?;
                            removed += 1;
                        }
                        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                        _ => {}
                    }
                }
            }
        }
        Ok(removed)
    }

    /// Writes a byte, durably, and takes it away again.
    pub(crate) fn ping(&self) -> Result<(), BlobError> {
        static PINGS: AtomicU64 = AtomicU64::new(0);
        let number = PINGS.fetch_add(1, Ordering::Relaxed);
        // Named like a temporary file, so that no listing shows it and a crash leaves it to the
        // sweeper.
        let path = self
            .root
            .join(format!("ping-{}#{number}", std::process::id()));
        let written = File::create(&path).and_then(|mut file| {
            file.write_all(b"?")?;
            file.sync_all()
        });
        written
            .and_then(|()| fs::remove_file(&path))
            .map_err(|error| failure::of_io(error, Doing::Writing))
    }
}

/// Whether this is a name that the library gives to a file that it is still writing.
fn is_temporary(name: &str) -> bool {
    name.split_once('#')
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

fn modified_at(metadata: &Metadata) -> Timestamp {
    let micros = metadata
        .modified()
        .ok()
        .and_then(|at| at.duration_since(UNIX_EPOCH).ok())
        .and_then(|since| i64::try_from(since.as_micros()).ok());
    Timestamp::from_micros(micros.unwrap_or_default())
}

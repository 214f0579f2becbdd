//! A local folder: what `object_store` leaves to do there.
//!
//! The library writes, reads and lists. It neither makes a removal durable nor removes the
//! temporary files of a killed process (`name#1`).

use std::ffi::OsString;
use std::fs::{self, File, Metadata};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::UNIX_EPOCH;

use classdesk_domain::blobs::{BlobError, BlobPurpose};
use classdesk_domain::clock::Timestamp;
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Location;

use crate::failure::{self, Operation};

/// A local folder. All of its methods block.
#[derive(Debug, Clone)]
pub(crate) struct LocalFolder {
    root: PathBuf,
    files: Arc<LocalFileSystem>,
}

impl LocalFolder {
    /// Makes the folder and those of the key prefixes, and makes them durable.
    pub(crate) fn open(path: &Path) -> Result<Self, BlobError> {
        let root = make_folders(path).map_err(|error| failure::of_io(error, Operation::Write))?;
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

    /// Removes an object durably, with the temporary files of its writes.
    pub(crate) fn erase(&self, location: &Location) -> Result<(), BlobError> {
        let path = self.path(location)?;
        erase_file(&path).map_err(|error| failure::of_io(error, Operation::Write))
    }

    /// Removes temporary files that were last written before an instant.
    pub(crate) fn abort_stale_uploads(&self, before: Timestamp) -> Result<u64, BlobError> {
        self.remove_temporary(before)
            .map_err(|error| failure::of_io(error, Operation::Write))
    }

    fn remove_temporary(&self, before: Timestamp) -> io::Result<u64> {
        let mut removed = 0;
        let mut folders = vec![self.root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder)? {
                let entry = entry?;
                if entry.file_type()?.is_dir() {
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

fn make_folders(path: &Path) -> io::Result<PathBuf> {
    fs::create_dir_all(path)?;
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
            match fs::create_dir(&below) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => below.parent().map_or(Ok(()), sync)?,
            }
        }
    }
    Ok(root)
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

/// Whether the library gives such a name to a file that it is still writing.
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

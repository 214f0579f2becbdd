//! The files that a rule looks at.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::process;

/// A folder and the files in it that belong to the repository.
#[derive(Debug)]
pub(crate) struct Tree {
    root: PathBuf,
    files: Vec<PathBuf>,
    #[cfg(test)]
    _fixture: Option<tempfile::TempDir>,
}

impl Tree {
    /// What git knows of or would add.
    pub(crate) fn tracked(root: &Path) -> Result<Self> {
        let mut git = Command::new("git");
        git.current_dir(root);
        git.args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ]);
        let mut files: Vec<PathBuf> = process::output(&mut git)?
            .split_terminator('\0')
            .map(PathBuf::from)
            // A file that was deleted and not committed is still listed.
            .filter(|file| root.join(file).is_file())
            .collect();
        files.sort();
        Ok(Self {
            root: root.to_owned(),
            files,
            #[cfg(test)]
            _fixture: None,
        })
    }

    /// The folder.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The files, named from the folder.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(PathBuf::as_path)
    }

    /// The files whose names end like this.
    pub(crate) fn with_extension(&self, extension: &str) -> impl Iterator<Item = &Path> {
        self.files()
            .filter(move |file| file.extension().is_some_and(|found| found == extension))
    }

    /// The text of a file; `None` when it has none.
    pub(crate) fn text(&self, file: &Path) -> Option<String> {
        fs::read_to_string(self.root.join(file)).ok()
    }

    /// Whether there is such a file, or a folder with files.
    pub(crate) fn contains(&self, path: &Path) -> bool {
        self.files.iter().any(|file| file.starts_with(path))
    }
}

#[cfg(test)]
impl Tree {
    /// A tree of these files and their texts, in a temporary folder.
    pub(crate) fn fixture<T: AsRef<[u8]>>(files: &[(&str, T)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("below the folder")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        Self {
            root: folder.path().to_owned(),
            files: files.iter().map(|(name, _)| name.into()).collect(),
            _fixture: Some(folder),
        }
    }
}

//! The programs under test.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, ensure};

/// How long anything that should happen may take before a run gives up.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(60);

/// Where the programs are.
#[derive(Debug, Clone)]
pub(crate) struct Programs {
    /// `classdesk`.
    pub(crate) classdesk: PathBuf,
    /// `s3-test-server`.
    pub(crate) s3_test_server: PathBuf,
}

impl Programs {
    /// Those in a folder.
    pub(crate) fn in_folder(folder: &Path) -> Result<Self> {
        let program = |name: &str| {
            let path = folder.join(name);
            ensure!(path.is_file(), "there is no {}", path.display());
            Ok(path)
        };
        Ok(Self {
            classdesk: program("classdesk")?,
            s3_test_server: program("s3-test-server")?,
        })
    }
}

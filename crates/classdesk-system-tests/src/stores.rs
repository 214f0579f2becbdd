//! Where the program under test keeps what it stores.

use std::path::{Path, PathBuf};

use anyhow::Result;
use tempfile::TempDir;

use crate::postgres::Cluster;
use crate::programs::Programs;
use crate::s3::S3Server;

/// A folder to run in, and the variables that name the stores.
pub(crate) struct Stores {
    folder: TempDir,
    variables: Vec<(&'static str, String)>,
    s3: Option<S3Server>,
}

impl Stores {
    /// SQLite and a folder, as they are when nothing is set.
    pub(crate) fn local() -> Result<Self> {
        Ok(Self {
            folder: new_folder()?,
            variables: Vec::new(),
            s3: None,
        })
    }

    /// A fresh database of the cluster, and an S3 server with an empty bucket.
    pub(crate) async fn remote(
        programs: &Programs,
        cluster: &Cluster,
        database: &str,
    ) -> Result<Self> {
        let folder = new_folder()?;
        let s3 = S3Server::start(programs, folder.path().join("s3")).await?;
        let mut variables = s3.variables();
        variables.push((
            "CLASSDESK_DATABASE_URL",
            cluster.create_database(database).await?,
        ));
        Ok(Self {
            folder,
            variables,
            s3: Some(s3),
        })
    }

    /// The folder that programs run in.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Leaves the folder behind, for a developer to look at, and answers where it is.
    pub(crate) fn keep(self) -> PathBuf {
        self.folder.keep()
    }

    /// The variables that programs are given.
    pub(crate) fn variables(&self) -> &[(&'static str, String)] {
        &self.variables
    }

    /// The folder of the stored files.
    pub(crate) fn files(&self) -> PathBuf {
        match &self.s3 {
            Some(s3) => s3.objects(),
            None => self.folder.path().join("classdesk-data/files"),
        }
    }

    /// The folder of the S3 server, where there is one.
    pub(crate) fn s3_folder(&self) -> Option<&Path> {
        self.s3.as_ref().map(S3Server::folder)
    }

    /// The S3 server, where there is one.
    pub(crate) const fn s3_mut(&mut self) -> Option<&mut S3Server> {
        self.s3.as_mut()
    }
}

fn new_folder() -> Result<TempDir> {
    Ok(tempfile::Builder::new()
        .prefix("classdesk-system-tests-")
        .tempdir()?)
}

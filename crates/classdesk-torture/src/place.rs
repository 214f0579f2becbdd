//! Where the program under attack keeps what it stores.

use std::path::Path;

use anyhow::Result;
use tempfile::TempDir;

use crate::postgres::Cluster;
use crate::program::Programs;
use crate::s3::S3Server;

/// A folder to run in, and the variables that name the stores.
pub(crate) struct Place {
    folder: TempDir,
    variables: Vec<(&'static str, String)>,
    /// The S3 server, where there is one.
    pub(crate) s3: Option<S3Server>,
}

impl Place {
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

    /// The variables that programs are given.
    pub(crate) fn variables(&self) -> &[(&'static str, String)] {
        &self.variables
    }
}

fn new_folder() -> Result<TempDir> {
    Ok(tempfile::Builder::new()
        .prefix("classdesk-torture-")
        .tempdir()?)
}

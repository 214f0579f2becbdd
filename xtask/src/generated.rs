//! Files that are committed and can be made again from the code.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::workspace::root;

/// A file, what it has to contain, and the task that writes it.
#[derive(Debug)]
pub(crate) struct Generated {
    file: &'static str,
    text: String,
    task: &'static str,
}

impl Generated {
    /// A file with this text.
    pub(crate) const fn new(text: String, file: &'static str, task: &'static str) -> Self {
        Self { file, text, task }
    }

    /// What a program prints.
    pub(crate) fn printed_by(
        command: &mut Command,
        file: &'static str,
        task: &'static str,
    ) -> Result<Self> {
        let text = process::output(command)? + "\n";
        Ok(Self::new(text, file, task))
    }

    /// Writes the file.
    pub(crate) fn write(&self) -> Result<()> {
        let path = root().join(self.file);
        let folder = path.parent().context("the file is in no folder")?;
        fs::create_dir_all(folder)?;
        fs::write(&path, &self.text).with_context(|| format!("cannot write {}", self.file))
    }

    /// Fails when the file is not what [`Generated::write`] would make it.
    pub(crate) fn check(&self) -> Result<()> {
        self.check_in(root())
    }

    fn check_in(&self, root: &Path) -> Result<()> {
        let found = fs::read_to_string(root.join(self.file)).unwrap_or_default();
        if found == self.text {
            return Ok(());
        }
        let differs = found
            .lines()
            .zip(self.text.lines())
            .take_while(|(a, b)| a == b)
            .count();
        bail!(
            "{} differs from what the code says, from line {} on; run `{}`",
            self.file,
            differs + 1,
            self.task
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_file(text: &str) -> Result<()> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::write(folder.path().join("a.md"), text).expect("a file");
        let generated = Generated::printed_by(
            Command::new("printf").arg("one\ntwo\n"),
            "a.md",
            "cargo xtask a",
        );
        generated
            .expect("what printf prints")
            .check_in(folder.path())
    }

    #[test]
    fn a_current_file_passes() {
        check_file("one\ntwo\n").expect("no drift");
    }

    #[test]
    fn a_file_that_drifted_is_an_error() {
        let error = check_file("one\n2\n").expect_err("drift");
        assert_eq!(
            error.to_string(),
            "a.md differs from what the code says, from line 2 on; run `cargo xtask a`"
        );
    }
}

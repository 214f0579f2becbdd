//! A server with the demo's people and conversations.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::{Context, Result};

/// A running demo, which ends with its owner.
#[derive(Debug)]
pub(super) struct Demo {
    child: Child,
    address: String,
    /// Kept open, since the server may still write to it.
    _said: BufReader<ChildStdout>,
}

impl Demo {
    /// Starts the program on a store in a folder and waits until it is ready.
    pub(super) fn start(program: &Path, folder: &Path) -> Result<Self> {
        let log = File::create(folder.join("server.log"))?;
        let mut child = Command::new(program)
            .args(["serve", "--demo", "--bind=127.0.0.1:0", "--log=warn"])
            // Made-up passwords are not to lock anybody out.
            .args([
                "--login-failures-per-name=1000",
                "--login-failures-per-network=1000",
            ])
            .current_dir(folder)
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let mut said = BufReader::new(child.stdout.take().context("no standard output")?);
        let address = find_address(&mut said);
        // From here on a failure also ends the server.
        let mut demo = Self {
            child,
            address: String::new(),
            _said: said,
        };
        demo.address = address.context("the demo does not start; see its server.log")?;
        Ok(demo)
    }

    /// Where it serves, with a slash at the end.
    pub(super) fn address(&self) -> &str {
        &self.address
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // Its store is thrown away before the next start.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The address in what the server says once it is ready.
fn find_address(said: &mut impl BufRead) -> Result<String> {
    let mut lines = said.lines();
    let line = lines.find_map(|line| {
        let words = line.ok()?;
        words.trim().strip_prefix("address").map(str::to_owned)
    });
    Ok(line.context("it names no address")?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_says_where_it_is() {
        let mut said = "Classdesk is ready.\n  address   http://127.0.0.1:4711/\n".as_bytes();
        let address = find_address(&mut said).expect("an address");
        assert_eq!(address, "http://127.0.0.1:4711/");
        find_address(&mut "error".as_bytes()).expect_err("no address");
    }
}

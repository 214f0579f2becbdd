//! Running programs.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use anyhow::{Context, Result, bail};

/// The process that [`run`] waits for; 0 when there is none.
static RUNNING: AtomicU32 = AtomicU32::new(0);
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// From now on an interruption ends the program that is running and not this one, so that what
/// was started is also cleaned up.
pub(crate) fn clean_up_when_interrupted() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let handler = ctrlc::set_handler(|| {
            INTERRUPTED.store(true, Ordering::SeqCst);
            let child = RUNNING.load(Ordering::SeqCst);
            if child != 0 {
                // Without effect when the terminal has interrupted it as well.
                let _ = Command::new("kill").arg(child.to_string()).status();
            }
        });
        handler.expect("no other handler was set");
    });
}

/// Runs a program with this terminal, and fails unless it succeeds.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let line = line(command);
    eprintln!("$ {line}");
    if wait(command)?.success() {
        Ok(())
    } else {
        bail!("failed: {line}")
    }
}

fn wait(command: &mut Command) -> Result<ExitStatus> {
    if INTERRUPTED.load(Ordering::SeqCst) {
        bail!("interrupted");
    }
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot start {}", line(command)))?;
    RUNNING.store(child.id(), Ordering::SeqCst);
    let status = child.wait();
    RUNNING.store(0, Ordering::SeqCst);
    if INTERRUPTED.load(Ordering::SeqCst) {
        bail!("interrupted");
    }
    Ok(status?)
}

/// What a program prints, without the white space around it.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .output()
        .with_context(|| format!("cannot start {}", line(command)))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("failed: {}\n{}", line(command), said.trim_end());
    }
    let text = String::from_utf8(output.stdout)
        .with_context(|| format!("{} printed no UTF-8", line(command)))?;
    Ok(text.trim().to_owned())
}

/// The program of this name on the PATH.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|candidate| is_program(candidate))
}

/// Whether this is a file that may be executed.
pub(crate) fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata()
        .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// Whether this process is the superuser's.
pub(crate) fn is_root() -> bool {
    output(Command::new("id").arg("-u")).is_ok_and(|id| id == "0")
}

/// The command as one would type it.
pub(crate) fn line(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str());
    let words = std::iter::once(name).chain(command.get_args());
    let words: Vec<_> = words
        .map(|word| {
            let word = word.to_string_lossy();
            if word.contains([' ', '(', '\'']) {
                format!("{word:?}")
            } else {
                word.into_owned()
            }
        })
        .collect();
    words.join(" ")
}

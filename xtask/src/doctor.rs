//! `cargo xtask doctor`: what this machine has, what it misses, and how to get that.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::postgres::Programs;
use crate::process;
use crate::python;
use crate::tools::{DENY, FUZZ, MUTANTS, TARPAULIN, Tool};

/// Something that a task needs.
struct Need {
    what: String,
    /// What it is or where it is, when it is there.
    found: Option<String>,
    tasks: &'static str,
    hint: String,
    /// Whether the README's two commands depend on it.
    required: bool,
}

pub(crate) fn run() -> Result<()> {
    let needs = needs()?;
    for need in &needs {
        match &need.found {
            Some(found) => println!("ok       {:<22} {found}", need.what),
            None => println!(
                "missing  {:<22} {} — for {}",
                need.what, need.hint, need.tasks
            ),
        }
    }
    if needs
        .iter()
        .any(|need| need.required && need.found.is_none())
    {
        bail!("something is missing that the README's commands need");
    }
    Ok(())
}

fn needs() -> Result<Vec<Need>> {
    let mut needs = vec![
        Need {
            what: "C compiler".to_owned(),
            found: ["cc", "gcc", "clang"].iter().find_map(|cc| found(cc)),
            tasks: "every build: SQLite is compiled from source",
            hint: "apt-get install gcc, or xcode-select --install".to_owned(),
            required: true,
        },
        Need {
            what: "PostgreSQL server".to_owned(),
            found: Programs::find().ok().map(|programs| programs.version()),
            tasks: "test (not with --sqlite), postgres",
            hint: "apt-get install postgresql, or brew install postgresql".to_owned(),
            required: false,
        },
        Need {
            what: "nginx".to_owned(),
            found: found("nginx").or_else(|| {
                let usual = Path::new("/usr/sbin/nginx");
                usual.is_file().then(|| usual.display().to_string())
            }),
            tasks: "test, of the shipped configuration",
            hint: "apt-get install nginx, or brew install nginx".to_owned(),
            required: false,
        },
        Need {
            what: "Chromium".to_owned(),
            found: version("chromedriver", &["--version"]),
            tasks: "test, of what a browser does",
            hint: "apt-get install chromium chromium-driver, or brew install chromedriver"
                .to_owned(),
            required: false,
        },
        Need {
            what: "git".to_owned(),
            found: found("git"),
            tasks: "tidy",
            hint: "apt-get install git".to_owned(),
            required: false,
        },
        Need {
            what: "cargo-nextest".to_owned(),
            found: found("cargo-nextest"),
            tasks: "test, which uses `cargo test` without it",
            hint: "cargo install --locked cargo-nextest".to_owned(),
            required: false,
        },
        Need {
            what: "nightly toolchain".to_owned(),
            found: version("rustc", &["+nightly", "--version"]),
            tasks: "fuzz",
            hint: "rustup toolchain install nightly".to_owned(),
            required: false,
        },
        Need {
            what: "Python".to_owned(),
            found: version("python3", &["--version"]),
            tasks: "ready-made tools for ci",
            hint: "apt-get install python3 python3-pip".to_owned(),
            required: false,
        },
        Need {
            what: "Python environments".to_owned(),
            found: python::has_environments().then(|| "python3 -m venv".to_owned()),
            tasks: "test of webhooks, and schemathesis",
            hint: python::HINT.to_owned(),
            required: false,
        },
    ];
    for component in ["rustfmt", "clippy-driver"] {
        needs.push(Need {
            what: component.to_owned(),
            found: version(component, &["--version"]),
            tasks: "ci",
            hint: "rustup component add rustfmt clippy".to_owned(),
            required: false,
        });
    }
    for (tool, tasks) in [
        (DENY, "ci, which installs it"),
        (FUZZ, "fuzz, which installs it"),
        (MUTANTS, "mutants, which installs it"),
        (TARPAULIN, "coverage, which installs it"),
    ] {
        needs.push(tool_need(tool, tasks)?);
    }
    Ok(needs)
}

fn tool_need(tool: Tool, tasks: &'static str) -> Result<Need> {
    Ok(Need {
        what: format!("cargo-{}", tool.name),
        found: tool.find()?.map(|path| path.display().to_string()),
        tasks,
        hint: tool.hint(),
        required: false,
    })
}

fn found(program: &str) -> Option<String> {
    process::find(program).map(|path| path.display().to_string())
}

fn version(program: &str, arguments: &[&str]) -> Option<String> {
    process::output(Command::new(program).args(arguments)).ok()
}

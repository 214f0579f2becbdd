//! The program as a process.

use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::fixture::Fixture;

/// How long anything that should happen may take before a test gives up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The password that `superadmin` gets in tests.
pub(crate) const SUPERADMIN_PASSWORD: &str = "first-start-of-a-test";

const PROGRAM: &str = env!("CARGO_BIN_EXE_classdesk");

/// A command in a fixture, with nothing of the tests' own environment.
pub(crate) fn command(fixture: &Fixture, args: &[&str]) -> Command {
    in_fixture(fixture, PROGRAM, args)
}

/// The same with another umask than that of the tests.
pub(crate) fn command_with_umask(fixture: &Fixture, umask: &str, args: &[&str]) -> Command {
    let script = format!("umask {umask} && exec \"$0\" \"$@\"");
    in_fixture(
        fixture,
        "/bin/sh",
        &[&["-c", &script, PROGRAM], args].concat(),
    )
}

fn in_fixture(fixture: &Fixture, program: &str, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command
        .args(args)
        .current_dir(fixture.folder.path())
        .env_clear()
        .envs(fixture.variables.iter().map(|(name, value)| (name, value)))
        .kill_on_drop(true)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs a command to its end.
pub(crate) async fn run(fixture: &Fixture, args: &[&str]) -> Output {
    let output = command(fixture, args).output();
    let output = tokio::time::timeout(PATIENCE, output).await;
    output.expect("the command ends").expect("the program runs")
}

/// Runs a command to its end, with something on standard input.
pub(crate) async fn run_with_input(fixture: &Fixture, args: &[&str], input: &str) -> Output {
    finish(command(fixture, args), input).await
}

/// The same with a command that is there already.
pub(crate) async fn finish(mut command: Command, input: &str) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let mut stdin = child.stdin.take().expect("standard input is piped");
    // A command that refuses its options has closed its input by now.
    let _ = stdin.write_all(input.as_bytes()).await;
    drop(stdin);
    let output = tokio::time::timeout(PATIENCE, child.wait_with_output()).await;
    output.expect("the command ends").expect("the program ran")
}

/// What a command wrote to standard output.
pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("standard output is text")
}

/// What a command wrote to standard error.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("standard error is text")
}

/// A server that says that it is ready.
pub(crate) struct Server {
    child: Child,
    /// Where it serves, without a last slash.
    pub(crate) url: String,
    /// What it printed until then.
    pub(crate) report: String,
    _rest: Lines<BufReader<ChildStdout>>,
}

impl Server {
    /// Starts a server on any free port.
    pub(crate) async fn start(fixture: &Fixture) -> Self {
        Self::start_with(fixture, &[]).await
    }

    /// Starts a server on any free port, with further options.
    pub(crate) async fn start_with(fixture: &Fixture, options: &[&str]) -> Self {
        let mut args = vec!["serve", "--bind", "127.0.0.1:0", "--log", "warn"];
        args.extend(options);
        let mut command = command(fixture, &args);
        if !options.contains(&"--demo") {
            command.env("CLASSDESK_SUPERADMIN_PASSWORD", SUPERADMIN_PASSWORD);
        }
        Self::by(command).await
    }

    /// The server that a command starts.
    pub(crate) async fn by(mut command: Command) -> Self {
        let child = command
            .stderr(Stdio::inherit())
            .spawn()
            .expect("the program runs");
        let ready = tokio::time::timeout(PATIENCE, Self::ready(child)).await;
        ready.expect("the server gets ready")
    }

    async fn ready(mut child: Child) -> Self {
        let stdout = child.stdout.take().expect("standard output is piped");
        let mut lines = BufReader::new(stdout).lines();
        let mut report = String::new();
        let mut url = None;
        while !report.ends_with("\n\n") {
            let line = lines.next_line().await.expect("the report is text");
            let line = line.expect("the server gets ready before it ends");
            if let Some(address) = line.trim().strip_prefix("address ") {
                url = Some(address.trim().trim_end_matches('/').to_owned());
            }
            report.push_str(&line);
            report.push('\n');
        }
        Self {
            child,
            url: url.expect("the report names the address"),
            report,
            _rest: lines,
        }
    }

    /// The most memory that it has had at any time, in bytes (Linux).
    pub(crate) fn greatest_memory(&self) -> u64 {
        let id = self.child.id().expect("the server is running");
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("its status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let amount = line.and_then(|line| line.trim().strip_suffix(" kB"));
        let kib: u64 = amount.expect("an amount").parse().expect("a number");
        kib * 1024
    }

    /// Asks it to stop.
    pub(crate) fn terminate(&self) {
        self.signal("TERM");
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, name: &str) {
        self.signals(&[name]);
    }

    /// Sends it signals, one right after the other.
    pub(crate) fn signals(&self, names: &[&str]) {
        let id = self.child.id().expect("the server is running");
        let kills: Vec<_> = names
            .iter()
            .map(|name| format!("kill -s {name} {id}"))
            .collect();
        let sent = std::process::Command::new("sh")
            .args(["-c", &kills.join(" && ")])
            .status();
        assert!(sent.expect("sh runs").success(), "{names:?} was not sent");
    }

    /// Waits for its end and gives the exit code, or `None` after a signal.
    pub(crate) async fn ended(&mut self) -> Option<i32> {
        let status = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        status
            .expect("the server ends")
            .expect("the server ran")
            .code()
    }

    /// Stops it and makes sure that it ends well.
    pub(crate) async fn stop(mut self) {
        self.terminate();
        assert_eq!(self.ended().await, Some(0));
    }

    /// Kills it without a word.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.expect("the server was running");
    }
}

//! A cluster of a test's own, which it may stop, start and reconfigure.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::databases::{admin_url, ask};

pub(crate) const PASSWORD: &str = "right";

/// A cluster made with the programs of the one that `CLASSDESK_TEST_POSTGRES` names, and run by the
/// same user. Dropping it stops it.
pub(crate) struct Cluster {
    programs: PathBuf,
    owner: (u32, u32),
    folder: TempDir,
    port: u16,
}

impl Cluster {
    /// A cluster that runs.
    pub(crate) fn start_new() -> Self {
        let ask = |sql| ask(&admin_url(), sql).remove(0);
        let programs = ask("SELECT setting FROM pg_config WHERE name = 'BINDIR'");
        let data = fs::metadata(ask("SHOW data_directory")).unwrap();
        // Nobody else may take the port while the cluster is down, unless they ask for it by number.
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let cluster = Self {
            programs: PathBuf::from(programs),
            owner: (data.uid(), data.gid()),
            folder: TempDir::new().unwrap(),
            port: port.local_addr().unwrap().port(),
        };
        drop(port);
        cluster.hand_over(cluster.folder.path());
        let password = cluster.put("password", PASSWORD);
        run(cluster
            .program("initdb")
            .args(["--no-sync", "--encoding=UTF8", "--locale=C"])
            .args(["--username=postgres", "--auth=scram-sha-256", "--pwfile"])
            .arg(password)
            .arg("--pgdata")
            .arg(cluster.data()));
        cluster.start();
        cluster
    }

    /// Waits until it accepts connections.
    pub(crate) fn start(&self) {
        let folder = self.folder.path();
        let options = format!(
            "-p {} -k {} -c listen_addresses=127.0.0.1 -c fsync=off -c autovacuum=off",
            self.port,
            folder.display()
        );
        run(self
            .program("pg_ctl")
            .args(["start", "--silent", "--wait", "--timeout=60", "--pgdata"])
            .arg(self.data())
            .arg("--log")
            .arg(folder.join("log"))
            .args(["--options", &options]));
    }

    /// Ends every connection and waits until the server is gone.
    pub(crate) fn stop(&self) {
        run(&mut self.stopping());
    }

    /// Puts a file beside the data, for the server alone.
    pub(crate) fn put(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        self.hand_over(&path);
        path
    }

    /// Lets it speak TLS from its next start on.
    pub(crate) fn use_certificate(&self, certificate: &str, key: &str) -> PathBuf {
        let (certificate, key) = (
            self.put("server.crt", certificate),
            self.put("server.key", key),
        );
        let settings = format!(
            "ssl = on\nssl_cert_file = '{}'\nssl_key_file = '{}'\n",
            certificate.display(),
            key.display()
        );
        fs::write(self.data().join("postgresql.auto.conf"), settings).unwrap();
        certificate
    }

    /// The URL of one of its databases.
    pub(crate) fn url(&self, password: &str, host: &str, rest: &str) -> String {
        format!("postgres://postgres:{password}@{host}:{}/{rest}", self.port)
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn hand_over(&self, path: &Path) {
        let (user, group) = self.owner;
        chown(path, Some(user), Some(group)).unwrap();
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command.env("LC_ALL", "C").current_dir("/");
        let (user, group) = self.owner;
        if fs::metadata("/proc/self").map_or(user, |own| own.uid()) != user {
            command.uid(user).gid(group);
        }
        command
    }

    fn stopping(&self) -> Command {
        let mut command = self.program("pg_ctl");
        command
            .args(["stop", "--silent", "--wait", "--timeout=60", "--mode=fast"])
            .arg("--pgdata")
            .arg(self.data());
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // A test that failed may have stopped it already.
        let _ = self.stopping().output();
    }
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
}

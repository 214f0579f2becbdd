//! Limits of the system on open files.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::fixture::Fixture;
use crate::program::{Server, command};

/// A server that starts with these limits of open files.
async fn start_under(fixture: &Fixture, ulimit: &str, options: &[&str]) -> Server {
    let mut serve = vec![
        "serve",
        "--bind",
        "127.0.0.1:0",
        "--workers",
        "1",
        "--log",
        "warn",
    ];
    serve.extend(options);
    let serve = command(fixture, &serve);
    let mut shell = tokio::process::Command::new("sh");
    shell
        .args(["-c", &format!("{ulimit}; exec \"$0\" \"$@\"")])
        .arg(serve.as_std().get_program())
        .args(serve.as_std().get_args())
        .current_dir(fixture.folder.path())
        .env_clear()
        .kill_on_drop(true)
        .stdout(std::process::Stdio::piped());
    Server::by(shell).await
}

async fn ask(socket: &mut TcpStream) {
    let request = b"GET /healthz/live HTTP/1.1\r\nhost: x\r\n\r\n";
    socket.write_all(request).await.expect("it is connected");
    let mut answer = [0; 12];
    socket.read_exact(&mut answer).await.expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 200");
}

/// More connections than the soft limit allows are served, since it is raised.
#[tokio::test(flavor = "multi_thread")]
async fn a_low_soft_limit_of_open_files_is_raised() {
    let fixture = Fixture::local();
    let server = start_under(&fixture, "ulimit -Sn 64", &[]).await;
    let address = server.url.trim_start_matches("http://").to_owned();
    let mut open = Vec::new();
    for _ in 0..100 {
        let mut socket = TcpStream::connect(&address).await.expect("it listens");
        ask(&mut socket).await;
        open.push(socket);
    }
    server.stop().await;
}

/// Only Linux tells its hard limit.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_low_hard_limit_of_open_files_is_a_warning_but_not_in_the_demo() {
    for (options, is_warned) in [([].as_slice(), true), (&["--demo"], false)] {
        let fixture = Fixture::local();
        let server = start_under(&fixture, "exec 2>log; ulimit -n 256", options).await;
        server.stop().await;
        let log = std::fs::read_to_string(fixture.folder.path().join("log"));
        let log = log.expect("it is there");
        assert_eq!(log.contains("open files"), is_warned, "{options:?}: {log}");
    }
}

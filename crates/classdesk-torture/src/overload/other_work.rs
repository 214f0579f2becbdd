//! What attackers cost the machine that they share with the server, without asking it anything: its
//! processors and its loopback interface.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread::{self, available_parallelism};
use std::time::{Duration, Instant};

use anyhow::Result;

use super::attacks::Outcome;

/// What is sent and read at once, in bytes.
const PIECE: usize = 8 * 1024;

/// Takes all there is, for so long.
pub(super) fn take_all(time: Duration) -> Result<Outcome> {
    let end = Instant::now() + time;
    let mut ends_of_lines = Vec::new();
    for _ in 0..available_parallelism()?.get() {
        ends_of_lines.push(connected()?);
    }
    thread::scope(|scope| {
        let mut traffic = Vec::new();
        for (sender, receiver) in ends_of_lines {
            scope.spawn(move || compute(end));
            traffic.push(scope.spawn(move || send(sender, end)));
            traffic.push(scope.spawn(move || receive(receiver)));
        }
        for one in traffic {
            one.join().expect("nothing here panics")?;
        }
        Ok(Outcome::default())
    })
}

/// Both ends of a connection. When one is dropped, the other ends as well.
fn connected() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let sender = TcpStream::connect(listener.local_addr()?)?;
    Ok((sender, listener.accept()?.0))
}

fn compute(end: Instant) {
    while Instant::now() < end {
        std::hint::spin_loop();
    }
}

fn send(mut sender: TcpStream, end: Instant) -> io::Result<()> {
    while Instant::now() < end {
        sender.write_all(&[b'['; PIECE])?;
    }
    Ok(())
}

fn receive(mut receiver: TcpStream) -> io::Result<()> {
    let mut piece = [0; PIECE];
    while receiver.read(&mut piece)? > 0 {}
    Ok(())
}

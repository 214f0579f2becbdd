//! What attackers cost the machine that they share with the server, without asking it anything:
//! processors, memory and the loopback interface. An attack on this machine can't have figures that
//! are better than those beside this.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread::{self, available_parallelism};
use std::time::{Duration, Instant};

use anyhow::Result;

use super::attacks::Outcome;

/// What one computation fills, in bytes: as much as a password hash.
const MEMORY: usize = 19 * 1024 * 1024;

/// What one connection carries, in bytes: as much as a deeply nested body.
const TRAFFIC: usize = 250_000;

/// Takes all there is, for so long.
pub(super) fn take_all(time: Duration) -> Result<Outcome> {
    let end = Instant::now() + time;
    thread::scope(|scope| {
        for _ in 0..available_parallelism()?.get() {
            scope.spawn(move || compute(end));
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
            let address = listener.local_addr()?;
            scope.spawn(move || -> Result<()> {
                while Instant::now() < end {
                    TcpStream::connect(address)?.write_all(&[b'['; TRAFFIC])?;
                }
                // One more, for who waits for it.
                TcpStream::connect(address)?;
                Ok(())
            });
            scope.spawn(move || -> Result<()> {
                let mut piece = [0; 8 * 1024];
                while Instant::now() < end {
                    let mut stream = listener.accept()?.0;
                    while stream.read(&mut piece)? > 0 {}
                }
                Ok(())
            });
        }
        Ok(Outcome::default())
    })
}

fn compute(end: Instant) {
    while Instant::now() < end {
        let mut memory = vec![0_u8; MEMORY];
        for (number, byte) in memory.iter_mut().enumerate() {
            *byte = number.to_le_bytes()[0].wrapping_mul(31);
        }
        std::hint::black_box(&memory);
    }
}

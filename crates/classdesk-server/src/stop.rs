//! Being asked to stop.

use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::Instant;

use crate::error::CliError;

/// What comes so soon after a signal is taken for the same one. `timeout`, `npm` and others pass on a
/// signal that the whole process group gets as well.
const ECHO: Duration = Duration::from_millis(250);

/// SIGTERM and SIGINT, heard from the moment that this exists.
pub(crate) struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
    heard: Option<Instant>,
}

impl StopSignals {
    /// Begins to listen.
    pub(crate) fn listen() -> Result<Self, CliError> {
        let hear = |kind| {
            signal(kind).map_err(|error| CliError::while_doing("signals can't be heard", &error))
        };
        Ok(Self {
            terminate: hear(SignalKind::terminate())?,
            interrupt: hear(SignalKind::interrupt())?,
            heard: None,
        })
    }

    /// Waits for the next one and says which it was.
    pub(crate) async fn next(&mut self) -> &'static str {
        loop {
            let signal = tokio::select! {
                _ = self.terminate.recv() => "SIGTERM",
                _ = self.interrupt.recv() => "SIGINT",
            };
            if self.heard.is_none_or(|heard| heard.elapsed() >= ECHO) {
                self.heard = Some(Instant::now());
                return signal;
            }
        }
    }
}

//! Being asked to stop.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::error::CliError;

/// SIGTERM and SIGINT, heard from the moment that this exists.
pub(crate) struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
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
        })
    }

    /// Waits for the next one and says which it was.
    pub(crate) async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

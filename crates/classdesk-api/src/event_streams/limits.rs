//! How many streams there are, and for how long.

use std::time::Duration;

/// The limits of streams of events, and of requests that wait for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamLimits {
    /// How many there are at once.
    pub max: usize,
    /// How many one person has at once.
    pub max_of_person: usize,
    /// How long a stream lasts, a tenth more or less. So the streams of several servers even out.
    pub lifetime: Duration,
    /// How often a stream without events tells how far it has come, and looks whether its client is
    /// still signed in.
    pub heartbeat: Duration,
}

impl Default for StreamLimits {
    fn default() -> Self {
        Self {
            max: 4096,
            max_of_person: 8,
            lifetime: Duration::from_secs(60 * 60),
            heartbeat: Duration::from_secs(15),
        }
    }
}

//! Where the chance of a run comes from.

use std::fmt;

use fastrand::Rng;

/// The number that a run's choices follow from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seed(u64);

impl Seed {
    /// A given one.
    pub(crate) const fn new(number: u64) -> Self {
        Self(number)
    }

    /// One that nobody chose.
    pub(crate) fn fresh() -> Self {
        Self(u64::from(fastrand::u32(..)))
    }

    /// The seed of one part of the run, which has parts itself.
    pub(crate) fn part(self, part: u64) -> Self {
        Self(self.rng(part).u64(..))
    }

    /// The choices of one part of the run. Parts with different numbers do not depend on each
    /// other, so that what one does changes nothing for another.
    pub(crate) fn rng(self, part: u64) -> Rng {
        Rng::with_seed(self.0 ^ part.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }
}

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

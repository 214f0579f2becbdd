//! What one hash costs.

use argon2::Params;

/// What one hash costs: at least 19 MiB, 2 passes and 1 lane (docs/contract.md#1-people).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory in KiB (`m`), at least [`Cost::MIN_MEMORY_KIB`].
    pub memory_kib: u32,
    /// Passes over the memory (`t`), at least [`Cost::MIN_PASSES`].
    pub passes: u32,
    /// Lanes (`p`), at least 1. They are computed one after the other.
    pub lanes: u32,
}

impl Cost {
    /// The least memory: 19 MiB.
    pub const MIN_MEMORY_KIB: u32 = 19 * 1024;
    /// The least number of passes.
    pub const MIN_PASSES: u32 = 2;

    /// The cost as Argon2 takes it.
    pub(crate) fn params(self) -> Result<Params, CostError> {
        if self.memory_kib < Self::MIN_MEMORY_KIB {
            return Err(CostError::Memory);
        }
        if self.passes < Self::MIN_PASSES {
            return Err(CostError::Passes);
        }
        Params::new(self.memory_kib, self.passes, self.lanes, None).map_err(CostError::Impossible)
    }
}

impl Default for Cost {
    fn default() -> Self {
        Self {
            memory_kib: Self::MIN_MEMORY_KIB,
            passes: Self::MIN_PASSES,
            lanes: 1,
        }
    }
}

/// Why a cost is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CostError {
    /// Too little memory.
    #[error("Argon2 needs at least {} KiB of memory", Cost::MIN_MEMORY_KIB)]
    Memory,
    /// Too few passes.
    #[error("Argon2 needs at least {} passes", Cost::MIN_PASSES)]
    Passes,
    /// A combination that Argon2 itself refuses.
    #[error("Argon2 refuses these parameters")]
    Impossible(#[source] argon2::Error),
}

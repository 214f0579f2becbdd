//! The bytes of files, made anew from a number whenever they are needed.

use fastrand::Rng;

/// Bytes that follow from their seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Content {
    seed: u64,
    /// How many bytes.
    pub(crate) size: usize,
}

impl Content {
    /// Bytes of any size: most are small, some need several parts of an upload.
    pub(crate) fn any(rng: &mut Rng) -> Self {
        let size = match rng.u8(..100) {
            0..40 => rng.usize(1..300),
            40..80 => rng.usize(300..64 * 1024),
            80..97 => rng.usize(64 * 1024..1536 * 1024),
            _ => rng.usize(1536 * 1024..7 * 1024 * 1024),
        };
        let seed = rng.u64(..);
        Self { seed, size }
    }

    /// The bytes.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0; self.size];
        Rng::with_seed(self.seed).fill(&mut bytes);
        bytes
    }
}

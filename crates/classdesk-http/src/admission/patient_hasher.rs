//! Waiting for a password hash without holding a place.

use std::sync::Arc;

use async_trait::async_trait;
use classdesk_domain::people::{PasswordHash, PasswordHashError, PasswordHasher, Verification};

use super::aside;

/// A password hasher for whose work requests step aside: while they wait for it, others are
/// served. A host puts it around the hasher that it gives to the domain; without it, a storm of
/// logins takes all places.
pub struct PatientHasher(Arc<dyn PasswordHasher>);

impl PatientHasher {
    /// Around a hasher.
    #[must_use]
    pub fn new(hasher: Arc<dyn PasswordHasher>) -> Self {
        Self(hasher)
    }
}

#[async_trait]
impl PasswordHasher for PatientHasher {
    async fn hash(&self, password: String) -> Result<PasswordHash, PasswordHashError> {
        aside(self.0.hash(password)).await
    }

    fn is_busy(&self) -> bool {
        self.0.is_busy()
    }

    async fn verify(
        &self,
        password: String,
        hash: Option<PasswordHash>,
    ) -> Result<Verification, PasswordHashError> {
        aside(self.0.verify(password, hash)).await
    }
}

//! Keys: how programs come in with somebody's rights (docs/contract.md#keys).

pub(crate) mod model;
pub(crate) mod ports;
pub(crate) mod service;

pub use model::{ApiKey, KeyToken, MAX_KEYS, NewApiKey, TOUCH_AFTER};
#[cfg(feature = "mocks")]
pub use ports::MockApiKeyRepository;
pub use ports::{ApiKeyRepository, EndApiKey, InsertApiKey, KeysEnd};
pub use service::{ApiKeys, Whom};

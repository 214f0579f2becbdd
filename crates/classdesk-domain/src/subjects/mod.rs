//! Subjects: what a thread or ticket is about, and whose it is.

pub(crate) mod model;
pub(crate) mod ports;
pub(crate) mod service;

pub use model::{Parties, PutSubject, Subject, SubjectKind, SubjectRef};
#[cfg(feature = "mocks")]
pub use ports::MockSubjectRepository;
pub use ports::{SubjectPut, SubjectRepository};
pub use service::{Registered, Subjects};

//! Reading by name, with the statements that each read takes.

use std::future::Future;

use classdesk_domain::paging::{Cursor, Limit, PageRequest};
use classdesk_domain::people::Actor;
use classdesk_domain::policy::AccessScope;
use classdesk_domain::store::{Store, StoreError};

use super::{Exception, Filled};

/// Notes what a store asks its database.
pub(crate) trait Recording: Sync {
    /// The statements since the last call, in their order, with their placeholders.
    fn take(&self) -> Vec<String>;
}

/// A read and what it took.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) name: String,
    pub(super) exception: Exception,
    pub(super) statements: Vec<String>,
}

/// What somebody reads.
pub(super) struct Reads<'a> {
    pub(super) store: &'a dyn Store,
    pub(super) filled: &'a Filled,
    pub(super) who: Actor,
    pub(super) scope: AccessScope,
    recording: &'a dyn Recording,
    taken: Vec<Read>,
}

impl<'a> Reads<'a> {
    pub(super) fn new(
        store: &'a dyn Store,
        recording: &'a dyn Recording,
        filled: &'a Filled,
        who: Actor,
    ) -> Self {
        Self {
            store,
            filled,
            who,
            scope: AccessScope::of(&who),
            recording,
            taken: Vec::new(),
        }
    }

    pub(super) fn taken(&self) -> impl Iterator<Item = &Read> {
        self.taken.iter()
    }

    /// A first page.
    pub(super) fn page(&self, limit: i64) -> PageRequest {
        PageRequest {
            limit: Limit::new(limit).unwrap(),
            after: None,
        }
    }

    /// A page in the middle of a list, whichever way it is ordered.
    pub(super) fn later_page(&self, limit: i64) -> PageRequest {
        let after = Cursor {
            key: self.filled.fixture.now().micros(),
            id: 3,
        };
        PageRequest {
            after: Some(after),
            ..self.page(limit)
        }
    }

    /// Reads something, and notes what that takes.
    pub(super) async fn note<T>(
        &mut self,
        name: impl Into<String>,
        exception: Exception,
        read: impl Future<Output = Result<T, StoreError>>,
    ) -> T {
        self.recording.take();
        let name = name.into();
        let answer = read
            .await
            .unwrap_or_else(|error| panic!("{name}: {error:?}"));
        self.taken.push(Read {
            name,
            exception,
            statements: self.recording.take(),
        });
        answer
    }

    /// Looks something up that is there.
    pub(super) async fn find<T>(
        &mut self,
        name: &str,
        read: impl Future<Output = Result<Option<T>, StoreError>>,
    ) {
        let found = self.note(name, Exception::Nothing, read).await;
        assert!(found.is_some(), "there is no {name}");
    }
}

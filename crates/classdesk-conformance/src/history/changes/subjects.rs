//! Subjects and bundles.

use classdesk_domain::ExternalId;
use classdesk_domain::bundles::{
    BundleStatus, BundleUpdate, InsertBundle, NewBundle, WriterAssignment,
};
use classdesk_domain::events::{DomainEvent, RowId};
use classdesk_domain::ids::BundleId;
use classdesk_domain::policy::AccessScope;
use classdesk_domain::subjects::{Subject, SubjectPut};

use crate::fixture::title;
use crate::history::replica::Replica;

use super::order;

impl Replica<'_> {
    pub(super) async fn put_subject(&mut self) -> String {
        let reference = order(self.dice.i64(1..4));
        let before = self.store.subject(&reference).await.ok().flatten();
        let subject = Subject {
            reference,
            parties: self.parties(),
            label: title("An order"),
            version: 1,
            external_id: self.external_id(),
        };
        let put = SubjectPut {
            joins: subject.parties.assigned_writer,
            subject,
            before: before.filter(|_| !self.once_in(5)),
            at: self.tick(),
        };
        let event = DomainEvent::SubjectRegistered {
            subject: put.subject.reference.clone(),
            parties: put.subject.parties,
        };
        let commit = self.commit(put, event).await;
        let stored = self.store.put_subject(commit).await;
        self.report("put_subject", stored)
    }

    /// One of a few ids, which something may have, or none.
    fn external_id(&mut self) -> Option<ExternalId> {
        let number = self.dice.u32(0..6);
        let id = ExternalId::from_stored(format!("ext{number}"));
        self.once_in(2).then_some(id)
    }

    pub(super) async fn delete_subject(&mut self) -> String {
        let reference = order(self.dice.i64(1..6));
        let event = DomainEvent::SubjectRemoved {
            subject: reference.clone(),
        };
        let commit = self.commit(reference, event).await;
        let removed = self.store.delete_subject(commit).await;
        self.report("delete_subject", removed)
    }

    pub(super) async fn create_bundle(&mut self) -> String {
        let parties = self.parties();
        let mut bundle = NewBundle::new(parties.client, self.title());
        bundle.assigned_writer_id = parties.assigned_writer;
        bundle.status = self.any(BundleStatus::ALL);
        bundle.description = self.description();
        bundle.external_id = self.external_id();
        let created_by = self.person().id;
        let created_at = self.tick();
        let row = InsertBundle {
            completed_at: (bundle.status == BundleStatus::Completed).then_some(created_at),
            bundle,
            created_by,
            created_at,
        };
        let event = DomainEvent::BundleCreated {
            bundle: RowId::Created,
            parties,
        };
        let commit = self.commit(row, event).await;
        let created = self.store.create_bundle(commit).await;
        if let Ok(bundle) = &created {
            self.numbers.note(bundle.id);
        }
        self.report("create_bundle", created)
    }

    pub(super) async fn update_bundle(&mut self) -> String {
        let id = self.row::<BundleId>();
        let staff = AccessScope::of(&self.fixture().admin);
        let Ok(Some(view)) = self.store.bundle(id, staff).await else {
            return "update_bundle: nothing to change".to_owned();
        };
        let mut bundle = view.bundle.clone();
        bundle.title = self.title();
        bundle.status = self.any(BundleStatus::ALL);
        bundle.updated_at = self.tick();
        if self.once_in(3) {
            bundle.external_id = self.external_id();
        }
        let other = self.parties().assigned_writer;
        bundle.completed_at =
            (bundle.status == BundleStatus::Completed).then_some(bundle.updated_at);
        let update = BundleUpdate {
            bundle,
            writer: self.once_in(3).then_some(other),
        };
        let event = DomainEvent::BundleChanged {
            bundle: id,
            fields: vec!["title", "status"],
            status: Some((view.bundle.status, update.bundle.status)),
        };
        let commit = self.commit(update, event).await;
        let changed = self.store.update_bundle(commit).await;
        self.report("update_bundle", changed)
    }

    pub(super) async fn assign_writer(&mut self) -> String {
        let assignment = WriterAssignment {
            bundle: self.row(),
            writer: self.parties().assigned_writer,
            at: self.tick(),
        };
        let event = DomainEvent::WriterAssigned {
            bundle: assignment.bundle,
            from: None,
            to: None,
        };
        let commit = self.commit(assignment, event).await;
        let assigned = self.store.assign_writer(commit).await;
        self.report("assign_writer", assigned)
    }
}

//! Bundles.

use std::sync::Arc;

use async_trait::async_trait;
use classdesk_domain::bundles::{
    Bundle, BundleDetail, BundleFilter, BundleRepository, BundleUpdate, BundleView, InsertBundle,
    WriterAssignment,
};
use classdesk_domain::ids::BundleId;
use classdesk_domain::paging::{Cursor, Page, PageRequest};
use classdesk_domain::people::{Role, User, UserRef};
use classdesk_domain::policy::AccessScope;
use classdesk_domain::search::Terms;
use classdesk_domain::store::{Commit, StoreError};
use classdesk_domain::subjects::{Parties, Subject, SubjectKind, SubjectRef};

use super::MemoryStore;
use super::access_scope::{bundle_in_scope, count};
use super::commit::Outcome;
use super::rows::BundleRow;
use super::state::{State, page_down, page_up};

impl State {
    fn bundle(&self, row: &BundleRow) -> Bundle {
        Bundle {
            id: row.id,
            external_id: row.external_id.clone(),
            title: row.title.clone(),
            description: row.description.clone(),
            status: row.status,
            level: row.level.clone(),
            number_of_classes: row.number_of_classes,
            dates: row.dates,
            parties: self.parties(&SubjectRef::bundle(row.id)),
            created_by: row.created_by,
            created_at: row.created_at,
            updated_at: row.updated_at,
            completed_at: row.completed_at,
            version: row.version,
        }
    }

    fn bundle_view(&self, row: &BundleRow, scope: &AccessScope) -> Option<BundleView> {
        let bundle = self.bundle(row);
        let subject = bundle.subject();
        bundle_in_scope(&bundle.parties, scope.bundles).then(|| BundleView {
            client_username: self.person(bundle.parties.client).username,
            assigned_writer_username: bundle
                .parties
                .assigned_writer
                .map(|writer| self.person(writer).username),
            threads_count: self.threads_about(&subject, scope.threads),
            tickets_count: self.tickets_about(&subject, scope.tickets),
            bundle,
        })
    }

    fn changed_bundle(&self, id: BundleId) -> Result<(Bundle, Outcome), StoreError> {
        let bundle = self.bundle(self.bundles.there(id)?);
        Ok((bundle, Outcome::changed(id.get())))
    }
}

fn matches(bundle: &Bundle, filter: &BundleFilter) -> bool {
    let parties = &bundle.parties;
    filter.status.is_none_or(|status| bundle.status == status)
        && filter.client.is_none_or(|client| parties.client == client)
        && filter
            .assigned_writer
            .is_none_or(|writer| parties.assigned_writer == Some(writer))
        && filter.q.as_ref().is_none_or(|q| {
            let (title, description) = (bundle.title.as_str(), bundle.description.as_str());
            q.finds(&Terms::of_bundle(title, description))
        })
}

/// Whether a user can be a recipient on a bundle with these parties.
fn is_member(user: &User, parties: &Parties) -> bool {
    user.is_active
        && match user.role {
            Role::Client => parties.client == user.id,
            Role::Writer => parties.assigned_writer == Some(user.id),
            Role::Editor | Role::Admin | Role::Superadmin => true,
        }
}

#[async_trait]
impl BundleRepository for MemoryStore {
    async fn bundle(
        &self,
        id: BundleId,
        scope: AccessScope,
    ) -> Result<Option<BundleView>, StoreError> {
        Ok(self.read(|state| {
            let row = state.bundles.get(id)?;
            state.bundle_view(row, &scope)
        }))
    }

    async fn bundle_detail(
        &self,
        id: BundleId,
        scope: AccessScope,
    ) -> Result<Option<BundleDetail>, StoreError> {
        Ok(self.read(|state| {
            let view = state.bundle_view(state.bundles.get(id)?, &scope)?;
            let files = || state.files_of(id, scope.files);
            Some(BundleDetail {
                view,
                files: files()
                    .take(BundleDetail::MOST_FILES.get() as usize)
                    .collect(),
                files_count: count(files()),
            })
        }))
    }

    async fn list_bundles(
        &self,
        scope: AccessScope,
        filter: BundleFilter,
        page: PageRequest,
    ) -> Result<Page<BundleView>, StoreError> {
        Ok(self.read(|state| {
            let rows = state.bundles.rows().rev();
            let views = rows
                .filter_map(|row| state.bundle_view(row, &scope))
                .filter(|view| matches(&view.bundle, &filter));
            page_down(views, page, |view| Cursor::of_id(view.bundle.id.get()))
        }))
    }

    async fn list_members(
        &self,
        id: BundleId,
        page: PageRequest,
    ) -> Result<Page<UserRef>, StoreError> {
        Ok(self.read(|state| {
            let parties = state
                .subjects
                .get(&SubjectRef::bundle(id))
                .map(|subject| subject.parties);
            let users = state.users.rows().map(|row| &row.user);
            let members = users
                .filter(|user| parties.is_some_and(|parties| is_member(user, &parties)))
                .map(User::to_ref);
            page_up(members, page, |member| Cursor::of_id(member.id.get()))
        }))
    }

    async fn create_bundle(&self, commit: Commit<InsertBundle>) -> Result<Bundle, StoreError> {
        self.commit(commit, |state, new| {
            let InsertBundle {
                bundle,
                created_by,
                created_at,
                completed_at,
            } = new;
            let parties = Parties {
                client: bundle.client_id,
                assigned_writer: bundle.assigned_writer_id,
            };
            state.people_there(&parties)?;
            state.users.there(created_by)?;
            let external_id = bundle.external_id;
            state.external_id_is_free(&SubjectKind::CLASS_BUNDLE, external_id.as_ref(), None)?;
            let label = bundle.title.clone();
            let id = state.bundles.insert(|id| BundleRow {
                id,
                external_id: external_id.clone(),
                title: bundle.title,
                description: bundle.description,
                status: bundle.status,
                level: bundle.level,
                number_of_classes: bundle.number_of_classes,
                dates: bundle.dates,
                created_by,
                created_at,
                updated_at: created_at,
                completed_at,
                version: 1,
            });
            let reference = SubjectRef::bundle(id);
            let subject = Subject {
                reference: reference.clone(),
                external_id,
                parties,
                label,
                version: 1,
            };
            Arc::make_mut(&mut state.subjects).insert(reference, subject);
            state.changed_bundle(id)
        })
    }

    async fn update_bundle(&self, commit: Commit<BundleUpdate>) -> Result<Bundle, StoreError> {
        self.commit(commit, |state, BundleUpdate { bundle, writer }| {
            let reference = bundle.subject();
            let external_id = bundle.external_id.clone();
            state.bundles.there(bundle.id)?;
            state.external_id_is_free(
                &reference.content_type,
                external_id.as_ref(),
                Some(&reference),
            )?;
            if let Some(writer) = writer.flatten() {
                state.users.there(writer)?;
            }
            let row = state.bundles.change(bundle.id)?;
            let version = row.version + 1;
            let label = bundle.title.clone();
            *row = BundleRow {
                id: row.id,
                external_id: bundle.external_id,
                title: bundle.title,
                description: bundle.description,
                status: bundle.status,
                level: bundle.level,
                number_of_classes: bundle.number_of_classes,
                dates: bundle.dates,
                created_by: row.created_by,
                created_at: row.created_at,
                updated_at: bundle.updated_at,
                completed_at: bundle.completed_at,
                version,
            };
            if let Some(writer) = writer {
                state.change_parties(&reference, writer);
            }
            if let Some(subject) = Arc::make_mut(&mut state.subjects).get_mut(&reference) {
                subject.parties.assigned_writer = writer.unwrap_or(subject.parties.assigned_writer);
                subject.external_id = external_id;
                subject.label = label;
                subject.version = version;
            }
            state.changed_bundle(bundle.id)
        })
    }

    async fn assign_writer(&self, commit: Commit<WriterAssignment>) -> Result<Bundle, StoreError> {
        self.commit(commit, |state, assignment| {
            let WriterAssignment { bundle, writer, at } = assignment;
            let row = state.bundles.change(bundle)?;
            row.version += 1;
            row.updated_at = at;
            let version = row.version;
            let reference = SubjectRef::bundle(bundle);
            if let Some(writer) = writer {
                state.users.there(writer)?;
            }
            state.change_parties(&reference, writer);
            if let Some(subject) = Arc::make_mut(&mut state.subjects).get_mut(&reference) {
                subject.parties.assigned_writer = writer;
                subject.version = version;
            }
            state.changed_bundle(bundle)
        })
    }
}

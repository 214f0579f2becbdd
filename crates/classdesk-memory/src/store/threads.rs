//! Threads.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use async_trait::async_trait;
use classdesk_domain::events::CommitIds;
use classdesk_domain::ids::{MessageId, ThreadId, UserId};
use classdesk_domain::paging::{Cursor, Page, PageRequest};
use classdesk_domain::people::{Actor, User, UserRef};
use classdesk_domain::policy::{AccessScope, takes_part};
use classdesk_domain::store::{Commit, StoreError};
use classdesk_domain::threads::{
    InsertThread, MessageKind, ParticipantAddition, ParticipantRemoval, ReadMark, Thread,
    ThreadContext, ThreadFilter, ThreadQuery, ThreadRepository, ThreadUpdate, ThreadView,
};

use super::MemoryStore;
use super::access_scope::count;
use super::commit::Outcome;
use super::rows::{InsertMessage, ThreadRow};
use super::state::{State, page_down};

impl State {
    /// What decisions about a thread rest on, seen from one person.
    pub(super) fn thread_context(&self, row: &ThreadRow, person: UserId) -> ThreadContext {
        ThreadContext {
            id: row.id,
            about: row.about.clone(),
            parties: self.parties(&row.about),
            created_by: row.created_by,
            subject: row.subject.clone(),
            is_active: row.is_active,
            participates: row.participants.contains(&person),
            version: row.version,
        }
    }

    /// What a person has not read of a thread, by ascending id.
    pub(super) fn unread(
        &self,
        row: &ThreadRow,
        viewer: UserId,
    ) -> impl Iterator<Item = MessageId> {
        let mark = row.mark_of(viewer);
        let unread = self.messages_in(row.id).filter(move |message| {
            message.sender != viewer && Some(message.id) > mark && !message.is_deleted
        });
        unread.map(|message| message.id)
    }

    /// The latest message of a thread.
    pub(super) fn latest_in(&self, thread: ThreadId) -> Option<MessageId> {
        self.messages_in(thread).last().map(|message| message.id)
    }

    /// The participants who take part now.
    fn taking_part(&self, row: &ThreadRow) -> Vec<UserRef> {
        let parties = self.parties(&row.about);
        let participants = row.participants.iter();
        participants
            .filter_map(|id| self.users.get(*id))
            .map(|row| &row.user)
            .filter(|user| takes_part(&Actor::from(*user), user.is_active, &parties))
            .map(User::to_ref)
            .collect()
    }

    fn thread_view(&self, row: &ThreadRow, scope: &AccessScope) -> ThreadView {
        ThreadView {
            thread: Thread {
                id: row.id,
                about: row.about.clone(),
                subject: row.subject.clone(),
                is_active: row.is_active,
                is_private: row.is_private,
                created_at: row.created_at,
                updated_at: row.updated_at,
                version: row.version,
            },
            created_by: self.person(row.created_by),
            participants: self.taking_part(row),
            message_count: count(self.messages_in(row.id)),
            unread_count: count(self.unread(row, scope.viewer)),
            last_message: self
                .messages_in(row.id)
                .last()
                .map(|message| self.message(message, scope)),
        }
    }

    /// A thread as a user sees it in their present role.
    fn thread_shown_to(&self, id: ThreadId, viewer: UserId) -> Result<ThreadView, StoreError> {
        let actor = Actor::from(&self.users.there(viewer)?.user);
        Ok(self.thread_view(self.threads.there(id)?, &AccessScope::of(&actor)))
    }

    fn thread_matches(&self, row: &ThreadRow, filter: &ThreadFilter, viewer: UserId) -> bool {
        filter
            .content_type
            .as_ref()
            .is_none_or(|kind| row.about.content_type == *kind)
            && filter.object_id.is_none_or(|id| row.about.object_id == id)
            && (!filter.mine || row.participants.contains(&viewer))
            && filter
                .unread
                .is_none_or(|unread| self.unread(row, viewer).next().is_some() == unread)
    }
}

#[async_trait]
impl ThreadRepository for MemoryStore {
    async fn thread_context(
        &self,
        id: ThreadId,
        person: UserId,
    ) -> Result<Option<ThreadContext>, StoreError> {
        Ok(self.read(|state| {
            let row = state.threads.get(id)?;
            Some(state.thread_context(row, person))
        }))
    }

    async fn thread(
        &self,
        id: ThreadId,
        scope: AccessScope,
    ) -> Result<Option<ThreadView>, StoreError> {
        Ok(self.read(|state| {
            let row = state.threads.get(id)?;
            state
                .thread_in_scope(row, scope.threads)
                .then(|| state.thread_view(row, &scope))
        }))
    }

    async fn list_threads(
        &self,
        query: ThreadQuery,
        page: PageRequest,
    ) -> Result<Page<ThreadView>, StoreError> {
        let ThreadQuery { scope, filter } = query;
        let position = |row: &&ThreadRow| Cursor {
            key: row.updated_at.micros(),
            id: row.id.get(),
        };
        Ok(self.read(|state| {
            let mut rows: Vec<&ThreadRow> = state
                .threads
                .rows()
                .filter(|row| {
                    state.thread_in_scope(row, scope.threads)
                        && state.thread_matches(row, &filter, scope.viewer)
                })
                .collect();
            rows.sort_unstable_by_key(|row| Reverse((row.updated_at, row.id)));
            page_down(rows.into_iter(), page, position).map(|row| state.thread_view(row, &scope))
        }))
    }

    async fn open_thread(&self, commit: Commit<InsertThread>) -> Result<ThreadView, StoreError> {
        self.commit(commit, |state, new| {
            if !state.subjects.contains_key(&new.about) {
                return Err(StoreError::Stale);
            }
            for participant in &new.participants {
                state.users.there(*participant)?;
            }
            state.users.there(new.created_by)?;
            let id = state.threads.insert(|id| ThreadRow {
                id,
                about: new.about,
                subject: new.subject,
                is_active: true,
                is_private: new.is_private,
                created_by: new.created_by,
                created_at: new.created_at,
                updated_at: new.created_at,
                version: 1,
                participants: new.participants.into_iter().collect(),
                marks: BTreeMap::new(),
            });
            let mut first_message = None;
            if let Some((text, recipient)) = new.first_message {
                state.users.there(recipient)?;
                let message = state.messages.insert(|message| InsertMessage {
                    id: message,
                    thread: id,
                    sender: new.created_by,
                    sender_role: new.creator_role,
                    recipient: Some(recipient),
                    text,
                    kind: MessageKind::Text,
                    reply_to: None,
                    attachment: None,
                    sent_at: new.created_at,
                    edited_at: None,
                    is_deleted: false,
                    version: 1,
                });
                first_message = Some(message);
            }
            let creator = Actor::new(new.created_by, new.creator_role);
            let view = state.thread_view(state.threads.there(id)?, &AccessScope::of(&creator));
            let ids = CommitIds {
                row: id.get(),
                first_message,
            };
            Ok((view, Outcome::Changed(ids)))
        })
    }

    async fn update_thread(&self, commit: Commit<ThreadUpdate>) -> Result<ThreadView, StoreError> {
        self.commit(commit, |state, update| {
            let row = state.threads.change(update.thread)?;
            if let Some(subject) = update.subject {
                row.subject = subject;
            }
            if let Some(is_active) = update.is_active {
                row.is_active = is_active;
            }
            row.updated_at = update.at;
            row.version += 1;
            let view = state.thread_shown_to(update.thread, update.viewer)?;
            Ok((view, Outcome::changed(update.thread.get())))
        })
    }

    async fn add_participant(
        &self,
        commit: Commit<ParticipantAddition>,
    ) -> Result<ThreadView, StoreError> {
        self.commit(commit, |state, addition| {
            state.users.there(addition.user)?;
            let row = state.threads.change(addition.thread)?;
            let outcome = if row.participants.insert(addition.user) {
                row.version += 1;
                Outcome::changed(addition.thread.get())
            } else {
                Outcome::already_so(addition.thread.get())
            };
            let view = state.thread_shown_to(addition.thread, addition.viewer)?;
            Ok((view, outcome))
        })
    }

    async fn remove_participant(
        &self,
        commit: Commit<ParticipantRemoval>,
    ) -> Result<bool, StoreError> {
        self.commit(commit, |state, ParticipantRemoval { thread, user }| {
            let row = state.threads.change(thread)?;
            if row.participants.remove(&user) {
                row.version += 1;
                Ok((true, Outcome::changed(thread.get())))
            } else {
                Ok((false, Outcome::Unchanged))
            }
        })
    }

    async fn mark_read(&self, commit: Commit<ReadMark>) -> Result<bool, StoreError> {
        self.commit(commit, |state, mark| {
            let changed = Outcome::changed(mark.thread.get());
            state.users.there(mark.user)?;
            state.threads.there(mark.thread)?;
            let up_to = match mark.up_to {
                Some(up_to) => {
                    let message = state.messages.get(up_to);
                    if message.is_none_or(|message| message.thread != mark.thread) {
                        return Ok((false, Outcome::Unchanged));
                    }
                    up_to
                }
                None => match state.latest_in(mark.thread) {
                    Some(latest) => latest,
                    None => return Ok((true, changed)),
                },
            };
            let row = state.threads.change(mark.thread)?;
            if row.mark_of(mark.user) < Some(up_to) {
                row.marks
                    .entry(mark.user)
                    .or_default()
                    .push((up_to, mark.at));
            }
            Ok((true, changed))
        })
    }
}

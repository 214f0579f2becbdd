//! Messages of threads.

use async_trait::async_trait;
use classdesk_domain::ids::{MessageAttachmentId, MessageId, ThreadId, UserId};
use classdesk_domain::paging::{Cursor, Limit, Page, SeekRequest};
use classdesk_domain::policy::AccessScope;
use classdesk_domain::store::{Commit, StoreError};
use classdesk_domain::text::MessageText;
use classdesk_domain::threads::{
    AttachedBlob, InsertMessage as NewMessageRow, Message, MessageAttachment, MessageContext,
    MessageDeletion, MessageEdit, MessagePage, MessageQuery, MessageRepository, MessageStart,
    PostContext, ReadReceipt, RecipientContext, ThreadContext,
};

use super::MemoryStore;
use super::access_scope::receipts_in_scope;
use super::commit::Outcome;
use super::rows::{InsertMessage, OwnedFile};
use super::state::{State, page_seek};

impl State {
    /// The messages of a thread by ascending id.
    pub(super) fn messages_in(
        &self,
        thread: ThreadId,
    ) -> impl DoubleEndedIterator<Item = &InsertMessage> {
        self.messages.rows().filter(move |row| row.thread == thread)
    }

    /// A page with a message in the middle, if the thread has it.
    fn messages_around(
        &self,
        thread: ThreadId,
        id: Option<MessageId>,
        limit: Limit,
    ) -> Page<&InsertMessage> {
        let mut rows: Vec<_> = self.messages_in(thread).collect();
        let length = limit.get() as usize;
        match rows.iter().position(|row| Some(row.id) == id) {
            Some(place) => {
                let full = rows.len().saturating_sub(length);
                drop(rows.drain(..place.saturating_sub(length / 2).min(full)));
            }
            None => rows.clear(),
        }
        let page = Page::cut(rows, limit, |row| Cursor::of_id(row.id.get()));
        page.around(id.map_or(0, MessageId::get))
    }

    fn receipts(&self, row: &InsertMessage) -> Vec<ReadReceipt> {
        let Some(thread) = self.threads.get(row.thread) else {
            return Vec::new();
        };
        let others = thread.marks.keys().filter(|user| **user != row.sender);
        others
            .filter_map(|user| {
                Some(ReadReceipt {
                    read_at: thread.read_at(*user, row.id)?,
                    user: self.person(*user),
                })
            })
            .collect()
    }

    /// A message as its viewer sees it.
    pub(super) fn message(&self, row: &InsertMessage, scope: &AccessScope) -> Message {
        let receipts = self.receipts(row);
        let is_read = if row.sender == scope.viewer {
            !receipts.is_empty()
        } else {
            receipts
                .iter()
                .any(|receipt| receipt.user.id == scope.viewer)
        };
        let attachment = row.attachment.and_then(|id| {
            let file = self.message_attachments.get(id)?;
            Some(MessageAttachment {
                id,
                file: self.file_info(file),
            })
        });
        Message {
            id: row.id,
            thread: row.thread,
            sender: self.person(row.sender),
            sender_role: row.sender_role,
            recipient: row.recipient.map(|recipient| self.person(recipient)),
            text: row.text.clone(),
            kind: row.kind,
            reply_to: row.reply_to,
            attachment,
            read_by: if receipts_in_scope(scope.viewer, row.sender, scope.receipts) {
                receipts
            } else {
                Vec::new()
            },
            is_read,
            sent_at: row.sent_at,
            edited_at: row.edited_at,
            is_deleted: row.is_deleted,
            version: row.version,
        }
    }

    fn message_context(&self, id: MessageId, person: UserId) -> Option<MessageContext> {
        let row = self.messages.get(id)?;
        let thread = self.threads.get(row.thread)?;
        Some(MessageContext {
            thread: self.thread_context(thread, person),
            id,
            sender: row.sender,
            sent_at: row.sent_at,
            text: row.text.clone(),
            is_deleted: row.is_deleted,
            has_attachment: row.attachment.is_some(),
            version: row.version,
        })
    }

    fn attached_to(&self, id: MessageId) -> Option<&OwnedFile> {
        let attachment = self.messages.get(id)?.attachment?;
        self.message_attachments.get(attachment)
    }

    /// A message that a commit changes, unless it is deleted.
    fn standing_message(&mut self, id: MessageId) -> Result<&mut InsertMessage, StoreError> {
        let row = self.messages.change(id)?;
        if row.is_deleted {
            Err(StoreError::Stale)
        } else {
            Ok(row)
        }
    }
}

#[async_trait]
impl MessageRepository for MemoryStore {
    async fn post_context(
        &self,
        thread: ThreadId,
        sender: UserId,
        recipient: Option<UserId>,
        reply_to: Option<MessageId>,
    ) -> Result<Option<PostContext>, StoreError> {
        Ok(self.read(|state| {
            let row = state.threads.get(thread)?;
            let sender_row = state.users.get(sender)?;
            let recipient = recipient.and_then(|id| {
                let user = &state.users.get(id)?.user;
                Some(RecipientContext {
                    user: user.to_ref(),
                    is_active: user.is_active,
                    participates: row.participants.contains(&id),
                })
            });
            let reply_to = reply_to.and_then(|id| state.messages.get(id));
            Some(PostContext {
                thread: state.thread_context(row, sender),
                sender: sender_row.user.to_ref(),
                recipient,
                reply_to_is_here: reply_to.is_some_and(|message| message.thread == thread),
            })
        }))
    }

    async fn post_message(
        &self,
        commit: Commit<NewMessageRow>,
    ) -> Result<(MessageId, Option<MessageAttachmentId>), StoreError> {
        self.commit(commit, |state, new| {
            state.users.there(new.sender)?;
            if let Some(recipient) = new.recipient {
                state.users.there(recipient)?;
            }
            if let Some(reply_to) = new.reply_to
                && state.messages.there(reply_to)?.thread != new.thread
            {
                return Err(StoreError::Stale);
            }
            state.threads.change(new.thread)?.updated_at = new.sent_at;
            let attachment = match new.attachment {
                Some(upload) => {
                    let file = state.take_upload(upload, new.sent_at)?;
                    Some(state.message_attachments.insert(|_| file))
                }
                None => None,
            };
            let id = state.messages.insert(|id| InsertMessage {
                id,
                thread: new.thread,
                sender: new.sender,
                sender_role: new.sender_role,
                recipient: new.recipient,
                text: new.text,
                kind: new.kind,
                reply_to: new.reply_to,
                attachment,
                sent_at: new.sent_at,
                edited_at: None,
                is_deleted: false,
                version: 1,
            });
            Ok(((id, attachment), Outcome::changed(id.get())))
        })
    }

    async fn list_messages(
        &self,
        query: MessageQuery,
    ) -> Result<Option<(ThreadContext, Page<Message>)>, StoreError> {
        Ok(self.read(|state| {
            let thread = state.threads.get(query.thread)?;
            let viewer = query.scope.viewer;
            let MessagePage { limit, start } = query.page;
            let page = match start {
                MessageStart::Seek(seek) => {
                    let page = SeekRequest { limit, seek };
                    page_seek(state.messages_in(query.thread), page, |row| row.id.get())
                }
                MessageStart::Around(id) => state.messages_around(query.thread, Some(id), limit),
                MessageStart::AroundUnread => {
                    let unread = state.unread(thread, viewer).next();
                    let id = unread.or_else(|| state.latest_in(query.thread));
                    state.messages_around(query.thread, id, limit)
                }
            };
            let messages = page.map(|row| state.message(row, &query.scope));
            Some((state.thread_context(thread, viewer), messages))
        }))
    }

    async fn message_context(
        &self,
        id: MessageId,
        person: UserId,
    ) -> Result<Option<MessageContext>, StoreError> {
        Ok(self.read(|state| state.message_context(id, person)))
    }

    async fn message(
        &self,
        id: MessageId,
        scope: AccessScope,
    ) -> Result<Option<Message>, StoreError> {
        Ok(self.read(|state| {
            let row = state.messages.get(id)?;
            Some(state.message(row, &scope))
        }))
    }

    async fn message_attachment(
        &self,
        id: MessageId,
        person: UserId,
    ) -> Result<Option<AttachedBlob>, StoreError> {
        Ok(self.read(|state| {
            let file = state.attached_to(id);
            Some(AttachedBlob {
                message: state.message_context(id, person)?,
                file: file.map(|file| (state.file_info(file), state.stored_blob(file))),
            })
        }))
    }

    async fn edit_message(&self, commit: Commit<MessageEdit>) -> Result<Message, StoreError> {
        self.commit(commit, |state, edit| {
            let row = state.standing_message(edit.message)?;
            row.text = edit.text;
            row.edited_at = Some(edit.at);
            row.version += 1;
            let edited = state.message(state.messages.there(edit.message)?, &edit.scope);
            Ok((edited, Outcome::changed(edit.message.get())))
        })
    }

    async fn delete_message(&self, commit: Commit<MessageDeletion>) -> Result<(), StoreError> {
        self.commit(commit, |state, deletion| {
            let row = state.standing_message(deletion.message)?;
            row.text = MessageText::empty();
            row.is_deleted = true;
            row.version += 1;
            if let Some(attachment) = row.attachment.take() {
                let file = state.message_attachments.remove(attachment)?;
                state.drop_blob(file.blob, deletion.at)?;
            }
            Ok(((), Outcome::changed(deletion.message.get())))
        })
    }
}

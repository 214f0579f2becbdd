//! Messages of threads.

use async_trait::async_trait;
use classdesk_domain::ids::{MessageAttachmentId, MessageId, ThreadId, UserId};
use classdesk_domain::paging::{Keyset, Page, Position};
use classdesk_domain::policy::Sight;
use classdesk_domain::store::{Commit, StoreError};
use classdesk_domain::text::MessageText;
use classdesk_domain::threads::{
    AttachedBlob, Message, MessageAttachment, MessageDeletion, MessageEdit, MessageFacts,
    MessageQuery, MessageRepository, MessageRow as NewMessageRow, PostFacts, ReadReceipt,
    RecipientFacts, ThreadFacts,
};

use super::MemoryStore;
use super::commit::Outcome;
use super::rows::{MessageRow, OwnedFile};
use super::sight::receipts_in_sight;
use super::state::{State, page_up};

impl State {
    /// The messages of a thread by ascending id.
    pub(super) fn messages_in(
        &self,
        thread: ThreadId,
    ) -> impl DoubleEndedIterator<Item = &MessageRow> {
        self.messages.rows().filter(move |row| row.thread == thread)
    }

    fn receipts(&self, row: &MessageRow) -> Vec<ReadReceipt> {
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
    pub(super) fn message(&self, row: &MessageRow, sight: &Sight) -> Message {
        let receipts = self.receipts(row);
        let is_read = if row.sender == sight.viewer {
            !receipts.is_empty()
        } else {
            receipts
                .iter()
                .any(|receipt| receipt.user.id == sight.viewer)
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
            read_by: if receipts_in_sight(sight.viewer, row.sender, sight.receipts) {
                receipts
            } else {
                Vec::new()
            },
            is_read,
            sent_at: row.sent_at,
            edited_at: row.edited_at,
            is_deleted: row.is_deleted,
        }
    }

    fn message_facts(&self, id: MessageId, person: UserId) -> Option<MessageFacts> {
        let row = self.messages.get(id)?;
        let thread = self.threads.get(row.thread)?;
        Some(MessageFacts {
            thread: self.thread_facts(thread, person),
            id,
            sender: row.sender,
            sent_at: row.sent_at,
            is_deleted: row.is_deleted,
            has_attachment: row.attachment.is_some(),
        })
    }

    fn attached_to(&self, id: MessageId) -> Option<&OwnedFile> {
        let attachment = self.messages.get(id)?.attachment?;
        self.message_attachments.get(attachment)
    }

    /// A message that a commit changes, unless it is deleted.
    fn standing_message(&mut self, id: MessageId) -> Result<&mut MessageRow, StoreError> {
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
    async fn post_facts(
        &self,
        thread: ThreadId,
        sender: UserId,
        recipient: Option<UserId>,
        reply_to: Option<MessageId>,
    ) -> Result<Option<PostFacts>, StoreError> {
        Ok(self.read(|state| {
            let row = state.threads.get(thread)?;
            let sender_row = state.users.get(sender)?;
            let recipient = recipient.and_then(|id| {
                let user = &state.users.get(id)?.user;
                Some(RecipientFacts {
                    user: user.to_ref(),
                    is_active: user.is_active,
                    participates: row.participants.contains(&id),
                })
            });
            let reply_to = reply_to.and_then(|id| state.messages.get(id));
            Some(PostFacts {
                thread: state.thread_facts(row, sender),
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
            let id = state.messages.insert(|id| MessageRow {
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
            });
            Ok(((id, attachment), Outcome::changed(id.get())))
        })
    }

    async fn list_messages(
        &self,
        query: MessageQuery,
        page: Keyset,
    ) -> Result<Option<(ThreadFacts, Page<Message>)>, StoreError> {
        Ok(self.read(|state| {
            let thread = state.threads.get(query.thread)?;
            let rows = state.messages_in(query.thread).filter(|row| {
                query.after.is_none_or(|after| row.id > after)
                    && query.before.is_none_or(|before| row.id < before)
            });
            let messages = page_up(rows, page, |row| Position::of_id(row.id.get()))
                .map(|row| state.message(row, &query.sight));
            Some((state.thread_facts(thread, query.sight.viewer), messages))
        }))
    }

    async fn message_facts(
        &self,
        id: MessageId,
        person: UserId,
    ) -> Result<Option<MessageFacts>, StoreError> {
        Ok(self.read(|state| state.message_facts(id, person)))
    }

    async fn message(&self, id: MessageId, sight: Sight) -> Result<Option<Message>, StoreError> {
        Ok(self.read(|state| {
            let row = state.messages.get(id)?;
            Some(state.message(row, &sight))
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
                message: state.message_facts(id, person)?,
                file: file.map(|file| (state.file_info(file), state.stored_blob(file))),
            })
        }))
    }

    async fn edit_message(&self, commit: Commit<MessageEdit>) -> Result<Message, StoreError> {
        self.commit(commit, |state, edit| {
            let row = state.standing_message(edit.message)?;
            row.text = edit.text;
            row.edited_at = Some(edit.at);
            let edited = state.message(state.messages.there(edit.message)?, &edit.sight);
            Ok((edited, Outcome::changed(edit.message.get())))
        })
    }

    async fn delete_message(&self, commit: Commit<MessageDeletion>) -> Result<(), StoreError> {
        self.commit(commit, |state, deletion| {
            let row = state.standing_message(deletion.message)?;
            row.text = MessageText::empty();
            row.is_deleted = true;
            if let Some(attachment) = row.attachment.take() {
                let file = state.message_attachments.remove(attachment)?;
                state.drop_blob(file.blob)?;
            }
            Ok(((), Outcome::changed(deletion.message.get())))
        })
    }
}

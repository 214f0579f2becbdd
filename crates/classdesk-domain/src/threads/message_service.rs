//! The use cases of messages in threads.

use std::sync::Arc;

use crate::blobs::model::{FileInfo, FinishedUpload};
use crate::blobs::ports::BlobRepository;
use crate::blobs::service::{Download, discard_on_error};
use crate::clock::{Clock, Timestamp};
use crate::error::{Conflict, Error};
use crate::events::facts::RowId;
use crate::events::model::DomainEvent;
use crate::ids::{MessageId, ThreadId};
use crate::paging::Page;
use crate::people::model::Actor;
use crate::people::ports::UserRepository;
use crate::policy::access_scope::AccessScope;
use crate::policy::authorize::{deletes_within_window, takes_part};
use crate::policy::permission::{MessageAction, Permission, ThreadAction};
use crate::policy::permit::permit_read;
use crate::request_context::RequestContext;
use crate::store::commit::{Commit, Precondition, Versioned};
use crate::text::MessageText;
use crate::use_case::retry_on_stale;
use crate::validation::{Eligibility, ErrorCollector, FieldError, Invalid, Validated};

use super::model::{
    EDIT_WINDOW, Message, MessageAttachment, MessageKind, MessagePage, MessageStart, NewMessage,
};
use super::ports::{
    InsertMessage, MessageContext, MessageDeletion, MessageEdit, MessageQuery, MessageRepository,
    PostContext, ThreadRepository,
};

/// Sending, listing, editing and deleting messages (docs/contract.md#threads-and-messages).
#[derive(Clone)]
pub struct Messages {
    pub(crate) messages: Arc<dyn MessageRepository>,
    pub(crate) threads: Arc<dyn ThreadRepository>,
    pub(crate) users: Arc<dyn UserRepository>,
    pub(crate) blob_rows: Arc<dyn BlobRepository>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Messages {
    /// Sends a message, with a file if there is one. Should it not be sent, the file is given up.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Invalid`], and a conflict when the
    /// thread is closed.
    pub async fn send(
        &self,
        by: impl Into<RequestContext>,
        thread: ThreadId,
        draft: impl Into<Validated<NewMessage>>,
        attachment: Option<FinishedUpload>,
    ) -> Result<Message, Error> {
        let (by, draft, upload) = (by.into(), draft.into(), attachment.as_ref());
        let sent = retry_on_stale!(
            self.users,
            &by.actor,
            self.try_send(&by, thread, &draft, upload)
        );
        discard_on_error(&*self.blob_rows, &*self.clock, upload, sent).await
    }

    async fn try_send(
        &self,
        by: &RequestContext,
        thread: ThreadId,
        draft: &Validated<NewMessage>,
        attachment: Option<&FinishedUpload>,
    ) -> Result<Message, Error> {
        let actor = &by.actor;
        let (recipient, reply_to) = draft
            .as_valid()
            .map_or((None, None), |new| (new.recipient_id, new.reply_to));
        let found = self
            .messages
            .post_context(thread, actor.id, recipient, reply_to)
            .await?;
        let facts = found.ok_or(Error::NotFound)?;
        actor.require(Permission::Thread(
            ThreadAction::Post,
            facts.thread.access(),
        ))?;
        let new = draft.as_result()?;
        by.check_unversioned()?;
        check_message(new, &facts, attachment.is_some())?;
        if !facts.thread.is_active {
            return Err(Conflict::ThreadClosed.into());
        }
        let now = self.clock.now();
        let row = InsertMessage {
            thread,
            sender: actor.id,
            sender_role: actor.role,
            recipient: new.recipient_id,
            text: new.text.clone(),
            kind: new.kind,
            reply_to: new.reply_to,
            attachment: attachment.cloned(),
            sent_at: now,
        };
        let sent = DomainEvent::MessageSent {
            message: RowId::Created,
            thread: facts.thread.in_event(),
        };
        let participant = |user| Precondition::Participant { thread, user };
        let commit = Commit::by(by, now, row, [sent])
            .require(facts.thread.same_parties())
            .require(participant(actor.id))
            .require(Precondition::ThreadActive {
                thread,
                active: true,
            })
            .require_all(new.recipient_id.map(participant));
        let (id, attachment_id) = self.messages.post_message(commit).await?;
        let file = attachment_id
            .zip(attachment)
            .map(|(id, upload)| MessageAttachment {
                id,
                file: FileInfo {
                    name: upload.name.clone(),
                    blob: upload.info.clone(),
                    uploaded_by: facts.sender.clone(),
                    uploaded_at: now,
                },
            });
        Ok(sent_message(id, file, facts, new, actor, now))
    }

    /// A page of a thread's messages, oldest first.
    ///
    /// # Errors
    /// [`Error::NotFound`], and [`Error::Invalid`] on `around` when that message is not in the
    /// thread.
    pub async fn list(
        &self,
        actor: &Actor,
        thread: ThreadId,
        page: impl Into<MessagePage>,
    ) -> Result<Page<Message>, Error> {
        let page = page.into();
        let query = MessageQuery {
            thread,
            scope: AccessScope::of(actor),
            page,
        };
        let found = self.messages.list_messages(query).await?;
        let (facts, messages) = found.ok_or(Error::NotFound)?;
        actor.require(Permission::Thread(ThreadAction::See, facts.access()))?;
        if matches!(page.start, MessageStart::Around(_)) && messages.items.is_empty() {
            return Err(Invalid::field("around", FieldError::NotInThread).into());
        }
        Ok(messages)
    }

    /// Checks the right to list messages, for adapters that check rights before parameters.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn authorize_list(&self, actor: &Actor, thread: ThreadId) -> Result<(), Error> {
        let found = self.threads.thread_context(thread, actor.id).await?;
        let access = found.ok_or(Error::NotFound)?.access();
        Ok(actor.require(Permission::Thread(ThreadAction::See, access))?)
    }

    /// One message.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn get(&self, actor: &Actor, id: MessageId) -> Result<Message, Error> {
        let access = self.facts(actor, id).await?.thread.access();
        actor.require(Permission::Thread(ThreadAction::See, access))?;
        let found = self.messages.message(id, AccessScope::of(actor)).await?;
        found.ok_or(Error::NotFound)
    }

    /// Changes the text of one's own message, within the edit window. The same text again changes
    /// nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Invalid`],
    /// [`Error::PreconditionFailed`], and a conflict when the message was deleted or is too old.
    pub async fn edit(
        &self,
        by: impl Into<RequestContext>,
        id: MessageId,
        draft: impl Into<Validated<MessageText>>,
    ) -> Result<Message, Error> {
        let (by, draft) = (by.into(), draft.into());
        let actor = &by.actor;
        retry_on_stale!(self.users, actor, async {
            let facts = self.facts_for(actor, id, MessageAction::Edit).await?;
            let text = draft.as_result()?;
            if text.is_empty() && !facts.has_attachment {
                return Err(Invalid::field("message", FieldError::Blank).into());
            }
            by.check_version(facts.version)?;
            if facts.is_deleted {
                return Err(Conflict::MessageDeleted.into());
            }
            let now = self.clock.now();
            check_window(&facts, now)?;
            if *text == facts.text {
                return self.get(actor, id).await;
            }
            let edit = MessageEdit {
                message: id,
                text: text.clone(),
                at: now,
                scope: AccessScope::of(actor),
            };
            let edited = DomainEvent::MessageEdited {
                message: id,
                thread: facts.thread.in_event(),
                sender: facts.sender,
            };
            let commit = Commit::by(&by, now, edit, [edited])
                .require_all(facts.thread.same_access(actor))
                .require(Versioned::Message(id).at(facts.version));
            Ok(self.messages.edit_message(commit).await?)
        })
    }

    /// Deletes a message: one's own within the edit window, any for staff. Deleting it again
    /// changes nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`], [`Error::PreconditionFailed`], and a conflict when
    /// the message is too old.
    pub async fn delete(&self, by: impl Into<RequestContext>, id: MessageId) -> Result<(), Error> {
        let by = by.into();
        let actor = &by.actor;
        retry_on_stale!(self.users, actor, async {
            let facts = self.facts_for(actor, id, MessageAction::Delete).await?;
            by.check_version(facts.version)?;
            if facts.is_deleted {
                return Ok(());
            }
            let now = self.clock.now();
            if deletes_within_window(actor) {
                check_window(&facts, now)?;
            }
            let deletion = MessageDeletion {
                message: id,
                at: now,
            };
            let deleted = DomainEvent::MessageDeleted {
                message: id,
                thread: facts.thread.in_event(),
                sender: facts.sender,
            };
            let commit = Commit::by(&by, now, deletion, [deleted])
                .require_all(facts.thread.same_access(actor))
                .require(Versioned::Message(id).at(facts.version));
            Ok(self.messages.delete_message(commit).await?)
        })
    }

    /// The file that came with a message, ready to be read.
    ///
    /// # Errors
    /// [`Error::NotFound`], also when the message has no file.
    pub async fn attachment(&self, actor: &Actor, id: MessageId) -> Result<Download, Error> {
        let found = self.messages.message_attachment(id, actor.id).await?;
        let attached = found.ok_or(Error::NotFound)?;
        let ask = Permission::Thread(ThreadAction::See, attached.message.thread.access());
        let (file, blob) = attached.file.ok_or(Error::NotFound)?;
        Ok(Download {
            file,
            permit: permit_read(actor, &ask, blob)?,
        })
    }

    async fn facts(&self, actor: &Actor, id: MessageId) -> Result<MessageContext, Error> {
        let found = self.messages.message_context(id, actor.id).await?;
        found.ok_or(Error::NotFound)
    }

    async fn facts_for(
        &self,
        actor: &Actor,
        id: MessageId,
        action: MessageAction,
    ) -> Result<MessageContext, Error> {
        let facts = self.facts(actor, id).await?;
        let access = facts.thread.access();
        actor.require(Permission::Message(action, access, facts.sender))?;
        Ok(facts)
    }
}

/// The rules of a new message that need facts about its thread.
fn check_message(
    new: &NewMessage,
    facts: &PostContext,
    has_attachment: bool,
) -> Result<(), Invalid> {
    let mut faults = ErrorCollector::default();
    if new.text.is_empty() && !has_attachment {
        faults.add("message", FieldError::Blank);
    }
    if new.kind == MessageKind::File && !has_attachment {
        faults.add("message_type", FieldError::NoAttachment);
    }
    if new.recipient_id.is_some() && !can_be_addressed(facts) {
        faults.add(
            "recipient_id",
            FieldError::NotEligible(Eligibility::OtherParticipant),
        );
    }
    if new.reply_to.is_some() && !facts.reply_to_is_here {
        faults.add("reply_to", FieldError::NotInThread);
    }
    faults.into_result()
}

fn can_be_addressed(facts: &PostContext) -> bool {
    facts.recipient.as_ref().is_some_and(|recipient| {
        let person = Actor::new(recipient.user.id, recipient.user.role);
        recipient.participates
            && recipient.user.id != facts.sender.id
            && takes_part(&person, recipient.is_active, &facts.thread.parties)
    })
}

fn check_window(facts: &MessageContext, now: Timestamp) -> Result<(), Conflict> {
    if now.since(facts.sent_at) > EDIT_WINDOW {
        Err(Conflict::EditWindowOver)
    } else {
        Ok(())
    }
}

/// A message as its sender sees it at the moment of sending.
fn sent_message(
    id: MessageId,
    attachment: Option<MessageAttachment>,
    facts: PostContext,
    new: &NewMessage,
    actor: &Actor,
    now: Timestamp,
) -> Message {
    Message {
        id,
        thread: facts.thread.id,
        sender: facts.sender,
        sender_role: actor.role,
        recipient: facts.recipient.map(|recipient| recipient.user),
        text: new.text.clone(),
        kind: new.kind,
        reply_to: new.reply_to,
        attachment,
        read_by: Vec::new(),
        is_read: false,
        sent_at: now,
        edited_at: None,
        is_deleted: false,
        version: 1,
    }
}

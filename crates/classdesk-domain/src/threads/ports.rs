//! What threads and messages need of a store.

use async_trait::async_trait;

use crate::blobs::model::{FileInfo, FinishedUpload, StoredBlob};
use crate::clock::Timestamp;
use crate::ids::{MessageAttachmentId, MessageId, ThreadId, UserId};
use crate::paging::{Page, PageRequest};
use crate::text::{MessageText, SubjectLine};

use super::model::{Message, MessageKind, MessagePage, ThreadFilter, ThreadView};
use crate::people::model::{Actor, Role, UserRef};
use crate::policy::access_scope::AccessScope;
use crate::policy::authorize::depends_on_relation;
use crate::policy::permission::ThreadAccess;
use crate::store::commit::{Commit, Precondition, Versioned};
use crate::store::error::StoreError;
use crate::subjects::model::{Parties, SubjectRef};

/// What decisions about a thread rest on, seen from one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThreadContext {
    /// The thread.
    pub id: ThreadId,
    /// What it is about.
    pub about: SubjectRef,
    /// The parties of what it is about.
    pub parties: Parties,
    /// The creator.
    pub created_by: UserId,
    /// Its subject line.
    pub subject: SubjectLine,
    /// Whether it is open to new messages.
    pub is_active: bool,
    /// Whether the person asked for is a participant.
    pub participates: bool,
    /// Its version.
    pub version: i64,
}

impl ThreadContext {
    /// The fact that the thread is in the version that was decided on.
    pub(super) const fn same_version(&self) -> Precondition {
        Versioned::Thread(self.id).at(self.version)
    }

    /// How the person that these facts were loaded for stands to the thread.
    #[must_use]
    pub const fn access(&self) -> ThreadAccess {
        ThreadAccess {
            parties: self.parties,
            participates: self.participates,
            created_by: self.created_by,
        }
    }

    /// What it rests on that `actor` sees the thread: for a party, that they are one and take part.
    pub(super) fn same_access(&self, actor: &Actor) -> Vec<Precondition> {
        if !depends_on_relation(actor) {
            return Vec::new();
        }
        vec![self.same_parties(), self.participation(actor)]
    }

    /// That `actor` is a participant.
    pub(super) const fn participation(&self, actor: &Actor) -> Precondition {
        Precondition::Participant {
            thread: self.id,
            user: actor.id,
        }
    }

    /// The fact that the subject's parties are the ones that were decided on.
    #[must_use]
    pub fn same_parties(&self) -> Precondition {
        Precondition::Parties {
            subject: self.about.clone(),
            parties: self.parties,
        }
    }
}

/// The recipient of a new message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecipientContext {
    /// The person.
    pub user: UserRef,
    /// Whether they are active.
    pub is_active: bool,
    /// Whether they are a participant of the thread.
    pub participates: bool,
}

/// What sending a message rests on, in one look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostContext {
    /// The thread, seen from the sender.
    pub thread: ThreadContext,
    /// The sender.
    pub sender: UserRef,
    /// The recipient that was asked for, if there is a person with that id.
    pub recipient: Option<RecipientContext>,
    /// Whether the message that is answered is one of this thread.
    pub reply_to_is_here: bool,
}

/// What decisions about a message rest on, seen from one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageContext {
    /// The thread it is in.
    pub thread: ThreadContext,
    /// The message.
    pub id: MessageId,
    /// The sender.
    pub sender: UserId,
    /// When.
    pub sent_at: Timestamp,
    /// What it says; empty when it was deleted.
    pub text: MessageText,
    /// Whether it was deleted.
    pub is_deleted: bool,
    /// Whether it carries a file, which lets its text be empty.
    pub has_attachment: bool,
    /// Its version.
    pub version: i64,
}

/// A message's file with where its bytes are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachedBlob {
    /// The message that the file came with.
    pub message: MessageContext,
    /// What is known of it; `None` when the message has no file.
    pub file: Option<(FileInfo, StoredBlob)>,
}

/// A message to be inserted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InsertMessage {
    /// The thread.
    pub thread: ThreadId,
    /// The sender.
    pub sender: UserId,
    /// The sender's role.
    pub sender_role: Role,
    /// The recipient, if there is one.
    pub recipient: Option<UserId>,
    /// What it says.
    pub text: MessageText,
    /// What it is.
    pub kind: MessageKind,
    /// The message that it answers.
    pub reply_to: Option<MessageId>,
    /// Its file. The store MUST turn its blob from pending to stored in the same transaction, and
    /// answer `Stale` when the blob is not pending.
    pub attachment: Option<FinishedUpload>,
    /// When.
    pub sent_at: Timestamp,
}

/// A thread to be inserted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InsertThread {
    /// What it is about.
    pub about: SubjectRef,
    /// Its subject line.
    pub subject: SubjectLine,
    /// Whether it is private: only the creator and the recipient are in it.
    pub is_private: bool,
    /// The creator.
    pub created_by: UserId,
    /// The role of the creator.
    pub creator_role: Role,
    /// Everybody in it, the creator included, without repetition.
    pub participants: Vec<UserId>,
    /// The first message and its recipient.
    pub first_message: Option<(MessageText, UserId)>,
    /// When.
    pub created_at: Timestamp,
}

/// A change to a thread; what is `None` stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThreadUpdate {
    /// Which thread.
    pub thread: ThreadId,
    /// A new subject line.
    pub subject: Option<SubjectLine>,
    /// Open or closed.
    pub is_active: Option<bool>,
    /// When; it becomes the latest activity.
    pub at: Timestamp,
    /// The viewer of the returned thread.
    pub viewer: UserId,
}

/// A participant to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParticipantAddition {
    /// Which thread.
    pub thread: ThreadId,
    /// The new participant. Joining twice is no error and changes nothing.
    pub user: UserId,
    /// When.
    pub at: Timestamp,
    /// The viewer of the returned thread.
    pub viewer: UserId,
}

/// A participant to be removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParticipantRemoval {
    /// Which thread.
    pub thread: ThreadId,
    /// The participant.
    pub user: UserId,
}

/// How far a person has read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadMark {
    /// Which thread.
    pub thread: ThreadId,
    /// The reader.
    pub user: UserId,
    /// Up to which message; the thread's latest one when `None`.
    pub up_to: Option<MessageId>,
    /// When.
    pub at: Timestamp,
}

/// Which threads a viewer asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThreadQuery {
    /// What the viewer may see; only `scope.threads` matters here.
    pub scope: AccessScope,
    /// What the viewer asked for.
    pub filter: ThreadFilter,
}

/// Which messages of a thread a viewer asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageQuery {
    /// The thread.
    pub thread: ThreadId,
    /// What the viewer may see; receipts follow `scope.receipts`.
    pub scope: AccessScope,
    /// Which of its messages.
    pub page: MessagePage,
}

/// Keeping threads.
///
/// Unread messages of a person in a thread are those that others sent with an id beyond the
/// person's read mark (no mark: all of them), participant or not. A deleted message MUST NOT count
/// as unread, whatever was marked before or after. The mark and receipts of a removed participant
/// MUST be kept.
///
/// The participants of a view MUST be those who take part now, as
/// [`takes_part`](crate::policy::takes_part) says for the present parties and people.
///
/// A receipt MUST keep the time at which the mark first reached its message, however far the mark
/// moves later, and receipts are listed by ascending id of the reader. No person has a receipt of
/// their own message.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ThreadRepository: Send + Sync {
    /// What decisions about the thread rest on, seen from `person`.
    async fn thread_context(
        &self,
        id: ThreadId,
        person: UserId,
    ) -> Result<Option<ThreadContext>, StoreError>;

    /// The thread as its viewer sees it, if it lies within `scope.threads`.
    async fn thread(
        &self,
        id: ThreadId,
        scope: AccessScope,
    ) -> Result<Option<ThreadView>, StoreError>;

    /// Threads within sight that match, latest activity first (descending
    /// `(updated_at in microseconds, id)`, which is also the page position). The number of
    /// statements MUST NOT depend on the number of threads.
    async fn list_threads(
        &self,
        query: ThreadQuery,
        page: PageRequest,
    ) -> Result<Page<ThreadView>, StoreError>;

    /// Opens a thread with its participants and its first message, and answers it as its creator
    /// sees it. Events whose object is of type `message` and has no id are about the first message.
    async fn open_thread(&self, commit: Commit<InsertThread>) -> Result<ThreadView, StoreError>;

    /// Changes a thread and answers it as the viewer, in their present role, sees it.
    async fn update_thread(&self, commit: Commit<ThreadUpdate>) -> Result<ThreadView, StoreError>;

    /// Adds a participant and answers the thread as the viewer sees it. The thread's activity is
    /// left as it is. When the person is a participant already, the events MUST NOT be written.
    async fn add_participant(
        &self,
        commit: Commit<ParticipantAddition>,
    ) -> Result<ThreadView, StoreError>;

    /// Removes a participant; `false`, with nothing written, when they were none.
    async fn remove_participant(
        &self,
        commit: Commit<ParticipantRemoval>,
    ) -> Result<bool, StoreError>;

    /// Moves a participant's read mark forward, never back, and notes when. `false` when `up_to`
    /// names a message that is not in the thread. An empty thread has nothing to mark and answers
    /// `true`.
    async fn mark_read(&self, commit: Commit<ReadMark>) -> Result<bool, StoreError>;
}

/// Keeping messages.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait MessageRepository: Send + Sync {
    /// What sending a message rests on, in one call.
    async fn post_context(
        &self,
        thread: ThreadId,
        sender: UserId,
        recipient: Option<UserId>,
        reply_to: Option<MessageId>,
    ) -> Result<Option<PostContext>, StoreError>;

    /// Stores a message, makes it the thread's latest activity, and answers its id and, if it has
    /// one, its attachment's id. Ids MUST grow with the order of messages within a thread, for
    /// every reader: a message that becomes visible later MUST have a greater id.
    async fn post_message(
        &self,
        commit: Commit<InsertMessage>,
    ) -> Result<(MessageId, Option<MessageAttachmentId>), StoreError>;

    /// The thread's facts seen from the query's viewer and a page of its messages by ascending id.
    ///
    /// A page around a message MUST have half of its limit before the message, less where the thread
    /// begins and more where it ends before the page is full. It MUST be empty when the message is not
    /// in the thread. The first unread message is the one with the least id that counts as unread;
    /// without one it is the latest message. Deleted messages MUST come with empty text and no attachment. The number of statements MUST
    /// NOT depend on the number of messages.
    async fn list_messages(
        &self,
        query: MessageQuery,
    ) -> Result<Option<(ThreadContext, Page<Message>)>, StoreError>;

    /// What decisions about the message rest on, seen from `person`.
    async fn message_context(
        &self,
        id: MessageId,
        person: UserId,
    ) -> Result<Option<MessageContext>, StoreError>;

    /// The message as its viewer sees it. Whether they may is decided before.
    async fn message(
        &self,
        id: MessageId,
        scope: AccessScope,
    ) -> Result<Option<Message>, StoreError>;

    /// The message's facts seen from `person`, and its file with where its bytes are.
    async fn message_attachment(
        &self,
        id: MessageId,
        person: UserId,
    ) -> Result<Option<AttachedBlob>, StoreError>;

    /// Changes a message's text and answers it as the viewer sees it.
    async fn edit_message(&self, commit: Commit<MessageEdit>) -> Result<Message, StoreError>;

    /// Empties a message, takes its file away and turns the file's blob to deleted.
    async fn delete_message(&self, commit: Commit<MessageDeletion>) -> Result<(), StoreError>;
}

/// A new text for a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageEdit {
    /// Which message.
    pub message: MessageId,
    /// What it says now.
    pub text: MessageText,
    /// When.
    pub at: Timestamp,
    /// The viewer of the returned message.
    pub scope: AccessScope,
}

/// A message to be deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageDeletion {
    /// Which message.
    pub message: MessageId,
    /// When.
    pub at: Timestamp,
}

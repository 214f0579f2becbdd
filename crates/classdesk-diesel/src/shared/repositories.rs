//! The ports, each method one job for a thread: a read on a connection that reads, a change in a
//! transaction of its own.

use async_trait::async_trait;
use classdesk_domain::blobs::{BlobRepository, NewBlob, StorageKey, StoredBlobRow, SweepableBlob};
use classdesk_domain::bundles::{
    Bundle, BundleDetail, BundleFilter, BundleRepository, BundleUpdate, BundleView, InsertBundle,
    WriterAssignment,
};
use classdesk_domain::clock::Timestamp;
use classdesk_domain::events::{AuditEntry, AuditFilter, EventRepository, HistoryLine};
use classdesk_domain::files::{
    BundleFile, BundleFileContext, FileRepository, FileUpdate, InsertBundleFile,
};
use classdesk_domain::idempotency::{
    IdempotencyRepository, KeyScope, Lease, Reservation, StoredResponse,
};
use classdesk_domain::ids::{
    BlobId, BundleId, FileId, IdempotencyId, MessageAttachmentId, MessageId, SessionId, ThreadId,
    TicketAttachmentId, TicketId, TicketMessageId, UserId,
};
use classdesk_domain::paging::{Page, PageRequest};
use classdesk_domain::people::{
    Credentials, EndSessions, InsertUser, LoginAttempt, LoginName, LoginThrottle, NewSession,
    Session, SessionRepository, SessionWithUser, TokenHash, User, UserFilter, UserRef,
    UserRepository, UserUpdate,
};
use classdesk_domain::policy::AccessScope;
use classdesk_domain::store::{Commit, Maintenance, RetentionCutoffs, StoreError};
use classdesk_domain::subjects::{Parties, Subject, SubjectPut, SubjectRef, SubjectRepository};
use classdesk_domain::threads::{
    AttachedBlob, InsertMessage, InsertThread, Message, MessageContext, MessageDeletion,
    MessageEdit, MessageQuery, MessageRepository, ParticipantAddition, ParticipantRemoval,
    PostContext, ReadMark, ThreadContext, ThreadQuery, ThreadRepository, ThreadUpdate, ThreadView,
};
use classdesk_domain::tickets::{
    InsertTicket, InsertTicketAttachment, InsertTicketMessage, Ticket, TicketAttachedBlob,
    TicketAttachment, TicketMessage, TicketQuery, TicketRepository, TicketUpdate,
};

use super::{
    Database, blobs, bundles, events, files, idempotency, login, maintenance, messages, notes,
    people, posting, receipts, sessions, subjects, threads, tickets,
};
use crate::session_memory::Whose;

#[async_trait]
impl UserRepository for Database {
    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        self.read(move |conn| people::user(conn, id)).await
    }

    async fn users(&self, ids: &[UserId]) -> Result<Vec<User>, StoreError> {
        let ids = ids.to_vec();
        self.read(move |conn| people::users(conn, &ids)).await
    }

    async fn any_user(&self) -> Result<bool, StoreError> {
        self.read(people::any_user).await
    }

    async fn credentials(&self, login: &LoginName) -> Result<Option<Credentials>, StoreError> {
        let login = login.clone();
        self.read(move |conn| people::credentials(conn, &login))
            .await
    }

    async fn credentials_of(&self, id: UserId) -> Result<Option<Credentials>, StoreError> {
        self.read(move |conn| people::credentials_of(conn, id))
            .await
    }

    async fn list_users(
        &self,
        filter: UserFilter,
        page: PageRequest,
    ) -> Result<Page<User>, StoreError> {
        self.read(move |conn| people::list_users(conn, &filter, page))
            .await
    }

    async fn create_user(&self, commit: Commit<InsertUser>) -> Result<User, StoreError> {
        self.write(move |conn| people::create_user(conn, commit))
            .await
    }

    async fn update_user(&self, commit: Commit<UserUpdate>) -> Result<User, StoreError> {
        let whose = Whose::Person(commit.change.user);
        self.write_sessions(whose, move |conn| people::update_user(conn, commit))
            .await
    }
}

#[async_trait]
impl SessionRepository for Database {
    async fn session(&self, token: &TokenHash) -> Result<Option<SessionWithUser>, StoreError> {
        let looked_up = *token;
        self.find_session(token, move |conn| sessions::session(conn, &looked_up))
            .await
    }

    async fn touch_session(&self, id: SessionId, at: Timestamp) -> Result<(), StoreError> {
        let whose = Whose::Session(id);
        self.write_sessions(whose, move |conn| sessions::touch_session(conn, id, at))
            .await
    }

    async fn list_sessions(
        &self,
        user: UserId,
        now: Timestamp,
        idle_since: Timestamp,
        page: PageRequest,
    ) -> Result<Page<Session>, StoreError> {
        self.read(move |conn| sessions::list_sessions(conn, user, now, idle_since, page))
            .await
    }

    async fn start_session(&self, commit: Commit<NewSession>) -> Result<Session, StoreError> {
        let whose = Whose::Person(commit.change.user);
        self.write_sessions(whose, move |conn| sessions::start_session(conn, commit))
            .await
    }

    async fn end_sessions(&self, commit: Commit<EndSessions>) -> Result<u64, StoreError> {
        let whose = Whose::Person(commit.change.user);
        self.write_sessions(whose, move |conn| sessions::end_sessions(conn, commit))
            .await
    }

    async fn admit_login(&self, attempt: LoginAttempt) -> Result<LoginThrottle, StoreError> {
        self.write(move |conn| login::admit_login(conn, &attempt))
            .await
    }
}

#[async_trait]
impl SubjectRepository for Database {
    async fn subject(&self, reference: &SubjectRef) -> Result<Option<Subject>, StoreError> {
        let reference = reference.clone();
        self.read(move |conn| subjects::subject(conn, &reference))
            .await
    }

    async fn put_subject(&self, commit: Commit<SubjectPut>) -> Result<Subject, StoreError> {
        self.write(move |conn| subjects::put_subject(conn, commit))
            .await
    }

    async fn delete_subject(&self, commit: Commit<SubjectRef>) -> Result<bool, StoreError> {
        self.write(move |conn| subjects::delete_subject(conn, commit))
            .await
    }
}

#[async_trait]
impl BundleRepository for Database {
    async fn bundle(
        &self,
        id: BundleId,
        scope: AccessScope,
    ) -> Result<Option<BundleView>, StoreError> {
        self.read(move |conn| bundles::bundle(conn, id, &scope))
            .await
    }

    async fn bundle_detail(
        &self,
        id: BundleId,
        scope: AccessScope,
    ) -> Result<Option<BundleDetail>, StoreError> {
        self.snapshot(move |conn| bundles::bundle_detail(conn, id, &scope))
            .await
    }

    async fn list_bundles(
        &self,
        scope: AccessScope,
        filter: BundleFilter,
        page: PageRequest,
    ) -> Result<Page<BundleView>, StoreError> {
        self.read(move |conn| bundles::list_bundles(conn, &scope, &filter, page))
            .await
    }

    async fn list_members(
        &self,
        id: BundleId,
        page: PageRequest,
    ) -> Result<Page<UserRef>, StoreError> {
        self.snapshot(move |conn| bundles::list_members(conn, id, page))
            .await
    }

    async fn create_bundle(&self, commit: Commit<InsertBundle>) -> Result<Bundle, StoreError> {
        self.write(move |conn| bundles::create_bundle(conn, commit))
            .await
    }

    async fn update_bundle(&self, commit: Commit<BundleUpdate>) -> Result<Bundle, StoreError> {
        self.write(move |conn| bundles::update_bundle(conn, commit))
            .await
    }

    async fn assign_writer(&self, commit: Commit<WriterAssignment>) -> Result<Bundle, StoreError> {
        self.write(move |conn| bundles::assign_writer(conn, commit))
            .await
    }
}

#[async_trait]
impl ThreadRepository for Database {
    async fn thread_context(
        &self,
        id: ThreadId,
        person: UserId,
    ) -> Result<Option<ThreadContext>, StoreError> {
        self.read(move |conn| threads::thread_context(conn, id, person))
            .await
    }

    async fn thread(
        &self,
        id: ThreadId,
        scope: AccessScope,
    ) -> Result<Option<ThreadView>, StoreError> {
        self.snapshot(move |conn| threads::thread(conn, id, &scope))
            .await
    }

    async fn list_threads(
        &self,
        query: ThreadQuery,
        page: PageRequest,
    ) -> Result<Page<ThreadView>, StoreError> {
        self.snapshot(move |conn| threads::list_threads(conn, &query.scope, &query.filter, page))
            .await
    }

    async fn open_thread(&self, commit: Commit<InsertThread>) -> Result<ThreadView, StoreError> {
        self.write(move |conn| threads::open_thread(conn, commit))
            .await
    }

    async fn update_thread(&self, commit: Commit<ThreadUpdate>) -> Result<ThreadView, StoreError> {
        self.write(move |conn| threads::update_thread(conn, commit))
            .await
    }

    async fn add_participant(
        &self,
        commit: Commit<ParticipantAddition>,
    ) -> Result<ThreadView, StoreError> {
        self.write(move |conn| threads::add_participant(conn, commit))
            .await
    }

    async fn remove_participant(
        &self,
        commit: Commit<ParticipantRemoval>,
    ) -> Result<bool, StoreError> {
        self.write(move |conn| threads::remove_participant(conn, commit))
            .await
    }

    async fn mark_read(&self, commit: Commit<ReadMark>) -> Result<bool, StoreError> {
        self.write(move |conn| receipts::mark_read(conn, commit))
            .await
    }
}

#[async_trait]
impl MessageRepository for Database {
    async fn post_context(
        &self,
        thread: ThreadId,
        sender: UserId,
        recipient: Option<UserId>,
        reply_to: Option<MessageId>,
    ) -> Result<Option<PostContext>, StoreError> {
        self.snapshot(move |conn| messages::post_context(conn, thread, sender, recipient, reply_to))
            .await
    }

    async fn post_message(
        &self,
        commit: Commit<InsertMessage>,
    ) -> Result<(MessageId, Option<MessageAttachmentId>), StoreError> {
        self.write(move |conn| posting::post_message(conn, commit))
            .await
    }

    async fn list_messages(
        &self,
        query: MessageQuery,
        page: PageRequest,
    ) -> Result<Option<(ThreadContext, Page<Message>)>, StoreError> {
        self.snapshot(move |conn| messages::list_messages(conn, &query, page))
            .await
    }

    async fn message_context(
        &self,
        id: MessageId,
        person: UserId,
    ) -> Result<Option<MessageContext>, StoreError> {
        self.snapshot(move |conn| messages::message_context(conn, id, person))
            .await
    }

    async fn message(
        &self,
        id: MessageId,
        scope: AccessScope,
    ) -> Result<Option<Message>, StoreError> {
        self.snapshot(move |conn| messages::message(conn, id, &scope))
            .await
    }

    async fn message_attachment(
        &self,
        id: MessageId,
        person: UserId,
    ) -> Result<Option<AttachedBlob>, StoreError> {
        self.snapshot(move |conn| messages::message_attachment(conn, id, person))
            .await
    }

    async fn edit_message(&self, commit: Commit<MessageEdit>) -> Result<Message, StoreError> {
        self.write(move |conn| messages::edit_message(conn, commit))
            .await
    }

    async fn delete_message(&self, commit: Commit<MessageDeletion>) -> Result<(), StoreError> {
        self.write(move |conn| messages::delete_message(conn, commit))
            .await
    }
}

#[async_trait]
impl TicketRepository for Database {
    async fn ticket(&self, id: TicketId, scope: AccessScope) -> Result<Option<Ticket>, StoreError> {
        self.snapshot(move |conn| tickets::ticket(conn, id, &scope))
            .await
    }

    async fn list_tickets(
        &self,
        query: TicketQuery,
        page: PageRequest,
    ) -> Result<Page<Ticket>, StoreError> {
        self.snapshot(move |conn| tickets::list_tickets(conn, &query, page))
            .await
    }

    async fn create_ticket(&self, commit: Commit<InsertTicket>) -> Result<Ticket, StoreError> {
        self.write(move |conn| tickets::create_ticket(conn, commit))
            .await
    }

    async fn update_ticket(&self, commit: Commit<TicketUpdate>) -> Result<Ticket, StoreError> {
        self.write(move |conn| tickets::update_ticket(conn, commit))
            .await
    }

    async fn add_ticket_message(
        &self,
        commit: Commit<InsertTicketMessage>,
    ) -> Result<TicketMessageId, StoreError> {
        self.write(move |conn| notes::add_ticket_message(conn, commit))
            .await
    }

    async fn list_ticket_messages(
        &self,
        id: TicketId,
        scope: AccessScope,
        page: PageRequest,
    ) -> Result<Option<(Ticket, Page<TicketMessage>)>, StoreError> {
        self.snapshot(move |conn| notes::list_ticket_messages(conn, id, &scope, page))
            .await
    }

    async fn ticket_message(
        &self,
        id: TicketMessageId,
    ) -> Result<Option<TicketMessage>, StoreError> {
        self.read(move |conn| notes::ticket_message(conn, id)).await
    }

    async fn attach_to_ticket(
        &self,
        commit: Commit<InsertTicketAttachment>,
    ) -> Result<TicketAttachment, StoreError> {
        self.write(move |conn| notes::attach_to_ticket(conn, commit))
            .await
    }

    async fn list_ticket_attachments(
        &self,
        id: TicketId,
        scope: AccessScope,
        page: PageRequest,
    ) -> Result<Option<(Ticket, Page<TicketAttachment>)>, StoreError> {
        self.snapshot(move |conn| notes::list_ticket_attachments(conn, id, &scope, page))
            .await
    }

    async fn ticket_attachment(
        &self,
        ticket: TicketId,
        attachment: TicketAttachmentId,
        scope: AccessScope,
    ) -> Result<Option<TicketAttachedBlob>, StoreError> {
        self.snapshot(move |conn| notes::ticket_attachment(conn, ticket, attachment, &scope))
            .await
    }

    async fn ticket_history(
        &self,
        id: TicketId,
        scope: AccessScope,
        page: PageRequest,
    ) -> Result<Option<(Ticket, Page<HistoryLine>)>, StoreError> {
        self.snapshot(move |conn| notes::ticket_history(conn, id, &scope, page))
            .await
    }
}

#[async_trait]
impl FileRepository for Database {
    async fn file(
        &self,
        bundle: BundleId,
        file: FileId,
    ) -> Result<Option<BundleFileContext>, StoreError> {
        self.snapshot(move |conn| files::file(conn, bundle, file))
            .await
    }

    async fn list_files(
        &self,
        bundle: BundleId,
        scope: AccessScope,
        page: PageRequest,
    ) -> Result<Option<(Parties, Page<BundleFile>)>, StoreError> {
        self.snapshot(move |conn| files::list_files(conn, bundle, &scope, page))
            .await
    }

    async fn add_file(&self, commit: Commit<InsertBundleFile>) -> Result<BundleFile, StoreError> {
        self.write(move |conn| files::add_file(conn, commit)).await
    }

    async fn update_file(&self, commit: Commit<FileUpdate>) -> Result<BundleFile, StoreError> {
        self.write(move |conn| files::update_file(conn, commit))
            .await
    }

    async fn delete_file(&self, commit: Commit<FileId>) -> Result<(), StoreError> {
        self.write(move |conn| files::delete_file(conn, commit))
            .await
    }
}

#[async_trait]
impl BlobRepository for Database {
    async fn create_blob(&self, blob: NewBlob) -> Result<BlobId, StoreError> {
        self.write(move |conn| blobs::create_blob(conn, &blob))
            .await
    }

    async fn mark_blob_deleted(&self, id: BlobId) -> Result<(), StoreError> {
        self.write(move |conn| blobs::mark_blob_deleted(conn, id))
            .await
    }

    async fn sweepable_blobs(
        &self,
        pending_before: Timestamp,
        limit: u32,
    ) -> Result<Vec<SweepableBlob>, StoreError> {
        self.write(move |conn| blobs::sweepable_blobs(conn, pending_before, limit))
            .await
    }

    async fn delete_blob_rows(&self, ids: &[BlobId]) -> Result<u64, StoreError> {
        let ids = ids.to_vec();
        self.write(move |conn| blobs::delete_blob_rows(conn, &ids))
            .await
    }

    async fn list_blobs(
        &self,
        after: Option<BlobId>,
        limit: u32,
    ) -> Result<Vec<StoredBlobRow>, StoreError> {
        self.read(move |conn| blobs::list_blobs(conn, after, limit))
            .await
    }

    async fn known_keys(&self, keys: &[StorageKey]) -> Result<Vec<StorageKey>, StoreError> {
        let keys = keys.to_vec();
        self.read(move |conn| blobs::known_keys(conn, &keys)).await
    }
}

#[async_trait]
impl EventRepository for Database {
    async fn audit(
        &self,
        filter: AuditFilter,
        page: PageRequest,
    ) -> Result<Page<AuditEntry>, StoreError> {
        self.read(move |conn| events::audit(conn, &filter, page))
            .await
    }
}

#[async_trait]
impl IdempotencyRepository for Database {
    async fn reserve(&self, scope: &KeyScope, now: Timestamp) -> Result<Reservation, StoreError> {
        let scope = scope.clone();
        self.write(move |conn| idempotency::reserve(conn, &scope, now))
            .await
    }

    async fn renew(&self, lease: Lease, now: Timestamp) -> Result<bool, StoreError> {
        self.write(move |conn| idempotency::renew(conn, lease, now))
            .await
    }

    async fn release(&self, lease: Lease) -> Result<(), StoreError> {
        self.write(move |conn| idempotency::release(conn, lease))
            .await
    }

    async fn store_response(
        &self,
        id: IdempotencyId,
        answer: &StoredResponse,
    ) -> Result<(), StoreError> {
        let answer = answer.clone();
        self.write(move |conn| idempotency::store_response(conn, id, &answer))
            .await
    }
}

#[async_trait]
impl Maintenance for Database {
    async fn ping(&self) -> Result<(), StoreError> {
        self.read(maintenance::ping).await
    }

    async fn purge(&self, outlived: RetentionCutoffs, limit: u32) -> Result<u64, StoreError> {
        let whose = Whose::Anybody;
        self.write_sessions(whose, move |conn| {
            maintenance::purge(conn, &outlived, limit)
        })
        .await
    }
}

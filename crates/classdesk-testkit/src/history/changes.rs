//! The commits of a history.

use std::time::Duration;

use classdesk_domain::blobs::BlobPurpose;
use classdesk_domain::bundles::{
    BundleStatus, BundleUpdate, NewBundle, NewBundleRow, WriterAssignment,
};
use classdesk_domain::clock::Timestamp;
use classdesk_domain::events::{EventAction, EventObject, NewEvent, TicketLine};
use classdesk_domain::files::{FileUpdate, NewFileRow, Visibility};
use classdesk_domain::idempotency::{
    Completion, Fingerprint, IdempotencyKey, Reservation, Scope, StoredAnswer,
};
use classdesk_domain::ids::{
    BlobId, BundleId, FileId, MessageId, SessionId, ThreadId, TicketId, UserId,
};
use classdesk_domain::people::{
    Email, EndSessions, LoginAttempt, LoginLimits, NewSession, PasswordHash, Role, TokenHash,
    UserUpdate, WhichSessions,
};
use classdesk_domain::policy::Sight;
use classdesk_domain::store::{Commit, Fact, Outlived};
use classdesk_domain::subjects::{Parties, Subject, SubjectKind, SubjectPut, SubjectRef};
use classdesk_domain::text::SubjectLine;
use classdesk_domain::threads::{
    MessageDeletion, MessageEdit, ParticipantAddition, ParticipantRemoval, ReadMark, ThreadUpdate,
};
use classdesk_domain::tickets::{
    NewTicketAttachmentRow, TicketCategory, TicketPriority, TicketStatus, TicketUpdate,
};
use fastrand::Rng;

use super::side::Side;
use crate::world::{description, new_user, title, words};

/// A subject from outside.
pub(super) fn order(number: i64) -> SubjectRef {
    SubjectRef::new(SubjectKind::from_stored("order".to_owned()), number)
}

impl Side<'_> {
    /// Changes something, or tries to, and says what came of it.
    pub(super) async fn change(&mut self, dice: Rng) -> String {
        self.dice = dice;
        match self.dice.u32(0..40) {
            0 => self.create_user().await,
            1 => self.update_user().await,
            2 | 3 => self.start_session().await,
            4 => self.end_sessions().await,
            5 => self.admit_login().await,
            6 => self.put_subject().await,
            7 => self.delete_subject().await,
            8 => self.create_bundle().await,
            9 => self.update_bundle().await,
            10 => self.assign_writer().await,
            11 | 12 => self.open_thread().await,
            13 => self.update_thread().await,
            14 => self.add_participant().await,
            15 => self.remove_participant().await,
            16..=18 => self.mark_read().await,
            19..=23 => self.post_message().await,
            24 => self.edit_message().await,
            25 => self.delete_message().await,
            26..=28 => self.create_ticket().await,
            29 => self.update_ticket().await,
            30 | 31 => self.add_note().await,
            32 => self.attach_to_ticket().await,
            33 | 34 => self.create_upload().await,
            35 => self.add_file().await,
            36 => self.change_file().await,
            37 => self.sweep().await,
            38 => self.use_a_key().await,
            _ => self.purge().await,
        }
    }

    /// A commit with events, and now and then with a guard and a completion.
    async fn commit<C>(&mut self, change: C, action: EventAction, kind: &str) -> Commit<C> {
        let actor = self.person().id;
        let object = EventObject::created(kind);
        let event = NewEvent::new(self.world().now(), Some(actor), action, object)
            .with("number", self.dice.u8(..));
        let mut commit = Commit::new(change).telling(event);
        if self.once_in(4) {
            commit = commit.resting_on(self.fact().await);
        }
        commit
    }

    /// Something that may hold or not.
    async fn fact(&mut self) -> Fact {
        match self.dice.u32(0..8) {
            0 | 1 => {
                let person = self.person();
                Fact::ActiveUser {
                    user: person.id,
                    role: person.role,
                }
            }
            2 => {
                let subject = self.subject();
                let found = self.store.subject(&subject).await.ok().flatten();
                let parties = found.map_or_else(|| self.parties(), |found| found.parties);
                Fact::Parties { subject, parties }
            }
            3 => Fact::Participant {
                thread: self.row(),
                user: self.person().id,
            },
            4 => Fact::ThreadActive {
                thread: self.row(),
                active: !self.once_in(4),
            },
            5 => Fact::BundleVersion {
                bundle: self.row(),
                version: self.dice.i64(1..4),
            },
            6 => Fact::TicketVersion {
                ticket: self.row(),
                version: self.dice.i64(1..3),
            },
            _ => Fact::MessageStands {
                message: self.row(),
            },
        }
    }

    /// A subject that may be there.
    pub(super) fn subject(&mut self) -> SubjectRef {
        if self.once_in(3) {
            order(self.dice.i64(1..5))
        } else {
            SubjectRef::bundle(self.row())
        }
    }

    fn parties(&mut self) -> Parties {
        let writer = self.person_of(Role::Writer);
        Parties {
            client: self.person_of(Role::Client),
            assigned_writer: (!self.once_in(3)).then_some(writer),
        }
    }

    /// A number that nothing had before.
    fn fresh(&mut self) -> u64 {
        self.named += 1;
        self.named
    }

    async fn create_user(&mut self) -> String {
        let number = self.dice.u32(0..12);
        let role = self.any(Role::ALL);
        let mut row = new_user(&format!("person{number}"), role, self.tick());
        if self.once_in(4) {
            row.email = Email::from_stored("person0@example.com".to_owned());
        }
        let commit = self.commit(row, EventAction::UserCreated, "user").await;
        let created = self.store.create_user(commit).await;
        if let Ok(user) = &created {
            self.meet(user.into());
        }
        self.tell("create_user", created)
    }

    async fn update_user(&mut self) -> String {
        let mut update = UserUpdate::of(self.row());
        let role = self.any(Role::ALL);
        update.role = self.once_in(5).then_some(role);
        update.is_active = Some(!self.once_in(4));
        if self.once_in(3) {
            let number = self.dice.u32(0..12);
            update.email = Some(Email::from_stored(format!("person{number}@example.com")));
        }
        if self.once_in(3) {
            update.ends = Some(WhichSessions::All);
        }
        let commit = self.commit(update, EventAction::UserChanged, "user").await;
        let changed = self.store.update_user(commit).await;
        self.tell("update_user", changed)
    }

    async fn start_session(&mut self) -> String {
        let (user, now) = (self.person().id, self.tick());
        let known = self.store.credentials_of(user).await.ok().flatten();
        let verified = match known {
            Some(known) if !self.once_in(4) => known.password,
            _ => PasswordHash::new("another".to_owned()),
        };
        let mut token = [0; 32];
        token[..8].copy_from_slice(&self.fresh().to_le_bytes());
        let session = NewSession {
            user,
            token: TokenHash::from_bytes(token),
            created_at: now,
            expires_at: now.plus(Duration::from_secs(self.dice.u64(1..400))),
            address: Some("192.0.2.7".to_owned()),
            user_agent: None,
            rehashed: None,
            verified,
            forgives: "account 1".to_owned(),
        };
        let commit = self
            .commit(session, EventAction::SessionStarted, "session")
            .await;
        let started = self.store.start_session(commit).await;
        if let Ok(session) = &started {
            self.numbers.note(session.id);
        }
        self.tell("start_session", started)
    }

    async fn end_sessions(&mut self) -> String {
        let id = self.row::<SessionId>();
        let now = self.tick();
        if self.once_in(2) {
            let touched = self.store.touch_session(id, now).await;
            return self.tell("touch_session", touched);
        }
        let which = self.any(&[
            WhichSessions::One(id),
            WhichSessions::All,
            WhichSessions::AllBut(id),
        ]);
        let user = self.person().id;
        let event = NewEvent::new(
            now,
            None,
            EventAction::SessionEnded,
            EventObject::created("user"),
        );
        let commit = Commit::new(EndSessions { user, which }).telling(event);
        let ended = self.store.end_sessions(commit).await;
        self.tell("end_sessions", ended)
    }

    async fn admit_login(&mut self) -> String {
        let attempt = LoginAttempt {
            account: format!("account {}", self.dice.u32(0..3)),
            address: format!("address {}", self.dice.u32(0..2)),
            at: self.tick(),
            limits: LoginLimits {
                per_account: 2,
                per_address: 3,
                window: Duration::from_secs(60),
            },
        };
        let admission = self.store.admit_login(attempt).await;
        self.tell("admit_login", admission)
    }

    async fn put_subject(&mut self) -> String {
        let reference = order(self.dice.i64(1..4));
        let before = self.store.subject(&reference).await.ok().flatten();
        let subject = Subject {
            reference,
            parties: self.parties(),
            label: title("An order"),
        };
        let put = SubjectPut {
            joins: subject.parties.assigned_writer,
            subject,
            before: before.filter(|_| !self.once_in(5)),
            at: self.tick(),
        };
        let commit = self
            .commit(put, EventAction::SubjectRegistered, "order")
            .await;
        let stored = self.store.put_subject(commit).await;
        self.tell("put_subject", stored)
    }

    async fn delete_subject(&mut self) -> String {
        let reference = order(self.dice.i64(1..6));
        let commit = self
            .commit(reference, EventAction::SubjectRemoved, "order")
            .await;
        let removed = self.store.delete_subject(commit).await;
        self.tell("delete_subject", removed)
    }

    async fn create_bundle(&mut self) -> String {
        let parties = self.parties();
        let mut bundle = NewBundle::new(parties.client, title("Spring semester"));
        bundle.assigned_writer_id = parties.assigned_writer;
        bundle.status = self.any(BundleStatus::ALL);
        bundle.description = description("100 % of_it");
        let row = NewBundleRow {
            bundle,
            created_by: self.person().id,
            created_at: self.tick(),
            completed_at: None,
        };
        let commit = self
            .commit(row, EventAction::BundleCreated, "class_bundle")
            .await;
        let created = self.store.create_bundle(commit).await;
        if let Ok(bundle) = &created {
            self.numbers.note(bundle.id);
        }
        self.tell("create_bundle", created)
    }

    async fn update_bundle(&mut self) -> String {
        let id = self.row::<BundleId>();
        let staff = Sight::of(&self.world().admin);
        let Ok(Some(view)) = self.store.bundle(id, staff).await else {
            return "update_bundle: nothing to change".to_owned();
        };
        let mut bundle = view.bundle;
        bundle.title = title(&format!("Semester {}", self.dice.u8(..)));
        bundle.status = self.any(BundleStatus::ALL);
        bundle.updated_at = self.tick();
        let update = BundleUpdate { bundle };
        let commit = self
            .commit(update, EventAction::BundleChanged, "class_bundle")
            .await;
        let changed = self.store.update_bundle(commit).await;
        self.tell("update_bundle", changed)
    }

    async fn assign_writer(&mut self) -> String {
        let assignment = WriterAssignment {
            bundle: self.row(),
            writer: self.parties().assigned_writer,
            at: self.tick(),
        };
        let commit = self
            .commit(assignment, EventAction::WriterAssigned, "class_bundle")
            .await;
        let assigned = self.store.assign_writer(commit).await;
        self.tell("assign_writer", assigned)
    }

    async fn open_thread(&mut self) -> String {
        let people = [self.person(), self.person()];
        let about = self.subject();
        let now = self.tick();
        let mut row = self.world().new_thread(&people);
        row.about = about;
        row.is_private = self.once_in(4);
        row.created_at = now;
        row.participants.sort_unstable();
        row.participants.dedup();
        if self.once_in(2) {
            row.first_message = Some((words("First"), people[1].id));
        }
        let mut commit = self.commit(row, EventAction::ThreadCreated, "thread").await;
        if commit.change.first_message.is_some() {
            let object = EventObject::created("message");
            let said = NewEvent::new(now, None, EventAction::MessageSent, object);
            commit = commit.telling(said);
        }
        let opened = self.store.open_thread(commit).await;
        if let Ok(view) = &opened {
            self.numbers.note(view.thread.id);
            if let Some(message) = &view.last_message {
                self.numbers.note(message.id);
            }
        }
        self.tell("open_thread", opened)
    }

    async fn update_thread(&mut self) -> String {
        let is_active = !self.once_in(3);
        let update = ThreadUpdate {
            thread: self.row(),
            subject: self.once_in(2).then(|| SubjectLine::cut("Another line")),
            is_active: Some(is_active),
            at: self.tick(),
            viewer: self.person().id,
        };
        let commit = self
            .commit(update, EventAction::ThreadChanged, "thread")
            .await;
        let changed = self.store.update_thread(commit).await;
        self.tell("update_thread", changed)
    }

    async fn add_participant(&mut self) -> String {
        let addition = ParticipantAddition {
            thread: self.row(),
            user: self.row(),
            at: self.tick(),
            viewer: self.person().id,
        };
        let commit = self
            .commit(addition, EventAction::ParticipantAdded, "thread")
            .await;
        let joined = self.store.add_participant(commit).await;
        self.tell("add_participant", joined)
    }

    async fn remove_participant(&mut self) -> String {
        let removal = ParticipantRemoval {
            thread: self.row(),
            user: self.row(),
        };
        let commit = self
            .commit(removal, EventAction::ParticipantRemoved, "thread")
            .await;
        let left = self.store.remove_participant(commit).await;
        self.tell("remove_participant", left)
    }

    async fn mark_read(&mut self) -> String {
        let mark = ReadMark {
            thread: self.row(),
            user: self.person().id,
            up_to: self.once_in(2).then(|| self.row::<MessageId>()),
            at: self.tick(),
        };
        let marked = self.store.mark_read(Commit::new(mark)).await;
        self.tell("mark_read", marked)
    }

    async fn post_message(&mut self) -> String {
        let (thread, sender) = (self.row::<ThreadId>(), self.person());
        let now = self.tick();
        let mut row = self.world().new_message(thread, sender);
        row.sent_at = now;
        row.recipient = self.once_in(3).then(|| self.row::<UserId>());
        row.reply_to = self.once_in(6).then(|| self.row::<MessageId>());
        if self.once_in(3) {
            row.attachment = self.uploads.pop();
        }
        let commit = self.commit(row, EventAction::MessageSent, "message").await;
        let sent = self.store.post_message(commit).await;
        if let Ok((message, attachment)) = &sent {
            self.numbers.note(*message);
            if let Some(attachment) = attachment {
                self.numbers.note(*attachment);
            }
        }
        self.tell("post_message", sent)
    }

    async fn edit_message(&mut self) -> String {
        let edit = MessageEdit {
            message: self.row(),
            text: words("Edited"),
            at: self.tick(),
        };
        let commit = self
            .commit(edit, EventAction::MessageEdited, "message")
            .await;
        let edited = self.store.edit_message(commit).await;
        self.tell("edit_message", edited)
    }

    async fn delete_message(&mut self) -> String {
        let deletion = MessageDeletion {
            message: self.row(),
            at: self.tick(),
        };
        let commit = self
            .commit(deletion, EventAction::MessageDeleted, "message")
            .await;
        let deleted = self.store.delete_message(commit).await;
        self.tell("delete_message", deleted)
    }

    async fn create_ticket(&mut self) -> String {
        let requester = self.person();
        let about = self.once_in(2).then(|| self.subject());
        let now = self.tick();
        let mut row = self.world().new_ticket(requester, about);
        row.created_at = now;
        row.created_by = self.person().id;
        row.ticket.priority = self.any(TicketPriority::ALL);
        row.ticket.category = self.any(TicketCategory::ALL);
        let mut commit = self.commit(row, EventAction::TicketCreated, "ticket").await;
        commit.events[0].ticket = Some(TicketLine {
            ticket: None,
            is_internal: false,
        });
        if self.once_in(3) && !self.leases.is_empty() {
            let leases = self.leases.clone();
            commit.completes = Some(Completion {
                lease: self.any(&leases),
                fingerprint: Fingerprint::of(b"a ticket"),
            });
        }
        let created = self.store.create_ticket(commit).await;
        if let Ok(ticket) = &created {
            self.numbers.note(ticket.id);
        }
        self.tell("create_ticket", created)
    }

    async fn update_ticket(&mut self) -> String {
        let (id, sight) = (self.row::<TicketId>(), self.sight());
        let Ok(Some(mut ticket)) = self.store.ticket(id, sight).await else {
            return "update_ticket: nothing to change".to_owned();
        };
        let at = self.tick();
        let _ = ticket.transition(self.any(TicketStatus::ALL), at);
        ticket.priority = self.any(TicketPriority::ALL);
        let assignee = self.once_in(2).then(|| self.person_of(Role::Editor));
        let update = TicketUpdate {
            ticket,
            assigned_to: self.once_in(2).then_some(assignee),
            at,
            sight,
        };
        let mut commit = self
            .commit(update, EventAction::TicketStatusChanged, "ticket")
            .await;
        commit.events[0].ticket = Some(TicketLine {
            ticket: Some(id),
            is_internal: false,
        });
        let changed = self.store.update_ticket(commit).await;
        self.tell("update_ticket", changed)
    }

    async fn add_note(&mut self) -> String {
        let (ticket, sender) = (self.row::<TicketId>(), self.person());
        let (is_internal, now) = (self.once_in(3), self.tick());
        let mut row = self.world().new_note(ticket, sender, is_internal);
        row.created_at = now;
        if !is_internal && self.once_in(3) {
            row.reopens = Some(TicketStatus::Open);
        }
        let mut commit = self
            .commit(row, EventAction::TicketMessageAdded, "ticket_message")
            .await;
        commit.events[0].ticket = Some(TicketLine {
            ticket: Some(ticket),
            is_internal,
        });
        let added = self.store.add_ticket_message(commit).await;
        if let Ok(id) = &added {
            self.numbers.note(*id);
        }
        self.tell("add_ticket_message", added)
    }

    async fn attach_to_ticket(&mut self) -> String {
        let Some(upload) = self.uploads.pop() else {
            return self.create_upload().await;
        };
        let row = NewTicketAttachmentRow {
            ticket: self.row(),
            upload,
            is_internal: self.once_in(3),
            uploaded_at: self.tick(),
        };
        let commit = self
            .commit(row, EventAction::TicketAttachmentAdded, "ticket_attachment")
            .await;
        let attached = self.store.attach_to_ticket(commit).await;
        if let Ok(attachment) = &attached {
            self.numbers.note(attachment.id);
        }
        self.tell("attach_to_ticket", attached)
    }

    async fn create_upload(&mut self) -> String {
        let by = self.person();
        let purpose = self.any(BlobPurpose::ALL);
        let upload = self.world().add_upload(self.store, by, purpose).await;
        self.numbers.note(upload.blob);
        if self.once_in(8) {
            let abandoned = self.store.abandon_blob(upload.blob).await;
            let told = self.tell("abandon_blob", abandoned);
            self.uploads.push(upload);
            return told;
        }
        if self.once_in(8) {
            // Somebody tries to use it twice.
            self.uploads.push(upload.clone());
        }
        self.uploads.push(upload);
        "create_blob".to_owned()
    }

    fn visibility(&mut self) -> Visibility {
        Visibility {
            to_client: !self.once_in(3),
            to_writer: !self.once_in(3),
        }
    }

    async fn add_file(&mut self) -> String {
        let Some(upload) = self.uploads.pop() else {
            return self.create_upload().await;
        };
        let row = NewFileRow {
            bundle: self.row(),
            upload,
            description: description("A file"),
            visibility: self.visibility(),
            uploaded_at: self.tick(),
        };
        let commit = self.commit(row, EventAction::FileUploaded, "file").await;
        let added = self.store.add_file(commit).await;
        if let Ok(file) = &added {
            self.numbers.note(file.id);
        }
        self.tell("add_file", added)
    }

    async fn change_file(&mut self) -> String {
        let file = self.row::<FileId>();
        if self.once_in(3) {
            let commit = self.commit(file, EventAction::FileDeleted, "file").await;
            let deleted = self.store.delete_file(commit).await;
            return self.tell("delete_file", deleted);
        }
        let visibility = self.visibility();
        let update = FileUpdate {
            file,
            description: self.once_in(2).then(|| description("Changed")),
            visibility: self.once_in(2).then_some(visibility),
        };
        let commit = self.commit(update, EventAction::FileChanged, "file").await;
        let changed = self.store.update_file(commit).await;
        self.tell("update_file", changed)
    }

    async fn sweep(&mut self) -> String {
        if self.once_in(2) {
            let ids = [self.row::<BlobId>(), self.row::<BlobId>()];
            let forgotten = self.store.forget_blobs(&ids).await;
            return self.tell("forget_blobs", forgotten);
        }
        let before = self.tick().minus(Duration::from_secs(30));
        let swept = self.store.sweepable_blobs(before, 1_000).await;
        self.tell("sweepable_blobs", swept)
    }

    async fn use_a_key(&mut self) -> String {
        let now = self.tick();
        if self.once_in(2) || self.leases.is_empty() {
            let scope = Scope {
                user: self.person().id,
                operation: "POST /tickets/".to_owned(),
                key: IdempotencyKey::parse(self.any(&["a", "b"])).expect("a key"),
            };
            let found = self.store.reserve(&scope, now).await;
            if let Ok(Reservation::Reserved(lease)) = &found {
                self.numbers.note(lease.id);
                self.leases.push(*lease);
            }
            return self.tell("reserve", found);
        }
        let leases = self.leases.clone();
        let lease = self.any(&leases);
        match self.dice.u32(0..3) {
            0 => {
                let renewed = self.store.renew(lease, now).await;
                self.tell("renew", renewed)
            }
            1 => {
                let released = self.store.release(lease).await;
                self.tell("release", released)
            }
            _ => {
                let answer = StoredAnswer {
                    status: 201,
                    body: vec![self.dice.u8(..)],
                };
                let stored = self.store.store_answer(lease.id, &answer).await;
                self.tell("store_answer", stored)
            }
        }
    }

    async fn purge(&mut self) -> String {
        let now = self.tick();
        let ago = |seconds| -> Timestamp { now.minus(Duration::from_secs(seconds)) };
        let outlived = Outlived {
            sessions_expired_by: ago(10),
            sessions_idle_since: ago(300),
            login_failures_before: ago(60),
            idempotency_expired_by: ago(10),
        };
        let purged = self.store.purge(outlived, 1_000).await;
        self.tell("purge", purged)
    }
}

//! Threads and messages.

use classdesk_domain::events::{DomainEvent, EventThread, NewEvent, RowId};
use classdesk_domain::ids::{MessageId, ThreadId, UserId};
use classdesk_domain::store::Commit;
use classdesk_domain::text::SubjectLine;
use classdesk_domain::threads::{
    MessageDeletion, MessageEdit, ParticipantAddition, ParticipantRemoval, ReadMark, ThreadUpdate,
};

use crate::fixture::words;
use crate::history::replica::Replica;

impl Replica<'_> {
    pub(super) async fn open_thread(&mut self) -> String {
        let people = [self.person(), self.person()];
        let about = self.subject();
        let now = self.tick();
        let mut row = self.fixture().new_thread(&people);
        row.about = about;
        row.is_private = self.once_in(4);
        row.created_at = now;
        row.participants.sort_unstable();
        row.participants.dedup();
        if self.once_in(2) {
            row.first_message = Some((words("First"), people[1].id));
        }
        let thread = EventThread {
            id: RowId::Created,
            subject: self.fixture().subject(),
        };
        let created = DomainEvent::ThreadCreated {
            thread: thread.clone(),
            recipient: people[1].id,
        };
        let mut commit = self.commit(row, created).await;
        if commit.change.first_message.is_some() {
            let sent = DomainEvent::MessageSent {
                message: RowId::Created,
                thread,
            };
            let said = NewEvent::new(now, None, sent);
            commit = commit.with_event(said);
        }
        let opened = self.store.open_thread(commit).await;
        if let Ok(view) = &opened {
            self.numbers.note(view.thread.id);
            if let Some(message) = &view.last_message {
                self.numbers.note(message.id);
            }
        }
        self.report("open_thread", opened)
    }

    pub(super) async fn update_thread(&mut self) -> String {
        let is_active = !self.once_in(3);
        let update = ThreadUpdate {
            thread: self.row(),
            subject: self.once_in(2).then(|| SubjectLine::cut("Another line")),
            is_active: Some(is_active),
            at: self.tick(),
            viewer: self.person().id,
        };
        let thread = self.fixture().event_thread(update.thread);
        let closed = DomainEvent::ThreadClosed { thread };
        let commit = self.commit(update, closed).await;
        let changed = self.store.update_thread(commit).await;
        self.report("update_thread", changed)
    }

    pub(super) async fn add_participant(&mut self) -> String {
        let addition = ParticipantAddition {
            thread: self.row(),
            user: self.row(),
            at: self.tick(),
            viewer: self.person().id,
        };
        let added = DomainEvent::ParticipantAdded {
            thread: self.fixture().event_thread(addition.thread),
            user: addition.user,
        };
        let commit = self.commit(addition, added).await;
        let joined = self.store.add_participant(commit).await;
        self.report("add_participant", joined)
    }

    pub(super) async fn remove_participant(&mut self) -> String {
        let removal = ParticipantRemoval {
            thread: self.row(),
            user: self.row(),
        };
        let removed = DomainEvent::ParticipantRemoved {
            thread: self.fixture().event_thread(removal.thread),
            user: removal.user,
        };
        let commit = self.commit(removal, removed).await;
        let left = self.store.remove_participant(commit).await;
        self.report("remove_participant", left)
    }

    pub(super) async fn mark_read(&mut self) -> String {
        let mark = ReadMark {
            thread: self.row(),
            user: self.person().id,
            up_to: self.once_in(2).then(|| self.row::<MessageId>()),
            at: self.tick(),
        };
        let marked = self.store.mark_read(Commit::new(mark)).await;
        self.report("mark_read", marked)
    }

    pub(super) async fn post_message(&mut self) -> String {
        let (thread, sender) = (self.row::<ThreadId>(), self.person());
        let now = self.tick();
        let mut row = self.fixture().new_message(thread, sender);
        row.sent_at = now;
        row.recipient = self.once_in(3).then(|| self.row::<UserId>());
        row.reply_to = self.once_in(6).then(|| self.row::<MessageId>());
        if self.once_in(3) {
            row.attachment = self.uploads.pop();
        }
        let sent = DomainEvent::MessageSent {
            message: RowId::Created,
            thread: self.fixture().event_thread(thread),
        };
        let commit = self.commit(row, sent).await;
        let sent = self.store.post_message(commit).await;
        if let Ok((message, attachment)) = &sent {
            self.numbers.note(*message);
            if let Some(attachment) = attachment {
                self.numbers.note(*attachment);
            }
        }
        self.report("post_message", sent)
    }

    pub(super) async fn edit_message(&mut self) -> String {
        let edit = MessageEdit {
            message: self.row(),
            text: words("Edited"),
            at: self.tick(),
            scope: self.scope(),
        };
        let event = DomainEvent::MessageEdited {
            message: edit.message,
            thread: self.some_thread(),
            sender: self.person().id,
        };
        let commit = self.commit(edit, event).await;
        let edited = self.store.edit_message(commit).await;
        self.report("edit_message", edited)
    }

    pub(super) async fn delete_message(&mut self) -> String {
        let deletion = MessageDeletion {
            message: self.row(),
            at: self.tick(),
        };
        let event = DomainEvent::MessageDeleted {
            message: deletion.message,
            thread: self.some_thread(),
            sender: self.person().id,
        };
        let commit = self.commit(deletion, event).await;
        let deleted = self.store.delete_message(commit).await;
        self.report("delete_message", deleted)
    }

    /// A thread that is there, as events name it; where there is a message, there is one.
    fn some_thread(&self) -> EventThread {
        self.fixture().event_thread(self.numbers.id::<ThreadId>(0))
    }
}

//! A store with people in it, and short ways to put more there.

use std::time::Duration;

use classdesk_domain::ClientNetwork;
use classdesk_domain::blobs::{
    BlobInfo, BlobPurpose, ContentType, FileName, FinishedUpload, NewBlob, Sha256Digest,
    StorageKey, UPLOAD_GRACE,
};
use classdesk_domain::bundles::{Bundle, InsertBundle, NewBundle};
use classdesk_domain::clock::{Clock, SecretSource, Timestamp};
use classdesk_domain::events::{EventThread, EventTicket, RowId};
use classdesk_domain::files::{BundleFile, InsertBundleFile, Visibility};
use classdesk_domain::ids::{BundleId, MessageId, ThreadId, TicketId, TicketMessageId, UserId};
use classdesk_domain::people::{
    Actor, Email, InsertUser, Language, LoginAttempt, LoginKey, LoginLimits, LoginName,
    PasswordHash, Role, TimeZone, Username,
};
use classdesk_domain::store::{Commit, Store};
use classdesk_domain::subjects::{Parties, SubjectRef};
use classdesk_domain::text::{Description, DisplayName, MessageText, SubjectLine, Title};
use classdesk_domain::threads::{InsertMessage, InsertThread, MessageKind, ThreadView};
use classdesk_domain::tickets::{InsertTicket, InsertTicketMessage, NewTicket, Ticket};

use classdesk_memory::{FrozenClock, SeededSecrets};

/// People of every role and two strangers, a bundle of the client with the writer, and a clock.
///
/// Everything is put through the ports with defaults, without asking the policy. Its methods are
/// for the arrangement of tests and panic when the store refuses.
#[derive(Debug)]
pub struct Fixture {
    /// Of the role superadmin, username `superadmin`; likewise the others.
    pub superadmin: Actor,
    /// An admin.
    pub admin: Actor,
    /// An editor.
    pub editor: Actor,
    /// The client of the bundle.
    pub client: Actor,
    /// The writer of the bundle.
    pub writer: Actor,
    /// A client with no bundle.
    pub other_client: Actor,
    /// A writer with no bundle.
    pub other_writer: Actor,
    /// The bundle.
    pub bundle: BundleId,
    /// The time of this fixture; [`Fixture::tick`] moves it.
    pub clock: FrozenClock,
    secrets: SeededSecrets,
}

impl Fixture {
    /// Puts the people and the bundle into a store that has none of these names yet.
    pub async fn create(store: &dyn Store) -> Self {
        let clock = FrozenClock::default();
        let now = clock.now();
        let mut fixture = Self {
            superadmin: create_user(store, "superadmin", Role::Superadmin, now).await,
            admin: create_user(store, "admin", Role::Admin, now).await,
            editor: create_user(store, "editor", Role::Editor, now).await,
            client: create_user(store, "client", Role::Client, now).await,
            writer: create_user(store, "writer", Role::Writer, now).await,
            other_client: create_user(store, "other_client", Role::Client, now).await,
            other_writer: create_user(store, "other_writer", Role::Writer, now).await,
            bundle: BundleId::new(0),
            clock,
            secrets: SeededSecrets::default(),
        };
        let bundle = fixture.add_bundle(store, fixture.client, Some(fixture.writer));
        fixture.bundle = bundle.await.id;
        fixture
    }

    /// Everybody, superadmin first.
    #[must_use]
    pub const fn everybody(&self) -> [Actor; 7] {
        [
            self.superadmin,
            self.admin,
            self.editor,
            self.client,
            self.writer,
            self.other_client,
            self.other_writer,
        ]
    }

    /// The present second.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The next second, which is the present one from now on.
    pub fn tick(&self) -> Timestamp {
        self.clock.advance(Duration::from_secs(1));
        self.clock.now()
    }

    /// The subject that the bundle is.
    #[must_use]
    pub const fn subject(&self) -> SubjectRef {
        SubjectRef::bundle(self.bundle)
    }

    /// The parties that the bundle has at first.
    #[must_use]
    pub const fn parties(&self) -> Parties {
        Parties {
            client: self.client.id,
            assigned_writer: Some(self.writer.id),
        }
    }

    /// Adds a person with this username.
    pub async fn add_user(&self, store: &dyn Store, username: &str, role: Role) -> Actor {
        create_user(store, username, role, self.tick()).await
    }

    /// Adds a bundle.
    pub async fn add_bundle(
        &self,
        store: &dyn Store,
        client: Actor,
        writer: Option<Actor>,
    ) -> Bundle {
        let mut bundle = NewBundle::new(client.id, title("Spring semester"));
        bundle.assigned_writer_id = writer.map(|writer| writer.id);
        let row = InsertBundle {
            bundle,
            created_by: self.admin.id,
            created_at: self.tick(),
            completed_at: None,
        };
        let created = store.create_bundle(Commit::new(row)).await;
        created.expect("the store takes a bundle")
    }

    /// A thread on the bundle, opened by the first participant.
    #[must_use]
    pub fn new_thread(&self, participants: &[Actor]) -> InsertThread {
        let creator = participants.first().copied().unwrap_or(self.admin);
        InsertThread {
            about: self.subject(),
            subject: SubjectLine::cut("Questions"),
            is_private: false,
            created_by: creator.id,
            creator_role: creator.role,
            participants: ids(participants),
            first_message: None,
            created_at: self.tick(),
        }
    }

    /// Opens a thread on the bundle.
    pub async fn add_thread(&self, store: &dyn Store, participants: &[Actor]) -> ThreadView {
        let row = self.new_thread(participants);
        let opened = store.open_thread(Commit::new(row)).await;
        opened.expect("the store takes a thread")
    }

    /// A text message.
    #[must_use]
    pub fn new_message(&self, thread: ThreadId, sender: Actor) -> InsertMessage {
        InsertMessage {
            thread,
            sender: sender.id,
            sender_role: sender.role,
            recipient: None,
            text: words("Hello"),
            kind: MessageKind::Text,
            reply_to: None,
            attachment: None,
            sent_at: self.tick(),
        }
    }

    /// Sends a text message.
    pub async fn add_message(
        &self,
        store: &dyn Store,
        thread: ThreadId,
        sender: Actor,
    ) -> MessageId {
        let row = self.new_message(thread, sender);
        let sent = store.post_message(Commit::new(row)).await;
        sent.expect("the store takes a message").0
    }

    /// A ticket for the one who creates it.
    #[must_use]
    pub fn new_ticket(&self, requester: Actor, about: Option<SubjectRef>) -> InsertTicket {
        InsertTicket {
            ticket: NewTicket::new(title("It does not work"), Description::empty()),
            description: description("Nothing happens."),
            about,
            created_by: requester.id,
            requester: requester.id,
            created_at: self.tick(),
        }
    }

    /// Creates a ticket.
    pub async fn add_ticket(
        &self,
        store: &dyn Store,
        requester: Actor,
        about: Option<SubjectRef>,
    ) -> Ticket {
        let row = self.new_ticket(requester, about);
        let created = store.create_ticket(Commit::new(row)).await;
        created.expect("the store takes a ticket")
    }

    /// A message on a ticket.
    #[must_use]
    pub fn new_note(
        &self,
        ticket: TicketId,
        sender: Actor,
        is_internal: bool,
    ) -> InsertTicketMessage {
        InsertTicketMessage {
            ticket,
            sender: sender.id,
            text: words("Have you tried again?"),
            is_internal,
            reopens: None,
            assignee_leaves: false,
            created_at: self.tick(),
        }
    }

    /// Adds a message to a ticket.
    pub async fn add_note(
        &self,
        store: &dyn Store,
        ticket: TicketId,
        sender: Actor,
        is_internal: bool,
    ) -> TicketMessageId {
        let row = self.new_note(ticket, sender, is_internal);
        let added = store.add_ticket_message(Commit::new(row)).await;
        added.expect("the store takes a ticket message")
    }

    /// A thread on the bundle as events name it.
    #[must_use]
    pub fn event_thread(&self, id: impl Into<RowId<ThreadId>>) -> EventThread {
        EventThread {
            id: id.into(),
            subject: self.subject(),
        }
    }

    /// A ticket of the client on the bundle as events name it.
    #[must_use]
    pub fn event_ticket(&self, id: impl Into<RowId<TicketId>>) -> EventTicket {
        EventTicket {
            id: id.into(),
            requester: self.client.id,
            subject: Some(self.subject()),
        }
    }

    /// A storage key that nothing else has.
    pub fn fresh_key(&self, purpose: BlobPurpose) -> StorageKey {
        StorageKey::fresh(purpose, self.secrets.bytes())
    }

    /// Inserts a pending blob row, and says what an upload under its key came to.
    pub async fn add_upload(
        &self,
        store: &dyn Store,
        by: Actor,
        purpose: BlobPurpose,
    ) -> FinishedUpload {
        let created_at = self.tick();
        let blob = NewBlob {
            key: self.fresh_key(purpose),
            purpose,
            created_by: by.id,
            created_at,
            due_at: created_at.plus(UPLOAD_GRACE),
        };
        let blob = store.create_blob(blob).await;
        FinishedUpload {
            blob: blob.expect("the store takes a blob"),
            info: BlobInfo {
                size: 17,
                sha256: Sha256Digest::from_bytes(self.secrets.bytes()),
                content_type: ContentType::unknown(),
            },
            name: FileName::clean("Anforderungen für März.pdf"),
            uploaded_by: by.id,
        }
    }

    /// Puts a file on the bundle.
    pub async fn add_file(
        &self,
        store: &dyn Store,
        by: Actor,
        visibility: Visibility,
    ) -> BundleFile {
        let row = InsertBundleFile {
            bundle: self.bundle,
            upload: self.add_upload(store, by, BlobPurpose::BundleFile).await,
            description: Description::empty(),
            visibility,
            uploaded_at: self.tick(),
        };
        let added = store.add_file(Commit::new(row)).await;
        added.expect("the store takes a file")
    }
}

/// A person as the fixture creates them: the username tells their email address, their name for
/// others and, as `hash of …`, their password hash.
#[must_use]
pub fn new_user(username: &str, role: Role, created_at: Timestamp) -> InsertUser {
    InsertUser {
        external_id: None,
        username: Username::parse(username).expect("a username"),
        email: Email::parse(&format!("{username}@example.com")).expect("an email address"),
        display_name: DisplayName::parse(username).expect("a name"),
        role,
        is_active: true,
        language: Language::default(),
        time_zone: TimeZone::default(),
        password: Some(PasswordHash::new(format!("hash of {username}"))),
        created_at,
        link: None,
    }
}

async fn create_user(store: &dyn Store, username: &str, role: Role, at: Timestamp) -> Actor {
    let created = store
        .create_user(Commit::new(new_user(username, role, at)))
        .await;
    Actor::from(&created.expect("the store takes a person"))
}

/// The ids of people.
pub(crate) fn ids(people: &[Actor]) -> Vec<UserId> {
    people.iter().map(|person| person.id).collect()
}

/// A title.
///
/// # Panics
/// When it is none.
#[must_use]
pub fn title(text: &str) -> Title {
    Title::parse(text).expect("a title")
}

/// What a message says.
///
/// # Panics
/// When it can't be said.
#[must_use]
pub fn words(text: &str) -> MessageText {
    MessageText::parse(text).expect("the text of a message")
}

/// A description.
///
/// # Panics
/// When it is none.
#[must_use]
pub fn description(text: &str) -> Description {
    Description::parse(text).expect("a description")
}

/// An attempt to sign in with this name, which no account has, from the address that ends in this
/// number.
#[must_use]
pub fn login_attempt(name: &str, address: u8, at: Timestamp) -> LoginAttempt {
    LoginAttempt {
        name: LoginKey::of(&LoginName::new(name)),
        user: None,
        network: ClientNetwork::of([192, 0, 2, address].into()),
        at,
        limits: LoginLimits::default(),
    }
}

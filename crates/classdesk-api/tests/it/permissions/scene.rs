//! What each request of the table is made to: fresh things for every request, so that no request
//! finds what another has changed.

use std::collections::BTreeMap;

use bytes::Bytes;
use classdesk_domain::blobs::{FileName, FinishedUpload, UploadTarget};
use classdesk_domain::files::NewFile;
use classdesk_domain::ids::{BundleId, ThreadId};
use classdesk_domain::people::{Actor, Role};
use classdesk_domain::store::Commit;
use classdesk_domain::subjects::{PutSubject, SubjectKind, SubjectRef};
use classdesk_domain::text::{MessageText, Title};
use classdesk_domain::threads::{InsertThread, MessageKind, NewMessage, ThreadRepository};
use futures_util::stream;

use crate::harness::Desk;

/// Somebody who asks, by the column of the table.
pub(super) const COLUMNS: [&str; 9] = [
    "superadmin",
    "admin",
    "editor in the thread",
    "editor outside",
    "owner",
    "other client",
    "assigned writer",
    "former writer",
    "other writer",
];

/// The people of the table, and more who only are there.
pub(super) struct Cast {
    columns: [Actor; 9],
    /// A member of staff in the thread, whom others can name.
    clerk: Actor,
    /// A member of staff outside the thread.
    aide: Actor,
    /// A person about whom nobody else asks.
    pupil: Actor,
}

impl Cast {
    pub(super) async fn of(desk: &Desk) -> Self {
        let world = &desk.world;
        let outside = desk.add_user("editor_outside", Role::Editor).await;
        let former = desk.add_user("former_writer", Role::Writer).await;
        Self {
            columns: [
                world.superadmin,
                world.admin,
                world.editor,
                outside,
                world.client,
                world.other_client,
                world.writer,
                former,
                world.other_writer,
            ],
            clerk: desk.add_user("clerk", Role::Editor).await,
            aide: desk.add_user("aide", Role::Editor).await,
            pupil: desk.add_user("pupil", Role::Client).await,
        }
    }

    /// Who asks in this column.
    pub(super) fn asker(&self, column: usize) -> Actor {
        self.columns[column]
    }

    fn owner(&self) -> Actor {
        self.columns[4]
    }

    fn writer(&self) -> Actor {
        self.columns[6]
    }

    fn former_writer(&self) -> Actor {
        self.columns[7]
    }
}

/// The numbers behind the names that rows use, such as `<bundle>`.
pub(super) struct Scene(BTreeMap<&'static str, String>);

impl Scene {
    /// The text with every name replaced by its number.
    pub(super) fn fill(&self, text: &str) -> String {
        let mut filled = text.to_owned();
        for (name, number) in &self.0 {
            filled = filled.replace(&format!("<{name}>"), number);
        }
        assert!(!filled.contains('<'), "{filled}");
        filled
    }

    /// The same where no thing exists; people still do, and what lies below what is not there
    /// does not either.
    pub(super) fn fill_missing(&self, text: &str) -> String {
        const PEOPLE: [&str; 6] = ["n", "me", "owner", "clerk", "aide", "admin"];
        let things = self.0.iter().map(|(name, number)| {
            let is_thing = !PEOPLE.contains(name);
            (
                *name,
                if is_thing {
                    "987654321".to_owned()
                } else {
                    number.clone()
                },
            )
        });
        Self(things.collect()).fill(text)
    }

    /// Makes all that `named` names. `number` is unique.
    pub(super) async fn build(
        desk: &Desk,
        cast: &Cast,
        asker: Actor,
        number: usize,
        named: &str,
    ) -> Self {
        let mut scene = Self(BTreeMap::from([
            ("n", number.to_string()),
            ("me", asker.id.to_string()),
            ("owner", cast.owner().id.to_string()),
            ("clerk", cast.clerk.id.to_string()),
            ("aide", cast.aide.id.to_string()),
            ("admin", desk.world.admin.id.to_string()),
            ("pupil", cast.pupil.id.to_string()),
            ("unregistered", (1_000_000 + number).to_string()),
        ]));
        let wants = |name: &str| named.contains(&format!("<{name}>"));
        for (name, person) in [("session", asker), ("other_session", cast.pupil)] {
            if wants(name) {
                scene.0.insert(name, session_of(desk, person).await);
            }
        }
        if wants("order") {
            let order =
                SubjectRef::new(SubjectKind::parse("order").unwrap(), 1_000 + number as i64);
            register(desk, cast, &order).await;
            scene.0.insert("order", order.object_id.to_string());
        }
        let bundle = bundle_with_history(desk, cast).await;
        scene.0.insert("bundle", bundle.to_string());
        scene.add_files(desk, cast, bundle, wants).await;
        scene.add_threads(desk, cast, bundle, wants).await;
        scene.add_tickets(desk, cast, bundle, wants).await;
        scene
    }

    async fn add_files(
        &mut self,
        desk: &Desk,
        cast: &Cast,
        bundle: BundleId,
        wants: impl Fn(&str) -> bool,
    ) {
        for (name, by, visible) in [
            ("file", cast.owner(), None),
            ("writer_file", cast.clerk, Some((false, true))),
            ("client_file", cast.clerk, Some((true, false))),
        ] {
            if wants(name) {
                self.0
                    .insert(name, put_file(desk, by, bundle, visible).await);
            }
        }
    }

    async fn add_threads(
        &mut self,
        desk: &Desk,
        cast: &Cast,
        bundle: BundleId,
        wants: impl Fn(&str) -> bool,
    ) {
        let (owner, writer, clerk) = (cast.owner(), cast.writer(), cast.clerk);
        let everybody = [owner, writer, cast.former_writer(), cast.columns[2], clerk];
        for (name, participants) in [
            ("thread", &everybody[..]),
            ("without_owner", &[writer, clerk]),
            ("without_writer", &[owner, clerk]),
        ] {
            if wants(name) {
                let thread = open_thread(desk, bundle, participants).await;
                self.0.insert(name, thread.to_string());
            }
        }
        for (name, with_file) in [("message", false), ("with_file", true)] {
            if wants(name) {
                let thread = open_thread(desk, bundle, &everybody).await;
                self.0
                    .insert(name, say(desk, owner, thread, with_file).await);
            }
        }
    }

    async fn add_tickets(
        &mut self,
        desk: &Desk,
        cast: &Cast,
        bundle: BundleId,
        wants: impl Fn(&str) -> bool,
    ) {
        let (world, store) = (&desk.world, &*desk.store);
        if wants("free_ticket") {
            let ticket = world.add_ticket(store, world.other_client, None).await;
            self.0.insert("free_ticket", ticket.id.to_string());
        }
        if !wants("ticket") {
            return;
        }
        let about = Some(SubjectRef::bundle(bundle));
        let ticket = world.add_ticket(store, cast.owner(), about).await.id;
        self.0.insert("ticket", ticket.to_string());
        for (name, is_internal) in [("public", false), ("internal", true)] {
            if wants(name) {
                let file = upload(desk, cast.clerk, UploadTarget::Ticket(ticket)).await;
                let tickets = &desk.classdesk.tickets;
                let attached = tickets.attach(&cast.clerk, ticket, file, is_internal).await;
                self.0.insert(name, attached.unwrap().id.to_string());
            }
        }
    }
}

/// A bundle of the owner that the former writer had before the present one.
async fn bundle_with_history(desk: &Desk, cast: &Cast) -> BundleId {
    let former = Some(cast.former_writer());
    let bundle = desk
        .world
        .add_bundle(&*desk.store, cast.owner(), former)
        .await;
    let bundles = &desk.classdesk.bundles;
    let writer = Some(cast.writer().id);
    bundles
        .assign_writer(&desk.world.admin, bundle.id, writer)
        .await
        .unwrap();
    bundle.id
}

async fn open_thread(desk: &Desk, bundle: BundleId, participants: &[Actor]) -> ThreadId {
    let row = InsertThread {
        about: SubjectRef::bundle(bundle),
        ..desk.world.new_thread(participants)
    };
    let opened = desk.store.open_thread(Commit::new(row)).await;
    opened.unwrap().thread.id
}

async fn upload(desk: &Desk, by: Actor, target: UploadTarget) -> FinishedUpload {
    let uploads = &desk.classdesk.uploads;
    let permit = uploads.begin(&by, target).await.unwrap();
    let bytes = Box::pin(stream::iter([Ok(Bytes::from_static(b"what is in it"))]));
    let name = FileName::clean("sheet.txt");
    uploads.receive(&permit, name, bytes).await.unwrap()
}

async fn say(desk: &Desk, by: Actor, thread: ThreadId, with_file: bool) -> String {
    let file = if with_file {
        Some(upload(desk, by, UploadTarget::Thread(thread)).await)
    } else {
        None
    };
    let new = NewMessage {
        recipient_id: None,
        text: MessageText::parse("Hello").unwrap(),
        kind: MessageKind::Text,
        reply_to: None,
    };
    let sent = desk.classdesk.messages.send(&by, thread, new, file).await;
    sent.unwrap().id.to_string()
}

async fn register(desk: &Desk, cast: &Cast, order: &SubjectRef) {
    let draft = PutSubject {
        client_id: cast.owner().id,
        assigned_writer_id: Some(cast.writer().id),
        label: Title::parse("Order").unwrap(),
    };
    let subjects = &desk.classdesk.subjects;
    subjects.put(&desk.world.admin, order, draft).await.unwrap();
}

/// A file, visible to both or as said: (to the client, to the writer).
async fn put_file(
    desk: &Desk,
    by: Actor,
    bundle: BundleId,
    visible: Option<(bool, bool)>,
) -> String {
    let file = upload(desk, by, UploadTarget::Bundle(bundle)).await;
    let new = NewFile {
        is_visible_to_client: visible.map(|(client, _)| client),
        is_visible_to_writer: visible.map(|(_, writer)| writer),
        ..NewFile::default()
    };
    let added = desk.classdesk.files.add(&by, bundle, file, new).await;
    added.unwrap().id.to_string()
}

/// A session of this person other than the one that asks.
async fn session_of(desk: &Desk, person: Actor) -> String {
    let client = desk.client_of(person).await;
    let sessions = client
        .get("/api/v1/auth/sessions/?limit=1")
        .await
        .check_json(200);
    sessions[0]["id"].to_string()
}

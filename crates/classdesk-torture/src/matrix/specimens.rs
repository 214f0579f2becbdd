//! An object in a given state, to which somebody has a given standing, made over the API by people
//! who may make it.

use anyhow::{Context as _, Result, bail};
use serde_json::json;

use super::desk::{Desk, patch};
use super::facts::{Object, Role, Subject};

/// What to make.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Specimen<'a> {
    pub(crate) kind: &'a str,
    pub(crate) state: &'a str,
    pub(crate) standing: &'a str,
    /// Who asks.
    asker: Asker,
    /// How they came to their standing, where there is more than one way.
    way: Way,
}

/// How somebody came to their standing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// The simplest way.
    Plain,
    /// They made the object, and lost their place afterwards.
    MadeIt,
    /// They were never asked in.
    Private,
    /// The subject was given to another client.
    HandedOver,
    /// They asked for it as a client, became a writer, and were given the work.
    ChangedSides,
    /// Staff made it for them.
    OnBehalf,
    /// It is about nothing.
    Free,
}

/// People by what they are to the specimens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asker {
    Client,
    OtherClient,
    Writer,
    OtherWriter,
    FormerWriter,
    Editor,
    Admin,
    Superadmin,
    /// The person that the specimen is.
    Oneself,
}

/// The people of a world.
pub(crate) struct Cast {
    client: i64,
    other_client: i64,
    writer: i64,
    other_writer: i64,
    former_writer: i64,
    editor: i64,
    admin: i64,
    superadmin: i64,
    /// Staff about whom nobody asks.
    clerk: i64,
}

impl Cast {
    pub(crate) async fn hire(desk: &mut Desk<'_>) -> Result<Self> {
        Ok(Self {
            client: desk.hire(Role::Client).await?,
            other_client: desk.hire(Role::Client).await?,
            writer: desk.hire(Role::Writer).await?,
            other_writer: desk.hire(Role::Writer).await?,
            former_writer: desk.hire(Role::Writer).await?,
            editor: desk.hire(Role::Editor).await?,
            admin: desk.hire(Role::Admin).await?,
            superadmin: desk.hire(Role::Superadmin).await?,
            clerk: desk.enroll(Role::Editor).await?,
        })
    }

    /// Somebody of a role who is at the heart of the specimens.
    pub(crate) const fn of_role(&self, role: Role) -> i64 {
        match role {
            Role::Client => self.client,
            Role::Writer => self.writer,
            Role::Editor => self.editor,
            Role::Admin => self.admin,
            Role::Superadmin => self.superadmin,
        }
    }

    const fn id(&self, asker: Asker) -> i64 {
        match asker {
            Asker::Client => self.client,
            Asker::OtherClient => self.other_client,
            Asker::Writer => self.writer,
            Asker::OtherWriter => self.other_writer,
            Asker::FormerWriter => self.former_writer,
            Asker::Editor => self.editor,
            Asker::Admin => self.admin,
            Asker::Superadmin | Asker::Oneself => self.superadmin,
        }
    }

    /// Every way in which somebody can have a standing to an object of a kind in a state.
    pub(crate) fn specimens<'a>(
        &self,
        kind: &'a str,
        state: &'a str,
        standing: &'a str,
    ) -> Vec<Specimen<'a>> {
        use Asker::{
            Admin, Client, Editor, FormerWriter, Oneself, OtherClient, OtherWriter, Superadmin,
            Writer,
        };
        use Way::{ChangedSides, Free, HandedOver, MadeIt, OnBehalf, Plain, Private};
        let ways: &[(Asker, Way)] = match (kind, standing) {
            ("person", "self") => &[(Oneself, Plain)],
            ("ticket" | "ticket_note" | "ticket_attachment", "requester") => {
                &[(Client, Plain), (Client, OnBehalf)]
            }
            (_, "requester_stranger") => &[(Client, Free), (Client, HandedOver)],
            ("ticket" | "ticket_note" | "ticket_attachment", "owner") => {
                &[(Client, Plain), (Client, HandedOver)]
            }
            ("ticket" | "ticket_note" | "ticket_attachment", "writer") => {
                &[(Writer, Plain), (Writer, ChangedSides)]
            }
            ("ticket" | "ticket_note" | "ticket_attachment", "staff") => &[
                (Editor, Plain),
                (Admin, Plain),
                (Superadmin, Plain),
                (Editor, Free),
            ],
            ("ticket" | "ticket_note" | "ticket_attachment", "none") => &[
                (OtherClient, Plain),
                (OtherWriter, Plain),
                (FormerWriter, Plain),
                (OtherClient, Free),
                (Writer, Free),
            ],
            ("file" | "message", "none") => &[
                (OtherClient, Plain),
                (OtherWriter, Plain),
                (FormerWriter, Plain),
                (FormerWriter, MadeIt),
            ],
            (_, "none") => &[
                (OtherClient, Plain),
                (OtherWriter, Plain),
                (FormerWriter, Plain),
            ],
            (_, "owner_out") => &[(Client, Plain), (Client, MadeIt)],
            (_, "writer_out") => &[(Writer, Plain), (Writer, MadeIt), (Writer, Private)],
            (_, "party_out") => &[
                (Client, Plain),
                (Client, MadeIt),
                (Writer, Plain),
                (Writer, MadeIt),
            ],
            (_, "staff_sender") => &[(Editor, Plain), (Admin, MadeIt), (Superadmin, Plain)],
            (_, "staff" | "staff_in" | "staff_out") => {
                &[(Editor, Plain), (Admin, Plain), (Superadmin, Plain)]
            }
            (_, "client") => &[(Client, Plain)],
            (_, "editor") => &[(Editor, Plain)],
            (_, "admin") => &[(Admin, Plain)],
            (_, "superadmin") => &[(Superadmin, Plain)],
            (_, standing) if standing.starts_with("owner") => &[(Client, Plain)],
            (_, standing) if standing.starts_with("writer") => &[(Writer, Plain)],
            _ => &[],
        };
        let ways = ways.iter().map(|(asker, way)| Specimen {
            kind,
            state,
            standing,
            asker: *asker,
            way: *way,
        });
        ways.collect()
    }

    /// Makes a specimen, and gives who asks and what on.
    pub(crate) async fn build(
        &self,
        desk: &mut Desk<'_>,
        specimen: Specimen<'_>,
    ) -> Result<(i64, Object)> {
        let asker = self.id(specimen.asker);
        let object = match specimen.kind {
            "nothing" => Object::Nothing,
            "person" => return self.person(desk, specimen).await,
            "bundle" => Object::Subject(self.bundle(desk, specimen.state).await?),
            "order" => Object::Subject(self.order(desk, specimen.state).await?),
            "thread" => self.thread(desk, specimen).await?,
            "message" => self.message(desk, specimen).await?,
            "ticket" => return self.ticket(desk, specimen).await,
            "ticket_note" => return self.on_ticket(desk, specimen, "answer a ticket").await,
            "ticket_attachment" => {
                let name = "attach a file to a ticket";
                return self.on_ticket(desk, specimen, name).await;
            }
            "file" => self.file(desk, specimen).await?,
            kind => bail!("nobody knows how to make a {kind}"),
        };
        Ok((asker, object))
    }

    async fn person(&self, desk: &mut Desk<'_>, specimen: Specimen<'_>) -> Result<(i64, Object)> {
        let role = Role::ALL
            .into_iter()
            .find(|role| role.name() == specimen.state);
        let role = role.context("an unknown role")?;
        if specimen.asker == Asker::Oneself {
            let id = desk.hire(role).await?;
            return Ok((id, Object::Person(id)));
        }
        let id = desk.enroll(role).await?;
        Ok((self.id(specimen.asker), Object::Person(id)))
    }

    /// A bundle of the client, whose writer is still the former one.
    async fn early_bundle(&self, desk: &mut Desk<'_>) -> Result<Subject> {
        let superadmin = desk.superadmin;
        let client = [("client", self.client)];
        let bundle = desk
            .prepare(superadmin, "create a bundle", Object::Nothing, client)
            .await?;
        let Some(Object::Subject(bundle)) = bundle else {
            bail!("no bundle was made");
        };
        self.assign(desk, bundle, self.former_writer).await?;
        Ok(bundle)
    }

    async fn assign(&self, desk: &mut Desk<'_>, bundle: Subject, writer: i64) -> Result<()> {
        let writer = [("other_writer", writer)];
        let object = Object::Subject(bundle);
        let superadmin = desk.superadmin;
        desk.prepare(superadmin, "assign a bundle's writer", object, writer)
            .await?;
        Ok(())
    }

    /// A bundle of the client and the writer.
    async fn bundle(&self, desk: &mut Desk<'_>, state: &str) -> Result<Subject> {
        let bundle = self.early_bundle(desk).await?;
        self.assign(desk, bundle, self.writer).await?;
        if let (Subject::Bundle(id), "completed") = (bundle, state) {
            let path = format!("/api/v1/class-management/class-bundles/{id}/");
            let client = desk.client(desk.superadmin)?;
            patch(client, &path, &json!({"status": "completed"}))
                .await?
                .expect(200)?;
            let parties = desk.facts.subjects.get_mut(&bundle);
            parties.context("no bundle")?.is_completed = true;
        }
        Ok(bundle)
    }

    /// An order of a client, whose writer was another one before.
    async fn order_of(&self, desk: &mut Desk<'_>, client: i64) -> Result<Subject> {
        let superadmin = desk.superadmin;
        let given = [("client", client)];
        let order = desk
            .prepare(superadmin, "register a subject", Object::Nothing, given)
            .await?;
        let Some(Object::Subject(order)) = order else {
            bail!("no subject was made");
        };
        for writer in [self.former_writer, self.writer] {
            self.hand_over(desk, order, client, writer).await?;
        }
        Ok(order)
    }

    async fn hand_over(
        &self,
        desk: &mut Desk<'_>,
        order: Subject,
        client: i64,
        writer: i64,
    ) -> Result<()> {
        let given = [("client", client), ("writer", writer)];
        let object = Object::Subject(order);
        let superadmin = desk.superadmin;
        desk.prepare(superadmin, "change a subject", object, given)
            .await?;
        Ok(())
    }

    async fn order(&self, desk: &mut Desk<'_>, state: &str) -> Result<Subject> {
        let order = self.order_of(desk, self.client).await?;
        if state == "linked" {
            let superadmin = desk.superadmin;
            let object = Object::Subject(order);
            desk.prepare(superadmin, "open a ticket on a subject", object, [])
                .await?;
        }
        Ok(order)
    }

    async fn open_thread(
        &self,
        desk: &mut Desk<'_>,
        bundle: Subject,
        opener: i64,
        recipient: i64,
    ) -> Result<Object> {
        let given = [("recipient", recipient)];
        let name = "open a thread on a bundle by its kind";
        let thread = desk
            .prepare(opener, name, Object::Subject(bundle), given)
            .await?;
        thread.context("no thread was made")
    }

    async fn remove(&self, desk: &mut Desk<'_>, thread: Object, participant: i64) -> Result<()> {
        let given = [("participant", participant)];
        let superadmin = desk.superadmin;
        desk.prepare(superadmin, "remove a participant", thread, given)
            .await?;
        Ok(())
    }

    async fn thread(&self, desk: &mut Desk<'_>, specimen: Specimen<'_>) -> Result<Object> {
        let asker = self.id(specimen.asker);
        let superadmin = desk.superadmin;
        let bundle = self.early_bundle(desk).await?;
        let by_writer = match specimen.standing {
            "owner_in" | "writer_creator" => true,
            "owner_out" => specimen.way == Way::Plain,
            "writer_out" => specimen.way == Way::MadeIt,
            _ => false,
        };
        let thread = if specimen.way == Way::Private {
            self.assign(desk, bundle, self.writer).await?;
            let name = "open a private thread on a bundle";
            let given = [("recipient", self.clerk)];
            let private = desk
                .prepare(self.client, name, Object::Subject(bundle), given)
                .await?;
            private.context("no thread was made")?
        } else if by_writer {
            self.assign(desk, bundle, self.writer).await?;
            self.open_thread(desk, bundle, self.writer, self.client)
                .await?
        } else {
            let thread = self
                .open_thread(desk, bundle, self.client, self.former_writer)
                .await?;
            self.assign(desk, bundle, self.writer).await?;
            thread
        };
        match (specimen.standing, specimen.way) {
            (_, Way::Private) => {}
            ("owner_out" | "writer_out", _) => self.remove(desk, thread, asker).await?,
            ("staff_in", _) => {
                let given = [("other_editor", asker)];
                desk.prepare(superadmin, "add a participant", thread, given)
                    .await?;
            }
            _ => {}
        }
        if specimen.state == "closed" {
            desk.prepare(superadmin, "close a thread", thread, [])
                .await?;
        }
        Ok(thread)
    }

    async fn message(&self, desk: &mut Desk<'_>, specimen: Specimen<'_>) -> Result<Object> {
        let asker = self.id(specimen.asker);
        let superadmin = desk.superadmin;
        let bundle = self.early_bundle(desk).await?;
        let thread = self
            .open_thread(desk, bundle, self.client, self.former_writer)
            .await?;
        let send = match specimen.state {
            "plain" => "send a message",
            _ => "send a file",
        };
        let mut message = None;
        if specimen.asker == Asker::FormerWriter && specimen.way == Way::MadeIt {
            message = desk.prepare(asker, send, thread, []).await?;
        }
        self.assign(desk, bundle, self.writer).await?;
        let is_staff_sender = specimen.standing == "staff_sender";
        if is_staff_sender {
            let given = [("other_editor", asker)];
            desk.prepare(superadmin, "add a participant", thread, given)
                .await?;
        }
        if message.is_none() {
            let sender = match (specimen.standing, specimen.way) {
                ("owner_sender" | "writer_sender" | "staff_sender", _)
                | ("party_out", Way::MadeIt) => asker,
                ("owner_in", _) => self.writer,
                ("party_out", _) if asker == self.client => self.writer,
                _ => self.client,
            };
            message = desk.prepare(sender, send, thread, []).await?;
        }
        let message = message.context("no message was made")?;
        let left = is_staff_sender && specimen.way == Way::MadeIt;
        if left || specimen.standing == "party_out" {
            self.remove(desk, thread, asker).await?;
        }
        if specimen.state == "deleted" {
            desk.prepare(superadmin, "delete a message", message, [])
                .await?;
        }
        Ok(message)
    }

    /// Somebody who asked for a ticket as a client, and is now the writer of what it is about.
    async fn requester_at_work(&self, desk: &mut Desk<'_>) -> Result<(i64, Option<Object>)> {
        let superadmin = desk.superadmin;
        let turncoat = desk.hire(Role::Client).await?;
        let order = self.order_of(desk, turncoat).await?;
        let ticket = desk
            .prepare(
                turncoat,
                "open a ticket on a subject",
                Object::Subject(order),
                [],
            )
            .await?;
        self.hand_over(desk, order, self.other_client, self.writer)
            .await?;
        let person = Object::Person(turncoat);
        desk.prepare(superadmin, "make somebody a writer", person, [])
            .await?;
        self.hand_over(desk, order, self.other_client, turncoat)
            .await?;
        Ok((turncoat, ticket))
    }

    /// A ticket with the asker's standing, open still, and the asker.
    async fn open_ticket(
        &self,
        desk: &mut Desk<'_>,
        specimen: Specimen<'_>,
    ) -> Result<(i64, Object)> {
        if specimen.way == Way::ChangedSides {
            let (asker, ticket) = self.requester_at_work(desk).await?;
            return Ok((asker, ticket.context("no ticket was made")?));
        }
        let asker = self.id(specimen.asker);
        let superadmin = desk.superadmin;
        let on_nothing = "create a ticket on nothing";
        let on_subject = "open a ticket on a subject";
        let on_bundle = "open a ticket on a bundle";
        let ticket = match (specimen.standing, specimen.way) {
            (standing, Way::Free) => {
                let by = if standing == "none" {
                    self.client
                } else {
                    asker
                };
                desk.prepare(by, on_nothing, Object::Nothing, []).await?
            }
            (standing, Way::HandedOver) => {
                // The asker lost it, or got what was another's.
                let (before, after) = match standing {
                    "owner" => (self.other_client, asker),
                    _ => (asker, self.other_client),
                };
                let order = self.order_of(desk, before).await?;
                let ticket = desk
                    .prepare(before, on_subject, Object::Subject(order), [])
                    .await?;
                self.hand_over(desk, order, after, self.writer).await?;
                ticket
            }
            (standing, way) => {
                let bundle = Object::Subject(self.bundle(desk, "in_progress").await?);
                match (standing, way) {
                    (_, Way::OnBehalf) => {
                        let name = "open a ticket for the client";
                        desk.prepare(superadmin, name, bundle, []).await?
                    }
                    ("owner", _) => desk.prepare(superadmin, on_bundle, bundle, []).await?,
                    _ => desk.prepare(self.client, on_bundle, bundle, []).await?,
                }
            }
        };
        Ok((asker, ticket.context("no ticket was made")?))
    }

    async fn ticket(&self, desk: &mut Desk<'_>, specimen: Specimen<'_>) -> Result<(i64, Object)> {
        let (asker, ticket) = self.open_ticket(desk, specimen).await?;
        let superadmin = desk.superadmin;
        let name = match specimen.state {
            "in_progress" => "start on a ticket",
            "awaiting_response" => "await a response to a ticket",
            "escalated" => "escalate a ticket",
            "closed" => "close a ticket",
            _ => return Ok((asker, ticket)),
        };
        desk.prepare(superadmin, name, ticket, []).await?;
        Ok((asker, ticket))
    }

    async fn on_ticket(
        &self,
        desk: &mut Desk<'_>,
        specimen: Specimen<'_>,
        name: &str,
    ) -> Result<(i64, Object)> {
        let (asker, ticket) = self.open_ticket(desk, specimen).await?;
        let superadmin = desk.superadmin;
        let name = match specimen.state {
            "internal" => format!("{name} internally"),
            _ => name.to_owned(),
        };
        let made = desk.prepare(superadmin, &name, ticket, []).await?;
        Ok((asker, made.context("nothing was put on the ticket")?))
    }

    async fn file(&self, desk: &mut Desk<'_>, specimen: Specimen<'_>) -> Result<Object> {
        let asker = self.id(specimen.asker);
        let superadmin = desk.superadmin;
        let bundle = self.early_bundle(desk).await?;
        let object = Object::Subject(bundle);
        let mut file = None;
        if specimen.way == Way::MadeIt {
            file = desk.prepare(asker, "upload a file", object, []).await?;
        }
        self.assign(desk, bundle, self.writer).await?;
        if file.is_none() {
            let uploader = match specimen.standing {
                "owner_uploader" | "writer_uploader" => asker,
                "owner" | "writer" => superadmin,
                _ => self.client,
            };
            file = desk.prepare(uploader, "upload a file", object, []).await?;
        }
        let file = file.context("no file was made")?;
        if matches!(specimen.state, "writer" | "staff") {
            desk.prepare(superadmin, "hide a file from the client", file, [])
                .await?;
        }
        if matches!(specimen.state, "client" | "staff") {
            desk.prepare(superadmin, "hide a file from the writer", file, [])
                .await?;
        }
        Ok(file)
    }
}

//! An object in a given state, to which a user has a given relation, made over the API by people
//! who may make it.

use anyhow::{Context as _, Result, bail};
use serde_json::json;

use super::facts::{Object, Role, Subject};
use super::fixture::{Fixture, patch};

/// What to make.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scenario<'a> {
    pub(crate) kind: &'a str,
    pub(crate) state: &'a str,
    pub(crate) relation: &'a str,
    /// Who asks.
    asker: Asker,
    /// How they came to their relation, where there is more than one way.
    way: Way,
}

/// How a user came to their relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// The simplest way.
    Plain,
    /// They made the object, and lost their access afterwards.
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

/// People by what they are to the scenarios.
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
    /// The person that the scenario is.
    Oneself,
}

/// The people of a run.
pub(crate) struct People {
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

impl People {
    pub(crate) async fn hire(fixture: &mut Fixture<'_>) -> Result<Self> {
        Ok(Self {
            client: fixture.hire(Role::Client).await?,
            other_client: fixture.hire(Role::Client).await?,
            writer: fixture.hire(Role::Writer).await?,
            other_writer: fixture.hire(Role::Writer).await?,
            former_writer: fixture.hire(Role::Writer).await?,
            editor: fixture.hire(Role::Editor).await?,
            admin: fixture.hire(Role::Admin).await?,
            superadmin: fixture.hire(Role::Superadmin).await?,
            clerk: fixture.enroll(Role::Editor).await?,
        })
    }

    /// A user of a role who is at the heart of the scenarios.
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

    /// Every way in which a user can have a relation to an object of a kind in a state.
    pub(crate) fn scenarios<'a>(
        &self,
        kind: &'a str,
        state: &'a str,
        relation: &'a str,
    ) -> Vec<Scenario<'a>> {
        use Asker::{
            Admin, Client, Editor, FormerWriter, Oneself, OtherClient, OtherWriter, Superadmin,
            Writer,
        };
        use Way::{ChangedSides, Free, HandedOver, MadeIt, OnBehalf, Plain, Private};
        let ways: &[(Asker, Way)] = match (kind, relation) {
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
            (_, relation) if relation.starts_with("owner") => &[(Client, Plain)],
            (_, relation) if relation.starts_with("writer") => &[(Writer, Plain)],
            _ => &[],
        };
        let ways = ways.iter().map(|(asker, way)| Scenario {
            kind,
            state,
            relation,
            asker: *asker,
            way: *way,
        });
        ways.collect()
    }

    /// Makes a scenario, and gives who asks and what on.
    pub(crate) async fn build(
        &self,
        fixture: &mut Fixture<'_>,
        scenario: Scenario<'_>,
    ) -> Result<(i64, Object)> {
        let asker = self.id(scenario.asker);
        let object = match scenario.kind {
            "nothing" => Object::Nothing,
            "person" => return self.person(fixture, scenario).await,
            "bundle" => Object::Subject(self.bundle(fixture, scenario.state).await?),
            "order" => Object::Subject(self.order(fixture, scenario.state).await?),
            "thread" => self.thread(fixture, scenario).await?,
            "message" => self.message(fixture, scenario).await?,
            "ticket" => return self.ticket(fixture, scenario).await,
            "ticket_note" => return self.on_ticket(fixture, scenario, "answer a ticket").await,
            "ticket_attachment" => {
                let name = "attach a file to a ticket";
                return self.on_ticket(fixture, scenario, name).await;
            }
            "file" => self.file(fixture, scenario).await?,
            "webhook" => self.webhook(fixture, scenario.state).await?,
            kind => bail!("nobody knows how to make a {kind}"),
        };
        Ok((asker, object))
    }

    /// One that is there already, or a new one: there may not be many.
    async fn webhook(&self, fixture: &mut Fixture<'_>, state: &str) -> Result<Object> {
        let superadmin = fixture.superadmin;
        let known = fixture.facts.webhooks.keys().next();
        let webhook = match known {
            Some(id) => Object::Webhook(*id),
            None => {
                let made = fixture.prepare(superadmin, "create a webhook", Object::Nothing, []);
                made.await?.context("no webhook")?
            }
        };
        let switch = match state {
            "active" => "switch a webhook on",
            _ => "switch a webhook off",
        };
        fixture.prepare(superadmin, switch, webhook, []).await?;
        Ok(webhook)
    }

    async fn person(
        &self,
        fixture: &mut Fixture<'_>,
        scenario: Scenario<'_>,
    ) -> Result<(i64, Object)> {
        let role = Role::ALL
            .into_iter()
            .find(|role| role.name() == scenario.state);
        let role = role.context("an unknown role")?;
        if scenario.asker == Asker::Oneself {
            let id = fixture.hire(role).await?;
            return Ok((id, Object::Person(id)));
        }
        let id = fixture.enroll(role).await?;
        Ok((self.id(scenario.asker), Object::Person(id)))
    }

    /// A bundle of the client, whose writer is still the former one.
    async fn early_bundle(&self, fixture: &mut Fixture<'_>) -> Result<Subject> {
        let superadmin = fixture.superadmin;
        let client = [("client", self.client)];
        let bundle = fixture
            .prepare(superadmin, "create a bundle", Object::Nothing, client)
            .await?;
        let Some(Object::Subject(bundle)) = bundle else {
            bail!("no bundle was made");
        };
        self.assign(fixture, bundle, self.former_writer).await?;
        Ok(bundle)
    }

    async fn assign(&self, fixture: &mut Fixture<'_>, bundle: Subject, writer: i64) -> Result<()> {
        let writer = [("other_writer", writer)];
        let object = Object::Subject(bundle);
        let superadmin = fixture.superadmin;
        fixture
            .prepare(superadmin, "assign a bundle's writer", object, writer)
            .await?;
        Ok(())
    }

    /// A bundle of the client and the writer.
    async fn bundle(&self, fixture: &mut Fixture<'_>, state: &str) -> Result<Subject> {
        let bundle = self.early_bundle(fixture).await?;
        self.assign(fixture, bundle, self.writer).await?;
        if let (Subject::Bundle(id), "completed") = (bundle, state) {
            let path = format!("/api/v1/class-management/class-bundles/{id}/");
            let client = fixture.client(fixture.superadmin)?;
            patch(client, &path, &json!({"status": "completed"}))
                .await?
                .expect(200)?;
            let parties = fixture.facts.subjects.get_mut(&bundle);
            parties.context("no bundle")?.is_completed = true;
        }
        Ok(bundle)
    }

    /// An order of a client, whose writer was another one before.
    async fn order_of(&self, fixture: &mut Fixture<'_>, client: i64) -> Result<Subject> {
        let superadmin = fixture.superadmin;
        let given = [("client", client)];
        let order = fixture
            .prepare(superadmin, "register a subject", Object::Nothing, given)
            .await?;
        let Some(Object::Subject(order)) = order else {
            bail!("no subject was made");
        };
        for writer in [self.former_writer, self.writer] {
            self.hand_over(fixture, order, client, writer).await?;
        }
        Ok(order)
    }

    async fn hand_over(
        &self,
        fixture: &mut Fixture<'_>,
        order: Subject,
        client: i64,
        writer: i64,
    ) -> Result<()> {
        let given = [("client", client), ("writer", writer)];
        let object = Object::Subject(order);
        let superadmin = fixture.superadmin;
        fixture
            .prepare(superadmin, "change a subject", object, given)
            .await?;
        Ok(())
    }

    async fn order(&self, fixture: &mut Fixture<'_>, state: &str) -> Result<Subject> {
        let order = self.order_of(fixture, self.client).await?;
        if state == "linked" {
            let superadmin = fixture.superadmin;
            let object = Object::Subject(order);
            fixture
                .prepare(superadmin, "open a ticket on a subject", object, [])
                .await?;
        }
        Ok(order)
    }

    async fn open_thread(
        &self,
        fixture: &mut Fixture<'_>,
        bundle: Subject,
        opener: i64,
        recipient: i64,
    ) -> Result<Object> {
        let given = [("recipient", recipient)];
        let name = "open a thread on a bundle by its kind";
        let thread = fixture
            .prepare(opener, name, Object::Subject(bundle), given)
            .await?;
        thread.context("no thread was made")
    }

    async fn remove(
        &self,
        fixture: &mut Fixture<'_>,
        thread: Object,
        participant: i64,
    ) -> Result<()> {
        let given = [("participant", participant)];
        let superadmin = fixture.superadmin;
        fixture
            .prepare(superadmin, "remove a participant", thread, given)
            .await?;
        Ok(())
    }

    async fn thread(&self, fixture: &mut Fixture<'_>, scenario: Scenario<'_>) -> Result<Object> {
        let asker = self.id(scenario.asker);
        let superadmin = fixture.superadmin;
        let bundle = self.early_bundle(fixture).await?;
        let by_writer = match scenario.relation {
            "owner_in" | "writer_creator" => true,
            "owner_out" => scenario.way == Way::Plain,
            "writer_out" => scenario.way == Way::MadeIt,
            _ => false,
        };
        let thread = if scenario.way == Way::Private {
            self.assign(fixture, bundle, self.writer).await?;
            let name = "open a private thread on a bundle";
            let given = [("recipient", self.clerk)];
            let private = fixture
                .prepare(self.client, name, Object::Subject(bundle), given)
                .await?;
            private.context("no thread was made")?
        } else if by_writer {
            self.assign(fixture, bundle, self.writer).await?;
            self.open_thread(fixture, bundle, self.writer, self.client)
                .await?
        } else {
            let thread = self
                .open_thread(fixture, bundle, self.client, self.former_writer)
                .await?;
            self.assign(fixture, bundle, self.writer).await?;
            thread
        };
        match (scenario.relation, scenario.way) {
            (_, Way::Private) => {}
            ("owner_out" | "writer_out", _) => self.remove(fixture, thread, asker).await?,
            ("staff_in", _) => {
                let given = [("other_editor", asker)];
                fixture
                    .prepare(superadmin, "add a participant", thread, given)
                    .await?;
            }
            _ => {}
        }
        if scenario.state == "closed" {
            fixture
                .prepare(superadmin, "close a thread", thread, [])
                .await?;
        }
        Ok(thread)
    }

    async fn message(&self, fixture: &mut Fixture<'_>, scenario: Scenario<'_>) -> Result<Object> {
        let asker = self.id(scenario.asker);
        let superadmin = fixture.superadmin;
        let bundle = self.early_bundle(fixture).await?;
        let thread = self
            .open_thread(fixture, bundle, self.client, self.former_writer)
            .await?;
        let send = match scenario.state {
            "plain" => "send a message",
            _ => "send a file",
        };
        let mut message = None;
        if scenario.asker == Asker::FormerWriter && scenario.way == Way::MadeIt {
            message = fixture.prepare(asker, send, thread, []).await?;
        }
        self.assign(fixture, bundle, self.writer).await?;
        let is_staff_sender = scenario.relation == "staff_sender";
        if is_staff_sender {
            let given = [("other_editor", asker)];
            fixture
                .prepare(superadmin, "add a participant", thread, given)
                .await?;
        }
        if message.is_none() {
            let sender = match (scenario.relation, scenario.way) {
                ("owner_sender" | "writer_sender" | "staff_sender", _)
                | ("party_out", Way::MadeIt) => asker,
                ("owner_in", _) => self.writer,
                ("party_out", _) if asker == self.client => self.writer,
                _ => self.client,
            };
            message = fixture.prepare(sender, send, thread, []).await?;
        }
        let message = message.context("no message was made")?;
        let left = is_staff_sender && scenario.way == Way::MadeIt;
        if left || scenario.relation == "party_out" {
            self.remove(fixture, thread, asker).await?;
        }
        if scenario.state == "deleted" {
            fixture
                .prepare(superadmin, "delete a message", message, [])
                .await?;
        }
        Ok(message)
    }

    /// A user who asked for a ticket as a client, and is now the writer of what it is about.
    async fn requester_at_work(&self, fixture: &mut Fixture<'_>) -> Result<(i64, Option<Object>)> {
        let superadmin = fixture.superadmin;
        let turncoat = fixture.hire(Role::Client).await?;
        let order = self.order_of(fixture, turncoat).await?;
        let ticket = fixture
            .prepare(
                turncoat,
                "open a ticket on a subject",
                Object::Subject(order),
                [],
            )
            .await?;
        self.hand_over(fixture, order, self.other_client, self.writer)
            .await?;
        let person = Object::Person(turncoat);
        fixture
            .prepare(superadmin, "make somebody a writer", person, [])
            .await?;
        self.hand_over(fixture, order, self.other_client, turncoat)
            .await?;
        Ok((turncoat, ticket))
    }

    /// A ticket with the asker's relation, open still, and the asker.
    async fn open_ticket(
        &self,
        fixture: &mut Fixture<'_>,
        scenario: Scenario<'_>,
    ) -> Result<(i64, Object)> {
        if scenario.way == Way::ChangedSides {
            let (asker, ticket) = self.requester_at_work(fixture).await?;
            return Ok((asker, ticket.context("no ticket was made")?));
        }
        let asker = self.id(scenario.asker);
        let superadmin = fixture.superadmin;
        let on_nothing = "create a ticket on nothing";
        let on_subject = "open a ticket on a subject";
        let on_bundle = "open a ticket on a bundle";
        let ticket = match (scenario.relation, scenario.way) {
            (relation, Way::Free) => {
                let by = if relation == "none" {
                    self.client
                } else {
                    asker
                };
                fixture.prepare(by, on_nothing, Object::Nothing, []).await?
            }
            (relation, Way::HandedOver) => {
                // The asker lost it, or got what was another's.
                let (before, after) = match relation {
                    "owner" => (self.other_client, asker),
                    _ => (asker, self.other_client),
                };
                let order = self.order_of(fixture, before).await?;
                let ticket = fixture
                    .prepare(before, on_subject, Object::Subject(order), [])
                    .await?;
                self.hand_over(fixture, order, after, self.writer).await?;
                ticket
            }
            (relation, way) => {
                let bundle = Object::Subject(self.bundle(fixture, "in_progress").await?);
                match (relation, way) {
                    (_, Way::OnBehalf) => {
                        let name = "open a ticket for the client";
                        fixture.prepare(superadmin, name, bundle, []).await?
                    }
                    ("owner", _) => fixture.prepare(superadmin, on_bundle, bundle, []).await?,
                    _ => fixture.prepare(self.client, on_bundle, bundle, []).await?,
                }
            }
        };
        Ok((asker, ticket.context("no ticket was made")?))
    }

    async fn ticket(
        &self,
        fixture: &mut Fixture<'_>,
        scenario: Scenario<'_>,
    ) -> Result<(i64, Object)> {
        let (asker, ticket) = self.open_ticket(fixture, scenario).await?;
        let superadmin = fixture.superadmin;
        let name = match scenario.state {
            "in_progress" => "start on a ticket",
            "awaiting_response" => "await a response to a ticket",
            "escalated" => "escalate a ticket",
            "closed" => "close a ticket",
            _ => return Ok((asker, ticket)),
        };
        fixture.prepare(superadmin, name, ticket, []).await?;
        Ok((asker, ticket))
    }

    async fn on_ticket(
        &self,
        fixture: &mut Fixture<'_>,
        scenario: Scenario<'_>,
        name: &str,
    ) -> Result<(i64, Object)> {
        let (asker, ticket) = self.open_ticket(fixture, scenario).await?;
        let superadmin = fixture.superadmin;
        let name = match scenario.state {
            "internal" => format!("{name} internally"),
            _ => name.to_owned(),
        };
        let made = fixture.prepare(superadmin, &name, ticket, []).await?;
        Ok((asker, made.context("nothing was put on the ticket")?))
    }

    async fn file(&self, fixture: &mut Fixture<'_>, scenario: Scenario<'_>) -> Result<Object> {
        let asker = self.id(scenario.asker);
        let superadmin = fixture.superadmin;
        let bundle = self.early_bundle(fixture).await?;
        let object = Object::Subject(bundle);
        let mut file = None;
        if scenario.way == Way::MadeIt {
            file = fixture.prepare(asker, "upload a file", object, []).await?;
        }
        self.assign(fixture, bundle, self.writer).await?;
        if file.is_none() {
            let uploader = match scenario.relation {
                "owner_uploader" | "writer_uploader" => asker,
                "owner" | "writer" => superadmin,
                _ => self.client,
            };
            file = fixture
                .prepare(uploader, "upload a file", object, [])
                .await?;
        }
        let file = file.context("no file was made")?;
        if matches!(scenario.state, "writer" | "staff") {
            fixture
                .prepare(superadmin, "hide a file from the client", file, [])
                .await?;
        }
        if matches!(scenario.state, "client" | "staff") {
            fixture
                .prepare(superadmin, "hide a file from the writer", file, [])
                .await?;
        }
        Ok(file)
    }
}

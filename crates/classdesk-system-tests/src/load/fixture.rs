//! The people and the bundles of a run.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::ClientLoop;
use super::client_loop::Work;
use super::model::{Model, State, Variable};
use crate::client::Client;
use crate::seed::Seed;

/// Where bundles are.
pub(crate) const BUNDLES: &str = "/api/v1/class-management/class-bundles/";
/// Where threads are.
pub(crate) const THREADS: &str = "/api/v1/communications/threads/";
/// Where tickets are.
pub(crate) const TICKETS: &str = "/api/v1/tickets/";

/// Everybody, two bundles, and a thread on each. The writer of the second bundle changes.
pub(crate) struct Fixture {
    /// Sees everything.
    pub(crate) superadmin: Client,
    admin: Client,
    editor: Client,
    clients: [Client; 2],
    writers: [Client; 3],
    /// The bundles.
    pub(crate) bundles: [i64; 2],
    /// A thread on each of them.
    pub(crate) threads: [i64; 2],
}

impl Fixture {
    /// Creates it on a server whose database is empty.
    pub(crate) async fn create(url: &str, model: &Model) -> Result<Self> {
        let superadmin = Client::superadmin(url).await?;
        let admin = superadmin.hire("admin", "admin").await?;
        let editor = superadmin.hire("editor", "editor").await?;
        let clients = [
            superadmin.hire("clara", "client").await?,
            superadmin.hire("carl", "client").await?,
        ];
        let writers = [
            superadmin.hire("wanda", "writer").await?,
            superadmin.hire("willi", "writer").await?,
            superadmin.hire("wilma", "writer").await?,
        ];
        let mut bundles = [0; 2];
        let mut threads = [0; 2];
        for side in 0..2 {
            let body = json!({
                "title": "Spring",
                "client_id": clients[side].id(),
                "assigned_writer_id": writers[side].id(),
            });
            bundles[side] = admin.post(BUNDLES, &body).await?.created()?;
            let path = format!("{BUNDLES}{}/create_thread/", bundles[side]);
            let body = json!({ "recipient_id": editor.id() });
            threads[side] = clients[side].post(&path, &body).await?.created()?;
        }
        model.initial(
            Variable::Writer { bundle: bundles[1] },
            State::Id(writers[1].id()),
        );
        let fixture = Self {
            superadmin,
            admin,
            editor,
            clients,
            writers,
            bundles,
            threads,
        };
        for (thread, reader) in fixture.readers() {
            let person = reader.id();
            model.initial(Variable::ReadMark { thread, person }, State::Id(0));
        }
        Ok(fixture)
    }

    /// Who keeps a read mark in which thread, of those who always may.
    pub(crate) fn readers(&self) -> Vec<(i64, &Client)> {
        let [one, other] = self.threads;
        vec![
            (one, &self.clients[0]),
            (one, &self.writers[0]),
            (one, &self.editor),
            (other, &self.clients[1]),
            (other, &self.editor),
        ]
    }

    /// The clients at work, one for each way to use the product.
    pub(crate) fn clients(&self, seed: Seed, model: &Arc<Model>) -> Vec<ClientLoop> {
        let [thread, other_thread] = self.threads;
        let [bundle, other_bundle] = self.bundles;
        let writers = vec![0, self.writers[1].id(), self.writers[2].id()];
        let parts = [
            (&self.clients[0], Work::talk(thread)),
            (&self.writers[0], Work::talk(thread)),
            (&self.editor, Work::talk(thread)),
            (&self.clients[1], Work::talk(other_thread)),
            (&self.writers[1], Work::talk_while_assigned(other_thread)),
            (&self.writers[2], Work::talk_while_assigned(other_thread)),
            (&self.clients[0], Work::Files { bundle }),
            (&self.writers[0], Work::Files { bundle }),
            (
                &self.clients[1],
                Work::Tickets {
                    bundle: other_bundle,
                },
            ),
            (
                &self.editor,
                Work::Answers {
                    bundle: other_bundle,
                },
            ),
            (
                &self.admin,
                Work::Reassign {
                    bundle: other_bundle,
                    writers,
                },
            ),
        ];
        let client = |(number, (who, work)): (usize, (&Client, Work))| {
            let rng = seed.rng(1 + number as u64);
            ClientLoop::new(number, who.clone(), work, rng, Arc::clone(model))
        };
        parts.into_iter().enumerate().map(client).collect()
    }
}

/// The number of a field.
pub(crate) fn number_of(value: &Value, field: &str) -> Result<i64> {
    value[field]
        .as_i64()
        .with_context(|| format!("no {field} in {value}"))
}

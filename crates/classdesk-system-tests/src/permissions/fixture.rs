//! The people at a server, and the facts about it.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use fastrand::Rng;
use reqwest::Method;
use reqwest::header::{CONNECTION, DATE};
use serde_json::{Value, json};

use super::facts::{Facts, Object, Person, Role};
use super::rights::Rights;
use super::table::{Operation, Table, Verdict};
use crate::client::{Answer, Client, PASSWORD, send};

/// An id that nothing has.
pub(crate) const MISSING: i64 = 9_000_000_000_000;

/// Differences between the server and the table, and how often they were compared.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) decisions: u64,
    pub(crate) requests: u64,
    pub(crate) differences: Vec<String>,
}

/// The people at a server under test, and what is known of it.
pub(crate) struct Fixture<'t> {
    pub(crate) table: &'t Table,
    pub(crate) facts: Facts,
    pub(crate) found: Findings,
    pub(crate) rng: Rng,
    /// The account that prepares everything and looks whether refused things left a trace.
    pub(crate) superadmin: i64,
    clients: BTreeMap<i64, Client>,
    /// No token, a made up one and one that was signed out.
    pub(super) without_session: Vec<Client>,
    /// How the answer about a missing thing looks.
    pub(super) missing: String,
    fresh: i64,
    url: String,
}

/// A server under test, and how its superadmin signs in.
#[derive(Debug, Clone)]
pub struct Target {
    /// The address, without a slash at its end.
    pub url: String,
    /// The superadmin's name.
    pub username: String,
    /// The superadmin's password.
    pub password: String,
}

impl Target {
    async fn sign_in(&self) -> Result<Client> {
        Client::sign_in(&self.url, &self.username, &self.password).await
    }
}

/// What an operation is done with: the braces of its templates.
pub(crate) type Choices = BTreeMap<&'static str, i64>;

/// An operation that was tried.
pub(crate) struct Attempt {
    /// Whether it changed something.
    pub(crate) changed: bool,
    /// What it made, if it made something.
    pub(crate) made: Option<Object>,
}

impl<'t> Fixture<'t> {
    /// Starts with a server that has a superadmin and nothing else.
    pub(crate) async fn start(target: &Target, table: &'t Table, rng: Rng) -> Result<Self> {
        let superadmin = target.sign_in().await?;
        let signed_out = target.sign_in().await?;
        signed_out
            .post("/api/v1/auth/logout/", &Value::Null)
            .await?
            .expect(204)?;
        let missing = superadmin
            .get(&format!("/api/v1/tickets/{MISSING}/"))
            .await?;
        missing.expect(404)?;
        let mut fixture = Self {
            table,
            facts: Facts::default(),
            found: Findings::default(),
            rng,
            superadmin: superadmin.id(),
            clients: BTreeMap::new(),
            without_session: vec![
                Client::nobody(&target.url)?,
                signed_out.with_token("0".repeat(43)),
                signed_out,
            ],
            missing: looks_of(&missing),
            fresh: 1,
            url: target.url.clone(),
        };
        // People who are there already are members of new bundles, too.
        for user in superadmin.list("/api/v1/users/").await? {
            let id = user["id"].as_i64().context("a user has no id")?;
            let role = Role::ALL
                .into_iter()
                .find(|role| user["role"] == role.name());
            fixture.remember(id, role.context("an unknown role")?);
        }
        fixture.add(Role::Superadmin, superadmin);
        Ok(fixture)
    }

    fn add(&mut self, role: Role, client: Client) -> i64 {
        let id = client.id();
        let person = Person {
            role,
            is_active: true,
            has_session: true,
        };
        self.facts.people.insert(id, person);
        self.clients.insert(id, client);
        id
    }

    /// A new user, signed in.
    pub(crate) async fn hire(&mut self, role: Role) -> Result<i64> {
        let name = format!("person{}", self.next_fresh());
        let superadmin = self.client(self.superadmin)?.clone();
        let client = superadmin.hire(&name, role.name()).await?;
        Ok(self.add(role, client))
    }

    /// A new user who never signed in.
    pub(crate) async fn enroll(&mut self, role: Role) -> Result<i64> {
        let name = format!("person{}", self.next_fresh());
        let body = json!({
            "username": name, "email": format!("{name}@desk.example"),
            "role": role.name(), "password": PASSWORD,
        });
        let superadmin = self.client(self.superadmin)?;
        let id = superadmin.post("/api/v1/users/", &body).await?.created()?;
        self.remember(id, role);
        Ok(id)
    }

    /// Notes that there is a user, who never signed in.
    pub(crate) fn remember(&mut self, id: i64, role: Role) {
        let person = Person {
            role,
            is_active: true,
            has_session: false,
        };
        self.facts.people.insert(id, person);
    }

    /// Signs a user in again whose sessions have ended.
    pub(crate) async fn sign_in_again(&mut self, id: i64) -> Result<()> {
        let superadmin = self.client(self.superadmin)?.clone();
        let path = format!("/api/v1/users/{id}/");
        let body = json!({"is_active": true, "password": PASSWORD});
        let answer = patch(&superadmin, &path, &body).await?;
        let name = answer.json(200)?["username"].clone();
        let name = name.as_str().context("a user has no name")?;
        let client = Client::sign_in(&self.url, name, PASSWORD).await?;
        self.clients.insert(id, client);
        let person = self.facts.people.get_mut(&id).context("nobody")?;
        person.is_active = true;
        person.has_session = true;
        Ok(())
    }

    pub(crate) fn client(&self, id: i64) -> Result<&Client> {
        self.clients.get(&id).context("somebody who has no token")
    }

    pub(crate) fn next_fresh(&mut self) -> i64 {
        self.fresh += 1;
        self.fresh
    }

    /// A request of a user, counted.
    pub(crate) async fn ask(&mut self, asker: i64, method: Method, path: &str) -> Result<Answer> {
        self.found.requests += 1;
        let request = self.client(asker)?.request(method, path);
        Ok(send(request).await?)
    }

    /// Notes one comparison.
    pub(crate) fn compare(&mut self, holds: bool, tell: impl FnOnce() -> String) {
        self.found.decisions += 1;
        if !holds {
            self.found.differences.push(tell());
        }
    }

    /// What follows from the facts and the table now.
    pub(crate) const fn rights(&self) -> Rights<'_> {
        Rights {
            table: self.table,
            facts: &self.facts,
        }
    }

    /// What the table wants of an operation, by what is so now.
    pub(crate) fn verdict(
        &self,
        operation: &Operation,
        asker: i64,
        object: Object,
    ) -> Result<Verdict> {
        self.rights().verdict(operation, asker, object)
    }

    /// Whether a user may read an object, by the operation that reads it.
    pub(crate) fn may_see(&self, asker: i64, object: Object) -> Result<bool> {
        self.rights().may_see(asker, object)
    }

    /// The server is elsewhere now.
    pub(crate) fn go_to(&mut self, url: &str) {
        url.clone_into(&mut self.url);
        let clients = self.clients.values_mut();
        for client in clients.chain(&mut self.without_session) {
            *client = client.at(url);
        }
    }

    /// Everybody who has ever signed in, with the token that they hold now.
    pub(crate) const fn clients(&self) -> &BTreeMap<i64, Client> {
        &self.clients
    }
}

/// `PATCH` with a body.
pub(crate) async fn patch(client: &Client, path: &str, body: &Value) -> Result<Answer> {
    Ok(send(client.request(Method::PATCH, path).json(body)).await?)
}

/// Everything of an answer but what differs between any two answers.
pub(super) fn looks_of(answer: &Answer) -> String {
    let text = String::from_utf8_lossy(&answer.body);
    let id = answer.headers.get("x-request-id");
    let body = match id.and_then(|id| id.to_str().ok()) {
        Some(id) => text.replace(id, "ID"),
        None => text.into_owned(),
    };
    let headers = answer.headers.iter();
    let mut headers: Vec<_> = headers
        .filter(|(name, _)| *name != "x-request-id" && *name != DATE && *name != CONNECTION)
        .map(|(name, value)| format!("{name}: {value:?}"))
        .collect();
    // Their order says nothing.
    headers.sort_unstable();
    format!("{} {headers:?} {body}", answer.status)
}

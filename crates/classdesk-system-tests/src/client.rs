//! A user of the API.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::server::SUPERADMIN_PASSWORD;

/// The password of everybody whom a run creates.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(60);

/// A user of the API, signed in or not.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    url: String,
    token: Option<String>,
    id: i64,
}

/// What the server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: StatusCode,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The whole body.
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// Fails unless it has this status.
    pub(crate) fn expect(&self, status: u16) -> Result<()> {
        ensure!(
            self.status.as_u16() == status,
            "expected {status}, got {}: {}",
            self.status,
            String::from_utf8_lossy(&self.body)
        );
        Ok(())
    }

    /// The body as JSON, after a check of the status.
    pub(crate) fn json(&self, status: u16) -> Result<Value> {
        self.expect(status)?;
        serde_json::from_slice(&self.body).context("the body is no JSON")
    }

    /// The `id` of what was created.
    pub(crate) fn created(&self) -> Result<i64> {
        self.json(201)?["id"]
            .as_i64()
            .context("what is created has no id")
    }
}

impl Client {
    /// A user without a token.
    pub(crate) fn nobody(url: &str) -> Result<Self> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(ANSWER)
            .build()?;
        Ok(Self {
            http,
            url: url.to_owned(),
            token: None,
            id: 0,
        })
    }

    /// Signs in.
    pub(crate) async fn sign_in(url: &str, username: &str, password: &str) -> Result<Self> {
        let nobody = Self::nobody(url)?;
        let body = json!({ "username": username, "password": password });
        let answer = nobody.post("/api/v1/auth/login/", &body).await?.json(200)?;
        Ok(Self {
            token: answer["access_token"].as_str().map(str::to_owned),
            id: answer["user"]["id"].as_i64().context("a user has no id")?,
            ..nobody
        })
    }

    /// Signs the superadmin of the first start in.
    pub(crate) async fn superadmin(url: &str) -> Result<Self> {
        Self::sign_in(url, "superadmin", SUPERADMIN_PASSWORD).await
    }

    /// Creates a user and signs them in.
    pub(crate) async fn hire(&self, username: &str, role: &str) -> Result<Self> {
        let body = json!({
            "username": username,
            "email": format!("{username}@desk.example"),
            "role": role,
            "password": PASSWORD,
        });
        self.post("/api/v1/users/", &body).await?.expect(201)?;
        Self::sign_in(&self.url, username, PASSWORD).await
    }

    /// The same person at another address.
    pub(crate) fn at(&self, url: &str) -> Self {
        Self {
            url: url.to_owned(),
            ..self.clone()
        }
    }

    /// The same person with another token.
    pub(crate) fn with_token(&self, token: String) -> Self {
        Self {
            token: Some(token),
            ..self.clone()
        }
    }

    /// Their id; 0 for a user who is not signed in.
    pub(crate) const fn id(&self) -> i64 {
        self.id
    }

    /// Their token; empty for a user who is not signed in.
    pub(crate) fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    /// A request with the token.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Answer> {
        Ok(send(self.request(Method::GET, path)).await?)
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        Ok(send(self.request(Method::POST, path).json(body)).await?)
    }

    /// All items of a list, page by page.
    pub(crate) async fn list(&self, path: &str) -> Result<Vec<Value>> {
        let separator = if path.contains('?') { '&' } else { '?' };
        let mut all = Vec::new();
        let mut next = Some(format!("{path}{separator}limit=200"));
        while let Some(path) = next {
            let answer = self.get(&path).await?;
            let page = answer.json(200)?;
            all.extend(
                page.as_array()
                    .context("a list is no array")?
                    .iter()
                    .cloned(),
            );
            next = next_page(&answer.headers);
        }
        Ok(all)
    }
}

impl Client {
    /// Every event that a user may see, by pages.
    pub(crate) async fn feed(&self) -> Result<Vec<Value>> {
        self.feed_after(&mut 0).await
    }

    /// The events after a position, which moves on.
    pub(crate) async fn feed_after(&self, after: &mut i64) -> Result<Vec<Value>> {
        let mut events = Vec::new();
        loop {
            let path = format!("/api/v1/events/?limit=200&after={after}");
            let page = self.get(&path).await?;
            let told = page.json(200)?;
            events.extend(
                told.as_array()
                    .context("a page is no array")?
                    .iter()
                    .cloned(),
            );
            let reached = page.headers.get("last-event-id").context("no position")?;
            let reached: i64 = reached.to_str()?.parse()?;
            if reached == *after {
                return Ok(events);
            }
            *after = reached;
        }
    }
}

/// Takes the whole frames out of the text of a stream, and gives the ids of its events.
pub(crate) fn take_event_ids(text: &mut String) -> Result<Vec<i64>> {
    let mut ids = Vec::new();
    while let Some((frame, rest)) = text.split_once("\n\n") {
        if let Some((id, _)) = frame.split_once("\ndata: {\"id\":") {
            let id = id.strip_prefix("id: ").context("an event without an id")?;
            ids.push(id.parse()?);
        }
        *text = rest.to_owned();
    }
    Ok(ids)
}

/// The path of the next page of a list, by its `Link` header.
fn next_page(headers: &HeaderMap) -> Option<String> {
    let link = headers.get("link")?.to_str().ok()?;
    let (url, rest) = link.strip_prefix('<')?.split_once('>')?;
    let path = url.find("/api/").map(|begin| url[begin..].to_owned());
    path.filter(|_| rest.contains("rel=\"next\""))
}

/// Sends a request and reads the whole answer.
pub(crate) async fn send(request: RequestBuilder) -> reqwest::Result<Answer> {
    let response = request.send().await?;
    Ok(Answer {
        status: response.status(),
        headers: response.headers().clone(),
        body: response.bytes().await?.to_vec(),
    })
}

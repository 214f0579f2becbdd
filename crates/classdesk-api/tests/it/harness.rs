//! A server on a port of its own over stores in memory, and a client for each actor.

use std::net::TcpListener;
use std::sync::Arc;

use actix_web::web::ServiceConfig;
use async_trait::async_trait;
use classdesk_api::{Api, ApiBuilder, WebhookJson};
use classdesk_conformance::Fixture;
use classdesk_domain::clock::{Clock, Timestamp};
use classdesk_domain::people::{Actor, Login, LoginName, NewPassword};
use classdesk_domain::validation::FieldError;
use classdesk_domain::webhooks::{Reply, SendResult, WebhookRequest, WebhookSender, WebhookUrl};
use classdesk_domain::{App, Ports};
use classdesk_http::{PublicUrl, ServerLimits, Settings, serve};
use classdesk_memory::{GatedLog, MemoryStore, PlainHasher, SeededSecrets};
use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use crate::outage::SwitchedBlobs;

/// The address that the server believes to have, other than the one by which it is reached.
pub(crate) const PUBLIC_URL: &str = "https://desk.example.com/base";

/// The password of everybody in the world.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A running server and the world behind it.
pub(crate) struct TestServer {
    /// The people and the bundle; its clock is the server's.
    pub(crate) world: Arc<Fixture>,
    /// What the server keeps.
    pub(crate) store: Arc<MemoryStore>,
    /// The log that clients follow.
    pub(crate) log: Arc<GatedLog>,
    /// The bytes that it keeps.
    pub(crate) blobs: Arc<SwitchedBlobs>,
    /// Hashes the passwords.
    pub(crate) hasher: Arc<PlainHasher>,
    /// The use cases that it serves.
    pub(crate) classdesk: App,
    /// The API that it serves.
    pub(crate) api: Api,
    /// Where it listens, for example `http://127.0.0.1:4711`.
    pub(crate) origin: String,
    http: reqwest::Client,
    server: actix_web::dev::ServerHandle,
}

/// The clock of a world, as a port.
pub(crate) struct WorldClock(pub(crate) Arc<Fixture>);

impl Clock for WorldClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}

/// A world outside in which every https address is a receiver that says what it got.
struct Outside;

#[async_trait]
impl WebhookSender for Outside {
    async fn check(&self, url: &WebhookUrl) -> Result<(), FieldError> {
        match url.as_str().starts_with("https://") {
            true => Ok(()),
            false => Err(FieldError::WebhookUrl),
        }
    }

    async fn send(&self, request: WebhookRequest) -> SendResult {
        Ok(Reply {
            status: 200,
            retry_after: None,
            text: String::from_utf8(request.body).unwrap(),
        })
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        // Stopping begins with the call; nobody waits for its end.
        drop(self.server.stop(false));
    }
}

impl TestServer {
    /// A desk with default settings.
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}, |_| {}, |api| api).await
    }

    /// A desk with other settings of the domain and of the server, and other parts of the API.
    pub(crate) async fn with(
        domain: impl FnOnce(&mut classdesk_domain::Settings),
        settings: impl FnOnce(&mut Settings),
        build: impl FnOnce(ApiBuilder) -> ApiBuilder,
    ) -> Self {
        // Before the first request: whoever begins to listen in its midst misses who it is.
        crate::log_lines::collect();
        let store = Arc::new(MemoryStore::new());
        let world = Arc::new(Fixture::create(&*store).await);
        let clock = Arc::new(WorldClock(world.clone()));
        let blobs = Arc::new(SwitchedBlobs::new(clock.clone()));
        let hasher = Arc::new(PlainHasher::default());
        let log = Arc::new(GatedLog::new(store.clone()));
        let mut ports = Ports::new(
            store.clone(),
            blobs.clone(),
            hasher.clone(),
            clock,
            Arc::new(SeededSecrets::new(1)),
        )
        .with_webhooks(Arc::new(Outside), Arc::new(WebhookJson));
        ports.log = log.clone();
        let mut domain_settings = classdesk_domain::Settings::default();
        domain(&mut domain_settings);
        let classdesk = App::new(ports, domain_settings);
        for name in NAMES {
            set_password(&classdesk, name).await;
        }
        let mut http_settings = Settings::new(PublicUrl::parse(PUBLIC_URL).unwrap());
        settings(&mut http_settings);
        let api = build(Api::builder(classdesk.clone(), http_settings)).build();
        let (origin, server) = start_server(api.clone());
        Self {
            world,
            store,
            log,
            blobs,
            hasher,
            classdesk,
            api,
            origin,
            http: http_client(),
            server,
        }
    }

    /// A connection to the server, for bytes that no client would send.
    pub(crate) async fn connect(&self) -> tokio::net::TcpStream {
        let address = self.origin.strip_prefix("http://").unwrap();
        tokio::net::TcpStream::connect(address).await.unwrap()
    }

    /// Waits until something is so; it gives up after ten seconds.
    pub(crate) async fn eventually(&self, is_so: impl AsyncFn() -> bool) {
        let waiting = async {
            while !is_so().await {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(10), waiting)
            .await
            .expect("it comes about");
    }

    /// A client without a token.
    pub(crate) fn anonymous(&self) -> Client<'_> {
        Client {
            desk: self,
            token: None,
            acts_for: None,
        }
    }

    /// A client with this text as its token.
    pub(crate) fn with_token(&self, token: impl Into<String>) -> Client<'_> {
        Client {
            desk: self,
            token: Some(token.into()),
            acts_for: None,
        }
    }

    /// A client of this person, freshly signed in.
    pub(crate) async fn client_of(&self, actor: Actor) -> Client<'_> {
        let user = self.classdesk.users.get(&actor, actor.id).await.unwrap();
        let login = Login {
            name: LoginName::new(user.username.as_str()),
            password: PASSWORD.to_owned(),
            address: std::net::Ipv4Addr::LOCALHOST.into(),
            user_agent: None,
        };
        let logged_in = self.classdesk.sessions.login(login).await.unwrap();
        self.with_token(logged_in.token.expose())
    }

    /// Adds a person who can sign in.
    pub(crate) async fn add_user(
        &self,
        username: &str,
        role: classdesk_domain::people::Role,
    ) -> Actor {
        let actor = self.world.add_user(&*self.store, username, role).await;
        set_password(&self.classdesk, username).await;
        actor
    }

    /// A client of somebody of the world by their username.
    pub(crate) async fn named(&self, username: &str) -> Client<'_> {
        let everybody = self.world.everybody();
        let place = NAMES.iter().position(|name| *name == username).unwrap();
        self.client_of(everybody[place]).await
    }
}

/// The usernames of the world's people, in the order of [`Fixture::everybody`].
pub(crate) const NAMES: [&str; 7] = [
    "superadmin",
    "admin",
    "editor",
    "client",
    "writer",
    "other_client",
    "other_writer",
];

async fn set_password(classdesk: &App, username: &str) {
    let password = NewPassword::parse(PASSWORD).unwrap();
    let name = LoginName::new(username);
    classdesk
        .admin_commands
        .set_password(&name, &password)
        .await
        .unwrap();
}

/// A client of its own for each desk, so that connections do not outlive it.
fn http_client() -> reqwest::Client {
    // reqwest wants to know who would encrypt, even where nobody does. All tests say the same, and
    // the first one is heard.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder().no_proxy();
    builder
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap()
}

/// Runs the server on a thread with a runtime of its own, as the program does.
pub(crate) fn start_server(api: Api) -> (String, actix_web::dev::ServerHandle) {
    start_server_with(api, ServerLimits::default())
}

/// The same with other limits, but for the one worker.
pub(crate) fn start_server_with(
    api: Api,
    limits: ServerLimits,
) -> (String, actix_web::dev::ServerHandle) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let (send, receive) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let limits = ServerLimits {
                workers: 1,
                ..limits
            };
            let state = api.http_state();
            let configure = move |config: &mut ServiceConfig| api.configure(config);
            let server = serve(state, configure, listener, limits).unwrap();
            send.send(server.handle()).unwrap();
            server.await
        })
    });
    (origin, receive.recv().unwrap())
}

/// Sends requests as somebody.
pub(crate) struct Client<'d> {
    desk: &'d TestServer,
    token: Option<String>,
    acts_for: Option<String>,
}

impl Client<'_> {
    /// The same, with the rights of somebody else.
    pub(crate) fn acting_for(&self, whom: &str) -> Self {
        Self {
            desk: self.desk,
            token: self.token.clone(),
            acts_for: Some(whom.to_owned()),
        }
    }

    /// The token, for requests that are written by hand.
    pub(crate) fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    /// A request that can be completed in any way.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.desk.origin);
        let request = self.desk.http.request(method, url);
        let request = match &self.token {
            Some(token) => request.header("authorization", format!("Bearer {token}")),
            None => request,
        };
        match &self.acts_for {
            Some(whom) => request.header("classdesk-act-as", whom),
            None => request,
        }
    }

    /// Sends a request and takes the whole answer.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        complete: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Answer {
        let request = complete(self.request(method, path));
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let body = response.bytes().await.unwrap().to_vec();
        Answer {
            status,
            headers,
            body,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, |request| request).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, |request| request).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, |request| request.json(body))
            .await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::PATCH, path, |request| request.json(body))
            .await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::PUT, path, |request| request.json(body))
            .await
    }
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error} in the answer {} {}", self.status, self.text()))
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header; empty when it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// Checks the status and gives the JSON body.
    #[track_caller]
    pub(crate) fn check_json(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/json");
        self.json()
    }

    /// Checks that there is no body.
    #[track_caller]
    pub(crate) fn check_no_content(&self) {
        assert_eq!((self.status, self.text().as_str()), (204, ""));
    }

    /// Checks that it is a whole problem document of this kind, and gives it.
    #[track_caller]
    pub(crate) fn check_problem(&self, status: u16, slug: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["type"], format!("/problems/{slug}"), "{problem}");
        assert_eq!(problem["status"], status, "{problem}");
        assert!(problem["title"].is_string() && problem["detail"].is_string());
        assert_eq!(problem["request_id"], self.header("x-request-id"));
        problem
    }

    /// Checks that exactly these fields are faulted, as `field: code`, in any order.
    #[track_caller]
    pub(crate) fn check_faults(&self, expected: &[&str]) {
        let problem = self.check_problem(400, "validation");
        let mut found: Vec<String> = problem["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| {
                assert!(error["message"].is_string());
                let text = |name: &str| error[name].as_str().unwrap().to_owned();
                format!("{}: {}", text("field"), text("code"))
            })
            .collect();
        found.sort_unstable();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(found, expected);
    }

    /// The path and query of `Link: <…>; rel="next"`, below the public URL.
    #[track_caller]
    pub(crate) fn next_page(&self) -> Option<String> {
        let link = self.header("link");
        if link.is_empty() {
            return None;
        }
        let url = link
            .strip_prefix('<')
            .and_then(|rest| rest.strip_suffix(">; rel=\"next\""))
            .unwrap();
        Some(url.strip_prefix(PUBLIC_URL).unwrap().to_owned())
    }

    /// The problem document without its request id, for comparing two answers.
    #[track_caller]
    pub(crate) fn without_request_id(&self) -> (u16, String) {
        let id = self.header("x-request-id");
        (self.status, self.text().replace(id, "ID"))
    }
}

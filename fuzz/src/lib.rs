//! The whole API over stores in memory, for the targets that speak HTTP to it.
//!
//! Requests go into the application itself, without a socket between: what actix makes of bytes on
//! a wire is not ours to fuzz.

use std::cell::RefCell;
use std::mem::ManuallyDrop;
use std::net::IpAddr;
use std::sync::Arc;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Service, ServiceResponse};
use actix_web::test::{TestRequest, init_service};
use actix_web::{App as HttpApp, Error, rt};
use classdesk_api::Api;
use classdesk_conformance::Fixture as Rows;
use classdesk_domain::clock::{Clock, Timestamp};
use classdesk_domain::people::{Login, LoginName, NewPassword};
use classdesk_domain::{App, Ports, Settings as Limits};
use classdesk_http::{PublicUrl, Settings};
use classdesk_memory::{MemoryBlobs, MemoryStore, PlainHasher, SeededSecrets};

/// After so many requests everything begins anew, since the stores keep what they are given.
const REQUESTS: u32 = 2_000;

const PASSWORD: &str = "correct horse battery";

/// What [`Fixture::send`] calls.
type Serve = Box<dyn Fn(TestRequest) -> ServiceResponse<BoxBody>>;

/// The API, and the token of an admin.
struct Fixture {
    serve: Serve,
    token: String,
    sent: u32,
}

thread_local! {
    // The last one stays: at the end of the thread the runtime that it needs is gone already.
    static DESK: RefCell<Option<ManuallyDrop<Fixture>>> = const { RefCell::new(None) };
}

struct RowsClock(Arc<Rows>);

impl Clock for RowsClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}

/// An answer as far as a target wants to know it.
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its body.
    pub body: Vec<u8>,
}

/// Sends a request as an admin who has the bundle 1 with the file 1 on it, the thread 1 with a
/// message and the ticket 1. No input may make the server fail, and every problem is a document.
pub fn send(request: TestRequest) -> Answer {
    DESK.with_borrow_mut(|place| {
        if place.as_ref().is_some_and(|desk| desk.sent == REQUESTS) {
            drop(place.take().map(ManuallyDrop::into_inner));
        }
        let desk = place.get_or_insert_with(|| ManuallyDrop::new(Fixture::open()));
        desk.sent += 1;
        desk.send(request)
    })
}

impl Fixture {
    fn open() -> Self {
        let system = rt::System::new();
        let (api, token) = system.block_on(api());
        let app = system.block_on(init_service(
            HttpApp::new().configure(|config| api.configure(config)),
        ));
        let serve = move |request: TestRequest| {
            let answer = system.block_on(async { app.call(request.to_request()).await });
            answer
                .unwrap_or_else(|error: Error| panic!("no answer: {error}"))
                .map_into_boxed_body()
        };
        let mut desk = Self {
            serve: Box::new(serve),
            token,
            sent: 0,
        };
        desk.furnish();
        desk
    }

    /// Makes the things that requests name.
    fn furnish(&mut self) {
        const BUNDLE: &str = "/api/v1/class-management/class-bundles/1";
        let file = "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\
            \r\n0123456789\r\n--b--\r\n";
        let multipart = "multipart/form-data; boundary=b";
        for (path, media, body) in [
            (format!("{BUNDLE}/upload_file/"), multipart, file),
            (
                format!("{BUNDLE}/create_ticket/"),
                "application/json",
                r#"{"title": "a", "description": "b"}"#,
            ),
            (
                format!("{BUNDLE}/create_thread/"),
                "application/json",
                r#"{"recipient_id": 4, "initial_message": "a"}"#,
            ),
        ] {
            let request = TestRequest::post().uri(&path);
            let request = request.insert_header(("content-type", media));
            let answer = self.send(request.set_payload(body));
            assert_eq!(
                answer.status,
                201,
                "{}",
                String::from_utf8_lossy(&answer.body)
            );
        }
    }

    fn send(&self, request: TestRequest) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        let answer = (self.serve)(request.insert_header(("authorization", bearer)));
        let status = answer.status().as_u16();
        let media = answer.headers().get("content-type").cloned();
        let body = read(answer);
        assert!(status < 500, "{status}: {}", String::from_utf8_lossy(&body));
        if status >= 400 {
            assert_eq!(media.expect("a media type"), "application/problem+json");
            let problem: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
            assert_eq!(problem["status"], status);
        }
        Answer { status, body }
    }
}

/// The body of an answer, which is there without waiting: the stores are in memory.
fn read(answer: ServiceResponse<BoxBody>) -> Vec<u8> {
    match answer.into_body().try_into_bytes() {
        Ok(bytes) => bytes.to_vec(),
        // A stream of a file; what is in it is not what the targets are about.
        Err(_) => Vec::new(),
    }
}

async fn api() -> (Api, String) {
    let store = Arc::new(MemoryStore::new());
    let clock = Arc::new(RowsClock(Arc::new(Rows::create(&*store).await)));
    let ports = Ports::new(
        store,
        Arc::new(MemoryBlobs::new(clock.clone())),
        Arc::new(PlainHasher::default()),
        clock,
        Arc::new(SeededSecrets::new(1)),
    );
    let limits = Limits {
        max_upload_bytes: 1024,
        ..Limits::default()
    };
    let desk = App::new(ports, limits);
    let (name, password) = (LoginName::new("admin"), NewPassword::parse(PASSWORD));
    let password = password.expect("a good password");
    let set = desk.admin_commands.set_password(&name, &password).await;
    set.expect("a password");
    let login = Login {
        name,
        password: PASSWORD.to_owned(),
        address: IpAddr::from([127, 0, 0, 1]),
        user_agent: None,
    };
    let logged_in = desk.sessions.login(login).await.expect("a session");
    let public_url = PublicUrl::parse("http://desk.example").expect("a URL");
    let api = Api::builder(desk, Settings::new(public_url)).build();
    (api, logged_in.token.expose().to_owned())
}

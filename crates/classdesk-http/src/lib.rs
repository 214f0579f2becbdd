//! The HTTP API of Classdesk, as a library on actix-web.
//!
//! A [`Shell`] puts an HTTP face on the use cases of a
//! [`App`](classdesk_domain::App): every endpoint, problem documents, paging,
//! preconditions, retries, streamed files, metrics and the OpenAPI document. It mounts into any
//! application, under any prefix, and [`serve`] runs it alone. Who asks is found out by an
//! [`Authenticator`], so a host can bring a sign-in of its own.
//!
//! It never decides who may do what, never touches a database, a file or a password, and never
//! tells a client what went wrong inside.
//!
//! ```
//! use actix_web::{App, test, web};
//! use classdesk_domain::{App, Ports};
//! use classdesk_http::{PublicUrl, Settings, Shell};
//! # use std::sync::Arc;
//! # use classdesk_memory::{FrozenClock, MemoryBlobs, MemoryStore, PlainHasher, SeededSecrets};
//! # fn ports() -> Ports {
//! #     let clock = Arc::new(FrozenClock::default());
//! #     let blobs = Arc::new(MemoryBlobs::new(clock.clone()));
//! #     let (hasher, secrets) = (Arc::new(PlainHasher::default()), Arc::new(SeededSecrets::new(1)));
//! #     Ports::new(Arc::new(MemoryStore::new()), blobs, hasher, clock, secrets)
//! # }
//!
//! # actix_web::rt::System::new().block_on(async {
//! let classdesk = App::new(ports(), classdesk_domain::Settings::default());
//! let public_url = PublicUrl::parse("https://example.com/desk").unwrap();
//! let shell = Shell::builder(classdesk, Settings::new(public_url)).build();
//!
//! let app = App::new()
//!     .route("/", web::get().to(async || "the host's own page"))
//!     .service(shell.scope("/desk"));
//! let app = test::init_service(app).await;
//! let request = test::TestRequest::get().uri("/desk/healthz/ready").to_request();
//! assert!(test::call_service(&app, request).await.status().is_success());
//! # });
//! ```

mod authenticator;
mod extract;
mod idempotency;
mod input;
mod limits;
mod metrics;
mod middleware;
mod openapi;
pub mod problem;
mod render;
mod routes;
mod routing;
mod server;
mod settings;
mod shell;
mod transfer;
pub mod wire;

pub use authenticator::{Authenticator, Principal, SessionAuthenticator};
pub use metrics::{Gauge, METRICS_MEDIA_TYPE};
pub use openapi::openapi;
pub use server::{ServerLimits, serve};
pub use settings::{InvalidPublicUrl, JSON_LIMIT, PublicUrl, Settings};
pub use shell::{Shell, ShellBuilder};

//! The JSON API of Classdesk on actix-web, as a library.
//!
//! An [`Api`] is a driving adapter of the use cases of an [`App`](classdesk_domain::App): every
//! endpoint, paging, preconditions, idempotency and the OpenAPI document. It mounts into any
//! application, under any prefix, and [`classdesk_http::serve`] runs it alone. Requests are
//! authenticated by an [`Authenticator`], so a host can bring a sign-in of its own.
//!
//! It never decides about permissions, never touches a database, a file or a password, and never
//! tells a client what went wrong inside.
//!
//! ```
//! use actix_web::{App, test, web};
//! use classdesk_api::Api;
//! use classdesk_domain::Ports;
//! use classdesk_http::{PublicUrl, Settings};
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
//! let classdesk = classdesk_domain::App::new(ports(), classdesk_domain::Settings::default());
//! let public_url = PublicUrl::parse("https://example.com/desk").unwrap();
//! let api = Api::builder(classdesk, Settings::new(public_url)).build();
//!
//! let app = App::new()
//!     .route("/", web::get().to(async || "the host's own page"))
//!     .service(api.scope("/desk"));
//! let app = test::init_service(app).await;
//! let request = test::TestRequest::get().uri("/desk/healthz/ready").to_request();
//! assert!(test::call_service(&app, request).await.status().is_success());
//! # });
//! ```

mod acting;
mod app;
mod authenticate;
mod authenticator;
mod call;
pub mod dto;
mod event_streams;
mod extract;
mod idempotency;
mod import;
mod input;
mod openapi;
mod output;
mod readiness;
mod render;
mod routes;
mod routing;
mod schema;
mod state;

pub use app::{Api, ApiBuilder, openapi};
pub use authenticator::Authenticator;
pub use dto::WebhookJson;
pub use event_streams::StreamLimits;
pub use extract::JSON_LIMIT;
pub use import::{IMPORT_LINES, ImportLine, ImportOutcome, import};

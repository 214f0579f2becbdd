//! What every driving adapter over HTTP needs, on actix-web. It knows no endpoint.
//!
//! Wrap a scope in [`middleware::serve`] and give it an [`HttpState`]. Its requests then have ids,
//! limits, metrics and log lines, its failures become problem documents, and its responses get the
//! security headers. [`serve`] runs such a scope as a server.
//!
//! ```
//! use actix_web::middleware::from_fn;
//! use actix_web::web::Data;
//! use actix_web::{App, test, web};
//! use classdesk_http::problem::Problem;
//! use classdesk_http::{HttpState, PublicUrl, Settings, middleware};
//!
//! # actix_web::rt::System::new().block_on(async {
//! let public_url = PublicUrl::parse("https://example.com").unwrap();
//! let state = Data::new(HttpState::new(Settings::new(public_url), Vec::new(), &[]));
//! let scope = web::scope("/desk")
//!     .app_data(state)
//!     .route("/", web::get().to(async || Err::<&str, _>(Problem::not_found())))
//!     .wrap(from_fn(middleware::serve));
//!
//! let app = test::init_service(App::new().service(scope)).await;
//! let request = test::TestRequest::get().uri("/desk/").to_request();
//! let response = test::call_service(&app, request).await;
//! assert_eq!(response.status(), 404);
//! let media_type = response.headers().get("content-type").unwrap();
//! assert_eq!(media_type, "application/problem+json");
//! # });
//! ```

mod access_log;
mod body;
mod client_address;
mod compression;
pub mod conditional;
mod content_disposition;
pub mod context;
mod cors;
pub mod download;
mod download_plan;
mod form;
mod headers;
mod limits;
mod metrics;
pub mod middleware;
pub mod multipart;
mod paced_body;
mod parameters;
pub mod problem;
mod request_id;
mod security_headers;
mod server;
mod settings;
mod shares;
mod state;

pub use body::while_body_arrives;
pub use client_address::client_address;
pub use cors::{AllowedOrigin, InvalidOrigin};
pub use headers::{
    check_content_encoding, content_length, is_json, is_json_lines, preferred, single_header,
};
pub use limits::end_work;
pub use metrics::{Gauge, METRICS_MEDIA_TYPE};
pub use server::{ServerLimits, serve};
pub use settings::{InvalidPublicUrl, PublicUrl, Settings};
pub use state::{HttpState, http_state};

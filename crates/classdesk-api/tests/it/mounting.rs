//! The API as a part of a host's application.

use std::sync::Arc;

use actix_web::body::to_bytes;
use actix_web::dev::RequestHead;
use actix_web::http::Method;
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::{App, HttpResponse, web};
use async_trait::async_trait;
use classdesk_api::{Api, Authenticator};
use classdesk_domain::error::Error;
use classdesk_domain::people::{Access, Actor, Principal};
use classdesk_http::{PublicUrl, Settings};
use serde_json::Value;

use crate::harness::TestServer;

/// A host's own sign-in: it knows one person.
struct HostSignIn(Actor);

#[async_trait]
impl Authenticator for HostSignIn {
    async fn authenticate(&self, head: &RequestHead) -> Result<Principal, Error> {
        match head.headers().get("x-host-user") {
            Some(way_in) if way_in == "reader" => Ok(Principal {
                access: Access::Read,
                ..self.0.into()
            }),
            Some(_) => Ok(self.0.into()),
            None => Err(Error::Unauthenticated),
        }
    }
}

#[tokio::test]
async fn a_host_mounts_it_below_a_prefix_with_its_own_sign_in() {
    let desk = TestServer::start().await;
    let settings = Settings::new(PublicUrl::parse("https://host.example/t/acme").unwrap());
    let api = Api::builder(desk.classdesk.clone(), settings)
        .authenticator(Arc::new(HostSignIn(desk.world.editor)))
        .build();
    let app = App::new()
        .service(web::scope("/t/{tenant}").configure(|config| api.configure(config)))
        .default_service(web::to(async || HttpResponse::ImATeapot().finish()));
    let app = init_service(app).await;
    let get = async |path: &str| {
        let request = TestRequest::get()
            .uri(path)
            .insert_header(("x-host-user", "1"));
        let response = call_service(&app, request.to_request()).await;
        let link = response.headers().get("link").cloned();
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body()).await.unwrap();
        (status, link, serde_json::from_slice::<Value>(&body).ok())
    };
    let bundle = format!(
        "/t/acme/api/v1/class-management/class-bundles/{}/",
        desk.world.bundle
    );
    let (status, _, body) = get(&bundle).await;
    assert_eq!(status, 200);
    assert_eq!(body.unwrap()["id"], desk.world.bundle.get());
    let subject = format!("/t/acme/api/v1/subjects/class_bundle/{}", desk.world.bundle);
    assert_eq!(get(&subject).await.0, 200);
    let (status, link, _) = get("/t/acme/api/v1/users/?limit=2").await;
    assert_eq!(status, 200);
    let link = link.unwrap();
    let expected = "<https://host.example/t/acme/api/v1/users/?limit=2&cursor=";
    assert!(link.to_str().unwrap().starts_with(expected), "{link:?}");
    let (status, _, body) = get("/t/acme/nowhere").await;
    assert_eq!(status, 404);
    assert_eq!(body.unwrap()["type"], "/problems/no-such-path");
    assert_eq!(get("/t/acme/docs/docs.js").await.0, 200);
    assert_eq!(get("/elsewhere").await.0, 418);
    let unknown = TestRequest::get().uri(&bundle).to_request();
    assert_eq!(call_service(&app, unknown).await.status(), 401);
}

/// contract: identity.write_access
#[tokio::test]
async fn who_may_only_read_is_refused_every_change_before_anything_else_is_told() {
    let desk = TestServer::start().await;
    let settings = Settings::new(PublicUrl::parse("https://host.example").unwrap());
    let api = Api::builder(desk.classdesk.clone(), settings)
        .authenticator(Arc::new(HostSignIn(desk.world.admin)))
        .build();
    let app = init_service(App::new().service(api.scope(""))).await;
    let send = async |method: &Method, way_in: &str, path: &str| {
        let request = TestRequest::with_uri(path)
            .method(method.clone())
            .insert_header(("x-host-user", way_in))
            .insert_header(("content-type", "application/json"))
            .set_payload("{}");
        let response = call_service(&app, request.to_request()).await;
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body()).await.unwrap();
        let problem = serde_json::from_slice::<Value>(&body).unwrap_or_default();
        (status, problem["reason"].as_str().map(str::to_owned))
    };
    let bundles = "/api/v1/class-management/class-bundles/";
    let bundle = format!("{bundles}{}/", desk.world.bundle);
    assert_eq!(send(&Method::GET, "reader", &bundle).await, (200, None));
    let hidden = format!("{bundles}999/");
    for (method, path, otherwise) in [
        (Method::POST, bundles, 400),
        (Method::PATCH, bundle.as_str(), 200),
        (Method::PATCH, hidden.as_str(), 404),
        (Method::DELETE, "/api/v1/webhooks/999/", 404),
    ] {
        let refused = (403, Some("write_access".to_owned()));
        assert_eq!(send(&method, "reader", path).await, refused, "{path}");
        assert_eq!(send(&method, "writer", path).await.0, otherwise, "{path}");
    }
}

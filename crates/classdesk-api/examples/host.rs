//! A host application with people and a sign-in of its own mounts the API below `/desk`.

use std::sync::Arc;

use actix_web::dev::RequestHead;
use actix_web::{App, test};
use async_trait::async_trait;
use classdesk_api::{Api, Authenticator};
use classdesk_domain::error::Error;
use classdesk_domain::people::{Actor, Principal, PutUser, Role, Users};
use classdesk_domain::{Ports, Settings};
use classdesk_http::PublicUrl;
use classdesk_memory::{FrozenClock, MemoryBlobs, MemoryStore, PlainHasher, SeededSecrets};

/// The host's sign-in. Here a header names a client of the host; a real host checks its own cookie.
struct HostSignIn(Users);

#[async_trait]
impl Authenticator for HostSignIn {
    async fn authenticate(&self, head: &RequestHead) -> Result<Principal, Error> {
        let header = head.headers.get("x-host-user").map(|name| name.to_str());
        let Some(Ok(name)) = header else {
            return Err(Error::Unauthenticated);
        };
        let unknown = |_| Error::Unauthenticated;
        let id = format!("host:{name}").parse().map_err(unknown)?;
        let email = format!("{name}@host.example").parse().map_err(unknown)?;
        let person = PutUser::new(name.parse().map_err(unknown)?, email, Role::Client);
        let known = self.0.ensure_known(&id, &person).await?;
        Ok(Actor::from(&known).into())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (store, clock) = (Arc::new(MemoryStore::new()), Arc::<FrozenClock>::default());
    let (hasher, secrets) = (
        Arc::<PlainHasher>::default(),
        Arc::<SeededSecrets>::default(),
    );
    let blobs = Arc::new(MemoryBlobs::new(clock.clone()));
    let ports = Ports::new(store, blobs, hasher, clock, secrets);
    let desk = classdesk_domain::App::new(ports, Settings::default());
    let sign_in = Arc::new(HostSignIn(desk.users.clone()));
    let settings = classdesk_http::Settings::new(PublicUrl::parse("https://host.example/desk")?);
    let api = Api::builder(desk, settings).authenticator(sign_in).build();
    actix_web::rt::System::new().block_on(async {
        let host = test::init_service(App::new().service(api.scope("/desk"))).await;
        let ask = test::TestRequest::get().uri("/desk/api/v1/class-management/class-bundles/");
        let ask = ask.insert_header(("x-host-user", "anna")).to_request();
        let bundles = test::call_and_read_body(&host, ask).await;
        assert_eq!(bundles, "[]", "anna is known, and has no bundle yet");
        Ok(())
    })
}

#[cfg(test)]
#[test]
fn the_host_serves_its_own_people() {
    main().expect("it runs to its end");
}

//! What administrators do, and what the log tells of it.

use classdesk_domain::error::{Conflict, Error};
use classdesk_domain::webhooks::{OldFor, WebhookChange, WebhookSettings, WebhookUrl};
use std::time::Duration;

use super::super::support::{only_for, word};
use super::{WebhookFixture, settings, switched};

/// contract: webhooks.rotation
#[tokio::test]
async fn both_secrets_sign_while_one_takes_the_place_of_the_other() {
    let desk = WebhookFixture::open().await;
    let webhooks = &desk.desk.app.webhooks;
    let created = webhooks.create(desk.admin(), settings("*")).await;
    let (webhook, old) = created.expect("created");
    let hours = |hours| OldFor::hours(hours).expect("hours");
    let rotated = webhooks
        .rotate_secret(desk.admin(), webhook.id, hours(2))
        .await;
    let new = rotated.expect("rotated");
    let again = webhooks
        .rotate_secret(desk.admin(), webhook.id, hours(0))
        .await;
    let again = again.expect_err("one is under way");
    assert!(matches!(again, Error::Conflict(Conflict::SecretRotating)));
    let signatures = async || {
        desk.ticket().await;
        desk.work().await;
        let requests: Vec<_> = (desk.receiver.requests.lock())
            .expect("no panic")
            .drain(..)
            .collect();
        let request = &requests[0];
        let by = [&new.secret, &old].map(|secret| {
            let signed = secret.sign(&request.id, request.timestamp, &request.body);
            request.signature.split(' ').any(|one| one == signed)
        });
        (by, request.signature.split(' ').count())
    };
    assert_eq!(signatures().await, ([true, true], 2));
    desk.desk.clock.advance(Duration::from_secs(2 * 60 * 60));
    assert_eq!(signatures().await, ([true, false], 1));
    let rotated = webhooks
        .rotate_secret(desk.admin(), webhook.id, hours(0))
        .await;
    assert_eq!(rotated.expect("rotated").old_valid_until, None);
}

/// contract: webhooks.audit
#[tokio::test]
async fn the_log_tells_of_webhooks_without_their_secrets() {
    let desk = WebhookFixture::open().await;
    let known = desk.desk.log_length().await;
    let webhooks = &desk.desk.app.webhooks;
    let admin = desk.admin();
    let (webhook, secret) = webhooks
        .create(admin, settings("*"))
        .await
        .expect("created");
    let change = WebhookChange {
        url: Some(WebhookUrl::from_stored(
            "https://b.example/?key=c".to_owned(),
        )),
        is_active: Some(false),
        ..WebhookChange::default()
    };
    let id = webhook.id;
    webhooks
        .change(admin, id, change.clone())
        .await
        .expect("changed");
    let unchanged = webhooks.change(admin, id, change).await;
    assert_eq!(unchanged.expect("nothing new").version, 2);
    webhooks
        .change(admin, id, switched(true))
        .await
        .expect("on");
    let hours = OldFor::hours(0).expect("hours");
    webhooks
        .rotate_secret(admin, id, hours)
        .await
        .expect("rotated");
    webhooks.remove(admin, id).await.expect("removed");
    let told = [
        "webhook.created",
        "webhook.changed",
        "webhook.disabled",
        "webhook.enabled",
        "webhook.secret_rotated",
        "webhook.removed",
    ];
    assert_eq!(desk.desk.told_after(known).await, told);
    let log = format!("{:?}", desk.desk.log_after(known).await);
    assert!(log.contains("https://b.example"), "{log}");
    for secret in ["key=", &secret.expose(), "/a?"] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
    let gone = webhooks.get(&admin, id).await;
    assert!(matches!(gone, Err(Error::NotFound)));
}

/// contract: webhooks.manage
#[tokio::test]
async fn only_administrators_manage_webhooks() {
    let desk = WebhookFixture::open().await;
    let webhook = desk.create("*").await;
    let webhooks = &desk.desk.app.webhooks;
    for actor in desk.desk.fixture.everybody() {
        let expected = match actor.role.as_str() {
            "admin" | "superadmin" => "ok",
            _ => "not allowed",
        };
        let found = word(webhooks.get(&actor, webhook.id).await);
        assert_eq!(found, expected, "{actor:?}");
        let created = word(webhooks.create(actor, settings("*")).await);
        assert_eq!(created, expected, "{actor:?}");
    }
    let inside = WebhookSettings {
        url: WebhookUrl::from_stored("http://localhost/".to_owned()),
        ..settings("*")
    };
    let refused = word(webhooks.create(desk.admin(), inside).await);
    assert_eq!(refused, "url:webhook_address");
    let stale = only_for(desk.admin(), 7);
    let refused = webhooks.change(stale, webhook.id, switched(false)).await;
    assert!(matches!(refused, Err(Error::PreconditionFailed)));
}

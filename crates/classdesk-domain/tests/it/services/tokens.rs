//! Coming in by a token of another system.

use std::sync::Arc;

use async_trait::async_trait;
use classdesk_domain::ExternalId;
use classdesk_domain::clock::Timestamp;
use classdesk_domain::error::Error;
use classdesk_domain::paging::PageRequest;
use classdesk_domain::people::{
    Identity, Provisioning, Role, TokenError, TokenRefusal, TokenVerifier, TrustedTokens, User,
    UserChange, UserFilter, UserRepository as _,
};
use futures_util::future::join_all;

use super::support::AppFixture;

/// A verifier to which a token is what it says: subject, address, name and role, with blanks.
struct Plain;

#[async_trait]
impl TokenVerifier for Plain {
    async fn verify(&self, token: &str) -> Result<Identity, TokenError> {
        let mut words = token.split(' ').map(str::to_owned);
        let mut next = || words.next().filter(|word| word != "-");
        match next() {
            Some(word) if word == "down" => Err(TokenError::Unavailable),
            Some(subject) => Ok(Identity {
                subject,
                email: next(),
                name: next(),
                role: next(),
                expires_at: Timestamp::from_micros(i64::MAX),
            }),
            None => Err(TokenRefusal::Signature.into()),
        }
    }
}

async fn open(provisioning: Option<&[Role]>) -> AppFixture {
    let provisioning = provisioning.map(|roles| Provisioning {
        roles: roles.to_vec(),
    });
    AppFixture::open_with(|_, ports| {
        ports.tokens = Some(TrustedTokens {
            verifier: Arc::new(Plain),
            provisioning,
        });
    })
    .await
}

const USUAL: &[Role] = &[Role::Client, Role::Writer];

impl AppFixture {
    async fn come_in(&self, token: &str) -> Result<User, Error> {
        let tokens = self.app.tokens.as_ref().expect("tokens are trusted");
        tokens.authenticate(token).await
    }

    /// Checks that a token is refused, and that it changes nothing.
    async fn check_refused(&self, token: &str, why: TokenRefusal) {
        let (people, log) = (self.people().await, self.log_length().await);
        match self.come_in(token).await {
            Err(Error::Token(TokenError::Refused(refusal))) => assert_eq!(refusal, why, "{token}"),
            other => panic!("{token}: {other:?}"),
        }
        assert_eq!(self.people().await, people, "{token}");
        assert_eq!(self.log_length().await, log, "{token}");
    }

    async fn people(&self) -> Vec<User> {
        let page = PageRequest::default();
        let found = self.store.list_users(UserFilter::default(), page).await;
        found.expect("readable").items
    }
}

#[tokio::test]
async fn somebody_unknown_is_created_at_first_sight_and_costs_no_write_afterwards() {
    let test = open(Some(USUAL)).await;
    let known = test.log_length().await;
    let token = "crm-4711 crm-4711@example.org Ann writer";
    let created = test.come_in(token).await.expect("created");
    assert_eq!(created.display_name.as_str(), "Ann");
    assert_eq!(created.email.as_str(), "crm-4711@example.org");
    assert_eq!((created.role, created.is_active), (Role::Writer, true));
    assert_eq!(test.told_after(known).await, ["user.created"]);
    for token in [token, "crm-4711", "crm-4711 - - writer"] {
        assert_eq!(test.come_in(token).await.expect("known"), created);
    }
    assert_eq!(test.told_after(known).await, ["user.created"]);
}

#[tokio::test]
async fn ten_requests_at_once_make_one_person() {
    let test = open(Some(USUAL)).await;
    let before = test.people().await.len();
    let token = "crm-4711 crm-4711@example.org Ann client";
    let found = join_all((0..10).map(|_| test.come_in(token))).await;
    let first = found[0].as_ref().expect("created").id;
    for user in &found {
        assert_eq!(user.as_ref().map(|user| user.id).ok(), Some(first));
    }
    assert_eq!(test.people().await.len(), before + 1);
}

#[tokio::test]
async fn address_name_and_role_follow_the_claims() {
    let test = open(Some(USUAL)).await;
    let created = test
        .come_in("crm-4711 crm-4711@example.org Ann client")
        .await;
    let created = created.expect("created");
    let known = test.log_length().await;
    let token = "crm-4711 Ann.New@example.org Anna writer";
    let followed = test.come_in(token).await.expect("known");
    let expected = User {
        email: followed.email.clone(),
        display_name: followed.display_name.clone(),
        role: Role::Writer,
        version: created.version + 1,
        ..created
    };
    assert_eq!(followed, expected);
    assert_eq!(followed.email.as_str(), "ann.new@example.org");
    assert_eq!(followed.display_name.as_str(), "Anna");
    assert_eq!(test.come_in(token).await.expect("known"), followed);
    assert_eq!(test.told_after(known).await, ["user.changed"]);
}

#[tokio::test]
async fn what_makes_nobody_changes_nothing() {
    let test = open(Some(USUAL)).await;
    let claim = |name: &str| TokenRefusal::Claim(name.to_owned());
    for (token, why) in [
        ("-", TokenRefusal::Signature),
        ("crm-1 a@example.org Ann editor", TokenRefusal::Role),
        ("crm-1 a@example.org Ann superadmin", TokenRefusal::Role),
        ("crm-1 a@example.org Ann king", TokenRefusal::Role),
        ("crm-1 a@example.org Ann", TokenRefusal::Role),
        ("crm\u{a0}1 a@example.org Ann client", claim("sub")),
        ("crm-1 - Ann client", claim("email")),
        ("crm-1 nowhere Ann client", claim("email")),
        ("crm-1 a@example.org A\u{7}nn client", claim("name")),
    ] {
        test.check_refused(token, why).await;
    }
    let down = test.come_in("down").await;
    assert!(matches!(down, Err(Error::Token(TokenError::Unavailable))));
}

#[tokio::test]
async fn somebody_deactivated_is_refused_and_not_changed() {
    let test = open(Some(USUAL)).await;
    let created = test
        .come_in("crm-4711 crm-4711@example.org Ann client")
        .await;
    let off = UserChange {
        is_active: Some(false),
        ..UserChange::default()
    };
    let id = created.expect("created").id;
    let off = test.app.users.change(test.fixture.admin, id, off).await;
    off.expect("deactivated");
    for token in ["crm-4711", "crm-4711 new@example.org Anna writer"] {
        test.check_refused(token, TokenRefusal::Inactive).await;
    }
}

/// contract: tokens.roles
#[tokio::test]
async fn a_role_that_tokens_may_not_give_is_kept_and_never_given() {
    let test = open(Some(USUAL)).await;
    let created = test
        .come_in("crm-4711 crm-4711@example.org Ann client")
        .await;
    let promoted = UserChange {
        role: Some(Role::Editor),
        ..UserChange::default()
    };
    let id = created.expect("created").id;
    let promoted = test
        .app
        .users
        .change(test.fixture.admin, id, promoted)
        .await;
    let promoted = promoted.expect("promoted");
    for token in ["crm-4711", "crm-4711 - - editor"] {
        assert_eq!(test.come_in(token).await.expect("known"), promoted);
    }
    test.check_refused("crm-4711 - - admin", TokenRefusal::Role)
        .await;
    let demoted = test.come_in("crm-4711 - - client").await.expect("known");
    assert_eq!(demoted.role, Role::Client);
}

#[tokio::test]
async fn an_address_that_somebody_else_has_is_refused() {
    let test = open(Some(USUAL)).await;
    let taken = test.people().await[0].email.clone();
    let not_followed = TokenRefusal::NotFollowed("this email address is taken".to_owned());
    let new = format!("crm-4711 {taken} Ann client");
    test.check_refused(&new, not_followed.clone()).await;
    let token = "crm-4711 crm-4711@example.org Ann client";
    test.come_in(token).await.expect("created");
    test.check_refused(&new, not_followed).await;
}

#[tokio::test]
async fn a_username_that_somebody_else_has_gets_digits_of_its_own() {
    let test = open(Some(USUAL)).await;
    let names = [
        "ann-1 ann-1@example.org - client",
        "x-2 ann-1@example.com - client",
    ];
    let mut found = Vec::new();
    for token in names {
        found.push(test.come_in(token).await.expect("created"));
    }
    assert_eq!(found[0].username.as_str(), "ann-1");
    assert_eq!(found[0].display_name.as_str(), "ann-1");
    let other = found[1].username.as_str();
    assert!(
        other.starts_with("ann-1-") && other.len() == "ann-1-".len() + 16,
        "{other}"
    );
    // A name that is too short gets them at once.
    let short = test
        .come_in("x-3 a@example.com - client")
        .await
        .expect("created");
    assert!(
        short.username.as_str().starts_with("a-"),
        "{}",
        short.username
    );
}

#[tokio::test]
async fn without_provisioning_a_token_says_only_who_somebody_is() {
    let test = open(None).await;
    test.check_refused(
        "crm-4711 crm-4711@example.org Ann client",
        TokenRefusal::Nobody,
    )
    .await;
    let id = test.fixture.client.id;
    let known = UserChange {
        external_id: Some(Some(ExternalId::parse("crm-4711").expect("an id"))),
        ..UserChange::default()
    };
    let known = test.app.users.change(test.fixture.admin, id, known).await;
    let known = known.expect("changed");
    let token = "crm-4711 other@example.org Other admin";
    assert_eq!(test.come_in(token).await.expect("known"), known);
}

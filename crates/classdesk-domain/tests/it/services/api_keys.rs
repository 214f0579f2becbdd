//! Keys, and acting for somebody with one.

use std::time::Duration;

use classdesk_domain::api_keys::{ApiKey, KeyToken, NewApiKey, TOUCH_AFTER, Whom};
use classdesk_domain::clock::Clock as _;
use classdesk_domain::error::Error;
use classdesk_domain::events::{AuditFilter, EventAction};
use classdesk_domain::ids::{ApiKeyId, UserId};
use classdesk_domain::paging::PageRequest;
use classdesk_domain::people::{
    Access, Actor, DisplayUpdate, LoginName, NewPassword, NewUser, Principal, Role, UserChange,
    WayIn,
};
use classdesk_domain::text::KeyName;
use classdesk_domain::{ExternalId, RequestContext};

use super::support::{AppFixture, word};

fn new_key() -> NewApiKey {
    NewApiKey {
        name: KeyName::parse("CRM").expect("a name"),
        access: Access::Write,
        act_as: false,
        expires_at: None,
    }
}

fn acting() -> NewApiKey {
    NewApiKey {
        act_as: true,
        ..new_key()
    }
}

async fn make(test: &AppFixture, by: Actor, new: NewApiKey) -> (ApiKey, KeyToken) {
    let made = test.app.api_keys.create(by, new).await;
    made.expect("a key")
}

async fn enter(test: &AppFixture, token: &KeyToken) -> Result<Principal, Error> {
    test.app.api_keys.authenticate(token).await
}

/// A person as a program that came in with a key of theirs.
async fn program(test: &AppFixture, of: Actor, new: NewApiKey) -> Principal {
    let (_, token) = make(test, of, new).await;
    enter(test, &token).await.expect("the key holds")
}

async fn act_for(test: &AppFixture, by: &Principal, whom: UserId) -> Result<Principal, Error> {
    let whom = Whom::Id(whom);
    test.app.api_keys.act_for(by.clone(), &whom).await
}

async fn change(test: &AppFixture, whom: Actor, change: UserChange) {
    let changed = test
        .app
        .users
        .change(test.fixture.superadmin, whom.id, change);
    changed.await.expect("a change");
}

fn role(role: Role) -> UserChange {
    UserChange {
        role: Some(role),
        ..UserChange::default()
    }
}

fn active(is_active: bool) -> UserChange {
    UserChange {
        is_active: Some(is_active),
        ..UserChange::default()
    }
}

/// contract: keys.create
#[tokio::test]
async fn a_key_lets_in_with_the_rights_that_its_owner_has_then() {
    let test = AppFixture::open().await;
    let read = NewApiKey {
        access: Access::Read,
        ..new_key()
    };
    for (new, access) in [(new_key(), Access::Write), (read, Access::Read)] {
        let (key, token) = make(&test, test.fixture.writer, new).await;
        assert_eq!(
            (key.last_used_at, key.owner.id),
            (None, test.fixture.writer.id)
        );
        let principal = enter(&test, &token).await.expect("the key holds");
        assert_eq!(principal.actor, test.fixture.writer);
        assert_eq!(principal.access, access);
        assert_eq!(principal.key(), Some(key.id));
        let writes = principal.require_write().map_err(Error::from);
        assert_eq!(writes.is_ok(), access == Access::Write);
    }
    let (_, token) = make(&test, test.fixture.writer, new_key()).await;
    change(&test, test.fixture.writer, role(Role::Client)).await;
    let principal = enter(&test, &token).await.expect("the key holds");
    assert_eq!(principal.actor.role, Role::Client);
    let unknown = enter(&test, &KeyToken::from_bytes([7; 32])).await;
    assert_eq!(word(unknown), "no valid session");
}

/// contract: keys.use
#[tokio::test]
async fn a_use_is_noted_now_and_then() {
    let test = AppFixture::open().await;
    let (key, token) = make(&test, test.fixture.client, new_key()).await;
    let used = async || {
        let key = test.app.api_keys.get(&test.fixture.client, key.id).await;
        key.expect("there").last_used_at
    };
    test.app
        .api_keys
        .find_valid(&token)
        .await
        .expect("it holds");
    assert_eq!(used().await, None);
    enter(&test, &token).await.expect("it holds");
    let first = used().await.expect("noted");
    test.clock.advance(TOUCH_AFTER - Duration::from_secs(1));
    enter(&test, &token).await.expect("it holds");
    assert_eq!(used().await, Some(first));
    test.clock.advance(Duration::from_secs(1));
    enter(&test, &token).await.expect("it holds");
    assert_eq!(used().await, Some(first.plus(TOUCH_AFTER)));
}

/// contract: keys.end
#[tokio::test]
async fn a_key_ends_by_itself_by_its_owner_and_with_what_its_owner_is() {
    let test = AppFixture::open().await;
    let admin = test.fixture.admin;
    let now = test.fixture.now();
    let lifetime = Duration::from_secs(60);
    let short = NewApiKey {
        expires_at: Some(test.clock.now().plus(lifetime)),
        ..new_key()
    };
    let past = NewApiKey {
        expires_at: Some(now),
        ..new_key()
    };
    let refused = test.app.api_keys.create(admin, past).await;
    assert_eq!(word(refused), "expires_at:in_the_past");
    let (_, token) = make(&test, admin, short).await;
    assert!(enter(&test, &token).await.is_ok());
    test.clock.advance(lifetime);
    assert_eq!(word(enter(&test, &token).await), "no valid session");

    let (key, token) = make(&test, admin, new_key()).await;
    test.app.api_keys.end(admin, key.id).await.expect("ended");
    assert_eq!(word(enter(&test, &token).await), "no valid session");
    let again = test.app.api_keys.end(admin, key.id).await;
    assert_eq!(word(again), "not found");

    let (_, plain) = make(&test, admin, new_key()).await;
    let (_, for_others) = make(&test, admin, acting()).await;
    let alive = async || {
        let plain = enter(&test, &plain).await.is_ok();
        (plain, enter(&test, &for_others).await.is_ok())
    };
    change(&test, admin, role(Role::Editor)).await;
    assert_eq!(alive().await, (true, true));
    change(&test, admin, role(Role::Writer)).await;
    assert_eq!(alive().await, (true, false));
    change(&test, admin, role(Role::Admin)).await;
    assert_eq!(alive().await, (true, false), "what ended stays ended");
    change(&test, admin, active(false)).await;
    change(&test, admin, active(true)).await;
    assert_eq!(alive().await, (false, false));
}

/// contract: keys.acting
#[tokio::test]
async fn administrators_alone_make_keys_that_act_for_others() {
    let test = AppFixture::open().await;
    for actor in test.fixture.everybody() {
        let made = test.app.api_keys.create(actor, acting()).await;
        let may = matches!(actor.role, Role::Admin | Role::Superadmin);
        assert_eq!(
            word(made),
            if may { "ok" } else { "not allowed" },
            "{actor:?}"
        );
        make(&test, actor, new_key()).await;
    }
}

/// contract: keys.manage
#[tokio::test]
async fn people_see_and_end_their_own_keys_and_superadmins_all() {
    let test = AppFixture::open().await;
    let keys = &test.app.api_keys;
    let of = test.fixture.client;
    for actor in test.fixture.everybody() {
        let (key, _) = make(&test, of, new_key()).await;
        let may = actor == of || actor.role == Role::Superadmin;
        let listed = keys.list(&actor, of.id, PageRequest::default()).await;
        assert_eq!(
            word(listed),
            if may { "ok" } else { "not allowed" },
            "{actor:?}"
        );
        let ended = keys.end(actor, key.id).await;
        assert_eq!(
            word(ended),
            if may { "ok" } else { "not found" },
            "{actor:?}"
        );
        assert_eq!(word(keys.end(actor, ApiKeyId::new(999)).await), "not found");
    }
}

/// contract: keys.limits
#[tokio::test]
async fn a_program_makes_and_ends_no_keys_and_sets_no_password() {
    let test = AppFixture::open().await;
    let (key, _) = make(&test, test.fixture.superadmin, new_key()).await;
    for new in [new_key(), acting()] {
        let program = program(&test, test.fixture.superadmin, new).await;
        let by = RequestContext::from(&program);
        let keys = &test.app.api_keys;
        assert_eq!(
            word(keys.create(by.clone(), new_key()).await),
            "not allowed"
        );
        assert_eq!(word(keys.end(by.clone(), key.id).await), "not allowed");
        assert!(program.session().is_err());
        let listed = keys.list(&program.actor, program.actor.id, PageRequest::default());
        assert_eq!(word(listed.await), "ok");

        let password = || NewPassword::parse("another horse battery").ok();
        let new_password = UserChange {
            password: password(),
            ..UserChange::default()
        };
        let client = test.fixture.client.id;
        let set = test
            .app
            .users
            .change(by.clone(), client, new_password)
            .await;
        let Err(Error::Forbidden(refusal)) = set else {
            panic!("a key sets a password");
        };
        assert_eq!(refusal.field, Some("password"));
        let other_name = UserChange {
            own: DisplayUpdate {
                display_name: "Clara C.".parse().ok(),
                ..DisplayUpdate::default()
            },
            ..UserChange::default()
        };
        let changed = test.app.users.change(by, client, other_name).await;
        assert_eq!(word(changed), "ok");
    }
    // Somebody new has no password that could be taken from them.
    let program = program(&test, test.fixture.superadmin, new_key()).await;
    let new = NewUser {
        password: NewPassword::parse("another horse battery").ok(),
        ..NewUser::new(
            "newcomer".parse().expect("a name"),
            "newcomer@example.com".parse().expect("an address"),
            Role::Client,
        )
    };
    let created = test.app.users.create(RequestContext::from(&program), new);
    assert_eq!(word(created.await), "ok");
}

/// contract: acting.rights
#[tokio::test]
async fn a_program_acts_for_those_whom_its_owner_manages() {
    let test = AppFixture::open().await;
    for owner in [test.fixture.admin, test.fixture.superadmin] {
        let program = program(&test, owner, acting()).await;
        for whom in test.fixture.everybody() {
            let acts = act_for(&test, &program, whom.id).await;
            let staff = matches!(whom.role, Role::Admin | Role::Superadmin);
            if staff && owner.role == Role::Admin {
                assert_eq!(word(acts), "not allowed", "{owner:?} {whom:?}");
                continue;
            }
            let acts = acts.expect("managed");
            assert_eq!(acts.actor, whom);
            assert_eq!(acts.key(), program.key());
            assert!(matches!(acts.way_in, WayIn::Key(key) if key.owner.id == owner.id));
        }
        assert_eq!(
            word(act_for(&test, &program, UserId::new(999)).await),
            "not found"
        );
    }
    let read = NewApiKey {
        access: Access::Read,
        ..acting()
    };
    let program = program(&test, test.fixture.admin, read).await;
    let acts = act_for(&test, &program, test.fixture.client.id).await;
    assert!(acts.expect("managed").require_write().is_err());
}

/// contract: acting.rights
#[tokio::test]
async fn nobody_acts_for_others_without_such_a_key() {
    let test = AppFixture::open().await;
    let admin = test.fixture.admin;
    let plain = program(&test, admin, new_key()).await;
    let with_key = program(&test, admin, acting()).await;
    for principal in [plain, Principal::from(admin)] {
        let acts = act_for(&test, &principal, test.fixture.client.id).await;
        assert_eq!(word(acts), "not allowed");
    }
    change(&test, test.fixture.client, active(false)).await;
    let acts = act_for(&test, &with_key, test.fixture.client.id).await;
    assert_eq!(word(acts), "not allowed");
}

#[tokio::test]
async fn a_program_names_people_by_the_ids_of_another_system() {
    let test = AppFixture::open().await;
    let id = ExternalId::parse("crm-17").expect("an id");
    let known = UserChange {
        external_id: Some(Some(id.clone())),
        ..UserChange::default()
    };
    change(&test, test.fixture.client, known).await;
    let program = program(&test, test.fixture.admin, acting()).await;
    let whom = Whom::ExternalId(id);
    let acts = test.app.api_keys.act_for(program.clone(), &whom).await;
    assert_eq!(acts.expect("managed").actor, test.fixture.client);
    let whom = Whom::ExternalId(ExternalId::parse("crm-18").expect("an id"));
    let acts = test.app.api_keys.act_for(program, &whom).await;
    assert_eq!(word(acts), "not found");
}

/// contract: audit.key
#[tokio::test]
async fn the_log_names_the_person_the_key_and_its_owner() {
    let test = AppFixture::open().await;
    let (key, token) = make(&test, test.fixture.admin, acting()).await;
    let program = enter(&test, &token).await.expect("it holds");
    let client = test.fixture.client;
    let acts = act_for(&test, &program, client.id).await.expect("managed");
    let renamed = UserChange {
        own: DisplayUpdate {
            display_name: "Clara C.".parse().ok(),
            ..DisplayUpdate::default()
        },
        ..UserChange::default()
    };
    let changed = test
        .app
        .users
        .change(RequestContext::from(&acts), client.id, renamed);
    changed.await.expect("a change of one's own");
    test.app
        .api_keys
        .end(test.fixture.admin, key.id)
        .await
        .expect("ended");
    let filter = AuditFilter::default();
    let listed = test
        .app
        .audit
        .list(&test.fixture.superadmin, filter, PageRequest::default());
    let lines = listed.await.expect("listed").items;
    let [ended, changed, created, ..] = &lines[..] else {
        panic!("three entries");
    };
    assert_eq!(changed.entry.action, EventAction::UserChanged);
    assert_eq!(
        changed.entry.actor.as_ref().map(|actor| actor.id),
        Some(client.id)
    );
    let named = changed.key.as_ref().expect("a key");
    assert_eq!((named.id, named.owner.id), (key.id, test.fixture.admin.id));
    for (line, action) in [
        (created, EventAction::ApiKeyCreated),
        (ended, EventAction::ApiKeyEnded),
    ] {
        assert_eq!(line.entry.action, action);
        assert_eq!(
            (line.entry.object_id, line.key.as_ref()),
            (key.id.get(), None)
        );
    }
}

/// contract: program.key
#[tokio::test]
async fn the_command_line_makes_keys_for_who_is_active() {
    let test = AppFixture::open().await;
    let name = LoginName::new("Client@Example.com");
    let keys = &test.app.api_keys;
    let (key, token) = keys.create_for(&name, &new_key()).await.expect("a key");
    assert_eq!(key.owner.id, test.fixture.client.id);
    assert!(enter(&test, &token).await.is_ok());
    assert_eq!(word(keys.create_for(&name, &acting()).await), "not allowed");
    let log = test.log_after(0).await;
    let last = log.last().expect("it is told");
    assert_eq!(
        (last.action, &last.actor),
        (EventAction::ApiKeyCreated, &None)
    );
    change(&test, test.fixture.client, active(false)).await;
    assert_eq!(word(keys.create_for(&name, &new_key()).await), "not found");
}

#[test]
fn a_token_has_a_fixed_shape() {
    let token = KeyToken::from_bytes([0xff; 32]);
    let text = token.expose();
    assert_eq!(text, format!("cdk_{}8", "_".repeat(42)));
    assert_eq!(KeyToken::parse(&text), Some(token.clone()));
    for odd in ["", "cdk_", &text[4..], &text[..46], &format!("{text}A")] {
        assert_eq!(KeyToken::parse(odd), None, "{odd}");
    }
    assert!(!format!("{token:?}").contains("8"), "{token:?}");
}

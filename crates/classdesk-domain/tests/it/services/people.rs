//! People, as they, the staff and the operator see them.

use classdesk_domain::ids::UserId;
use classdesk_domain::paging::PageRequest;
use classdesk_domain::people::{
    Actor, DisplayUpdate, Email, Language, LoginName, NewPassword, NewUser, PutUser, Role,
    UserChange, UserFilter, Username,
};
use classdesk_domain::text::DisplayName;
use classdesk_domain::{ExternalId, Put};

use super::support::{AppFixture, word};

fn new_user(name: &str, role: Role) -> NewUser {
    let username = Username::parse(name).expect("a username");
    let email = Email::parse(&format!("{name}@example.org")).expect("an address");
    NewUser {
        password: NewPassword::parse("correct horse battery").ok(),
        ..NewUser::new(username, email, role)
    }
}

fn own(name: &str, email: &str) -> UserChange {
    UserChange {
        own: DisplayUpdate {
            display_name: Some(DisplayName::parse(name).expect("a name")),
            email: Some(Email::parse(email).expect("an address")),
            ..DisplayUpdate::default()
        },
        ..UserChange::default()
    }
}

fn role(role: Role) -> UserChange {
    UserChange {
        role: Some(role),
        ..UserChange::default()
    }
}

#[tokio::test]
async fn staff_list_and_see_everybody_and_others_themselves() {
    let test = AppFixture::open().await;
    let (fixture, users) = (&test.fixture, &test.app.users);
    for actor in fixture.everybody() {
        let staff = actor.role.is_staff();
        let listed = users.list(&actor, UserFilter::default(), PageRequest::default());
        assert_eq!(word(listed.await), if staff { "ok" } else { "not allowed" });
        assert_eq!(
            word(users.authorize_list(&actor)),
            if staff { "ok" } else { "not allowed" }
        );
        assert_eq!(word(users.get(&actor, actor.id).await), "ok");
        let other = if actor == fixture.client {
            fixture.writer
        } else {
            fixture.client
        };
        let seen = users.get(&actor, other.id).await;
        assert_eq!(word(seen), if staff { "ok" } else { "not found" });
        assert_eq!(word(users.get(&actor, UserId::new(999)).await), "not found");
    }
}

#[tokio::test]
async fn people_are_created_by_who_manages_their_role() {
    let test = AppFixture::open().await;
    let (fixture, users) = (&test.fixture, &test.app.users);
    let created = users
        .create(fixture.admin, new_user("new", Role::Editor))
        .await;
    let created = created.expect("created");
    assert_eq!(
        created.display_name.as_str(),
        "new",
        "the username, as none was given"
    );
    assert_eq!((created.role, created.is_active), (Role::Editor, true));

    let refused = users
        .create(fixture.admin, new_user("boss", Role::Admin))
        .await;
    assert_eq!(word(refused), "not allowed");
    let refused = users
        .create(fixture.editor, new_user("friend", Role::Client))
        .await;
    assert_eq!(word(refused), "not allowed");
    let made = users
        .create(fixture.superadmin, new_user("boss", Role::Superadmin))
        .await;
    assert_eq!(word(made), "ok");
    let taken = users
        .create(fixture.admin, new_user("client", Role::Client))
        .await;
    assert_eq!(word(taken), "this username is taken");
    let mut again = new_user("other", Role::Client);
    again.email = Email::parse("client@example.com").expect("an address");
    assert_eq!(
        word(users.create(fixture.admin, again).await),
        "this email address is taken"
    );
    let silly = new_user("horse", Role::Client);
    let refused = users.create(fixture.admin, silly).await;
    assert_eq!(word(refused), "password:password_contains_username");
    let gone = Actor::new(UserId::new(999), Role::Admin);
    let refused = users.create(gone, new_user("ghost", Role::Client)).await;
    assert_eq!(word(refused), "no valid session");
}

#[tokio::test]
async fn everybody_changes_their_own_appearance() {
    let test = AppFixture::open().await;
    let (fixture, users) = (&test.fixture, &test.app.users);
    let known = test.log_length().await;
    let changed = users
        .change(
            &fixture.client,
            fixture.client.id,
            own("Me", "me@example.org"),
        )
        .await;
    let changed = changed.expect("changed");
    assert_eq!(changed.display_name.as_str(), "Me");
    assert_eq!(changed.email.as_str(), "me@example.org");
    let again = users
        .change(
            &fixture.client,
            fixture.client.id,
            own("Me", "me@example.org"),
        )
        .await;
    assert_eq!(again.expect("nothing to do"), changed);
    assert_eq!(test.told_after(known).await, ["user.changed"], "once");

    let wish = own("Them", "client2@example.org");
    let refused = users
        .change(&fixture.editor, fixture.client.id, wish.clone())
        .await;
    assert_eq!(word(refused), "not allowed");
    let refused = users.change(&fixture.writer, fixture.client.id, wish).await;
    assert_eq!(word(refused), "not found");
    let taken = users
        .change(
            &fixture.client,
            fixture.client.id,
            own("Me", "writer@example.com"),
        )
        .await;
    assert_eq!(word(taken), "this email address is taken");
    let refused = users
        .change(&fixture.client, fixture.client.id, role(Role::Admin))
        .await;
    assert_eq!(word(refused), "not allowed");
}

#[tokio::test]
async fn managers_change_role_activation_and_password_within_their_reach() {
    let test = AppFixture::open().await;
    let (fixture, users) = (&test.fixture, &test.app.users);
    let (admin, client) = (&fixture.admin, fixture.client.id);
    let known = test.log_length().await;
    let changed = users
        .change(admin, client, role(Role::Writer))
        .await
        .expect("changed");
    assert_eq!(changed.role, Role::Writer);
    assert_eq!(
        word(users.change(admin, client, role(Role::Admin)).await),
        "not allowed"
    );
    let off = UserChange {
        is_active: Some(false),
        password: NewPassword::parse("another horse battery").ok(),
        ..UserChange::default()
    };
    let changed = users.change(admin, client, off).await.expect("changed");
    assert!(!changed.is_active);
    let told = test.log_after(known).await;
    let facts: Vec<_> = told
        .iter()
        .map(|entry| {
            (
                entry.action.as_str(),
                entry.detail.clone().into_iter().next(),
            )
        })
        .collect();
    let fact = |name: &str, value: &str| Some((name.to_owned(), value.to_owned()));
    assert_eq!(
        facts,
        [
            ("user.changed", fact("role", "writer")),
            ("user.changed", fact("is_active", "false")),
            ("user.password_changed", None),
        ]
    );
    let silly = UserChange {
        password: NewPassword::parse("the client horse").ok(),
        ..UserChange::default()
    };
    let refused = users.change(admin, client, silly).await;
    assert_eq!(word(refused), "password:password_contains_username");
    assert_eq!(
        word(
            users
                .change(admin, fixture.superadmin.id, role(Role::Client))
                .await
        ),
        "not allowed"
    );
    assert_eq!(
        word(
            users
                .change(admin, UserId::new(999), role(Role::Client))
                .await
        ),
        "not found"
    );
}

#[tokio::test]
async fn the_operator_needs_no_right() {
    let test = AppFixture::open().await;
    let commands = &test.app.admin_commands;
    assert!(commands.any_user().await.expect("readable"));
    let created = commands
        .create_user(&new_user("root", Role::Superadmin))
        .await;
    assert_eq!(created.expect("created").role, Role::Superadmin);
    let listed = commands
        .list_users(PageRequest::default())
        .await
        .expect("listed");
    assert_eq!(listed.items.len(), 8);
    let told = test.log_after(0).await;
    assert!(
        told.iter().all(|entry| entry.actor.is_none()),
        "nobody's session"
    );
    let password = NewPassword::parse("another horse battery").expect("a password");
    let unknown = commands
        .set_password(&LoginName::new("nobody"), &password)
        .await;
    assert_eq!(word(unknown), "not found");
    let silly = NewPassword::parse("the root password").expect("a password");
    let refused = commands.set_password(&LoginName::new("root"), &silly).await;
    assert_eq!(word(refused), "password:password_contains_username");
}

fn put(name: &str, role: Role) -> PutUser {
    let username = name.parse().expect("a username");
    let email = format!("{name}@example.org").parse();
    PutUser {
        language: Language::German,
        time_zone: "europe/berlin".parse().expect("a time zone"),
        ..PutUser::new(username, email.expect("an address"), role)
    }
}

#[tokio::test]
async fn managers_correct_names_and_addresses_within_their_reach() {
    let test = AppFixture::open().await;
    let (fixture, users) = (&test.fixture, &test.app.users);
    let correction = UserChange {
        username: Some("clara".parse().expect("a username")),
        external_id: Some(Some("crm/7".parse().expect("an external id"))),
        ..own("Clara", "clara@example.org")
    };
    let client = fixture.client.id;
    let changed = users
        .change(&fixture.admin, client, correction.clone())
        .await;
    let changed = changed.expect("changed");
    let names = (changed.username.as_str(), changed.email.as_str());
    assert_eq!(names, ("clara", "clara@example.org"));
    assert_eq!(changed.external_id, Some("crm/7".parse().expect("an id")));
    for (by, of) in [
        (fixture.editor, client),
        (fixture.client, client),
        (fixture.admin, fixture.superadmin.id),
        (fixture.admin, fixture.admin.id),
    ] {
        let refused = users.change(by, of, correction.clone()).await;
        assert_eq!(word(refused), "not allowed", "{by:?}");
    }
    let other = fixture.other_client.id;
    let taken = users
        .change(&fixture.admin, other, correction.clone())
        .await;
    assert_eq!(word(taken), "this username is taken");
    let same_id = UserChange {
        external_id: correction.external_id,
        ..UserChange::default()
    };
    let taken = users.change(&fixture.admin, other, same_id).await;
    assert_eq!(word(taken), "this external id is taken");
}

#[tokio::test]
async fn a_person_is_put_once_and_then_made_what_another_system_says() {
    let test = AppFixture::open().await;
    let (fixture, users) = (&test.fixture, &test.app.users);
    let id: ExternalId = "crm/7".parse().expect("an external id");
    let known = test.log_length().await;
    let first = users
        .put(fixture.admin, &id, put("anna", Role::Client))
        .await;
    let Ok(Put::Created(anna)) = first else {
        panic!("{first:?}");
    };
    let again = users
        .put(fixture.admin, &id, put("anna", Role::Client))
        .await;
    assert_eq!(again.expect("the same"), Put::Unchanged(anna.clone()));
    assert_eq!(test.told_after(known).await, ["user.created"]);
    let renamed = users
        .put(fixture.admin, &id, put("anne", Role::Client))
        .await;
    let Ok(Put::Changed(anne)) = renamed else {
        panic!("{renamed:?}");
    };
    assert_eq!((anne.id, anne.version), (anna.id, 2));
    assert_eq!(
        test.told_after(known).await,
        ["user.created", "user.changed"]
    );
    let taken = users
        .put(fixture.admin, &id, put("client", Role::Client))
        .await;
    assert_eq!(word(taken), "this username is taken");
    let missing: ExternalId = "crm/8".parse().expect("an external id");
    for by in [fixture.editor, fixture.client] {
        for id in [&id, &missing] {
            let refused = users.put(by, id, put("anna", Role::Client)).await;
            assert_eq!(word(refused), "not allowed");
        }
    }
    let raised = users
        .put(fixture.admin, &id, put("anne", Role::Admin))
        .await;
    assert_eq!(word(raised), "not allowed");
}

#[tokio::test]
async fn a_person_of_the_host_is_known_without_a_password_and_a_right() {
    let test = AppFixture::open().await;
    let users = &test.app.users;
    let id: ExternalId = "host-1".parse().expect("an external id");
    let known = test.log_length().await;
    let first = users.ensure_known(&id, &put("anna", Role::Admin)).await;
    let first = first.expect("known");
    let again = users.ensure_known(&id, &put("anna", Role::Admin)).await;
    assert_eq!(again.expect("known"), first);
    let demoted = users.ensure_known(&id, &put("anna", Role::Writer)).await;
    let demoted = demoted.expect("known");
    assert_eq!((demoted.id, demoted.role), (first.id, Role::Writer));
    let told = test.log_after(known).await;
    let told: Vec<_> = told
        .iter()
        .map(|line| (line.action.as_str(), line.actor.is_none()))
        .collect();
    assert_eq!(told, [("user.created", true), ("user.changed", true)]);
    let other: ExternalId = "host-2".parse().expect("an external id");
    let taken = users.ensure_known(&other, &put("anna", Role::Writer)).await;
    assert_eq!(word(taken), "this username is taken");
}

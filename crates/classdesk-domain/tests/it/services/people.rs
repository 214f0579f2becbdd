//! People, as they, the staff and the operator see them.

use classdesk_domain::ids::UserId;
use classdesk_domain::paging::PageRequest;
use classdesk_domain::people::{
    Actor, DisplayUpdate, Email, LoginName, NewPassword, NewUser, Role, UserChange, UserFilter,
    Username,
};
use classdesk_domain::text::DisplayName;

use super::support::{AppFixture, word};

fn new_user(name: &str, role: Role) -> NewUser {
    NewUser {
        username: Username::parse(name).expect("a username"),
        email: Email::parse(&format!("{name}@example.org")).expect("an address"),
        display_name: None,
        role,
        password: NewPassword::parse("correct horse battery").ok(),
    }
}

fn own(name: &str, email: &str) -> UserChange {
    UserChange {
        own: DisplayUpdate {
            display_name: Some(DisplayName::parse(name).expect("a name")),
            email: Some(Email::parse(email).expect("an address")),
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
async fn everybody_changes_their_own_appearance_alone() {
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
        .change(&fixture.superadmin, fixture.client.id, wish.clone())
        .await;
    assert_eq!(word(refused), "not allowed");
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

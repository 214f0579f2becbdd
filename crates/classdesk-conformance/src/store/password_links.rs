//! Links by which people give themselves a password.

use std::time::Duration;

use classdesk_domain::people::{
    InsertUser, NewPasswordLink, PasswordHash, Role, TokenHash, UserUpdate,
};
use classdesk_domain::store::{Commit, Store};

use super::support::assert_stale;
use crate::Fixture;
use crate::fixture::new_user;

fn token(number: u8) -> TokenHash {
    TokenHash::from_bytes([number; 32])
}

/// A person has one link at most: the newest, found by its token.
pub async fn a_link_takes_the_place_of_the_one_before(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let at = fixture.tick();
    let link = |number: u8| NewPasswordLink {
        token: token(number),
        expires_at: at.plus(Duration::from_secs(number.into())),
    };
    let row = InsertUser {
        link: Some(link(1)),
        ..new_user("guest", Role::Client, at)
    };
    let guest = store.create_user(Commit::new(row)).await.expect("created");
    let found = async |number| {
        let found = store.password_link(&token(number)).await.expect("readable");
        found.map(|link| (link.user, link.expires_at))
    };
    assert_eq!(found(1).await, Some((guest.clone(), link(1).expires_at)));
    let update = UserUpdate {
        link: Some(link(2)),
        ..UserUpdate::of(guest.id)
    };
    let after = store.update_user(Commit::new(update)).await;
    assert_eq!(
        after.expect("changed").version,
        guest.version,
        "no change of the person"
    );
    assert_eq!(found(1).await, None);
    assert_eq!(found(2).await, Some((guest.clone(), link(2).expires_at)));
    for other in [fixture.client.id, fixture.writer.id] {
        let update = UserUpdate {
            link: Some(link(other.get().try_into().unwrap_or(200) + 100)),
            ..UserUpdate::of(other)
        };
        store
            .update_user(Commit::new(update))
            .await
            .expect("changed");
    }
    assert_eq!(found(2).await, Some((guest, link(2).expires_at)));
}

/// A link is redeemed once. It ends with any new password, and with a deactivation.
pub async fn a_link_is_redeemed_once(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let guest = fixture.client.id;
    let expires_at = fixture.tick();
    let invite = async |number: u8| {
        let token = token(number);
        let update = UserUpdate {
            link: Some(NewPasswordLink { token, expires_at }),
            ..UserUpdate::of(guest)
        };
        store
            .update_user(Commit::new(update))
            .await
            .expect("changed");
    };
    let redeem = |number: u8| {
        store.update_user(Commit::new(UserUpdate {
            redeems: Some(token(number)),
            password: Some(PasswordHash::new(format!("hash {number}"))),
            ..UserUpdate::of(guest)
        }))
    };
    let password = async || {
        let known = store.credentials_of(guest).await.expect("readable");
        known.expect("there").password
    };
    let before = password().await;
    assert_stale(&redeem(1).await, "a link that never was");
    invite(1).await;
    assert_stale(&redeem(2).await, "another link");
    assert_eq!(password().await, before);
    redeem(1).await.expect("redeemed");
    assert_eq!(
        password().await,
        Some(PasswordHash::new("hash 1".to_owned()))
    );
    assert_stale(&redeem(1).await, "a link that was used");
    for (number, ending) in [
        (
            3,
            UserUpdate {
                password: Some(PasswordHash::new("another".to_owned())),
                ..UserUpdate::of(guest)
            },
        ),
        (
            4,
            UserUpdate {
                is_active: Some(false),
                ..UserUpdate::of(guest)
            },
        ),
    ] {
        invite(number).await;
        store
            .update_user(Commit::new(ending))
            .await
            .expect("changed");
        let found = store.password_link(&token(number)).await;
        assert_eq!(found.expect("readable"), None, "link {number}");
        assert_stale(&redeem(number).await, "a link that has ended");
    }
}

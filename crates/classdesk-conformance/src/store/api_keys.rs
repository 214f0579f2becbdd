//! Keys.

use std::time::Duration;

use classdesk_domain::api_keys::{ApiKey, EndApiKey, InsertApiKey, KeysEnd, MAX_KEYS, NewApiKey};
use classdesk_domain::events::{DomainEvent, EventAction, RowId};
use classdesk_domain::ids::ApiKeyId;
use classdesk_domain::people::{Access, Actor, UserUpdate};
use classdesk_domain::store::{Commit, Store};
use classdesk_domain::text::KeyName;
use futures_util::future::join_all;

use super::support::{all, event, log, token, walk};
use crate::Fixture;

fn new_key(fixture: &Fixture, of: Actor, number: u8) -> InsertApiKey {
    let now = fixture.tick();
    InsertApiKey {
        owner: of.id,
        key: NewApiKey {
            name: KeyName::parse("CRM").expect("a name"),
            access: Access::Write,
            act_as: false,
            expires_at: None,
        },
        token: token(number),
        created_at: now,
    }
}

async fn create(store: &dyn Store, new: InsertApiKey) -> Option<ApiKey> {
    let created = store.create_api_key(Commit::new(new)).await;
    created.expect("an answer")
}

/// Makes a key of a person with the token of this number.
pub(super) async fn create_key(
    store: &dyn Store,
    fixture: &Fixture,
    of: Actor,
    number: u8,
    act_as: bool,
) -> ApiKey {
    let mut new = new_key(fixture, of, number);
    new.key.act_as = act_as;
    create(store, new).await.expect("there is room")
}

/// Which of these tokens let in.
pub(super) async fn keys_alive(store: &dyn Store, numbers: &[u8]) -> Vec<u8> {
    let mut alive = Vec::new();
    for number in numbers {
        let found = store.api_key_with_token(&token(*number)).await;
        if found.expect("readable").is_some() {
            alive.push(*number);
        }
    }
    alive
}

async fn end(store: &dyn Store, id: ApiKeyId) -> bool {
    let ended = store.end_api_key(Commit::new(EndApiKey(id))).await;
    ended.expect("an answer")
}

/// A key is found by its token and by its id, with its owner, and the log names it.
pub async fn a_key_is_kept(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let mut new = new_key(&fixture, fixture.admin, 1);
    new.key.access = Access::Read;
    new.key.act_as = true;
    new.key.expires_at = Some(new.created_at.plus(Duration::from_secs(90)));
    let told = DomainEvent::ApiKeyCreated {
        key: RowId::Created,
        user: fixture.admin.id,
        access: new.key.access,
        act_as: new.key.act_as,
    };
    let commit = Commit::new(new.clone()).with_event(event(&fixture, told));
    let created = store.create_api_key(commit).await.expect("an answer");
    let created = created.expect("there is room");
    assert_eq!(created.owner.id, fixture.admin.id);
    assert_eq!(created.owner.username.as_str(), "admin");
    assert_eq!(created.name, new.key.name);
    assert_eq!((created.access, created.act_as), (Access::Read, true));
    assert_eq!(created.created_at, new.created_at);
    assert_eq!(created.expires_at, new.key.expires_at);
    assert_eq!(created.last_used_at, None);

    let found = store.api_key_with_token(&token(1)).await.expect("readable");
    assert_eq!(found.as_ref(), Some(&created));
    let other = store.api_key_with_token(&token(2)).await.expect("readable");
    assert_eq!(other, None);
    let found = store.api_key(created.id).await.expect("readable");
    assert_eq!(found.as_ref(), Some(&created));
    let missing = ApiKeyId::new(created.id.get() + 1_000);
    let found = store.api_key(missing).await.expect("readable");
    assert_eq!(found, None);
    let found = store.api_keys(&[missing, created.id]).await;
    assert_eq!(found.expect("readable"), std::slice::from_ref(&created));
    let log = log(store).await;
    let last = log.last().expect("it is told");
    assert_eq!(last.action, EventAction::ApiKeyCreated);
    assert_eq!(last.object_id, created.id.get());
}

/// A key that was ended lets nobody in, is listed no more and can't be ended again. The log can
/// still name it.
///
/// contract: keys.end
pub async fn a_key_stays_ended(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let kept = create_key(store, &fixture, fixture.client, 1, false).await;
    let key = create_key(store, &fixture, fixture.client, 2, false).await;
    assert!(end(store, key.id).await);
    assert_eq!(keys_alive(store, &[1, 2]).await, [1]);
    assert_eq!(store.api_key(key.id).await.expect("readable"), None);
    let owner = fixture.client.id;
    let listed = store.list_api_keys(owner, all()).await.expect("readable");
    assert_eq!(listed.items, [kept]);
    let named = store.api_keys(&[key.id]).await.expect("readable");
    assert_eq!(named, std::slice::from_ref(&key));

    let told = event(
        &fixture,
        DomainEvent::ApiKeyEnded {
            key: key.id,
            user: owner,
        },
    );
    let again = Commit::new(EndApiKey(key.id)).with_event(told);
    assert!(!store.end_api_key(again).await.expect("an answer"));
    assert!(!end(store, ApiKeyId::new(key.id.get() + 1_000)).await);
    assert!(log(store).await.is_empty(), "nothing was ended");
}

/// Of two uses the later one is kept, whatever the order in which they are noted.
pub async fn a_use_of_a_key_never_moves_back(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let key = create_key(store, &fixture, fixture.client, 1, false).await;
    let (earlier, later) = (fixture.tick(), fixture.tick());
    for at in [later, earlier] {
        store.touch_api_key(key.id, at).await.expect("noted");
    }
    let found = store.api_key(key.id).await.expect("readable");
    assert_eq!(found.expect("there").last_used_at, Some(later));
    let missing = ApiKeyId::new(key.id.get() + 1_000);
    store.touch_api_key(missing, later).await.expect("no error");
}

/// A person has so many keys at most, also when they are made at the same time. Ended ones are not
/// counted, nor those of others.
///
/// contract: keys.bounded
pub async fn keys_are_bounded(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let many = u8::try_from(MAX_KEYS + 5).expect("few");
    let news: Vec<_> = (1..=many)
        .map(|number| new_key(&fixture, fixture.client, number))
        .collect();
    let created = join_all(news.into_iter().map(|new| create(store, new))).await;
    let created: Vec<_> = created.into_iter().flatten().collect();
    assert_eq!(created.len(), MAX_KEYS);
    let late = new_key(&fixture, fixture.client, 100);
    assert_eq!(create(store, late).await, None);
    assert_eq!(keys_alive(store, &[100]).await, []);
    create_key(store, &fixture, fixture.writer, 101, false).await;
    assert!(end(store, created[0].id).await);
    create_key(store, &fixture, fixture.client, 102, false).await;
}

/// A person's keys are listed newest first.
pub async fn keys_are_listed(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let mut expected = Vec::new();
    for number in 1..=5 {
        expected.push(create_key(store, &fixture, fixture.client, number, false).await);
        create_key(store, &fixture, fixture.writer, number + 10, false).await;
    }
    expected.reverse();
    let owner = fixture.client.id;
    let listed = walk(2, |page| store.list_api_keys(owner, page)).await;
    assert_eq!(listed, expected);
}

/// A change of a person ends the keys that it names, and those of others stay. The keys of who is
/// not active let nobody in.
///
/// contract: keys.end
pub async fn keys_end_with_changes_of_their_owner(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    create_key(store, &fixture, fixture.admin, 1, false).await;
    create_key(store, &fixture, fixture.admin, 2, true).await;
    create_key(store, &fixture, fixture.superadmin, 3, true).await;
    let change = async |update: UserUpdate| {
        let changed = store.update_user(Commit::new(update)).await;
        changed.expect("a change");
        keys_alive(store, &[1, 2, 3]).await
    };
    let nothing = || UserUpdate::of(fixture.admin.id);
    assert_eq!(change(nothing()).await, [1, 2, 3]);
    for (is_active, alive) in [(false, vec![3]), (true, vec![1, 2, 3])] {
        let update = UserUpdate {
            is_active: Some(is_active),
            ..nothing()
        };
        assert_eq!(change(update).await, alive);
    }
    for (which, alive) in [(KeysEnd::Acting, vec![1, 3]), (KeysEnd::All, vec![3])] {
        let update = UserUpdate {
            ends_keys: Some(which),
            ..nothing()
        };
        assert_eq!(change(update).await, alive, "{which:?}");
    }
}

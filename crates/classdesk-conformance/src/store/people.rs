//! People.

use classdesk_domain::ExternalId;
use classdesk_domain::events::{DomainEvent, RowId};
use classdesk_domain::ids::{TicketId, UserId};
use classdesk_domain::people::{
    Email, InsertUser, Language, LoginName, PasswordHash, Release, Role, TimeZone, UserFilter,
    UserUpdate, Username, WhichSessions,
};
use classdesk_domain::search::SearchText;
use classdesk_domain::store::{Commit, Store, StoreError, Unique};
use classdesk_domain::subjects::{Subject, SubjectKind, SubjectPut, SubjectRef};
use classdesk_domain::text::DisplayName;
use classdesk_domain::tickets::{Ticket, TicketStatus, TicketUpdate};
use futures_util::future::join_all;

use super::sessions::{hash_of, start, tokens_alive};
use super::support::{all, assert_stale, event, log, new_session, scope, user_changed, walk};
use crate::Fixture;
use crate::fixture::{new_user, title};

fn email(text: &str) -> Email {
    Email::parse(text).expect("an email address")
}

/// What was written is read again, by id and by login name.
pub async fn a_person_is_kept(store: &dyn Store) {
    assert!(!store.any_user().await.expect("readable"));
    let fixture = Fixture::create(store).await;
    assert!(store.any_user().await.expect("readable"));
    let row = InsertUser {
        display_name: DisplayName::parse("Zoë 'Z' Müller").expect("a name"),
        ..new_user("zoe", Role::Writer, fixture.tick())
    };
    let created = store
        .create_user(Commit::new(row.clone()))
        .await
        .expect("created");
    assert_eq!(created.username, row.username);
    assert_eq!(created.email, row.email);
    assert_eq!(created.display_name, row.display_name);
    assert_eq!(created.role, Role::Writer);
    assert_eq!(created.created_at, row.created_at);
    assert!(created.is_active);
    assert_eq!(created.last_login_at, None);
    let read = store.user(created.id).await.expect("readable");
    assert_eq!(read.as_ref(), Some(&created));
    let known = store
        .credentials_of(created.id)
        .await
        .expect("readable")
        .expect("there");
    assert_eq!((&known.user, &known.password), (&created, &row.password));
    for login in ["zoe", "zoe@example.com"] {
        let found = store
            .credentials(&LoginName::new(login))
            .await
            .expect("readable");
        assert_eq!(found.as_ref(), Some(&known), "{login}");
    }
    for stranger in ["zo", "zoe@example.org", "%", ""] {
        let found = store
            .credentials(&LoginName::new(stranger))
            .await
            .expect("readable");
        assert_eq!(found, None, "{stranger:?}");
    }
    let nobody = UserId::new(9_999);
    assert_eq!(store.user(nobody).await.expect("readable"), None);
    assert_eq!(store.credentials_of(nobody).await.expect("readable"), None);
    let wanted = [nobody, created.id, fixture.client.id, created.id];
    let mut found = store.users(&wanted).await.expect("readable");
    found.sort_unstable_by_key(|user| user.id);
    let found: Vec<_> = found.iter().map(|user| user.id).collect();
    assert_eq!(found, [fixture.client.id, created.id]);
    assert_eq!(store.users(&[]).await.expect("readable"), []);
}

/// A taken username or email is named, the username before the email.
pub async fn taken_names_are_duplicates(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let told = log(store).await.len();
    let create = async |username: &str, email_of: &str| {
        let row = InsertUser {
            email: email(&format!("{email_of}@example.com")),
            ..new_user(username, Role::Client, fixture.tick())
        };
        let told = event(
            &fixture,
            DomainEvent::UserCreated {
                user: RowId::Created,
                username: row.username.clone(),
                role: row.role,
            },
        );
        store.create_user(Commit::new(row).with_event(told)).await
    };
    let refused = create("client", "newcomer").await;
    assert!(
        matches!(refused, Err(StoreError::Duplicate(Unique::Username))),
        "{refused:?}"
    );
    let refused = create("newcomer", "client").await;
    assert!(
        matches!(refused, Err(StoreError::Duplicate(Unique::Email))),
        "{refused:?}"
    );
    let refused = create("client", "client").await;
    assert!(
        matches!(refused, Err(StoreError::Duplicate(Unique::Username))),
        "{refused:?}"
    );
    let refused = create("client", "writer").await;
    assert!(
        matches!(refused, Err(StoreError::Duplicate(Unique::Username))),
        "{refused:?}"
    );
    assert_eq!(log(store).await.len(), told, "a refused creation was told");

    let update = |address: &str| UserUpdate {
        email: Some(email(address)),
        display_name: Some(DisplayName::parse("Changed").expect("a name")),
        ..UserUpdate::of(fixture.client.id)
    };
    let before = store.user(fixture.client.id).await.expect("readable");
    let refused = store
        .update_user(Commit::new(update("writer@example.com")))
        .await;
    assert!(
        matches!(refused, Err(StoreError::Duplicate(Unique::Email))),
        "{refused:?}"
    );
    assert_eq!(
        store.user(fixture.client.id).await.expect("readable"),
        before
    );
    let kept = store
        .update_user(Commit::new(update("client@example.com")))
        .await;
    assert_eq!(
        kept.expect("one's own address is free")
            .display_name
            .as_str(),
        "Changed"
    );
    create("newcomer", "newcomer").await.expect("both are free");
}

/// Of creations with one username at the same time one succeeds.
pub async fn one_of_many_gets_a_name(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let attempts = (0..6).map(|n| {
        let row = InsertUser {
            email: email(&format!("wanted{n}@example.com")),
            ..new_user("wanted", Role::Client, fixture.now())
        };
        store.create_user(Commit::new(row))
    });
    let results = join_all(attempts).await;
    let created = results.iter().filter(|result| result.is_ok()).count();
    let refused = results
        .iter()
        .filter(|result| matches!(result, Err(StoreError::Duplicate(Unique::Username))))
        .count();
    assert_eq!((created, refused), (1, 5), "{results:?}");
}

/// A change writes what it names and leaves the rest, and ends the sessions that it names.
pub async fn a_person_is_changed(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let id = fixture.client.id;
    let before = store
        .credentials_of(id)
        .await
        .expect("readable")
        .expect("there");
    let forgetting = UserUpdate {
        forgets_failures: Some(Vec::new()),
        ..UserUpdate::of(id)
    };
    let unchanged = store
        .update_user(Commit::new(forgetting))
        .await
        .expect("change");
    assert_eq!(unchanged, before.user);

    let keep = start(store, &fixture, fixture.client, 1).await;
    let end = start(store, &fixture, fixture.client, 2).await;
    let other = start(store, &fixture, fixture.writer, 3).await;
    let update = UserUpdate {
        password: Some(PasswordHash::new("new hash".to_owned())),
        ends: Some(WhichSessions::AllBut(keep)),
        ..UserUpdate::of(id)
    };
    let changed = store
        .update_user(Commit::new(update))
        .await
        .expect("change");
    let known = store
        .credentials_of(id)
        .await
        .expect("readable")
        .expect("there");
    assert_eq!(hash_of(&known), Some("new hash"));
    assert_eq!(known.user, changed);
    assert_eq!((changed.version, &changed.email), (2, &before.user.email));
    assert_eq!(
        tokens_alive(store, &[1, 2, 3]).await,
        [1, 3],
        "{end} should have ended"
    );
    let _ = other;

    let update = UserUpdate {
        display_name: Some(DisplayName::parse("New").expect("a name")),
        email: Some(email("new@example.com")),
        role: Some(Role::Writer),
        is_active: Some(false),
        ends: Some(WhichSessions::All),
        ..UserUpdate::of(id)
    };
    let changed = store
        .update_user(Commit::new(update))
        .await
        .expect("change");
    assert_eq!(changed.display_name.as_str(), "New");
    assert_eq!(changed.email.as_str(), "new@example.com");
    assert_eq!(changed.role, Role::Writer);
    assert!(!changed.is_active);
    assert_eq!(changed.username, before.user.username);
    assert_eq!(changed.created_at, before.user.created_at);
    assert_eq!(store.user(id).await.expect("readable"), Some(changed));
    assert_eq!(tokens_alive(store, &[1, 2, 3]).await, [3]);
    let known = store
        .credentials_of(id)
        .await
        .expect("readable")
        .expect("there");
    assert_eq!(hash_of(&known), Some("new hash"), "the password stays");
}

/// A change that rests on a checked password fails once the password is another.
pub async fn an_old_password_is_stale(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let hash = |text: &str| Some(PasswordHash::new(text.to_owned()));
    let known = store.credentials_of(fixture.client.id).await;
    let known = known.expect("readable").expect("there");
    let change = |verified_hash, password| {
        store.update_user(Commit::new(UserUpdate {
            password,
            verified_hash,
            ..UserUpdate::of(fixture.client.id)
        }))
    };
    change(known.password.clone(), hash("second"))
        .await
        .expect("change");
    assert_stale(
        &change(known.password, hash("third")).await,
        "a change that rests on an old password",
    );
    let now = store.credentials_of(fixture.client.id).await;
    let now = now.expect("readable").expect("there");
    assert_eq!(hash_of(&now), Some("second"));
}

/// A person is found by the id that another system knows them by, which nobody else gets.
pub async fn a_person_is_found_by_external_id(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let id = |text: &str| ExternalId::parse(text).expect("an external id");
    let row = |name: &str, of: &str| InsertUser {
        external_id: Some(id(of)),
        language: Language::Arabic,
        time_zone: TimeZone::parse("Asia/Riyadh").expect("a zone"),
        is_active: false,
        ..new_user(name, Role::Client, fixture.tick())
    };
    let guest = store.create_user(Commit::new(row("guest", "CRM/7"))).await;
    let guest = guest.expect("created");
    assert_eq!((guest.language, guest.is_active), (Language::Arabic, false));
    assert_eq!(guest.time_zone.as_str(), "Asia/Riyadh");
    let find = async |text| {
        let found = store.user_by_external_id(&id(text)).await;
        found.expect("readable")
    };
    assert_eq!(find("CRM/7").await, Some(guest.clone()));
    assert_eq!(find("crm/7").await, None, "case counts");
    let refused = store.create_user(Commit::new(row("other", "CRM/7"))).await;
    let is_taken = |refused: &Result<_, StoreError>| {
        matches!(refused, Err(StoreError::Duplicate(Unique::ExternalId)))
    };
    assert!(is_taken(&refused), "{refused:?}");
    let update = |user, external_id| UserUpdate {
        external_id: Some(external_id),
        ..UserUpdate::of(user)
    };
    let of_client = update(fixture.client.id, Some(id("CRM/7")));
    let refused = store.update_user(Commit::new(of_client.clone())).await;
    assert!(is_taken(&refused), "{refused:?}");
    let kept = store
        .update_user(Commit::new(update(guest.id, Some(id("CRM/7")))))
        .await;
    kept.expect("one's own id is free");
    let cleared = store.update_user(Commit::new(update(guest.id, None))).await;
    assert_eq!(cleared.expect("cleared").external_id, None);
    assert_eq!(find("CRM/7").await, None);
    store
        .update_user(Commit::new(of_client))
        .await
        .expect("free");
    let renamed = UserUpdate {
        username: Some(Username::parse("clara").expect("a username")),
        language: Some(Language::German),
        time_zone: Some(TimeZone::default()),
        ..UserUpdate::of(fixture.client.id)
    };
    let renamed = store
        .update_user(Commit::new(renamed))
        .await
        .expect("renamed");
    assert_eq!(find("CRM/7").await, Some(renamed.clone()));
    let found = store.credentials(&LoginName::new("clara")).await;
    assert_eq!(
        found.expect("readable").map(|known| known.user),
        Some(renamed)
    );
    let same_name = UserUpdate {
        username: Some(Username::parse("clara").expect("a username")),
        ..UserUpdate::of(guest.id)
    };
    let refused = store.update_user(Commit::new(same_name)).await;
    let is_taken = matches!(refused, Err(StoreError::Duplicate(Unique::Username)));
    assert!(is_taken, "{refused:?}");
}

/// Somebody without a password is known without one, starts no session with any hash, and can be given
/// one.
pub async fn a_person_may_have_no_password(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let row = InsertUser {
        password: None,
        ..new_user("guest", Role::Client, fixture.tick())
    };
    let guest = store.create_user(Commit::new(row)).await.expect("created");
    let known = async || {
        let found = store.credentials(&LoginName::new("guest")).await;
        found.expect("readable").expect("there")
    };
    assert_eq!(
        (hash_of(&known().await), &known().await.user),
        (None, &guest)
    );
    for hash in ["", "null"] {
        let session = new_session(&fixture, (&guest).into(), hash, 1);
        let refused = store.start_session(Commit::new(session)).await;
        assert_stale(&refused, "a session without a password");
    }
    let verified_hash = Some(PasswordHash::new(String::new()));
    let rename = |verified_hash| UserUpdate {
        display_name: Some(DisplayName::parse("Guest").expect("a name")),
        verified_hash,
        ..UserUpdate::of(guest.id)
    };
    let refused = store.update_user(Commit::new(rename(verified_hash))).await;
    assert_stale(&refused, "a change that rests on a password");
    let renamed = store.update_user(Commit::new(rename(None))).await;
    renamed.expect("changed");
    assert_eq!(hash_of(&known().await), None, "a change makes no password");
    let update = UserUpdate {
        password: Some(PasswordHash::new("first".to_owned())),
        ..UserUpdate::of(guest.id)
    };
    store.update_user(Commit::new(update)).await.expect("given");
    assert_eq!(hash_of(&known().await), Some("first"));
}

/// Each filter of the list of people; a search takes words.
pub async fn people_are_filtered(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let row = InsertUser {
        display_name: DisplayName::parse("100 % of_it").expect("a name"),
        ..new_user("zoe", Role::Client, fixture.tick())
    };
    let zoe = store
        .create_user(Commit::new(row))
        .await
        .expect("created")
        .id;
    let update = UserUpdate {
        is_active: Some(false),
        ..UserUpdate::of(fixture.other_client.id)
    };
    store
        .update_user(Commit::new(update))
        .await
        .expect("change");
    let check = async |filter: UserFilter, expected: &[UserId]| {
        let found = store
            .list_users(filter.clone(), all())
            .await
            .expect("readable");
        let found: Vec<_> = found.items.iter().map(|user| user.id).collect();
        assert_eq!(found, expected, "{filter:?}");
    };
    let any = UserFilter::default;
    let q = |text| Some(SearchText::parse(text).expect("a search text"));
    let (client, other) = (fixture.client.id, fixture.other_client.id);
    let role = Some(Role::Client);
    check(UserFilter { role, ..any() }, &[client, other, zoe]).await;
    check(
        UserFilter {
            is_active: Some(false),
            ..any()
        },
        &[other],
    )
    .await;
    check(
        UserFilter {
            role,
            is_active: Some(true),
            ..any()
        },
        &[client, zoe],
    )
    .await;
    check(
        UserFilter {
            q: q("CLIENT"),
            ..any()
        },
        &[client, other],
    )
    .await;
    check(
        UserFilter {
            q: q("zoe@EXAMPLE"),
            ..any()
        },
        &[zoe],
    )
    .await;
    check(
        UserFilter {
            q: q("% OF_"),
            ..any()
        },
        &[zoe],
    )
    .await;
    check(UserFilter { q: q("%"), ..any() }, &[]).await;
    check(
        UserFilter {
            q: q("other_cl"),
            ..any()
        },
        &[other],
    )
    .await;
    check(
        UserFilter {
            q: q("\\"),
            ..any()
        },
        &[],
    )
    .await;
    check(
        UserFilter {
            q: q("client"),
            role: Some(Role::Writer),
            ..any()
        },
        &[],
    )
    .await;
}

/// People who come while a user pages are not repeated, and nobody is skipped.
pub async fn people_are_paged(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let before = store
        .list_users(UserFilter::default(), all())
        .await
        .expect("readable");
    let ids: Vec<_> = before.items.iter().map(|user| user.id).collect();
    assert_eq!(
        ids,
        fixture.everybody().map(|actor| actor.id),
        "ascending ids"
    );
    let newcomers = std::sync::atomic::AtomicUsize::new(0);
    let seen = walk(2, async |page| {
        let found = store.list_users(UserFilter::default(), page).await;
        let n = newcomers.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        if n < 2 {
            fixture
                .add_user(store, &format!("newcomer{n}"), Role::Client)
                .await;
        }
        found
    })
    .await;
    let seen: Vec<_> = seen.iter().map(|user| user.id).collect();
    assert_eq!(seen[..ids.len()], ids);
    assert!(seen.windows(2).all(|pair| pair[0] < pair[1]), "none twice");
    assert_eq!(seen.len(), ids.len() + 2);
}

/// A person is taken off all their open tickets and subjects, and off no others.
///
/// contract: perm.role-change, tickets.assignee
pub async fn a_person_is_taken_off(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let editor = fixture.editor.id;
    let mut tickets = Vec::new();
    // More than one block of events.
    for number in 0..150 {
        let about = (number % 2 == 0).then(|| fixture.subject());
        let ticket = fixture.add_ticket(store, fixture.client, about).await;
        tickets.push(assign(store, &fixture, ticket, editor, TicketStatus::Open).await);
    }
    let closed = fixture.add_ticket(store, fixture.client, None).await;
    let closed = assign(store, &fixture, closed, editor, TicketStatus::Closed).await;
    let other = fixture.add_ticket(store, fixture.client, None).await;
    let other = assign(store, &fixture, other, fixture.admin.id, TicketStatus::Open).await;

    let found = store.assignments(editor, 1_000).await.expect("readable");
    let ids: Vec<_> = found.tickets.iter().map(|ticket| ticket.id).collect();
    assert_eq!(ids, tickets);
    assert_eq!(found.tickets[0].requester, fixture.client.id);
    assert_eq!(found.tickets[0].about, Some(fixture.subject()));
    assert_eq!(found.subjects, []);
    let few = store.assignments(editor, 7).await.expect("readable");
    assert_eq!(few.tickets, found.tickets[..7]);

    let at = fixture.tick();
    let release = |tickets: &[TicketId]| UserUpdate {
        is_active: Some(false),
        release: Some(Release {
            tickets: Some(tickets.to_vec()),
            subjects: None,
            at,
        }),
        ..UserUpdate::of(editor)
    };
    for named in [&tickets[1..], &[&tickets[..], &[closed]].concat(), &[]] {
        let refused = store.update_user(Commit::new(release(named))).await;
        assert_stale(&refused, "a release of others");
    }
    let told = || event(&fixture, user_changed(fixture.editor));
    let events = tickets.iter().map(|_| told());
    let commit = Commit::new(release(&tickets)).with_events(events);
    store.update_user(commit).await.expect("changed");
    assert_eq!(log(store).await.len(), tickets.len());
    let ticket = async |id| {
        let found = store.ticket(id, scope(fixture.admin)).await;
        let found = found.expect("readable").expect("there");
        (found.assigned_to.map(|person| person.id), found.version)
    };
    assert_eq!(ticket(tickets[0]).await, (None, 3));
    assert_eq!(ticket(tickets[149]).await, (None, 3));
    assert_eq!(ticket(closed).await, (Some(editor), 2));
    assert_eq!(ticket(other).await, (Some(fixture.admin.id), 2));
}

/// Assigns a ticket in a status, and gives its id.
async fn assign(
    store: &dyn Store,
    fixture: &Fixture,
    mut ticket: Ticket,
    to: UserId,
    status: TicketStatus,
) -> TicketId {
    let (id, at) = (ticket.id, fixture.tick());
    ticket.resolved_at = (status == TicketStatus::Closed).then_some(at);
    ticket.status = status;
    let update = TicketUpdate {
        ticket,
        assigned_to: Some(Some(to)),
        at,
        scope: scope(fixture.admin),
    };
    store
        .update_ticket(Commit::new(update))
        .await
        .expect("assigned");
    id
}

/// A writer is taken off their bundles and registered subjects.
///
/// contract: perm.role-change
pub async fn a_writer_is_taken_off(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let writer = fixture.writer.id;
    let parties = fixture.parties();
    let mut subjects = vec![fixture.subject()];
    for kind in ["a_b", "ab", "order"] {
        let kind = SubjectKind::parse(kind).expect("a kind");
        let subject = Subject {
            external_id: None,
            reference: SubjectRef::new(kind, 7),
            parties,
            label: title("Order"),
            version: 1,
        };
        subjects.push(subject.reference.clone());
        let put = SubjectPut {
            subject,
            before: None,
            joins: None,
            at: fixture.tick(),
        };
        store.put_subject(Commit::new(put)).await.expect("put");
    }
    subjects.sort_unstable();
    let found = store.assignments(writer, 9).await.expect("readable");
    let expected: Vec<_> = subjects.iter().map(|one| (one.clone(), parties)).collect();
    assert_eq!((found.tickets, found.subjects), (Vec::new(), expected));
    let update = UserUpdate {
        role: Some(Role::Client),
        release: Some(Release {
            tickets: Some(Vec::new()),
            subjects: Some(subjects.clone()),
            at: fixture.tick(),
        }),
        ..UserUpdate::of(writer)
    };
    let mut stale = update.clone();
    if let Some(release) = &mut stale.release {
        release.subjects = Some(subjects[1..].to_vec());
    }
    let refused = store.update_user(Commit::new(stale)).await;
    assert_stale(&refused, "a release of others");
    store
        .update_user(Commit::new(update))
        .await
        .expect("changed");
    for reference in subjects {
        let found = store.subject(&reference).await.expect("readable");
        let parties = found.expect("there").parties;
        assert_eq!(parties.assigned_writer, None, "{reference:?}");
    }
    let bundle = store.bundle(fixture.bundle, scope(fixture.admin)).await;
    assert_eq!(bundle.expect("readable").expect("there").bundle.version, 2);
}

//! Lists and counts contain exactly what single reads allow, for everybody.

use classdesk_domain::bundles::BundleFilter;
use classdesk_domain::files::Visibility;
use classdesk_domain::ids::FileId;
use classdesk_domain::paging::{Limit, PageRequest};
use classdesk_domain::people::{Actor, Role, UserChange};
use classdesk_domain::subjects::SubjectRef;
use classdesk_domain::threads::ThreadFilter;
use classdesk_domain::tickets::TicketFilter;

use super::support::{AppFixture, word};

/// Threads with every pair of participants and tickets of everybody, on two bundles and on
/// nothing, and files of every visibility; then roles change.
async fn crowded() -> AppFixture {
    let test = AppFixture::open().await;
    let (fixture, store) = (&test.fixture, &*test.store);
    let everybody = fixture.everybody();
    let second = fixture
        .add_bundle(store, fixture.other_client, Some(fixture.writer))
        .await;
    for creator in everybody {
        for other in everybody {
            fixture
                .add_thread(
                    store,
                    &[creator, other][..if creator == other { 1 } else { 2 }],
                )
                .await;
        }
        for about in [
            None,
            Some(fixture.subject()),
            Some(SubjectRef::bundle(second.id)),
        ] {
            fixture.add_ticket(store, creator, about).await;
        }
    }
    for (to_client, to_writer) in [(true, true), (true, false), (false, true), (false, false)] {
        let visibility = Visibility {
            to_client,
            to_writer,
        };
        fixture.add_file(store, fixture.admin, visibility).await;
    }
    // A client who becomes a writer keeps what they requested.
    let change = UserChange {
        role: Some(Role::Writer),
        ..UserChange::default()
    };
    let changed = test
        .app
        .users
        .change(&fixture.admin, fixture.other_client.id, change)
        .await;
    assert_eq!(word(changed), "ok");
    test
}

const ALL: PageRequest = PageRequest {
    limit: Limit::GREATEST,
    after: None,
};

/// The fixture's people in the roles that they have by now.
async fn people(test: &AppFixture) -> Vec<Actor> {
    let listed = test
        .app
        .users
        .list(&test.fixture.admin, Default::default(), ALL)
        .await;
    listed
        .expect("listed")
        .items
        .iter()
        .map(Actor::from)
        .collect()
}

/// contract: perm.policy, perm.counts
#[tokio::test]
async fn threads_tickets_and_counts_agree() {
    let test = crowded().await;
    let app = &test.app;
    let staff = test.fixture.superadmin;
    let threads = app
        .threads
        .list(&staff, ThreadFilter::default(), ALL)
        .await
        .expect("listed");
    let tickets = app
        .tickets
        .list(&staff, TicketFilter::default(), ALL)
        .await
        .expect("listed");
    assert_eq!((threads.items.len(), tickets.items.len()), (49, 21));
    for actor in people(&test).await {
        let listed = app
            .threads
            .list(&actor, ThreadFilter::default(), ALL)
            .await
            .expect("listed");
        let listed: Vec<_> = listed.items.iter().map(|view| view.thread.id).collect();
        let mut seen = 0;
        for view in &threads.items {
            let id = view.thread.id;
            let in_list = listed.contains(&id);
            assert_eq!(
                word(app.threads.get(&actor, id).await) == "ok",
                in_list,
                "{actor:?} {id}"
            );
            assert_eq!(
                word(app.messages.authorize_list(&actor, id).await) == "ok",
                in_list,
                "{actor:?} {id}"
            );
            seen += i64::from(in_list);
        }
        let mine = app
            .tickets
            .list(&actor, TicketFilter::default(), ALL)
            .await
            .expect("listed");
        let mine: Vec<_> = mine.items.iter().map(|ticket| ticket.id).collect();
        let mut on_bundle = std::collections::BTreeMap::new();
        for ticket in &tickets.items {
            let in_list = mine.contains(&ticket.id);
            let alone = word(app.tickets.get(&actor, ticket.id).await) == "ok";
            assert_eq!(alone, in_list, "{actor:?} {}", ticket.id);
            *on_bundle.entry(ticket.about.clone()).or_insert(0_i64) += i64::from(in_list);
        }
        let bundles = app
            .bundles
            .list(&actor, BundleFilter::default(), ALL)
            .await
            .expect("listed");
        for view in bundles.items {
            let on_this = if view.bundle.id == test.fixture.bundle {
                seen
            } else {
                0
            };
            assert_eq!(view.threads_count, on_this, "{actor:?}");
            let expected = on_bundle[&Some(view.bundle.subject())];
            assert_eq!(view.tickets_count, expected, "{actor:?}");
            let alone = app
                .bundles
                .detail(&actor, view.bundle.id)
                .await
                .expect("seen");
            assert_eq!(alone.view, view);
        }
    }
}

/// contract: perm.policy, perm.counts
#[tokio::test]
async fn files_agree() {
    let test = crowded().await;
    let (app, bundle) = (&test.app, test.fixture.bundle);
    for actor in people(&test).await {
        let listed = app.files.list(&actor, bundle, ALL).await;
        let shown = listed.map(|page| page.items).unwrap_or_default();
        for id in (1..=4).map(FileId::new) {
            let in_list = shown.iter().any(|file| file.id == id);
            let alone = word(app.files.get(&actor, bundle, id).await) == "ok";
            assert_eq!(alone, in_list, "{actor:?} {id}");
            let opened = word(app.files.download(&actor, bundle, id).await) == "ok";
            assert_eq!(opened, in_list, "{actor:?} {id}");
        }
        let detail = app.bundles.detail(&actor, bundle).await;
        assert_eq!(detail.map(|detail| detail.files).unwrap_or_default(), shown);
    }
}

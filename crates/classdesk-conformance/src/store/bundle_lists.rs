//! Which bundles are listed, and what their counts contain.

use classdesk_domain::bundles::{BundleFilter, BundleStatus};
use classdesk_domain::ids::{BundleId, UserId};
use classdesk_domain::policy::AccessScope;
use classdesk_domain::search::SearchText;
use classdesk_domain::store::{Commit, Store};

use super::bundles::full;
use super::support::{all, scope, walk};
use crate::Fixture;

/// Access to bundles, alone and in the list: owner, assigned writer, staff, and nobody else.
///
/// contract: perm.bundle.see
pub async fn bundles_follow_the_access_scope(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let unassigned = fixture.add_bundle(store, fixture.client, None).await.id;
    let foreign = fixture
        .add_bundle(store, fixture.other_client, Some(fixture.other_writer))
        .await
        .id;
    let every = [foreign, unassigned, fixture.bundle];
    for (who, expected) in [
        (fixture.superadmin, &every[..]),
        (fixture.admin, &every),
        (fixture.editor, &every),
        (fixture.client, &[unassigned, fixture.bundle]),
        (fixture.writer, &[fixture.bundle]),
        (fixture.other_client, &[foreign]),
        (fixture.other_writer, &[foreign]),
    ] {
        let listed = store
            .list_bundles(scope(who), BundleFilter::default(), all())
            .await;
        let listed = listed.expect("readable").items;
        let seen: Vec<_> = listed.iter().map(|view| view.bundle.id).collect();
        assert_eq!(seen, expected, "{who:?}");
        for id in every {
            let alone = store.bundle(id, scope(who)).await.expect("readable");
            assert_eq!(alone.is_some(), expected.contains(&id), "{who:?} {id}");
            let detail = store.bundle_detail(id, scope(who)).await.expect("readable");
            assert_eq!(detail.map(|detail| detail.view), alone, "{who:?} {id}");
        }
    }
    let missing = store
        .bundle(BundleId::new(9_999), scope(fixture.admin))
        .await;
    assert_eq!(missing.expect("readable"), None);
}

/// The counts of threads and tickets follow the access scope, alone and in the list.
///
/// contract: perm.counts
pub async fn counts_follow_the_access_scope(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let other = fixture
        .add_bundle(store, fixture.client, Some(fixture.writer))
        .await;
    fixture
        .add_thread(store, &[fixture.client, fixture.writer])
        .await;
    fixture
        .add_thread(store, &[fixture.client, fixture.editor])
        .await;
    fixture
        .add_thread(store, &[fixture.writer, fixture.editor])
        .await;
    fixture
        .add_thread(store, &[fixture.other_writer, fixture.editor])
        .await;
    let mut elsewhere = fixture.new_thread(&[fixture.client, fixture.writer]);
    elsewhere.about = other.subject();
    store
        .open_thread(Commit::new(elsewhere))
        .await
        .expect("opened");
    fixture
        .add_ticket(store, fixture.client, Some(fixture.subject()))
        .await;
    fixture
        .add_ticket(store, fixture.admin, Some(fixture.subject()))
        .await;
    fixture
        .add_ticket(store, fixture.writer, Some(fixture.subject()))
        .await;
    fixture.add_ticket(store, fixture.client, None).await;
    let counts = async |scope: AccessScope| {
        let view = store.bundle(fixture.bundle, scope).await;
        let view = view.expect("readable").expect("in scope");
        let listed = store
            .list_bundles(scope, BundleFilter::default(), all())
            .await;
        let listed = listed.expect("readable").items;
        assert!(listed.contains(&view), "the list counts alike");
        (view.threads_count, view.tickets_count)
    };
    assert_eq!(counts(scope(fixture.admin)).await, (4, 3));
    assert_eq!(counts(scope(fixture.client)).await, (2, 1));
    assert_eq!(
        counts(scope(fixture.writer)).await,
        (2, 0),
        "a writer requests none here"
    );
}

/// Each filter of the list of bundles.
pub async fn bundles_are_filtered(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let first = fixture.bundle;
    let second = store
        .create_bundle(Commit::new(full(&fixture)))
        .await
        .expect("created")
        .id;
    let third = fixture
        .add_bundle(store, fixture.other_client, None)
        .await
        .id;
    let check = async |who, filter: BundleFilter, expected: &[BundleId]| {
        let listed = store.list_bundles(scope(who), filter.clone(), all()).await;
        let listed = listed.expect("readable").items;
        let seen: Vec<_> = listed.iter().map(|view| view.bundle.id).collect();
        assert_eq!(seen, expected, "{filter:?}");
    };
    let any = BundleFilter::default;
    let q = |text| Some(SearchText::parse(text).expect("a search text"));
    let staff = fixture.editor;
    check(staff, any(), &[third, second, first]).await;
    let status = Some(BundleStatus::Completed);
    check(staff, BundleFilter { status, ..any() }, &[second]).await;
    let client = Some(fixture.client.id);
    check(staff, BundleFilter { client, ..any() }, &[second, first]).await;
    let assigned_writer = Some(fixture.writer.id);
    check(
        staff,
        BundleFilter {
            assigned_writer,
            ..any()
        },
        &[second, first],
    )
    .await;
    let nobody = Some(UserId::new(9_999));
    check(
        staff,
        BundleFilter {
            assigned_writer: nobody,
            ..any()
        },
        &[],
    )
    .await;
    check(
        staff,
        BundleFilter {
            q: q("SEMESTER"),
            ..any()
        },
        &[third, first],
    )
    .await;
    check(
        staff,
        BundleFilter {
            q: q("LINE TWO"),
            ..any()
        },
        &[second],
    )
    .await;
    check(
        staff,
        BundleFilter {
            q: q("100 %"),
            ..any()
        },
        &[second],
    )
    .await;
    check(staff, BundleFilter { q: q("%"), ..any() }, &[]).await;
    check(staff, BundleFilter { q: q("_"), ..any() }, &[]).await;
    check(
        staff,
        BundleFilter {
            status,
            client,
            assigned_writer,
            q: q("'A'"),
        },
        &[second],
    )
    .await;
    let narrow = BundleFilter { client, ..any() };
    check(fixture.other_client, narrow, &[]).await;
}

/// Bundles that come while a user pages are not repeated, and none is skipped.
///
/// contract: conv.lists.keyset
pub async fn bundles_are_paged(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let mut expected = vec![fixture.bundle];
    for _ in 0..4 {
        expected.insert(0, fixture.add_bundle(store, fixture.client, None).await.id);
    }
    let seen = walk(2, async |page| {
        let found = store
            .list_bundles(scope(fixture.client), BundleFilter::default(), page)
            .await;
        fixture.add_bundle(store, fixture.client, None).await;
        found
    })
    .await;
    let seen: Vec<_> = seen.iter().map(|view| view.bundle.id).collect();
    assert_eq!(seen, expected);
}

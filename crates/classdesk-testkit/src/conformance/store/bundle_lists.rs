//! Which bundles are listed, and what their counts contain.

use classdesk_domain::bundles::{BundleFilter, BundleStatus};
use classdesk_domain::ids::{BundleId, UserId};
use classdesk_domain::policy::Sight;
use classdesk_domain::store::{Commit, Store};
use classdesk_domain::text::SearchText;

use super::bundles::full;
use super::support::{all, sight, walk};
use crate::World;

/// Sight of bundles, alone and in the list: owner, assigned writer, staff, and nobody else.
///
/// contract: perm.bundle.see
pub async fn bundles_follow_sight(store: &dyn Store) {
    let world = World::create(store).await;
    let unassigned = world.add_bundle(store, world.client, None).await.id;
    let foreign = world
        .add_bundle(store, world.other_client, Some(world.other_writer))
        .await
        .id;
    let every = [foreign, unassigned, world.bundle];
    for (who, expected) in [
        (world.superadmin, &every[..]),
        (world.admin, &every),
        (world.editor, &every),
        (world.client, &[unassigned, world.bundle]),
        (world.writer, &[world.bundle]),
        (world.other_client, &[foreign]),
        (world.other_writer, &[foreign]),
    ] {
        let listed = store
            .list_bundles(sight(who), BundleFilter::default(), all())
            .await;
        let listed = listed.expect("readable").items;
        let seen: Vec<_> = listed.iter().map(|view| view.bundle.id).collect();
        assert_eq!(seen, expected, "{who:?}");
        for id in every {
            let alone = store.bundle(id, sight(who)).await.expect("readable");
            assert_eq!(alone.is_some(), expected.contains(&id), "{who:?} {id}");
            let detail = store.bundle_detail(id, sight(who)).await.expect("readable");
            assert_eq!(detail.map(|detail| detail.view), alone, "{who:?} {id}");
        }
    }
    let missing = store.bundle(BundleId::new(9_999), sight(world.admin)).await;
    assert_eq!(missing.expect("readable"), None);
}

/// The counts of threads and tickets follow sight, alone and in the list.
///
/// contract: perm.counts
pub async fn counts_follow_sight(store: &dyn Store) {
    let world = World::create(store).await;
    let other = world
        .add_bundle(store, world.client, Some(world.writer))
        .await;
    world.add_thread(store, &[world.client, world.writer]).await;
    world.add_thread(store, &[world.client, world.editor]).await;
    world.add_thread(store, &[world.writer, world.editor]).await;
    world
        .add_thread(store, &[world.other_writer, world.editor])
        .await;
    let mut elsewhere = world.new_thread(&[world.client, world.writer]);
    elsewhere.about = other.subject();
    store
        .open_thread(Commit::new(elsewhere))
        .await
        .expect("opened");
    world
        .add_ticket(store, world.client, Some(world.subject()))
        .await;
    world
        .add_ticket(store, world.admin, Some(world.subject()))
        .await;
    world
        .add_ticket(store, world.writer, Some(world.subject()))
        .await;
    world.add_ticket(store, world.client, None).await;
    let counts = async |sight: Sight| {
        let view = store.bundle(world.bundle, sight).await;
        let view = view.expect("readable").expect("in sight");
        let listed = store
            .list_bundles(sight, BundleFilter::default(), all())
            .await;
        let listed = listed.expect("readable").items;
        assert!(listed.contains(&view), "the list counts alike");
        (view.threads_count, view.tickets_count)
    };
    assert_eq!(counts(sight(world.admin)).await, (4, 3));
    assert_eq!(counts(sight(world.client)).await, (2, 1));
    assert_eq!(
        counts(sight(world.writer)).await,
        (2, 0),
        "a writer requests none here"
    );
}

/// Each filter of the list of bundles.
pub async fn bundles_are_filtered(store: &dyn Store) {
    let world = World::create(store).await;
    let first = world.bundle;
    let second = store
        .create_bundle(Commit::new(full(&world)))
        .await
        .expect("created")
        .id;
    let third = world.add_bundle(store, world.other_client, None).await.id;
    let check = async |who, filter: BundleFilter, expected: &[BundleId]| {
        let listed = store.list_bundles(sight(who), filter.clone(), all()).await;
        let listed = listed.expect("readable").items;
        let seen: Vec<_> = listed.iter().map(|view| view.bundle.id).collect();
        assert_eq!(seen, expected, "{filter:?}");
    };
    let any = BundleFilter::default;
    let q = |text| Some(SearchText::parse(text).expect("a search text"));
    let staff = world.editor;
    check(staff, any(), &[third, second, first]).await;
    let status = Some(BundleStatus::Completed);
    check(staff, BundleFilter { status, ..any() }, &[second]).await;
    let client = Some(world.client.id);
    check(staff, BundleFilter { client, ..any() }, &[second, first]).await;
    let assigned_writer = Some(world.writer.id);
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
            q: q("00 %"),
            ..any()
        },
        &[second],
    )
    .await;
    check(staff, BundleFilter { q: q("%"), ..any() }, &[second]).await;
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
    check(world.other_client, narrow, &[]).await;
}

/// Bundles that come while somebody pages are not repeated, and none is skipped.
///
/// contract: conv.lists.keyset
pub async fn bundles_are_paged(store: &dyn Store) {
    let world = World::create(store).await;
    let mut expected = vec![world.bundle];
    for _ in 0..4 {
        expected.insert(0, world.add_bundle(store, world.client, None).await.id);
    }
    let seen = walk(2, async |page| {
        let found = store
            .list_bundles(sight(world.client), BundleFilter::default(), page)
            .await;
        world.add_bundle(store, world.client, None).await;
        found
    })
    .await;
    let seen: Vec<_> = seen.iter().map(|view| view.bundle.id).collect();
    assert_eq!(seen, expected);
}

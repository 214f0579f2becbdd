//! Class bundles.

use classdesk_conformance::fixture::title;
use classdesk_domain::bundles::{
    BundleChange, BundleFilter, BundleStatus, MemberRelation, NewBundle,
};
use classdesk_domain::ids::{BundleId, UserId};
use classdesk_domain::paging::PageRequest;
use classdesk_domain::people::{Role, UserChange};
use classdesk_domain::threads::NewThread;
use classdesk_domain::{RequestContext, VersionConditions, Versions};

use super::support::{AppFixture, only_for, word};

fn status(status: BundleStatus) -> BundleChange {
    BundleChange {
        status: Some(status),
        ..BundleChange::default()
    }
}

/// contract: perm.bundle.change
#[tokio::test]
async fn admins_create_bundles_of_active_clients_and_writers() {
    let test = AppFixture::open().await;
    let (fixture, bundles) = (&test.fixture, &test.app.bundles);
    let mut new = NewBundle::new(fixture.client.id, title("Autumn"));
    new.assigned_writer_id = Some(fixture.writer.id);
    new.status = BundleStatus::Completed;
    for actor in fixture.everybody() {
        let created = bundles.create(actor, new.clone()).await;
        if !matches!(actor.role, Role::Admin | Role::Superadmin) {
            assert_eq!(word(created), "not allowed");
            continue;
        }
        let view = created.expect("created").view;
        assert_eq!(view.bundle.completed_at, Some(view.bundle.created_at));
        assert_eq!((view.bundle.created_by, view.bundle.version), (actor.id, 1));
        assert_eq!(view.client_username.as_str(), "client");
        assert_eq!(
            view.assigned_writer_username.expect("a writer").as_str(),
            "writer"
        );
    }
    new.client_id = fixture.writer.id;
    new.assigned_writer_id = Some(UserId::new(999));
    let refused = bundles.create(fixture.admin, new).await;
    assert_eq!(
        word(refused),
        "client_id:not_eligible assigned_writer_id:not_eligible"
    );
}

/// contract: perm.bundle.see
#[tokio::test]
async fn a_bundle_is_seen_by_its_people_alone() {
    let test = AppFixture::open().await;
    let (fixture, bundles) = (&test.fixture, &test.app.bundles);
    for actor in fixture.everybody() {
        let stranger = [fixture.other_client, fixture.other_writer].contains(&actor);
        let expected = if stranger { "not found" } else { "ok" };
        assert_eq!(word(bundles.detail(&actor, fixture.bundle).await), expected);
        assert_eq!(
            word(bundles.authorize_see(&actor, fixture.bundle).await),
            expected
        );
        let members = bundles
            .members(&actor, fixture.bundle, PageRequest::default())
            .await;
        assert_eq!(word(members), expected);
        let missing = BundleId::new(999);
        assert_eq!(
            word(bundles.authorize_see(&actor, missing).await),
            "not found"
        );
        assert_eq!(word(bundles.detail(&actor, missing).await), "not found");
        let listed = bundles
            .list(&actor, BundleFilter::default(), PageRequest::default())
            .await;
        assert_eq!(listed.expect("listed").items.len(), usize::from(!stranger));
    }
}

#[tokio::test]
async fn members_are_who_can_receive_with_their_relation() {
    let test = AppFixture::open().await;
    let (fixture, app) = (&test.fixture, &test.app);
    let members = async || {
        let page = app
            .bundles
            .members(&fixture.client, fixture.bundle, PageRequest::default())
            .await;
        let items = page.expect("listed").items;
        items
            .iter()
            .map(|member| (member.user.id, member.relation))
            .collect::<Vec<_>>()
    };
    let staff = [fixture.superadmin, fixture.admin, fixture.editor]
        .map(|actor| (actor.id, MemberRelation::Staff));
    let parties = [
        (fixture.client.id, MemberRelation::Client),
        (fixture.writer.id, MemberRelation::AssignedWriter),
    ];
    assert_eq!(members().await, [&staff[..], &parties[..]].concat());
    let off = UserChange {
        is_active: Some(false),
        ..UserChange::default()
    };
    app.users
        .change(&fixture.admin, fixture.writer.id, off)
        .await
        .expect("changed");
    assert_eq!(members().await, [&staff[..], &parties[..1]].concat());
}

/// contract: perm.bundle.change, conv.concurrency
#[tokio::test]
async fn a_change_names_its_fields_keeps_its_version_and_its_completion() {
    let test = AppFixture::open().await;
    let (fixture, bundles) = (&test.fixture, &test.app.bundles);
    let id = fixture.bundle;
    for (actor, expected) in [
        (fixture.editor, "not allowed"),
        (fixture.client, "not allowed"),
        (fixture.writer, "not allowed"),
        (fixture.other_client, "not found"),
    ] {
        let refused = bundles
            .change(&actor, id, status(BundleStatus::Completed))
            .await;
        assert_eq!(word(refused), expected);
    }
    let known = test.log_length().await;
    let completed = bundles
        .change(
            only_for(fixture.admin, 1),
            id,
            status(BundleStatus::Completed),
        )
        .await;
    let completed = completed.expect("changed").view.bundle;
    assert_eq!(completed.completed_at, Some(completed.updated_at));
    assert_eq!(completed.version, 2);
    let stale = bundles
        .change(
            only_for(fixture.admin, 1),
            id,
            status(BundleStatus::Completed),
        )
        .await;
    assert_eq!(word(stale), "someone else changed it first");
    let one_of = VersionConditions {
        if_match: Some(Versions::OneOf(vec![7, 2])),
        ..VersionConditions::default()
    };
    let one_of = RequestContext::from(fixture.admin).on(one_of);
    let same = bundles
        .change(one_of, id, status(BundleStatus::Completed))
        .await;
    assert_eq!(same.expect("nothing to do").view.bundle, completed);

    test.clock.advance(std::time::Duration::from_secs(60));
    let renamed = BundleChange {
        title: Some(title("Summer")),
        ..BundleChange::default()
    };
    let renamed = bundles
        .change(&fixture.admin, id, renamed)
        .await
        .expect("changed");
    assert_eq!(
        renamed.view.bundle.completed_at, completed.completed_at,
        "it stays completed"
    );
    let reopened = bundles
        .change(&fixture.admin, id, status(BundleStatus::InProgress))
        .await;
    assert_eq!(reopened.expect("changed").view.bundle.completed_at, None);
    let told = test.log_after(known).await;
    let told: Vec<_> = told
        .iter()
        .map(|entry| {
            (
                entry.detail["fields"].as_str(),
                entry.from.as_deref(),
                entry.to.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("status", Some("not_started"), Some("completed")),
            ("title", None, None),
            ("status", Some("completed"), Some("in_progress")),
        ]
    );
}

#[tokio::test]
async fn dates_stay_in_order_whichever_is_changed() {
    let test = AppFixture::open().await;
    let (fixture, bundles) = (&test.fixture, &test.app.bundles);
    let day = |ordinal| Some(time::Date::from_ordinal_date(2026, ordinal).expect("a day"));
    let change = async |start_date, end_date| {
        let wish = BundleChange {
            start_date,
            end_date,
            ..BundleChange::default()
        };
        word(bundles.change(&fixture.admin, fixture.bundle, wish).await)
    };
    assert_eq!(change(Some(day(10)), Some(day(20))).await, "ok");
    assert_eq!(
        change(None, Some(day(9))).await,
        "end_date:end_before_start"
    );
    assert_eq!(
        change(Some(day(21)), None).await,
        "start_date:end_before_start"
    );
    assert_eq!(change(Some(None), Some(day(9))).await, "ok");
}

/// contract: perm.replaced-writer, perm.bundle.change, bundles.assign-writer.joins
#[tokio::test]
async fn a_new_writer_gains_what_the_former_loses() {
    let test = AppFixture::open().await;
    let (fixture, app) = (&test.fixture, &test.app);
    let open = async |is_private| {
        let mut new = NewThread::with(fixture.editor.id);
        new.is_private = is_private;
        let opened = app
            .threads
            .open(fixture.client, &fixture.subject(), new)
            .await;
        opened.expect("opened").thread.id
    };
    let (public, private) = (open(false).await, open(true).await);
    let known = test.log_length().await;
    let assign = async |writer: Option<UserId>| {
        word(
            app.bundles
                .assign_writer(&fixture.admin, fixture.bundle, writer)
                .await,
        )
    };
    assert_eq!(
        assign(Some(fixture.client.id)).await,
        "writer_id:not_eligible"
    );
    assert_eq!(
        assign(Some(fixture.writer.id)).await,
        "ok",
        "who has it already"
    );
    assert_eq!(assign(Some(fixture.other_writer.id)).await, "ok");
    let sees = async |actor, thread| word(app.threads.get(&actor, thread).await);
    assert_eq!(sees(fixture.other_writer, public).await, "ok");
    assert_eq!(sees(fixture.other_writer, private).await, "not found");
    assert_eq!(sees(fixture.writer, public).await, "not found");
    assert_eq!(
        word(
            app.bundles
                .authorize_see(&fixture.writer, fixture.bundle)
                .await
        ),
        "not found"
    );
    assert_eq!(assign(None).await, "ok");
    assert_eq!(sees(fixture.other_writer, public).await, "not found");
    assert_eq!(test.told_after(known).await, ["bundle.writer_assigned"; 2]);
    let refused = app
        .bundles
        .assign_writer(&fixture.editor, fixture.bundle, None)
        .await;
    assert_eq!(word(refused), "not allowed");
}

//! Bundles.

use classdesk_domain::ExternalId;
use classdesk_domain::blobs::BlobPurpose;
use classdesk_domain::bundles::{
    Bundle, BundleDetail, BundleStatus, BundleUpdate, Dates, InsertBundle, NewBundle,
    NumberOfClasses, WriterAssignment,
};
use classdesk_domain::clock::Timestamp;
use classdesk_domain::files::{InsertBundleFile, Visibility};
use classdesk_domain::ids::BundleId;
use classdesk_domain::people::{Actor, Role, UserUpdate};
use classdesk_domain::store::{Commit, Store, StoreError, Unique};
use classdesk_domain::subjects::{Parties, SubjectKind, SubjectRef};
use classdesk_domain::text::{Description, Level};

use super::support::{all, scope, walk};
use crate::Fixture;
use crate::fixture::{description, ids, title};

/// A bundle in which every field differs from its default.
pub(super) fn full(fixture: &Fixture) -> InsertBundle {
    let day = |ordinal| time::Date::from_ordinal_date(2026, ordinal).expect("a day");
    let mut bundle = NewBundle::new(fixture.client.id, title("Frühling 'A' 100 %"));
    bundle.assigned_writer_id = Some(fixture.writer.id);
    bundle.description = description("Line one\nline two");
    bundle.level = Level::parse("B2").expect("a level");
    bundle.number_of_classes = NumberOfClasses::new(1000).expect("a number");
    bundle.dates = Dates::new(Some(day(60)), Some(day(365))).expect("dates");
    bundle.status = BundleStatus::Completed;
    let created_at = fixture.tick();
    InsertBundle {
        bundle,
        created_by: fixture.editor.id,
        created_at,
        completed_at: Some(created_at),
    }
}

/// A bundle is kept whole and is a subject.
pub async fn a_bundle_is_kept(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let row = full(&fixture);
    let created = store
        .create_bundle(Commit::new(row.clone()))
        .await
        .expect("created");
    assert_eq!(created.title, row.bundle.title);
    assert_eq!(created.description, row.bundle.description);
    assert_eq!(created.status, BundleStatus::Completed);
    assert_eq!(created.level, row.bundle.level);
    assert_eq!(created.number_of_classes, row.bundle.number_of_classes);
    assert_eq!(created.dates, row.bundle.dates);
    assert_eq!(created.parties, fixture.parties());
    assert_eq!(created.created_by, fixture.editor.id);
    assert_eq!(
        (created.created_at, created.updated_at),
        (row.created_at, row.created_at)
    );
    assert_eq!(created.completed_at, row.completed_at);
    assert_eq!(created.version, 1);
    let view = store.bundle(created.id, scope(fixture.admin)).await;
    let view = view.expect("readable").expect("there");
    assert_eq!(view.bundle, created);
    assert_eq!(view.client_username.as_str(), "client");
    let writer = view.assigned_writer_username.as_ref();
    assert_eq!(writer.map(|name| name.as_str()), Some("writer"));
    assert_eq!((view.threads_count, view.tickets_count), (0, 0));
    let subject = store.subject(&SubjectRef::bundle(created.id)).await;
    let subject = subject.expect("readable").expect("a bundle is a subject");
    assert_eq!(
        (subject.parties, subject.label),
        (fixture.parties(), created.title)
    );

    let plain = fixture.add_bundle(store, fixture.client, None).await;
    let view = store.bundle(plain.id, scope(fixture.admin)).await;
    let view = view.expect("readable").expect("there");
    assert_eq!(view.assigned_writer_username, None);
    assert_eq!((plain.dates, plain.completed_at), (Dates::default(), None));
    assert!(plain.id > created.id);
}

/// A change writes the bundle's own fields alone, counts up, and names the subject anew.
pub async fn a_bundle_is_changed(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let other = fixture.add_bundle(store, fixture.client, None).await;
    let created = store
        .create_bundle(Commit::new(full(&fixture)))
        .await
        .expect("created");
    let mut bundle = created.clone();
    bundle.title = title("Autumn");
    bundle.description = Description::empty();
    bundle.status = BundleStatus::InProgress;
    bundle.level = Level::default();
    bundle.number_of_classes = NumberOfClasses::ONE;
    bundle.dates = Dates::default();
    bundle.updated_at = fixture.tick();
    bundle.completed_at = None;
    let mut expected = bundle.clone();
    expected.version = 2;
    bundle.parties = Parties {
        client: fixture.other_client.id,
        assigned_writer: None,
    };
    bundle.created_by = fixture.admin.id;
    bundle.created_at = Timestamp::from_micros(0);
    bundle.version = 77;
    let changed = store
        .update_bundle(Commit::new(BundleUpdate {
            bundle,
            writer: None,
        }))
        .await;
    assert_eq!(changed.expect("changed"), expected);
    let read = store.bundle(created.id, scope(fixture.admin)).await;
    assert_eq!(read.expect("readable").expect("there").bundle, expected);
    let subject = store
        .subject(&created.subject())
        .await
        .expect("readable")
        .expect("there");
    assert_eq!(
        (subject.label.as_str(), subject.parties),
        ("Autumn", fixture.parties())
    );
    let untouched = store.bundle(other.id, scope(fixture.admin)).await;
    assert_eq!(untouched.expect("readable").expect("there").bundle, other);
}

/// A bundle is found by the id that another system knows it by, which no other bundle gets; its
/// writer changes together with its fields.
pub async fn a_bundle_is_found_by_external_id(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let id = |text: &str| ExternalId::parse(text).expect("an external id");
    let row = |of: &str| {
        let mut row = full(&fixture);
        row.bundle.external_id = Some(id(of));
        row
    };
    let created = store.create_bundle(Commit::new(row("Shop/7"))).await;
    let created = created.expect("created");
    assert_eq!(created.external_id, Some(id("Shop/7")));
    let find = async |text| {
        let kind = SubjectKind::CLASS_BUNDLE;
        let found = store.subject_by_external_id(&kind, &id(text)).await;
        found
            .expect("readable")
            .and_then(|subject| subject.reference.as_bundle())
    };
    assert_eq!(find("Shop/7").await, Some(created.id));
    assert_eq!(find("shop/7").await, None, "case counts");
    let refused = store.create_bundle(Commit::new(row("Shop/7"))).await;
    let is_taken = |refused: &Result<_, StoreError>| {
        matches!(refused, Err(StoreError::Duplicate(Unique::ExternalId)))
    };
    assert!(is_taken(&refused), "{refused:?}");
    let update = async |bundle: &Bundle, external_id, writer| {
        let mut bundle = bundle.clone();
        bundle.external_id = external_id;
        let update = BundleUpdate { bundle, writer };
        store.update_bundle(Commit::new(update)).await
    };
    let other = fixture.add_bundle(store, fixture.client, None).await;
    let refused = update(&other, Some(id("Shop/7")), None).await;
    assert!(is_taken(&refused), "{refused:?}");
    let writer = Some(Some(fixture.other_writer.id));
    let kept = update(&created, Some(id("Shop/7")), writer).await;
    let kept = kept.expect("its own id is free");
    assert_eq!(kept.parties.assigned_writer, writer.flatten());
    let cleared = update(&kept, None, None).await.expect("cleared");
    assert_eq!((cleared.external_id, find("Shop/7").await), (None, None));
    let moved = update(&other, Some(id("Shop/7")), None).await;
    moved.expect("free");
    assert_eq!(find("Shop/7").await, Some(other.id));
}

/// Another writer counts up and joins the bundle's non-private threads; nobody leaves them.
///
/// contract: bundles.assign-writer.joins
pub async fn a_writer_is_assigned(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let elsewhere = fixture.add_bundle(store, fixture.client, None).await;
    let open = async |about: SubjectRef, is_private| {
        let mut row = fixture.new_thread(&[fixture.client, fixture.writer]);
        row.about = about;
        row.is_private = is_private;
        store
            .open_thread(Commit::new(row))
            .await
            .expect("opened")
            .thread
            .id
    };
    let shared = open(fixture.subject(), false).await;
    let private = open(fixture.subject(), true).await;
    let foreign = open(elsewhere.subject(), false).await;
    let assign = async |writer: Option<Actor>| {
        let assignment = WriterAssignment {
            bundle: fixture.bundle,
            writer: writer.map(|writer| writer.id),
            at: fixture.tick(),
        };
        store
            .assign_writer(Commit::new(assignment))
            .await
            .expect("assigned")
    };
    let activity = async |thread| {
        let view = store.thread(thread, scope(fixture.admin)).await;
        let view = view.expect("readable").expect("there");
        let participants: Vec<_> = view.participants.iter().map(|user| user.id).collect();
        (participants, view.thread.updated_at)
    };
    let before = activity(shared).await;
    let bundle = assign(Some(fixture.other_writer)).await;
    assert_eq!(
        bundle.parties.assigned_writer,
        Some(fixture.other_writer.id)
    );
    assert_eq!((bundle.version, bundle.updated_at), (2, fixture.now()));
    let subject = store
        .subject(&fixture.subject())
        .await
        .expect("readable")
        .expect("there");
    assert_eq!(subject.parties, bundle.parties);
    let together = ids(&[fixture.client, fixture.other_writer]);
    assert_eq!(activity(shared).await.0, together);
    // The former writer takes part no longer.
    let apart = ids(&[fixture.client]);
    assert_eq!(activity(private).await.0, apart);
    assert_eq!(activity(foreign).await.0, apart);
    assert_eq!(
        assign(Some(fixture.other_writer)).await.version,
        3,
        "joining twice is no error"
    );
    let bundle = assign(None).await;
    assert_eq!((bundle.parties.assigned_writer, bundle.version), (None, 4));
    assert_eq!(activity(shared).await.0, apart);
    assert_eq!(before.0, ids(&[fixture.client, fixture.writer]));
}

/// Members are the active parties in their roles, and active staff, by ascending id.
pub async fn members_are_who_can_receive(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let members = async || {
        let walked = walk(2, |page| store.list_members(fixture.bundle, page)).await;
        walked.iter().map(|user| user.id).collect::<Vec<_>>()
    };
    let staff = [fixture.superadmin, fixture.admin, fixture.editor];
    let with = |others: &[Actor]| ids(&[&staff[..], others].concat());
    assert_eq!(members().await, with(&[fixture.client, fixture.writer]));
    let change = async |user: Actor, role, is_active| {
        let update = UserUpdate {
            role,
            is_active,
            ..UserUpdate::of(user.id)
        };
        store
            .update_user(Commit::new(update))
            .await
            .expect("change");
    };
    change(fixture.client, Some(Role::Writer), None).await;
    assert_eq!(
        members().await,
        with(&[fixture.writer]),
        "no longer a client"
    );
    change(fixture.client, Some(Role::Client), None).await;
    change(fixture.writer, None, Some(false)).await;
    assert_eq!(members().await, with(&[fixture.client]), "no longer active");
    change(fixture.writer, Some(Role::Client), Some(true)).await;
    assert_eq!(
        members().await,
        with(&[fixture.client]),
        "no longer a writer"
    );
    let none = store
        .list_members(BundleId::new(9_999), all())
        .await
        .expect("readable");
    assert_eq!(none.items, []);
}

/// The detail has the newest files within the scope, so many as it may have, and counts all.
pub async fn a_detail_has_the_newest_files(store: &dyn Store) {
    let fixture = Fixture::create(store).await;
    let hidden_from_client = Visibility {
        to_client: false,
        to_writer: true,
    };
    let hidden = fixture
        .add_file(store, fixture.admin, hidden_from_client)
        .await;
    let shown = fixture
        .add_file(store, fixture.admin, Visibility::default())
        .await;
    let files = async |who| {
        let detail = store.bundle_detail(fixture.bundle, scope(who)).await;
        let detail = detail.expect("readable").expect("in scope");
        (detail.files, detail.files_count)
    };
    assert_eq!(files(fixture.client).await, (vec![shown.clone()], 1));
    let both = (vec![shown, hidden], 2);
    assert_eq!(files(fixture.writer).await, both);
    assert_eq!(files(fixture.editor).await, both);
    let most = BundleDetail::MOST_FILES.get();
    for _ in 0..most {
        let row = InsertBundleFile {
            bundle: fixture.bundle,
            upload: fixture
                .add_upload(store, fixture.client, BlobPurpose::BundleFile)
                .await,
            description: Description::empty(),
            visibility: Visibility::default(),
            uploaded_at: fixture.now(),
        };
        store.add_file(Commit::new(row)).await.expect("added");
    }
    let (newest, count) = files(fixture.editor).await;
    assert_eq!((newest.len(), count), (most as usize, i64::from(most) + 2));
    assert!(newest.windows(2).all(|pair| pair[0].id > pair[1].id));
    let (newest, count) = files(fixture.client).await;
    assert_eq!((newest.len(), count), (most as usize, i64::from(most) + 1));
}

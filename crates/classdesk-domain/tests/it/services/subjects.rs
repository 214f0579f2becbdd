//! Registered subjects.

use classdesk_conformance::fixture::title;
use classdesk_domain::ids::UserId;
use classdesk_domain::people::Actor;
use classdesk_domain::subjects::{PutSubject, Registered, SubjectKind, SubjectRef};
use classdesk_domain::text::Description;
use classdesk_domain::threads::NewThread;
use classdesk_domain::tickets::{NewTicket, NewTicketOnSubject};

use super::support::{AppFixture, only_for, word};

fn order() -> SubjectRef {
    SubjectRef::new(SubjectKind::parse("order").expect("a kind"), 42)
}

fn draft(client: Actor, writer: Option<Actor>) -> PutSubject {
    PutSubject {
        client_id: client.id,
        assigned_writer_id: writer.map(|writer| writer.id),
        label: title("An order"),
    }
}

#[tokio::test]
async fn a_subject_is_registered_changed_and_removed() {
    let test = AppFixture::open().await;
    let (fixture, subjects) = (&test.fixture, &test.app.subjects);
    let known = test.log_length().await;
    let first = draft(fixture.client, None);
    let put = subjects.put(&fixture.admin, &order(), first.clone()).await;
    assert!(matches!(put, Ok(Registered::New(_))));
    let again = subjects.put(&fixture.admin, &order(), first).await;
    assert!(
        matches!(again, Ok(Registered::Changed(_))),
        "nothing new, and nothing told"
    );
    let second = draft(fixture.other_client, Some(fixture.writer));
    let Ok(Registered::Changed(subject)) = subjects.put(&fixture.admin, &order(), second).await
    else {
        panic!("it was there");
    };
    assert_eq!(subject.parties.client, fixture.other_client.id);
    assert_eq!(
        subjects.get(&fixture.writer, &order()).await.expect("seen"),
        subject
    );
    assert_eq!(word(subjects.delete(&fixture.admin, &order()).await), "ok");
    assert_eq!(
        word(subjects.delete(&fixture.admin, &order()).await),
        "not found"
    );
    assert_eq!(
        word(subjects.get(&fixture.admin, &order()).await),
        "not found"
    );
    assert_eq!(
        test.told_after(known).await,
        ["subject.registered", "subject.changed", "subject.removed"]
    );
}

#[tokio::test]
async fn a_subject_that_was_removed_and_registered_again_is_in_a_version_of_its_own() {
    let test = AppFixture::open().await;
    let (fixture, subjects) = (&test.fixture, &test.app.subjects);
    let register = async || {
        test.clock.advance(std::time::Duration::from_secs(1));
        let wish = draft(fixture.client, None);
        match subjects.put(&fixture.admin, &order(), wish).await {
            Ok(Registered::New(subject)) => subject.version,
            other => panic!("{other:?}"),
        }
    };
    let former = register().await;
    assert_eq!(word(subjects.delete(&fixture.admin, &order()).await), "ok");
    let present = register().await;
    assert!(present > former, "{present} after {former}");
    let other = draft(fixture.other_client, None);
    let by = only_for(fixture.admin, former);
    let refused = subjects.put(by, &order(), other.clone()).await;
    assert_eq!(word(refused), "someone else changed it first");
    let by = only_for(fixture.admin, present);
    let Ok(Registered::Changed(changed)) = subjects.put(by, &order(), other).await else {
        panic!("it is there in this version");
    };
    assert_eq!(changed.version, present + 1);
}

#[tokio::test]
async fn parties_see_it_and_admins_alone_manage_it() {
    let test = AppFixture::open().await;
    let (fixture, subjects) = (&test.fixture, &test.app.subjects);
    let wish = draft(fixture.client, Some(fixture.writer));
    subjects
        .put(&fixture.admin, &order(), wish.clone())
        .await
        .expect("registered");
    for (actor, seen, managed) in [
        (fixture.client, "ok", "not allowed"),
        (fixture.writer, "ok", "not allowed"),
        (fixture.other_client, "not found", "not found"),
        (fixture.other_writer, "not found", "not found"),
        (fixture.editor, "ok", "not allowed"),
    ] {
        assert_eq!(word(subjects.get(&actor, &order()).await), seen);
        assert_eq!(
            word(subjects.put(&actor, &order(), wish.clone()).await),
            managed
        );
        assert_eq!(word(subjects.delete(&actor, &order()).await), managed);
    }
}

#[tokio::test]
async fn every_ineligible_party_is_faulted_at_once_and_who_stays_is_not_asked() {
    let test = AppFixture::open().await;
    let (fixture, subjects) = (&test.fixture, &test.app.subjects);
    let wrong = draft(fixture.writer, Some(fixture.client));
    let refused = subjects.put(&fixture.admin, &order(), wrong).await;
    assert_eq!(
        word(refused),
        "client_id:not_eligible assigned_writer_id:not_eligible"
    );
    let wish = draft(fixture.client, Some(fixture.writer));
    subjects
        .put(&fixture.admin, &order(), wish.clone())
        .await
        .expect("registered");
    for person in [fixture.client, fixture.writer] {
        let off = classdesk_domain::people::UserChange {
            is_active: Some(false),
            ..Default::default()
        };
        test.app
            .users
            .change(&fixture.admin, person.id, off)
            .await
            .expect("changed");
    }
    let renamed = PutSubject {
        label: title("The same order"),
        ..wish
    };
    assert_eq!(
        word(subjects.put(&fixture.admin, &order(), renamed).await),
        "ok"
    );
    let refused = subjects
        .put(
            &fixture.admin,
            &SubjectRef::new(order().content_type, 43),
            draft(fixture.client, None),
        )
        .await;
    assert_eq!(word(refused), "client_id:not_eligible", "inactive");
}

/// contract: subjects.native
#[tokio::test]
async fn bundles_are_refused_and_linked_subjects_stay() {
    let test = AppFixture::open().await;
    let (fixture, app) = (&test.fixture, &test.app);
    let wish = draft(fixture.client, None);
    let refused = app
        .subjects
        .put(&fixture.admin, &fixture.subject(), wish.clone())
        .await;
    assert_eq!(word(refused), "content_type:native_subject");
    let refused = app
        .subjects
        .delete(&fixture.admin, &fixture.subject())
        .await;
    assert_eq!(word(refused), "content_type:native_subject");
    assert_eq!(
        word(
            app.subjects
                .put(&fixture.client, &fixture.subject(), wish.clone())
                .await
        ),
        "not allowed"
    );

    app.subjects
        .put(&fixture.admin, &order(), wish)
        .await
        .expect("registered");
    let new = NewTicketOnSubject::from(NewTicket::new(title("Help"), Description::empty()));
    let ticket = app
        .tickets
        .create_on(fixture.client, &order(), new)
        .await
        .expect("created");
    assert_eq!(ticket.description.as_str(), "Order #42: An order");
    assert_eq!(
        word(app.subjects.delete(&fixture.admin, &order()).await),
        "threads or tickets link to this subject"
    );
    let unregistered = SubjectRef::new(order().content_type, 7);
    let refused = app
        .threads
        .open(
            fixture.admin,
            &unregistered,
            NewThread::with(UserId::new(1)),
        )
        .await;
    assert_eq!(word(refused), "not found");
}

#[tokio::test]
async fn a_new_writer_joins_the_threads() {
    let test = AppFixture::open().await;
    let (fixture, app) = (&test.fixture, &test.app);
    app.subjects
        .put(&fixture.admin, &order(), draft(fixture.client, None))
        .await
        .expect("registered");
    let with_editor = NewThread::with(fixture.editor.id);
    let thread = app
        .threads
        .open(fixture.client, &order(), with_editor)
        .await
        .expect("opened")
        .thread
        .id;
    app.subjects
        .put(
            &fixture.admin,
            &order(),
            draft(fixture.client, Some(fixture.writer)),
        )
        .await
        .expect("changed");
    assert_eq!(word(app.threads.get(&fixture.writer, thread).await), "ok");
}

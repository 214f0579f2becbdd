//! Commands other than `serve`.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::client::{Client, PASSWORD};
use crate::files::{PDF, PNG};
use crate::fixture::Fixture;
use crate::program::{
    SUPERADMIN_PASSWORD, Server, command_with_umask, run, run_with_input, stderr, stdout,
};
use crate::stopping::begin_upload;

const CREATE: [&str; 8] = [
    "user",
    "create",
    "--username",
    "anna",
    "--email",
    "anna@desk.example",
    "--role",
    "admin",
];

#[tokio::test(flavor = "multi_thread")]
async fn people_are_created_listed_and_given_passwords() {
    check_people(&Fixture::local()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_created_listed_and_given_passwords_on_postgresql() {
    check_people(&Fixture::remote().await).await;
}

async fn check_people(fixture: &Fixture) {
    assert!(run(fixture, &["migrate"]).await.status.success());
    let created = run_with_input(fixture, &CREATE, &format!("{PASSWORD}\n")).await;
    assert_eq!(
        (stdout(&created).as_str(), stderr(&created).as_str()),
        ("1\n", "")
    );

    let again = run_with_input(fixture, &CREATE, PASSWORD).await;
    assert_eq!(again.status.code(), Some(1));
    assert_eq!(stderr(&again), "error: this username is taken\n");

    let listed = stdout(&run(fixture, &["user", "list"]).await);
    assert_eq!(listed, "1\tanna\tanna@desk.example\tadmin\tactive\n");

    let server = Server::start(fixture).await;
    let anna = Client::sign_in(&server, "anna", PASSWORD).await;
    // The server has her session fresh in mind when its password changes beside it.
    anna.get("/api/v1/auth/me/").await.check(200);
    let set = ["user", "set-password", "--username", "anna@desk.example"];
    let set = run_with_input(fixture, &set, "another good secret\r\n").await;
    assert!(set.status.success(), "{}", stderr(&set));
    anna.get("/api/v1/auth/me/").await.check(401);
    Client::sign_in(&server, "anna", "another good secret").await;
    let nobody = Client::nobody(&server);
    nobody.try_sign_in("anna", PASSWORD).await.check(401);
    server.stop().await;
}

/// contract: program.user-invite
#[tokio::test(flavor = "multi_thread")]
async fn people_are_invited() {
    check_invitations(&Fixture::local()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_invited_on_postgresql() {
    check_invitations(&Fixture::remote().await).await;
}

async fn check_invitations(fixture: &Fixture) {
    assert!(run(fixture, &["migrate"]).await.status.success());
    let invite = async |role: &str| {
        let args = [
            "user",
            "invite",
            "--username",
            "anna",
            "--email",
            "anna@desk.example",
            "--role",
            role,
        ];
        let done = run(fixture, &args).await;
        (done.status.code(), stdout(&done), stderr(&done))
    };
    let (code, first, told) = invite("admin").await;
    assert!(
        code == Some(0) && told.contains("/auth/reset_password/"),
        "{told}"
    );
    let (code, second, told) = invite("admin").await;
    assert_eq!(code, Some(0), "{told}");
    assert!(!told.contains(second.trim()), "{told}");
    let taken = "error: this username is taken\n".to_owned();
    assert_eq!(invite("editor").await, (Some(1), String::new(), taken));

    let server = Server::start(fixture).await;
    let nobody = Client::nobody(&server);
    let choose = async |token: &str| {
        let body = serde_json::json!({"token": token.trim(), "new_password": PASSWORD});
        nobody.post("/api/v1/auth/reset_password/", &body).await
    };
    choose(&first).await.check(404);
    choose(&second).await.check(204);
    Client::sign_in(&server, "anna", PASSWORD).await;
    choose(&second).await.check(404);
    let has = "error: `anna` has a password already\n".to_owned();
    assert_eq!(invite("admin").await, (Some(1), String::new(), has));
    server.stop().await;
}

/// contract: program.user-import
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_people_are_imported_and_told_line_by_line() {
    let fixture = Fixture::local();
    assert!(run(&fixture, &["migrate"]).await.status.success());
    let person = |n: usize| {
        let name = format!("\"username\": \"pupil{n}\", \"email\": \"pupil{n}@desk.example\"");
        format!("{{\"external_id\": \"lms/{n}\", {name}, \"role\": \"client\"}}\n")
    };
    let file = fixture.folder.path().join("people.jsonl");
    let people: String = (0..1_000).map(person).collect();
    fs::write(&file, &people).unwrap();
    let import = async || {
        let began = std::time::Instant::now();
        let done = run(&fixture, &["user", "import", file.to_str().unwrap()]).await;
        let text = stdout(&done);
        let count = |word: &str| text.matches(&format!("\"outcome\":\"{word}\"")).count();
        let counts = (count("created"), count("unchanged"), count("error"));
        (done.status.code(), counts, stderr(&done), began.elapsed())
    };
    let (code, counts, told, time) = import().await;
    assert_eq!((code, counts), (Some(0), (1_000, 0, 0)), "{told}");
    assert!(
        time.as_secs() < 30,
        "{time:?}, and 5 s on a machine without other work"
    );
    let (code, counts, told, _) = import().await;
    assert_eq!((code, counts), (Some(0), (0, 1_000, 0)), "{told}");
    fs::write(&file, people.replace("lms/7\"", "l ms/7\"")).unwrap();
    let (code, counts, told, _) = import().await;
    assert_eq!((code, counts), (Some(1), (0, 999, 1)), "{told}");
}

/// contract: program.key
#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_made_and_lets_in() {
    let fixture = &Fixture::local();
    let server = Server::start(fixture).await;
    let make = async |username: &str, rest: &[&str]| {
        let args = ["key", "create", "--username", username, "--name", "CRM"];
        run(fixture, &[&args[..], rest].concat()).await
    };
    let made = make("superadmin", &["--act-as"]).await;
    assert!(made.status.success(), "{}", stderr(&made));
    let program = Client::with_token(&server, stdout(&made).trim().to_owned());
    let create = [
        "--username",
        "anna",
        "--email",
        "anna@desk.example",
        "--role",
        "editor",
    ];
    let create = [&["user", "create"][..], &create].concat();
    assert!(
        run_with_input(fixture, &create, PASSWORD)
            .await
            .status
            .success()
    );
    program.get("/api/v1/auth/me/").await.check(200);
    let made = make("anna", &["--read"]).await;
    let reader = Client::with_token(&server, stdout(&made).trim().to_owned());
    let keys = reader.get("/api/v1/auth/keys/").await.json(200);
    assert_eq!(keys[0]["access"], "read");
    for (refused, line) in [
        (
            make("anna", &["--act-as"]).await,
            "error: only a key of an admin or a superadmin may act for others\n",
        ),
        (
            make("nobody", &[]).await,
            "error: nobody who is active signs in as `nobody`\n",
        ),
    ] {
        assert_eq!(
            (refused.status.code(), stderr(&refused)),
            (Some(1), line.to_owned())
        );
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_changed_and_unlocked() {
    check_changes(&Fixture::local()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_changed_and_unlocked_on_postgresql() {
    check_changes(&Fixture::remote().await).await;
}

async fn check_changes(fixture: &Fixture) {
    assert!(run(fixture, &["migrate"]).await.status.success());
    for (username, role) in [("anna", "superadmin"), ("erik", "editor")] {
        let email = format!("{username}@desk.example");
        let create = [
            "user",
            "create",
            "--username",
            username,
            "--email",
            &email,
            "--role",
            role,
        ];
        let created = run_with_input(fixture, &create, PASSWORD).await;
        assert!(created.status.success(), "{}", stderr(&created));
    }
    let user = async |command: &str, name: &str, rest: &[&str]| {
        let args = [&["user", command, "--username", name], rest].concat();
        let done = run(fixture, &args).await;
        (done.status.code(), stderr(&done))
    };
    let fine = (Some(0), String::new());
    let last = "error: nobody else is an active superadmin\n".to_owned();
    let refused = (Some(1), last);
    assert_eq!(
        user("set-active", "anna", &["--active", "false"]).await,
        refused
    );
    assert_eq!(
        user("set-role", "anna", &["--role", "admin"]).await,
        refused
    );

    let server = Server::start(fixture).await;
    let erik = Client::sign_in(&server, "erik", PASSWORD).await;
    erik.get("/api/v1/auth/me/").await.check(200);
    assert_eq!(
        user("set-active", "erik", &["--active", "false"]).await,
        fine
    );
    erik.get("/api/v1/auth/me/").await.check(401);
    assert_eq!(
        user("set-active", "erik", &["--active", "true"]).await,
        fine
    );
    assert_eq!(
        user("set-role", "erik", &["--role", "superadmin"]).await,
        fine
    );
    assert_eq!(user("set-role", "anna", &["--role", "admin"]).await, fine);
    let listed = stdout(&run(fixture, &["user", "list"]).await);
    assert!(
        listed.contains("\tsuperadmin\tactive") && listed.contains("\tadmin\tactive"),
        "{listed}"
    );

    let nobody = Client::nobody(&server);
    for _ in 0..5 {
        nobody
            .try_sign_in("anna", "a wrong password")
            .await
            .check(401);
    }
    nobody.try_sign_in("anna", PASSWORD).await.check(429);
    assert_eq!(user("unlock", "anna", &[]).await, fine);
    Client::sign_in(&server, "anna", PASSWORD).await;
    for command in [
        &["set-active", "--active", "true"][..],
        &["set-role", "--role", "client"],
        &["unlock"],
    ] {
        let missing = (Some(1), "error: nobody signs in as `nobody`\n".to_owned());
        assert_eq!(user(command[0], "nobody", &command[1..]).await, missing);
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_wrong_about_a_new_person_is_told_on_one_line() {
    let fixture = Fixture::local();
    assert!(run(&fixture, &["migrate"]).await.status.success());
    let args = [
        "user",
        "create",
        "--username",
        "a",
        "--email",
        "b",
        "--role",
        "admin",
    ];
    let refused = run_with_input(&fixture, &args, "short").await;
    assert_eq!(refused.status.code(), Some(1));
    let told = stderr(&refused);
    assert_eq!(told.lines().count(), 1, "{told}");
    for field in ["username:", "email:", "password:"] {
        assert!(told.contains(field), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_for_nobody_is_refused() {
    let fixture = Fixture::local();
    assert!(run(&fixture, &["migrate"]).await.status.success());
    let args = ["user", "set-password", "--username", "nobody"];
    let refused = run_with_input(&fixture, &args, PASSWORD).await;
    assert_eq!(refused.status.code(), Some(1));
    assert_eq!(stderr(&refused), "error: nobody signs in as `nobody`\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn migrations_are_pending_then_applied() {
    check_migrations(&Fixture::local()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn migrations_are_pending_then_applied_on_postgresql() {
    check_migrations(&Fixture::remote().await).await;
}

async fn check_migrations(fixture: &Fixture) {
    let status = ["migrate", "--status"];
    let before = stdout(&run(fixture, &status).await);
    assert!(!before.is_empty() && before.lines().all(|line| line.starts_with("pending  ")));
    let migrated = stdout(&run(fixture, &["migrate"]).await);
    assert_eq!(migrated, before.replace("pending  ", "migrated  "));
    let after = stdout(&run(fixture, &status).await);
    assert_eq!(after, before.replace("pending  ", "applied  "));
    assert_eq!(
        stdout(&run(fixture, &["migrate"]).await),
        "nothing to migrate\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_openapi_document_is_the_one_that_is_served() {
    let fixture = Fixture::local();
    let printed = stdout(&run(&fixture, &["openapi"]).await);
    let printed: serde_json::Value = serde_json::from_str(&printed).expect("JSON");
    assert_eq!(
        printed["openapi"].as_str().map(|version| &version[..4]),
        Some("3.1.")
    );
    let server = Server::start(&fixture).await;
    let served = Client::nobody(&server)
        .get("/api/v1/openapi.json")
        .await
        .json(200);
    assert_eq!(printed, served);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_damaged_or_orphaned_is_found() {
    let fixture = Fixture::local();
    let server = Server::start(&fixture).await;
    let superadmin = Client::superadmin(&server).await;
    let client = superadmin.hire(&server, "clara", "client").await;
    let bundle = serde_json::json!({ "client_id": client.id, "title": "Spring" });
    let bundles = "/api/v1/class-management/class-bundles/";
    let bundle = superadmin.post(bundles, &bundle).await.created();
    let upload = format!("{bundles}{bundle}/upload_file/");
    client.upload(&upload, "file", &PDF, &[]).await.check(201);
    client.upload(&upload, "file", &PNG, &[]).await.check(201);
    server.stop().await;

    let whole = run(&fixture, &["check"]).await;
    assert!(
        whole.status.success(),
        "{}{}",
        stdout(&whole),
        stderr(&whole)
    );

    let files = fixture
        .folder
        .path()
        .join("classdesk-data/files/class_bundles/files");
    let stored = |size: usize| {
        let mut all = fs::read_dir(&files)
            .expect("the folder of files")
            .map(|file| file.unwrap());
        all.find(|file| file.metadata().unwrap().len() == size as u64)
            .expect("the file")
            .path()
    };
    let (pdf, png) = (stored(PDF.bytes.len()), stored(PNG.bytes.len()));
    fs::remove_file(&pdf).unwrap();
    let mut damaged = PNG.bytes.to_vec();
    damaged[100] ^= 1;
    fs::write(&png, damaged).unwrap();
    fs::write(files.join("stray"), "nobody's").unwrap();
    let foreign = files.join(OsStr::from_bytes(b"caf\xe9"));
    fs::write(&foreign, "nobody's").unwrap();

    let found = run(&fixture, &["check"]).await;
    let told = stdout(&found);
    assert_eq!(found.status.code(), Some(1), "{told}");
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    let has = |state: &str, name: &str| {
        told.lines()
            .any(|line| line.starts_with(state) && line.contains(name))
    };
    assert!(
        has("missing", &name(&pdf)) && has("damaged", &name(&png)),
        "{told}"
    );
    assert!(
        has("orphaned", "stray") && has("orphaned", "caf%E9") && told.contains("4 problems"),
        "{told}"
    );

    // A young orphan may be somebody's upload under way; an old one is removed.
    run(&fixture, &["check", "--repair"]).await;
    assert!(files.join("stray").exists());
    let two_days = std::time::Duration::from_secs(2 * 24 * 60 * 60);
    for stray in [&files.join("stray"), &foreign] {
        let file = fs::File::options().write(true).open(stray).unwrap();
        let old = file.metadata().unwrap().modified().unwrap() - two_days;
        file.set_modified(old).unwrap();
    }
    let repaired = stdout(&run(&fixture, &["check", "--repair"]).await);
    assert!(
        repaired.contains("removed") && !files.join("stray").exists() && !foreign.exists(),
        "{repaired}"
    );
}

/// Every file and folder below this one, with its size, mode and the time of its last change.
fn snapshot(folder: &Path) -> BTreeMap<PathBuf, (u64, u32, SystemTime)> {
    let entries = fs::read_dir(folder).expect("a folder");
    let entries = entries.map(|entry| entry.expect("readable"));
    entries
        .flat_map(|entry| {
            let (path, metadata) = (entry.path(), entry.metadata().expect("readable"));
            let below = metadata.is_dir().then(|| snapshot(&path));
            let mode = metadata.permissions().mode() & 0o777;
            let state = (metadata.len(), mode, metadata.modified().expect("a time"));
            below.unwrap_or_default().into_iter().chain([(path, state)])
        })
        .collect()
}

/// contract: program.reads
#[tokio::test(flavor = "multi_thread")]
async fn what_only_reads_makes_and_changes_nothing() {
    let fixture = Fixture::local();
    let folder = fixture.folder.path();
    let status = run(&fixture, &["migrate", "--status"]).await;
    assert!(status.status.success(), "{}", stderr(&status));
    let none = run(&fixture, &["check"]).await;
    assert_eq!(none.status.code(), Some(1));
    assert!(
        stderr(&none).contains("classdesk-data/classdesk.db"),
        "{}",
        stderr(&none)
    );
    assert_eq!(snapshot(folder).len(), 0);

    let server = Server::start(&fixture).await;
    let superadmin = Client::superadmin(&server).await;
    let ticket = serde_json::json!({ "title": "Help", "description": "" });
    let ticket = superadmin.post("/api/v1/tickets/", &ticket).await.created();
    let path = format!("/api/v1/tickets/{ticket}/attachments/");
    superadmin.upload(&path, "file", &PDF, &[]).await.check(201);
    let commands: [&[&str]; 4] = [
        &["check"],
        &["check", "--repair"],
        &["migrate", "--status"],
        &["user", "list"],
    ];
    // Beside a server, which has the database open, and after it.
    for command in commands {
        let done = run(&fixture, command).await;
        assert!(done.status.success(), "{command:?}: {}", stderr(&done));
    }
    server.stop().await;
    let before = snapshot(folder);
    for command in commands {
        let done = run(&fixture, command).await;
        assert!(done.status.success(), "{command:?}: {}", stderr(&done));
        assert_eq!(snapshot(folder), before, "{command:?}");
    }
}

/// contract: program.modes
#[tokio::test(flavor = "multi_thread")]
async fn what_is_made_is_its_owners_alone_whatever_the_umask() {
    for umask in ["000", "022", "277"] {
        let mut fixture = Fixture::local();
        let password = SUPERADMIN_PASSWORD.to_owned();
        fixture.variables = vec![("CLASSDESK_SUPERADMIN_PASSWORD", password)];
        let args = ["serve", "--bind", "127.0.0.1:0", "--log", "warn"];
        let server = Server::by(command_with_umask(&fixture, umask, &args)).await;
        let superadmin = Client::superadmin(&server).await;
        let ticket = serde_json::json!({ "title": "Help", "description": "" });
        let ticket = superadmin.post("/api/v1/tickets/", &ticket).await.created();
        let path = format!("/api/v1/tickets/{ticket}/attachments/");
        superadmin.upload(&path, "file", &PDF, &[]).await.check(201);
        // Of an upload that goes on.
        let (chunks, upload) = begin_upload(&superadmin, &path, &fixture).await;
        let made = snapshot(fixture.folder.path());
        for part in ["classdesk.db", "classdesk.db-wal", "classdesk.db-shm"] {
            assert!(made.keys().any(|path| path.ends_with(part)), "{made:?}");
        }
        let is_staged = |path: &PathBuf| path.to_str().is_some_and(|path| path.ends_with("#1"));
        assert!(made.keys().any(is_staged), "{made:?}");
        for (path, (_, mode, _)) in made {
            let expected = if path.is_dir() { 0o700 } else { 0o600 };
            assert_eq!(mode, expected, "{umask}: {}", path.display());
        }
        drop(chunks);
        upload
            .await
            .expect("the upload ends")
            .expect("an answer")
            .check(201);
        server.stop().await;
    }
}

//! The workflow of docs/contract.md#7-workflow from start to end. After each step everybody looks at
//! everything, and sees exactly what section 3 says.

use serde_json::{Value, json};

use crate::client::Client;
use crate::files::{DOCX, PDF, PNG, Sample, ZIP};
use crate::fixture::Fixture;
use crate::program::Server;

const BUNDLE: &str = "/api/v1/class-management/class-bundles";

#[tokio::test(flavor = "multi_thread")]
async fn the_workflow_runs_on_sqlite_and_a_folder() {
    check_workflow(&Fixture::local()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_workflow_runs_on_postgresql_and_s3() {
    check_workflow(&Fixture::remote().await).await;
}

/// What somebody is to the bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    Staff,
    Owner,
    AssignedWriter,
    None,
}

/// Somebody who looks at everything.
struct Viewer {
    name: &'static str,
    relation: Relation,
    client: Client,
}

/// What has happened so far, as somebody without an account book would note it.
#[derive(Default)]
struct Ledger {
    bundle: i64,
    ticket: Option<i64>,
    /// What was answered on the ticket, and whether for staff alone.
    answers: Vec<(&'static str, bool)>,
    thread: Option<i64>,
    messages: Vec<&'static str>,
    /// The message that carries a file.
    enclosed: Option<(i64, Sample)>,
    files: Vec<SharedFile>,
}

struct SharedFile {
    id: i64,
    sample: Sample,
    visible_to_client: bool,
}

async fn check_workflow(fixture: &Fixture) {
    let server = Server::start(fixture).await;
    let superadmin = Client::superadmin(&server).await;
    let viewer = async |name, role, relation| Viewer {
        name,
        relation,
        client: superadmin.hire(&server, name, role).await,
    };
    let viewers = [
        viewer("anna.admin", "admin", Relation::Staff).await,
        viewer("clara.client", "client", Relation::Owner).await,
        viewer("walter.writer", "writer", Relation::AssignedWriter).await,
        viewer("edgar.editor", "editor", Relation::Staff).await,
        viewer("oscar.stranger", "client", Relation::None).await,
        viewer("olga.stranger", "writer", Relation::None).await,
        Viewer {
            name: "superadmin",
            relation: Relation::Staff,
            client: superadmin.clone(),
        },
    ];
    let [admin, client, writer, ..] = &viewers;
    let (admin, client, writer) = (&admin.client, &client.client, &writer.client);
    let mut ledger = Ledger::default();

    // An admin creates a bundle with a client and a writer.
    let bundle = json!({
        "client_id": client.id,
        "assigned_writer_id": writer.id,
        "title": "Spring semester",
    });
    ledger.bundle = admin.post(&format!("{BUNDLE}/"), &bundle).await.created();
    let path = format!("{BUNDLE}/{}", ledger.bundle);
    look_around(&server, &viewers, &ledger).await;

    // The client opens a ticket.
    let ticket = json!({ "title": "A week later?", "description": "I am away." });
    let ticket = client
        .post(&format!("{path}/create_ticket/"), &ticket)
        .await;
    ledger.ticket = Some(ticket.created());
    look_around(&server, &viewers, &ledger).await;

    // The admin answers it, once internally and once publicly.
    for (answer, internal) in [
        ("There is room in that week.", true),
        ("That is fine.", false),
    ] {
        let answered = format!("/api/v1/tickets/{}/messages/", ticket.created());
        let body = json!({ "message": answer, "is_internal": internal });
        admin.post(&answered, &body).await.check(201);
        ledger.answers.push((answer, internal));
        look_around(&server, &viewers, &ledger).await;
    }

    // The writer starts a thread with the client, who answers with an attachment.
    let thread = json!({ "recipient_id": client.id, "initial_message": "Which style?" });
    let thread = writer
        .post(&format!("{path}/create_thread/"), &thread)
        .await;
    ledger.thread = Some(thread.created());
    ledger.messages.push("Which style?");
    look_around(&server, &viewers, &ledger).await;
    let messages = format!(
        "/api/v1/communications/threads/{}/messages/",
        thread.created()
    );
    let texts = [("message", "Chicago; dates enclosed.")];
    let answer = client.upload(&messages, "attachment", &PNG, &texts).await;
    ledger.enclosed = Some((answer.created(), PNG));
    ledger.messages.push("Chicago; dates enclosed.");
    look_around(&server, &viewers, &ledger).await;

    // The client uploads the requirements and the writer the finished work.
    let upload = format!("{path}/upload_file/");
    for (by, sample) in [(client, PDF), (client, ZIP), (writer, DOCX)] {
        let uploaded = by.upload(&upload, "file", &sample, &[]).await;
        assert_eq!(uploaded.json(201)["content_type"], sample.content_type);
        ledger.files.push(SharedFile {
            id: uploaded.created(),
            sample,
            visible_to_client: true,
        });
        look_around(&server, &viewers, &ledger).await;
    }

    // An admin hides one file from the client.
    let hidden = ledger.files.last_mut().expect("there are files");
    hidden.visible_to_client = false;
    let hide = json!({ "is_visible_to_client": false });
    admin
        .patch(&format!("{path}/files/{}/", hidden.id), &hide)
        .await
        .check(200);
    look_around(&server, &viewers, &ledger).await;

    server.stop().await;
    let checked = crate::program::run(fixture, &["check"]).await;
    let summary = crate::program::stdout(&checked);
    let reason = String::from_utf8_lossy(&checked.stderr);
    assert!(checked.status.success(), "{summary}{reason}");
    assert!(summary.contains("4 files"), "{summary}");
}

async fn look_around(server: &Server, viewers: &[Viewer], ledger: &Ledger) {
    for viewer in viewers {
        look(viewer, ledger).await;
    }
    let nobody = Client::nobody(server);
    nobody
        .get(&format!("{BUNDLE}/{}/", ledger.bundle))
        .await
        .check(401);
    if let Some(file) = ledger.files.last() {
        nobody.get(&file_path(ledger, file)).await.check(401);
    }
}

fn file_path(ledger: &Ledger, file: &SharedFile) -> String {
    format!("{BUNDLE}/{}/files/{}/download/", ledger.bundle, file.id)
}

/// One viewer opens every door.
async fn look(viewer: &Viewer, ledger: &Ledger) {
    look_at_bundle(viewer, ledger).await;
    look_at_ticket(viewer, ledger).await;
    look_at_thread(viewer, ledger).await;
    look_at_files(viewer, ledger).await;
}

async fn look_at_bundle(viewer: &Viewer, ledger: &Ledger) {
    let Viewer { name, client, .. } = viewer;
    let path = format!("{BUNDLE}/{}/", ledger.bundle);
    let listed = client.get(&format!("{BUNDLE}/")).await.json(200);
    if viewer.relation == Relation::None {
        client.get(&path).await.check(404);
        client.get(&format!("{path}members/")).await.check(404);
        assert_eq!(listed, json!([]), "{name} sees somebody else's bundle");
        return;
    }
    let bundle = client.get(&path).await.json(200);
    let sees_ticket = ledger.ticket.is_some() && viewer.relation != Relation::AssignedWriter;
    assert_eq!(
        bundle["threads_count"],
        i32::from(ledger.thread.is_some()),
        "{name}"
    );
    assert_eq!(bundle["tickets_count"], i32::from(sees_ticket), "{name}");
    assert_eq!(
        names(&bundle["files"]),
        visible_names(viewer, ledger),
        "{name}"
    );
    assert_eq!(
        listed[0]["threads_count"], bundle["threads_count"],
        "{name}"
    );
    assert_eq!(
        listed[0]["tickets_count"], bundle["tickets_count"],
        "{name}"
    );
    client.get(&format!("{path}members/")).await.check(200);
}

async fn look_at_ticket(viewer: &Viewer, ledger: &Ledger) {
    let Viewer {
        name,
        client,
        relation,
    } = viewer;
    let on_bundle = client
        .get(&format!("{BUNDLE}/{}/tickets/", ledger.bundle))
        .await;
    let all = client.get("/api/v1/tickets/").await.json(200);
    if *relation == Relation::None {
        on_bundle.check(404);
    }
    let Some(ticket) = ledger.ticket else {
        assert_eq!(all, json!([]), "{name}");
        return;
    };
    let path = format!("/api/v1/tickets/{ticket}/");
    if !matches!(relation, Relation::Staff | Relation::Owner) {
        for door in ["", "messages/", "attachments/", "history/"] {
            client.get(&format!("{path}{door}")).await.check(404);
        }
        assert_eq!(all, json!([]), "{name} sees the ticket in a list");
        return;
    }
    let seen: Vec<_> = ledger
        .answers
        .iter()
        .filter(|(_, internal)| *relation == Relation::Staff || !internal)
        .map(|(answer, _)| *answer)
        .collect();
    assert_eq!(on_bundle.json(200)[0]["id"], ticket, "{name}");
    assert_eq!(all[0]["messages_count"], seen.len(), "{name}");
    let one = client.get(&path).await.json(200);
    assert_eq!(one["messages_count"], seen.len(), "{name}");
    assert!(
        one["description"]
            .as_str()
            .is_some_and(|text| text.contains("Spring semester"))
    );
    let answers = client.get(&format!("{path}messages/")).await.json(200);
    assert_eq!(texts(&answers), seen, "{name}");
    let history = client.get(&format!("{path}history/")).await;
    history.check(200);
    let traces = String::from_utf8_lossy(&history.body).contains("room in that week");
    assert!(
        *relation == Relation::Staff || !traces,
        "{name} reads an internal answer"
    );
}

async fn look_at_thread(viewer: &Viewer, ledger: &Ledger) {
    let Viewer {
        name,
        client,
        relation,
    } = viewer;
    let on_bundle = client
        .get(&format!("{BUNDLE}/{}/threads/", ledger.bundle))
        .await;
    let all = client
        .get("/api/v1/communications/threads/")
        .await
        .json(200);
    if *relation == Relation::None {
        on_bundle.check(404);
        assert_eq!(all, json!([]), "{name} sees the thread in a list");
    }
    let Some(thread) = ledger.thread else {
        return;
    };
    let path = format!("/api/v1/communications/threads/{thread}/");
    let file = ledger.enclosed.map(|(message, sample)| {
        (
            format!("/api/v1/communications/messages/{message}/attachment/"),
            sample,
        )
    });
    if *relation == Relation::None {
        client.get(&path).await.check(404);
        client.get(&format!("{path}messages/")).await.check(404);
        if let Some((file, _)) = file {
            client.get(&file).await.check(404);
        }
        return;
    }
    assert_eq!(all[0]["id"], thread, "{name}");
    let one = client.get(&path).await.json(200);
    assert_eq!(one["message_count"], ledger.messages.len(), "{name}");
    let messages = client.get(&format!("{path}messages/")).await.json(200);
    assert_eq!(texts(&messages), ledger.messages, "{name}");
    if let Some((file, sample)) = file {
        check_bytes(client, &file, &sample).await;
    }
}

async fn look_at_files(viewer: &Viewer, ledger: &Ledger) {
    let Viewer {
        name,
        client,
        relation,
    } = viewer;
    let listed = client
        .get(&format!("{BUNDLE}/{}/files/", ledger.bundle))
        .await;
    if *relation == Relation::None {
        listed.check(404);
    } else {
        assert_eq!(
            names(&listed.json(200)),
            visible_names(viewer, ledger),
            "{name}"
        );
    }
    for file in &ledger.files {
        let path = file_path(ledger, file);
        if sees(viewer, file) {
            check_bytes(client, &path, &file.sample).await;
        } else {
            client.get(&path).await.check(404);
            client
                .get(path.trim_end_matches("download/"))
                .await
                .check(404);
        }
    }
}

async fn check_bytes(client: &Client, path: &str, sample: &Sample) {
    let answer = client.get(path).await;
    answer.check(200);
    assert!(answer.body == sample.bytes, "{path} gives other bytes");
    assert_eq!(answer.headers["content-type"], sample.content_type);
    let disposition = answer.headers["content-disposition"]
        .to_str()
        .expect("ASCII");
    assert!(disposition.starts_with("attachment"), "{disposition}");
}

fn sees(viewer: &Viewer, file: &SharedFile) -> bool {
    match viewer.relation {
        Relation::Staff | Relation::AssignedWriter => true,
        Relation::Owner => file.visible_to_client,
        Relation::None => false,
    }
}

/// Newest first.
fn visible_names(viewer: &Viewer, ledger: &Ledger) -> Vec<String> {
    let visible = ledger.files.iter().rev().filter(|file| sees(viewer, file));
    visible.map(|file| file.sample.name.to_owned()).collect()
}

fn names(files: &Value) -> Vec<String> {
    fields(files, "file_name")
}

fn texts(messages: &Value) -> Vec<String> {
    fields(messages, "message")
}

fn fields(list: &Value, field: &str) -> Vec<String> {
    let list = list.as_array().expect("a list");
    let text = |one: &Value| one[field].as_str().expect("a text").to_owned();
    list.iter().map(text).collect()
}

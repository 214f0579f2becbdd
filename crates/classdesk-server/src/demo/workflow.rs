//! What has happened in the demo: docs/contract.md#7-workflow on the first of three bundles.

use bytes::Bytes;
use classdesk_domain::App;
use classdesk_domain::blobs::{FileName, FinishedUpload, UploadTarget};
use classdesk_domain::bundles::{BundleStatus, NewBundle, NumberOfClasses};
use classdesk_domain::error::Error;
use classdesk_domain::files::{FileChange, NewFile};
use classdesk_domain::ids::{BundleId, FileId};
use classdesk_domain::people::Actor;
use classdesk_domain::subjects::SubjectRef;
use classdesk_domain::text::{Description, Level, MessageText, SubjectLine, Title};
use classdesk_domain::threads::{MessageKind, NewMessage, NewThread};
use classdesk_domain::tickets::{NewTicket, NewTicketMessage, NewTicketOnSubject};
use classdesk_domain::validation::{FieldError, Invalid};
use futures_util::stream;

/// A file of the demo.
struct Enclosure {
    name: &'static str,
    description: &'static str,
    bytes: &'static [u8],
}

static REQUIREMENTS: Enclosure = Enclosure {
    name: "requirements.pdf",
    description: "What the seminar asks for",
    bytes: include_bytes!("files/requirements.pdf"),
};
static TIMETABLE: Enclosure = Enclosure {
    name: "timetable.png",
    description: "The weeks in colour",
    bytes: include_bytes!("files/timetable.png"),
};
static FINISHED_PAPER: Enclosure = Enclosure {
    name: "finished-paper.docx",
    description: "The first paper, ready to hand in",
    bytes: include_bytes!("files/finished-paper.docx"),
};

/// Plays the workflow. The people come in the order of [`super::PEOPLE`].
pub(super) async fn play(app: &App, people: &[Actor; 7]) -> Result<(), Error> {
    let [_, admin, _, client, writer, other_client, other_writer] = people;
    let spring = NewBundle {
        assigned_writer_id: Some(writer.id),
        description: text(Description::parse("Six seminar papers over twelve weeks."))?,
        level: text(Level::parse("Bachelor"))?,
        number_of_classes: text(NumberOfClasses::new(6))?,
        status: BundleStatus::InProgress,
        ..NewBundle::new(client.id, text(Title::parse("Spring semester"))?)
    };
    let summer = NewBundle::new(client.id, text(Title::parse("Summer workshop"))?);
    let autumn = NewBundle {
        assigned_writer_id: Some(other_writer.id),
        ..NewBundle::new(other_client.id, text(Title::parse("Autumn reading group"))?)
    };
    let spring = app.bundles.create(admin, spring).await?.view.bundle.id;
    app.bundles.create(admin, summer).await?;
    app.bundles.create(admin, autumn).await?;

    ask_for_support(app, spring, client, admin).await?;
    talk(app, spring, writer, client).await?;
    share(app, spring, client, &REQUIREMENTS).await?;
    share(app, spring, writer, &FINISHED_PAPER).await?;
    let hidden = share(app, spring, admin, &TIMETABLE).await?;
    let change = FileChange {
        is_visible_to_client: Some(false),
        ..FileChange::default()
    };
    app.files.change(admin, spring, hidden, change).await?;
    Ok(())
}

/// The client opens a ticket; an admin answers it once for staff alone and once for the client.
async fn ask_for_support(
    app: &App,
    bundle: BundleId,
    client: &Actor,
    admin: &Actor,
) -> Result<(), Error> {
    let ticket = NewTicket::new(
        text(Title::parse("Can the second paper be a week later?"))?,
        text(Description::parse("I am away in the week of the deadline."))?,
    );
    let about = SubjectRef::bundle(bundle);
    let ticket = app
        .tickets
        .create_on(client, &about, NewTicketOnSubject::from(ticket))
        .await?
        .id;
    let answers = [
        ("The writer has room in that week.", true),
        ("Yes, a week later is fine.", false),
    ];
    for (answer, is_internal) in answers {
        let answer = NewTicketMessage {
            text: text(MessageText::parse(answer))?,
            is_internal,
        };
        app.tickets.add_message(admin, ticket, answer).await?;
    }
    Ok(())
}

/// The writer starts a thread with the client, who answers with a file.
async fn talk(app: &App, bundle: BundleId, writer: &Actor, client: &Actor) -> Result<(), Error> {
    let question = "Which style do you cite in, and when are the papers due?";
    let thread = NewThread {
        subject: Some(text(SubjectLine::parse("First paper"))?),
        initial_message: Some(text(MessageText::parse(question))?),
        ..NewThread::with(client.id)
    };
    let about = SubjectRef::bundle(bundle);
    let thread = app.threads.open(writer, &about, thread).await?.thread.id;
    let timetable = upload(app, client, UploadTarget::Thread(thread), &TIMETABLE).await?;
    let answer = NewMessage {
        recipient_id: Some(writer.id),
        kind: MessageKind::File,
        ..NewMessage::text(text(MessageText::parse(
            "Chicago. The dates are attached.",
        ))?)
    };
    app.messages
        .send(client, thread, answer, Some(timetable))
        .await?;
    Ok(())
}

/// Adds a file to the bundle.
async fn share(
    app: &App,
    bundle: BundleId,
    by: &Actor,
    file: &'static Enclosure,
) -> Result<FileId, Error> {
    let upload = upload(app, by, UploadTarget::Bundle(bundle), file).await?;
    let new = NewFile {
        description: text(Description::parse(file.description))?,
        ..NewFile::default()
    };
    Ok(app.files.add(by, bundle, upload, new).await?.id)
}

async fn upload(
    app: &App,
    by: &Actor,
    target: UploadTarget,
    file: &'static Enclosure,
) -> Result<FinishedUpload, Error> {
    let permit = app.uploads.begin(by, target).await?;
    let bytes = Bytes::from_static(file.bytes);
    let bytes = Box::pin(stream::once(async move { Ok(bytes) }));
    app.uploads
        .receive(&permit, FileName::clean(file.name), bytes)
        .await
}

/// The demo's own texts are within all bounds; one that is not is told as a fault of the demo.
fn text<T>(parsed: Result<T, FieldError>) -> Result<T, Invalid> {
    parsed.map_err(|fault| Invalid::field("demo", fault))
}

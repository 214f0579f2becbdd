//! Rights come before bodies: a broken request is "not found" to whoever may not know of the
//! thing, "not allowed" to whoever may not do this, and invalid to everybody else.

use classdesk_conformance::fixture::{description, title, words};
use classdesk_domain::blobs::UploadTarget;
use classdesk_domain::error::Error;
use classdesk_domain::files::NewFile;
use classdesk_domain::ids::{BundleId, FileId, MessageId, ThreadId, TicketId, UserId};
use classdesk_domain::people::Actor;
use classdesk_domain::subjects::{SubjectKind, SubjectRef};
use classdesk_domain::threads::{NewMessage, NewThread};
use classdesk_domain::tickets::{NewTicket, NewTicketOnSubject};
use classdesk_domain::validation::{FieldError, Invalid, Validated};

use super::support::{AppFixture, word};

const HIDDEN: &str = "not found";
const REFUSED: &str = "not allowed";
const BROKEN: &str = "field:required";

fn broken<T>() -> Validated<T> {
    Validated::invalid(Invalid::field("field", FieldError::Required))
}

/// An test with one of everything: a thread of writer and client, with a message of the
/// writer's, a ticket and a file of the client's.
struct Furnished {
    test: AppFixture,
    thread: ThreadId,
    message: MessageId,
    ticket: TicketId,
    file: FileId,
}

impl Furnished {
    async fn open() -> Self {
        let test = AppFixture::open().await;
        let (fixture, app) = (&test.fixture, &test.app);
        let subject = fixture.subject();
        let new = NewThread::with(fixture.client.id);
        let thread = app.threads.open(fixture.writer, &subject, new).await;
        let thread = thread.expect("opened").thread.id;
        let hello = NewMessage::text(words("Hello"));
        let message = app.messages.send(fixture.writer, thread, hello, None).await;
        let new = NewTicket::new(title("Help"), description(""));
        let new = NewTicketOnSubject::from(new);
        let ticket = app.tickets.create_on(fixture.client, &subject, new).await;
        let target = UploadTarget::Bundle(fixture.bundle);
        let upload = test.upload(fixture.client, target).await;
        let new = NewFile::default();
        let file = app
            .files
            .add(fixture.client, fixture.bundle, upload, new)
            .await;
        let (message, ticket) = (message.expect("sent").id, ticket.expect("created").id);
        let file = file.expect("added").id;
        Self {
            test,
            thread,
            message,
            ticket,
            file,
        }
    }

    /// Checks what owner, writer, editor, admin and a stranger hear.
    async fn check<T>(
        &self,
        what: &str,
        ask: impl AsyncFn(Actor) -> Result<T, Error>,
        expected: [&str; 5],
    ) {
        let fixture = &self.test.fixture;
        let askers = [
            fixture.client,
            fixture.writer,
            fixture.editor,
            fixture.admin,
            fixture.other_client,
        ];
        for (asker, expected) in askers.into_iter().zip(expected) {
            let heard = word(ask(asker).await);
            assert_eq!(heard, expected, "{what} by {:?}", asker.role);
        }
    }
}

const MISSING: [&str; 5] = [HIDDEN; 5];
const FOR_PEOPLE: [&str; 5] = [BROKEN, BROKEN, BROKEN, BROKEN, HIDDEN];
const FOR_ADMINS: [&str; 5] = [REFUSED, REFUSED, REFUSED, BROKEN, HIDDEN];
const FOR_STAFF: [&str; 5] = [REFUSED, REFUSED, BROKEN, BROKEN, HIDDEN];
const FOR_REQUESTER: [&str; 5] = [BROKEN, HIDDEN, BROKEN, BROKEN, HIDDEN];

/// contract: conv.rights-first
#[tokio::test]
async fn bundles_and_subjects() {
    let all = Furnished::open().await;
    let (fixture, app) = (&all.test.fixture, &all.test.app);
    let none = BundleId::new(999);
    let create = async |by| app.bundles.create(by, broken()).await;
    all.check(
        "create",
        create,
        [REFUSED, REFUSED, REFUSED, BROKEN, REFUSED],
    )
    .await;
    let change = async |by| app.bundles.change(&by, fixture.bundle, broken()).await;
    all.check("change", change, FOR_ADMINS).await;
    let missing = async |by| app.bundles.change(&by, none, broken()).await;
    all.check("change", missing, MISSING).await;
    let assign = async |by| {
        app.bundles
            .assign_writer(&by, fixture.bundle, broken())
            .await
    };
    all.check("assign", assign, FOR_ADMINS).await;
    let order = SubjectRef::new(SubjectKind::parse("order").expect("a kind"), 1);
    let put = async |by| app.subjects.put(&by, &order, broken()).await;
    all.check("put", put, [HIDDEN, HIDDEN, REFUSED, BROKEN, HIDDEN])
        .await;
}

/// contract: conv.rights-first
#[tokio::test]
async fn threads_and_messages() {
    let all = Furnished::open().await;
    let (fixture, app) = (&all.test.fixture, &all.test.app);
    let (thread, message) = (all.thread, all.message);
    let subject = fixture.subject();
    let open = async |by| app.threads.open(by, &subject, broken()).await;
    all.check("open", open, FOR_PEOPLE).await;
    let missing = SubjectRef::bundle(BundleId::new(999));
    let open = async |by| app.threads.open(by, &missing, broken()).await;
    all.check("open", open, MISSING).await;
    let change = async |by| app.threads.change(&by, thread, broken()).await;
    all.check("change", change, [REFUSED, BROKEN, BROKEN, BROKEN, HIDDEN])
        .await;
    let add = async |by| app.threads.add_participant(&by, thread, broken()).await;
    all.check("add", add, FOR_STAFF).await;
    let for_participants = [BROKEN, BROKEN, REFUSED, REFUSED, HIDDEN];
    let read = async |by| app.threads.mark_read(&by, thread, broken()).await;
    all.check("read", read, for_participants).await;
    let send = async |by| app.messages.send(by, thread, broken(), None).await;
    all.check("send", send, for_participants).await;
    let send = async |by| {
        app.messages
            .send(by, ThreadId::new(999), broken(), None)
            .await
    };
    all.check("send", send, MISSING).await;
    let edit = async |by| app.messages.edit(&by, message, broken()).await;
    all.check("edit", edit, [REFUSED, BROKEN, REFUSED, REFUSED, HIDDEN])
        .await;
    let edit = async |by| app.messages.edit(&by, MessageId::new(999), broken()).await;
    all.check("edit", edit, MISSING).await;
}

/// contract: conv.rights-first
#[tokio::test]
async fn tickets_and_what_is_on_them() {
    let all = Furnished::open().await;
    let (fixture, app, ticket) = (&all.test.fixture, &all.test.app, all.ticket);
    let subject = fixture.subject();
    let create = async |by| app.tickets.create_on(by, &subject, broken()).await;
    all.check(
        "create on",
        create,
        [BROKEN, REFUSED, BROKEN, BROKEN, HIDDEN],
    )
    .await;
    let create = async |by| app.tickets.create(by, broken()).await;
    all.check("create", create, [BROKEN, REFUSED, BROKEN, BROKEN, BROKEN])
        .await;
    let change = async |by| app.tickets.change(&by, ticket, broken()).await;
    all.check("change", change, FOR_REQUESTER).await;
    let none = TicketId::new(999);
    let change = async |by| app.tickets.change(&by, none, broken()).await;
    all.check("change", change, MISSING).await;
    let write = async |by| app.tickets.add_message(by, ticket, broken()).await;
    all.check("write", write, FOR_REQUESTER).await;
    let target = UploadTarget::Ticket(ticket);
    let upload = all.test.upload(fixture.client, target).await;
    let attach = async |by| {
        app.tickets
            .attach(by, ticket, upload.clone(), broken())
            .await
    };
    all.check("attach", attach, FOR_REQUESTER).await;
}

/// contract: conv.rights-first
#[tokio::test]
async fn files_and_people() {
    let all = Furnished::open().await;
    let (fixture, app, file) = (&all.test.fixture, &all.test.app, all.file);
    let bundle = fixture.bundle;
    let upload = all
        .test
        .upload(fixture.client, UploadTarget::Bundle(bundle))
        .await;
    let add = async |by| app.files.add(by, bundle, upload.clone(), broken()).await;
    all.check("add", add, FOR_PEOPLE).await;
    let change = async |by| app.files.change(&by, bundle, file, broken()).await;
    all.check("change", change, [BROKEN, REFUSED, BROKEN, BROKEN, HIDDEN])
        .await;
    let change = async |by| {
        app.files
            .change(&by, bundle, FileId::new(999), broken())
            .await
    };
    all.check("change", change, MISSING).await;
    let create = async |by| app.users.create(by, broken()).await;
    all.check(
        "create",
        create,
        [REFUSED, REFUSED, REFUSED, BROKEN, REFUSED],
    )
    .await;
    let change = async |by| {
        app.users
            .change(&by, fixture.other_writer.id, broken())
            .await
    };
    all.check("change", change, [HIDDEN, HIDDEN, REFUSED, BROKEN, HIDDEN])
        .await;
    let change = async |by| app.users.change(&by, UserId::new(999), broken()).await;
    all.check("change", change, MISSING).await;
    let oneself = async |by: Actor| app.users.change(&by, by.id, broken()).await;
    all.check("change oneself", oneself, [BROKEN; 5]).await;
}

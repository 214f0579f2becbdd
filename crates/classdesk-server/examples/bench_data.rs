//! Fills an empty store for `cargo xtask bench`, through the domain's own use cases, and prints
//! what the benchmark has to know of it as `name=value`.
#![expect(clippy::print_stdout, reason = "the facts are what was asked for")]

use std::error::Error;
use std::future::Future;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use clap::Parser;
use classdesk_argon2::{Argon2idHasher, Cost, Limits};
use classdesk_diesel::{DatabaseHandle, DatabaseUrl, StoreOptions};
use classdesk_domain::blobs::{FileName, FinishedUpload, UploadTarget};
use classdesk_domain::bundles::NewBundle;
use classdesk_domain::ids::{BundleId, MessageId, ThreadId, TicketId};
use classdesk_domain::paging::{Cursor, ListKind};
use classdesk_domain::people::{
    Actor, Email, HashRequester, Login, LoginName, NewPassword, NewUser, PasswordHash,
    PasswordHashError, PasswordHasher, Role, Username, Verification,
};
use classdesk_domain::subjects::SubjectRef;
use classdesk_domain::system::{SystemClock, SystemSecrets};
use classdesk_domain::text::{Description, MessageText, Title};
use classdesk_domain::threads::{NewMessage, NewThread};
use classdesk_domain::tickets::{NewTicket, NewTicketOnSubject};
use classdesk_domain::{App, Ports, Settings};
use classdesk_object_store::{ObjectStoreBlobs, ObjectStoreOptions, StorageLocation};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const PASSWORD: &str = "a long day of figures";
const SMALL: usize = 100_000;
const GREAT: usize = 100_000_000;
const FILES_OF_A_BUNDLE: i64 = 4;
const PAGE: i64 = 20;
const PAGES: i64 = 1_000;

#[derive(Parser)]
struct Args {
    #[arg(long)]
    database_url: DatabaseUrl,
    #[arg(long)]
    storage_url: StorageLocation,
    /// Ten times as much of everything.
    #[arg(long)]
    large: bool,
}

/// How much of everything there is.
struct Amounts {
    people: i64,
    bundles: i64,
    messages: i64,
    tickets: i64,
}

impl Amounts {
    const fn of(large: bool) -> Self {
        let by = if large { 10 } else { 1 };
        Self {
            people: 1_000 * by,
            bundles: 2_000 * by,
            messages: 100_000 * by,
            tickets: 10_000 * by,
        }
    }
}

/// Hashes the one password of everybody once: a thousand slow hashes are not what is measured.
struct OneHash {
    inner: Argon2idHasher,
    hash: PasswordHash,
}

#[async_trait]
impl PasswordHasher for OneHash {
    async fn hash(&self, _: HashRequester, _: String) -> Result<PasswordHash, PasswordHashError> {
        Ok(self.hash.clone())
    }

    async fn verify(
        &self,
        requester: HashRequester,
        password: String,
        hash: Option<PasswordHash>,
    ) -> Result<Verification, PasswordHashError> {
        self.inner.verify(requester, password, hash).await
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let args = Args::parse();
    let amounts = Amounts::of(args.large);
    let options = StoreOptions::default();
    let database = DatabaseHandle::open(&args.database_url, &options)?;
    database.migrate()?;
    let store = database.serve(&options)?;
    let blobs =
        ObjectStoreBlobs::connect(&args.storage_url, &ObjectStoreOptions::default()).await?;
    let inner = Argon2idHasher::new(Cost::default(), Limits::default(), Arc::new(SystemSecrets))?;
    let hash = inner
        .hash(HashRequester::Operator, PASSWORD.to_owned())
        .await?;
    let hasher = Arc::new(OneHash { inner, hash });
    let ports = Ports::new(
        store.store(),
        Arc::new(blobs),
        hasher,
        Arc::new(SystemClock),
        Arc::new(SystemSecrets),
    );
    let desk = App::new(ports, Settings::default());
    fill(&desk, &amounts).await
}

async fn fill(desk: &App, amounts: &Amounts) -> Outcome<()> {
    let admin = person(desk, Role::Admin, 0).await?;
    let editor = person(desk, Role::Editor, 0).await?;
    let half = amounts.people / 2;
    let clients = many(half, |n| person(desk, Role::Client, n)).await?;
    let writers = many(half, |n| person(desk, Role::Writer, n)).await?;
    let parties = |n: i64| {
        let place = (n % half) as usize;
        (clients[place], writers[place])
    };

    // One after the other, so that a bundle and its thread have the same number: whoever repeats
    // the statements of a request with random numbers knows the one by the other.
    let bundles = in_turn(amounts.bundles, |n| bundle(desk, &admin, parties(n), n)).await?;
    let threads = in_turn(amounts.bundles, |n| {
        thread(desk, bundles[n as usize], parties(n).0, &editor)
    })
    .await?;
    let long = threads[0];
    let first = say(desk, long, &editor, PAGE * PAGES).await?;
    let rest = (amounts.messages - PAGE * PAGES) / (amounts.bundles - 1);
    many(amounts.bundles - 1, |n| {
        talk(
            desk,
            threads[n as usize + 1],
            &editor,
            parties(n + 1).0,
            rest,
        )
    })
    .await?;

    let tickets = many(amounts.tickets, |n| {
        let place = n % amounts.bundles;
        ticket(desk, bundles[place as usize], parties(place).0)
    })
    .await?;
    many(amounts.bundles * FILES_OF_A_BUNDLE, |n| {
        file(
            desk,
            &editor,
            bundles[(n / FILES_OF_A_BUNDLE) as usize],
            1_000,
        )
    })
    .await?;
    many(amounts.tickets, |n| {
        attach(desk, &editor, tickets[n as usize])
    })
    .await?;
    many(amounts.bundles, |n| {
        enclose(desk, &editor, threads[n as usize])
    })
    .await?;

    // Of its own, so that a bundle's list keeps its four files.
    let shelf = bundle(desk, &admin, parties(0), amounts.bundles).await?;
    let small = file(desk, &editor, shelf, SMALL).await?;
    let great = file(desk, &editor, shelf, GREAT).await?;
    tell(desk, amounts, long, first, shelf, [small, great]).await
}

/// Prints what the benchmark has to know.
async fn tell(
    desk: &App,
    amounts: &Amounts,
    long: ThreadId,
    first: MessageId,
    shelf: BundleId,
    [small, great]: [i64; 2],
) -> Outcome<()> {
    let login = Login {
        name: LoginName::new("editor-0"),
        password: PASSWORD.to_owned(),
        address: std::net::Ipv4Addr::LOCALHOST.into(),
        user_agent: None,
    };
    let token = desk.sessions.login(login).await?.token.expose();
    let last_seen = first.get() + PAGE * (PAGES - 1) - 1;
    let cursor = Cursor::of_id(last_seen).encode(ListKind::Messages);
    let shelf_path = format!("/api/v1/class-management/class-bundles/{shelf}");
    println!("token={token}");
    println!("bundles={}", amounts.bundles);
    println!("threads={}", amounts.bundles);
    let page = format!("/api/v1/communications/threads/{long}/messages/?limit={PAGE}");
    println!("page_1={page}");
    println!("page_1000={page}&cursor={cursor}");
    println!("upload_path={shelf_path}/upload_file/");
    println!("small_file={shelf_path}/files/{small}/download/");
    println!("great_file={shelf_path}/files/{great}/download/");
    // Client 0 is left out, so that they are numbered from 1.
    println!("clients={}", amounts.people / 2 - 1);
    println!(r#"login={{"username":"client-%d","password":"{PASSWORD}"}}"#);
    Ok(())
}

/// Makes many things, sixty-four at a time, and gives them in their order.
async fn many<T, F>(count: i64, make: impl Fn(i64) -> F) -> Outcome<Vec<T>>
where
    F: Future<Output = Outcome<T>>,
{
    stream::iter(0..count)
        .map(make)
        .buffered(64)
        .try_collect()
        .await
}

/// Makes many things, each after the one before it.
async fn in_turn<T, F>(count: i64, make: impl Fn(i64) -> F) -> Outcome<Vec<T>>
where
    F: Future<Output = Outcome<T>>,
{
    stream::iter(0..count).then(make).try_collect().await
}

async fn person(desk: &App, role: Role, n: i64) -> Outcome<Actor> {
    let name = format!("{role}-{n}");
    let email = Email::parse(&format!("{name}@bench.example"))?;
    let new = NewUser {
        password: Some(NewPassword::parse(PASSWORD)?),
        ..NewUser::new(Username::parse(&name)?, email, role)
    };
    Ok(Actor::from(&desk.admin_commands.create_user(&new).await?))
}

async fn bundle(
    desk: &App,
    admin: &Actor,
    (client, writer): (Actor, Actor),
    n: i64,
) -> Outcome<BundleId> {
    let new = NewBundle {
        assigned_writer_id: Some(writer.id),
        description: Description::parse("Twelve papers over two terms, with a plan for each.")?,
        ..NewBundle::new(client.id, Title::parse(&format!("Seminar {n}"))?)
    };
    Ok(desk.bundles.create(admin, new).await?.view.bundle.id)
}

async fn thread(desk: &App, bundle: BundleId, client: Actor, editor: &Actor) -> Outcome<ThreadId> {
    let about = SubjectRef::bundle(bundle);
    Ok(desk
        .threads
        .open(&client, &about, NewThread::with(editor.id))
        .await?
        .thread
        .id)
}

/// One person says many things, one after the other; the id of the first.
async fn say(desk: &App, thread: ThreadId, who: &Actor, count: i64) -> Outcome<MessageId> {
    let mut first = None;
    for _ in 0..count {
        let text = MessageText::parse("The draft is ready, please have a look at page three.")?;
        let sent = desk
            .messages
            .send(who, thread, NewMessage::text(text), None)
            .await?;
        first.get_or_insert(sent.id);
    }
    first.ok_or_else(|| "nothing was said".into())
}

/// Two people take turns.
async fn talk(
    desk: &App,
    thread: ThreadId,
    editor: &Actor,
    client: Actor,
    count: i64,
) -> Outcome<()> {
    for turn in 0..count {
        let who = if turn % 2 == 0 { editor } else { &client };
        say(desk, thread, who, 1).await?;
    }
    Ok(())
}

async fn ticket(desk: &App, bundle: BundleId, client: Actor) -> Outcome<TicketId> {
    let title = Title::parse("The materials do not open")?;
    let description = Description::parse("The second file seems to be empty.")?;
    let new = NewTicket::new(title, description);
    Ok(desk
        .tickets
        .create_on(
            &client,
            &SubjectRef::bundle(bundle),
            NewTicketOnSubject::from(new),
        )
        .await?
        .id)
}

async fn upload(
    desk: &App,
    who: &Actor,
    target: UploadTarget,
    size: usize,
) -> Outcome<FinishedUpload> {
    const CHUNK: usize = 64 * 1024;
    let permit = desk.uploads.begin(who, target).await?;
    let chunk = Bytes::from(vec![b'x'; CHUNK]);
    let chunks =
        (0..size.div_ceil(CHUNK)).map(move |n| Ok(chunk.slice(..CHUNK.min(size - n * CHUNK))));
    let bytes = Box::pin(stream::iter(chunks));
    Ok(desk
        .uploads
        .receive(&permit, FileName::clean("paper.txt"), bytes)
        .await?)
}

async fn file(desk: &App, who: &Actor, bundle: BundleId, size: usize) -> Outcome<i64> {
    let upload = upload(desk, who, UploadTarget::Bundle(bundle), size).await?;
    let new = classdesk_domain::files::NewFile::default();
    Ok(desk.files.add(who, bundle, upload, new).await?.id.get())
}

async fn attach(desk: &App, who: &Actor, ticket: TicketId) -> Outcome<()> {
    let upload = upload(desk, who, UploadTarget::Ticket(ticket), 1_000).await?;
    desk.tickets.attach(who, ticket, upload, false).await?;
    Ok(())
}

async fn enclose(desk: &App, who: &Actor, thread: ThreadId) -> Outcome<()> {
    let upload = upload(desk, who, UploadTarget::Thread(thread), 1_000).await?;
    let text = MessageText::empty();
    desk.messages
        .send(who, thread, NewMessage::text(text), Some(upload))
        .await?;
    Ok(())
}

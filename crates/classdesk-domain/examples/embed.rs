//! A service of its own embeds the domain and walks through docs/contract.md#7-workflow. Its people
//! and adapters are those of tests; a real service brings its own.

use std::sync::Arc;

use classdesk_conformance::fixture::{Fixture, description, title, words};
use classdesk_domain::blobs::{FileName, FinishedUpload, UploadTarget};
use classdesk_domain::bundles::NewBundle;
use classdesk_domain::error::Error;
use classdesk_domain::files::{FileChange, NewFile};
use classdesk_domain::paging::PageRequest;
use classdesk_domain::people::Actor;
use classdesk_domain::threads::{NewMessage, NewThread};
use classdesk_domain::tickets::{NewTicket, NewTicketMessage, NewTicketOnSubject};
use classdesk_domain::{App, Ports, Settings};
use classdesk_memory::{FrozenClock, MemoryBlobs, MemoryStore, PlainHasher, SeededSecrets};

async fn upload(desk: &App, by: Actor, to: UploadTarget) -> Result<FinishedUpload, Error> {
    let permit = desk.uploads.begin(&by, to).await?;
    let bytes = Box::pin(futures_util::stream::iter([Ok("%PDF-1.7".into())]));
    let name = FileName::clean("a page.pdf");
    desk.uploads.receive(&permit, name, bytes).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let store = Arc::new(MemoryStore::new());
    let clock = Arc::new(FrozenClock::default());
    let blobs = Arc::new(MemoryBlobs::new(clock.clone()));
    let (hasher, secrets) = (PlainHasher::default(), SeededSecrets::default());
    let ports = Ports::new(
        store.clone(),
        blobs,
        Arc::new(hasher),
        clock,
        Arc::new(secrets),
    );
    let desk = App::new(ports, Settings::default());
    let (tickets, files) = (&desk.tickets, &desk.files);
    let people = Fixture::create(&*store).await;
    let (admin, client, writer) = (people.admin, people.client, people.writer);

    let mut new = NewBundle::new(client.id, title("Spring semester"));
    new.assigned_writer_id = Some(writer.id);
    let bundle = desk.bundles.create(admin, new).await?.view.bundle;
    let (on, about) = (bundle.id, bundle.subject());

    let new = NewTicket::new(title("No date"), description("When do we start?"));
    let new = NewTicketOnSubject::from(new);
    let ticket = tickets.create_on(client, &about, new).await?.id;
    for (text, is_internal) in [("Ask the writer.", true), ("Next Monday.", false)] {
        let text = words(text);
        let note = NewTicketMessage { text, is_internal };
        tickets.add_message(admin, ticket, note).await?;
    }
    let mut new = NewThread::with(client.id);
    new.initial_message = Some(words("Which book do you use?"));
    let thread = desk.threads.open(writer, &about, new).await?.thread;
    let cover = upload(&desk, client, UploadTarget::Thread(thread.id)).await?;
    let answer = NewMessage::text(words("This one."));
    let sent = desk.messages.send(client, thread.id, answer, Some(cover));
    sent.await?;

    let plain = NewFile::default();
    let file = upload(&desk, client, UploadTarget::Bundle(on)).await?;
    files.add(client, on, file, plain.clone()).await?;
    let file = upload(&desk, writer, UploadTarget::Bundle(on)).await?;
    let work = files.add(writer, on, file, plain).await?;
    let hide = FileChange {
        is_visible_to_client: Some(false),
        ..FileChange::default()
    };
    files.change(&admin, on, work.id, hide).await?;

    for (viewer, notes, files) in [(admin, 2, 2), (client, 1, 1)] {
        let seen = desk.bundles.detail(&viewer, on).await?;
        assert_eq!((seen.view.threads_count, seen.files.len()), (1, files));
        let seen = tickets
            .messages(&viewer, ticket, PageRequest::default())
            .await?;
        assert_eq!(seen.items.len(), notes);
    }
    let hidden = tickets.get(&writer, ticket).await;
    assert!(matches!(hidden, Err(Error::NotFound)));
    let hidden = desk.bundles.detail(&people.other_client, on).await;
    assert!(matches!(hidden, Err(Error::NotFound)));
    Ok(())
}

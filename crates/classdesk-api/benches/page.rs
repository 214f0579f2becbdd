//! What it costs to write a page of messages: `cargo bench -p classdesk-api --bench page`.

use classdesk_api::dto::MessageView;
use classdesk_conformance::Fixture;
use classdesk_domain::paging::Limit;
use classdesk_domain::policy::AccessScope;
use classdesk_domain::threads::{Message, MessagePage, MessageQuery, MessageRepository};
use classdesk_http::PublicUrl;
use classdesk_memory::MemoryStore;
use divan::Bencher;

fn main() {
    divan::main();
}

async fn messages(count: i64) -> Vec<Message> {
    let store = MemoryStore::new();
    let fixture = Fixture::create(&store).await;
    let people = [fixture.client, fixture.writer];
    let thread = fixture.add_thread(&store, &people).await.thread.id;
    for _ in 0..count {
        fixture.add_message(&store, thread, fixture.writer).await;
    }
    let query = MessageQuery {
        thread,
        scope: AccessScope::of(&fixture.client),
        page: MessagePage {
            limit: Limit::new(count).expect("a page has up to 100"),
            ..MessagePage::default()
        },
    };
    let found = store.list_messages(query).await.expect("in memory");
    found.expect("the thread is there").1.items
}

#[divan::bench(args = [20, 100])]
fn a_page_of_messages(bencher: Bencher<'_, '_>, count: i64) {
    let page = actix_web::rt::System::new().block_on(messages(count));
    let public_url = PublicUrl::parse("https://desk.example.com").expect("a URL");
    bencher.with_inputs(|| page.clone()).bench_values(|page| {
        let views: Vec<MessageView> = page
            .into_iter()
            .map(|message| MessageView::of(message, &public_url))
            .collect();
        serde_json::to_vec(&views).expect("views can be written")
    });
}

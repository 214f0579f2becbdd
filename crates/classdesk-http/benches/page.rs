//! What it costs to write a page of messages: `cargo bench -p classdesk-http --bench page`.

use classdesk_domain::paging::{Keyset, Limit};
use classdesk_domain::policy::Sight;
use classdesk_domain::threads::{Message, MessageQuery, MessageRepository};
use classdesk_http::PublicUrl;
use classdesk_http::wire::MessageView;
use classdesk_testkit::{MemoryStore, World};
use divan::Bencher;

fn main() {
    divan::main();
}

async fn messages(count: i64) -> Vec<Message> {
    let store = MemoryStore::new();
    let world = World::create(&store).await;
    let people = [world.client, world.writer];
    let thread = world.add_thread(&store, &people).await.thread.id;
    for _ in 0..count {
        world.add_message(&store, thread, world.writer).await;
    }
    let query = MessageQuery {
        thread,
        sight: Sight::of(&world.client),
        after: None,
        before: None,
    };
    let page = Keyset {
        limit: Limit::new(count).expect("a page has up to 100"),
        after: None,
    };
    let found = store.list_messages(query, page).await.expect("in memory");
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

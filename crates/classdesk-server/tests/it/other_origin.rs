//! The program of docs/frontend.md in Chromium, on a page that comes from another origin than the API.

use std::net::SocketAddr;

use classdesk_test_browser::Browser;
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::client::{Client, PASSWORD};
use crate::event_streams::open_ticket;
use crate::fixture::Fixture;
use crate::program::Server;
use crate::recipes::{follow_in, next_in};

/// Serves an empty page at every path.
struct Pages {
    origin: String,
    _serves: JoinSet<()>,
}

impl Pages {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address: SocketAddr = listener.local_addr().expect("it has an address");
        let mut serves = JoinSet::new();
        serves.spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(answer(connection));
            }
        });
        Self {
            origin: format!("http://{address}"),
            _serves: serves,
        }
    }
}

async fn answer(mut connection: TcpStream) -> std::io::Result<()> {
    let (reader, mut writer) = connection.split();
    let mut lines = BufReader::new(reader).lines();
    while lines
        .next_line()
        .await?
        .is_some_and(|line| !line.is_empty())
    {}
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n";
    writer.write_all(head.as_bytes()).await?;
    writer
        .write_all(b"<!DOCTYPE html><title>App</title>")
        .await?;
    writer.shutdown().await
}

const PAGE: &str = include_str!("../../../../docs/frontend.md");

/// The program of docs/frontend.md for the API at this address, with its functions for later calls.
fn app(api: &str) -> String {
    let blocks = PAGE.split("```js\n").skip(1);
    let blocks = blocks.map(|rest| rest.split_once("```").expect("a block ends").0);
    let program: String = blocks.collect();
    let example = "https://desk.example";
    assert!(program.contains(example), "the page has {example}");
    let program = program.replace(example, api);
    format!("{program} window.app = {{ token: () => token, signIn, items, upload, show, save }};")
}

/// What the page does besides: titles of bundles, an image that is drawn, uploaded and shown.
const TITLES: &str = "
    const titles = [];
    for await (const { title } of app.items('/api/v1/class-management/class-bundles/?limit=1'))
        titles.push(title);
    return titles;
";
const UPLOAD: &str = r#"
    const image = new OffscreenCanvas(3, 2);
    image.getContext("2d").fillRect(0, 0, 1, 1);
    const file = new File([await image.convertToBlob()], "dots.png");
    try {
        window.file = await app.upload(arguments[0], file, crypto.randomUUID());
        return window.file.file_size;
    } catch (problem) {
        return problem.type ?? String(problem);
    }
"#;
const SHOW: &str = r#"
    const image = document.body.appendChild(new Image());
    await app.show(window.file, image);
    await image.decode();
    return [image.naturalWidth, image.naturalHeight];
"#;

/// Signs clara in, and gives her token.
const SIGN_IN: &str = "await app.signIn('clara', arguments[0]); return app.token();";

async fn open(browser: &Browser, pages: &Pages, api: &str) {
    browser.open(&pages.origin).await;
    browser.run(&app(api), &[]).await.expect("a page");
}

/// contract: conv.cors, links.open, links.inline
#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_an_allowed_origin_does_all_that_people_do() {
    let fixture = Fixture::local();
    let (pages, strangers) = (Pages::start().await, Pages::start().await);
    let server = Server::start_with(&fixture, &["--cors-origins", &pages.origin]).await;
    let superadmin = Client::superadmin(&server).await;
    let clara = superadmin.hire(&server, "clara", "client").await;
    let bundles = "/api/v1/class-management/class-bundles/";
    let mut bundle = 0;
    for title in ["Spring", "Autumn"] {
        let new = json!({"client_id": clara.id, "title": title});
        bundle = superadmin.post(bundles, &new).await.created();
    }
    let browser = Browser::start().await;
    open(&browser, &pages, &server.url).await;
    let signed_in = browser.run(SIGN_IN, &[json!(PASSWORD)]).await;
    let token = signed_in.expect("a token");
    let titles = browser.run(TITLES, &[]).await;
    assert_eq!(titles, Ok(json!(["Autumn", "Spring"])));
    let size = browser.run(UPLOAD, &[json!(bundle)]).await.expect("a size");
    assert_eq!(browser.run(SHOW, &[]).await, Ok(json!([3, 2])));
    let saves = browser.run("await app.save(window.file);", &[]).await;
    saves.expect("it begins");
    let saved = browser.downloaded("dots.png").await;
    assert_eq!(json!(saved.len()), size);
    assert!(saved.starts_with(b"\x89PNG"));

    follow_in(&browser, &[json!(server.url), token]).await;
    assert_eq!(next_in(&browser).await.expect("a frame").0, "ready");
    let ticket = open_ticket(&clara).await;
    let (name, data) = next_in(&browser).await.expect("an event");
    assert_eq!((&*name, &data["ticket"]), ("message", &json!(ticket)));
    // An error can be read as well.
    let refused = browser.run(UPLOAD, &[json!(0)]).await;
    assert_eq!(refused, Ok(json!("/problems/not-found")));

    open(&browser, &strangers, &server.url).await;
    let refused = browser.run(SIGN_IN, &[json!(PASSWORD)]).await;
    let refused = refused.expect_err("nothing can be asked");
    assert!(refused.contains("Failed to fetch"), "{refused}");
    let simple = "return (await fetch(`${arguments[0]}/healthz/live`)).status;";
    let refused = browser.run(simple, &[json!(server.url)]).await;
    let refused = refused.expect_err("nothing can be read");
    assert!(refused.contains("Failed to fetch"), "{refused}");
    server.stop().await;
}

//! How much memory the program takes for large files.

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use reqwest::multipart::{Form, Part};
use reqwest::{Body, Method};
use serde_json::json;

use crate::client::{Client, send};
use crate::fixture::Fixture;
use crate::program::Server;

const BUNDLES: &str = "/api/v1/class-management/class-bundles/";

const MIB: u64 = 1024 * 1024;

/// Several times what the program needs by itself.
const SIZE: u64 = 256 * MIB;

/// What buffers and the allocator may take.
const GROWTH: u64 = 48 * MIB;

/// contract: conv.uploads.stream, conv.downloads.stream
#[tokio::test]
#[cfg_attr(not(target_os = "linux"), ignore = "there is no /proc")]
async fn a_file_is_held_whole_neither_on_its_way_in_nor_out() {
    let fixture = Fixture::local();
    let limit = format!("--max-upload-bytes={SIZE}");
    let server = Server::start_with(&fixture, &[limit.as_str()]).await;
    let superadmin = Client::superadmin(&server).await;
    let client = superadmin.hire(&server, "client", "client").await;
    let bundle = json!({ "client_id": client.id, "title": "Recordings" });
    let bundle = superadmin.post(BUNDLES, &bundle).await.created();
    let before = server.greatest_memory();

    let piece = Bytes::from(vec![7; usize::try_from(MIB).expect("a small number")]);
    let pieces = stream::iter(0..SIZE / MIB).map(move |_| Ok::<_, Infallible>(piece.clone()));
    let part = Part::stream_with_length(Body::wrap_stream(pieces), SIZE).file_name("recording");
    let form = Form::new().part("file", part);
    let path = format!("{BUNDLES}{bundle}/upload_file/");
    let uploaded = send(client.request(Method::POST, &path).multipart(form)).await;
    let uploaded = uploaded.json(201);
    assert_eq!(uploaded["file_size"], SIZE);
    let grown = server.greatest_memory() - before;
    assert!(grown < GROWTH, "{grown} bytes more for the upload");

    let path = format!("{BUNDLES}{bundle}/files/{}/download/", uploaded["id"]);
    let download = client.request(Method::GET, &path).send();
    let mut download = download.await.expect("the server answers");
    let mut received = 0;
    while let Some(piece) = download.chunk().await.expect("the server goes on") {
        received += piece.len() as u64;
    }
    assert_eq!(received, SIZE);
    let grown = server.greatest_memory() - before;
    assert!(grown < GROWTH, "{grown} bytes more for the download");
    server.stop().await;
}

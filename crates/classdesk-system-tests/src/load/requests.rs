//! The request that creates a record, the same each time it is sent.

use reqwest::multipart::{Form, Part};
use reqwest::{Method, RequestBuilder};
use serde_json::json;

use super::fixture::{BUNDLES, THREADS, TICKETS};
use super::model::{Kind, Number, Record};
use crate::client::Client;

/// The request that creates it.
pub(crate) fn creating(who: &Client, number: Number, record: &Record) -> RequestBuilder {
    let Record { parent, text, .. } = record;
    let path = match record.kind {
        Kind::Message => format!("{THREADS}{parent}/messages/"),
        Kind::Ticket => format!("{BUNDLES}{parent}/create_ticket/"),
        Kind::Note => format!("{TICKETS}{parent}/messages/"),
        Kind::Attachment => format!("{TICKETS}{parent}/attachments/"),
        Kind::File => format!("{BUNDLES}{parent}/upload_file/"),
    };
    let request = who.request(Method::POST, &path);
    let request = match &record.key {
        Some(key) => request.header("Idempotency-Key", key),
        None => request,
    };
    let form = |part: &'static str| {
        let content = record.content.expect("a record with a file part has bytes");
        Form::new().part(
            part,
            Part::bytes(content.bytes()).file_name(file_name(number)),
        )
    };
    match record.kind {
        Kind::Message if record.content.is_some() => {
            request.multipart(form("attachment").text("message", text.clone()))
        }
        Kind::Message | Kind::Note => request.json(&json!({ "message": text })),
        Kind::Ticket => request.json(&json!({ "title": text, "description": "It does not open." })),
        Kind::Attachment => request.multipart(form("file")),
        Kind::File => request.multipart(form("file").text("description", text.clone())),
    }
}

/// The name by which a record's file is known again.
pub(crate) fn file_name(number: Number) -> String {
    format!("{number}.bin")
}

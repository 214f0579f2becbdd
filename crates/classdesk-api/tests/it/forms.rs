//! Forms as `multipart/form-data`, byte by byte.

use reqwest::{Method, RequestBuilder};

use crate::harness::{Answer, Client};

/// The boundary of every form here.
pub(crate) const BOUNDARY: &str = "a-boundary-0123456789";

/// A form in the making.
#[derive(Default, Clone)]
pub(crate) struct Form(Vec<u8>);

impl Form {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds a text.
    pub(crate) fn text(self, name: &str, value: &str) -> Self {
        self.part(&format!("form-data; name=\"{name}\""), value.as_bytes())
    }

    /// Adds a file.
    pub(crate) fn file(self, name: &str, file_name: &str, bytes: &[u8]) -> Self {
        let disposition = format!("form-data; name=\"{name}\"; filename=\"{file_name}\"");
        self.part(&disposition, bytes)
    }

    /// Adds a part with this `Content-Disposition`.
    pub(crate) fn part(mut self, disposition: &str, bytes: &[u8]) -> Self {
        let head = format!("--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\n\r\n");
        self.0.extend_from_slice(head.as_bytes());
        self.0.extend_from_slice(bytes);
        self.0.extend_from_slice(b"\r\n");
        self
    }

    /// Adds bytes as they are.
    pub(crate) fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// The body without its end.
    pub(crate) fn open(self) -> Vec<u8> {
        self.0
    }

    /// The whole body.
    pub(crate) fn body(mut self) -> Vec<u8> {
        self.0
            .extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
        self.0
    }
}

/// Announces a form.
pub(crate) fn announce(request: RequestBuilder) -> RequestBuilder {
    let media = format!("multipart/form-data; boundary={BOUNDARY}");
    request.header("content-type", media)
}

impl Client<'_> {
    /// Posts a whole form.
    pub(crate) async fn post_form(&self, path: &str, form: Form) -> Answer {
        self.post_bytes(path, form.body()).await
    }

    /// Posts bytes that are announced as a form.
    pub(crate) async fn post_bytes(&self, path: &str, body: Vec<u8>) -> Answer {
        self.send(Method::POST, path, |request| announce(request).body(body))
            .await
    }
}

//! Somebody who uses the API.

use reqwest::header::HeaderMap;
use reqwest::multipart::{Form, Part};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::files::Sample;
use crate::program::{SUPERADMIN_PASSWORD, Server};

/// The password of everybody whom tests create.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// Somebody who uses the API, signed in or not.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    url: String,
    token: Option<String>,
    /// Their id; 0 for somebody who is not signed in.
    pub(crate) id: i64,
}

/// What the server answered.
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: StatusCode,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The whole body.
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The body as JSON, after a check of the status.
    #[track_caller]
    pub(crate) fn json(&self, expected: u16) -> Value {
        self.check(expected);
        serde_json::from_slice(&self.body).expect("the body is JSON")
    }

    /// Checks the status.
    #[track_caller]
    pub(crate) fn check(&self, expected: u16) {
        let body = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status.as_u16(), expected, "{body}");
    }

    /// The `id` of what was created.
    #[track_caller]
    pub(crate) fn created(&self) -> i64 {
        self.json(201)["id"]
            .as_i64()
            .expect("what is created has an id")
    }
}

impl Client {
    /// Somebody without a token.
    pub(crate) fn nobody(server: &Server) -> Self {
        // Both of these are refused when they were done before, by another test of this process.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().build();
        Self {
            http: http.expect("an HTTP client"),
            url: server.url.clone(),
            token: None,
            id: 0,
        }
    }

    /// Somebody with a token of another system.
    pub(crate) fn with_token(server: &Server, token: String) -> Self {
        Self {
            token: Some(token),
            ..Self::nobody(server)
        }
    }

    /// Signs in.
    pub(crate) async fn sign_in(server: &Server, username: &str, password: &str) -> Self {
        let nobody = Self::nobody(server);
        let answer = nobody.try_sign_in(username, password).await.json(200);
        Self {
            token: answer["access_token"].as_str().map(str::to_owned),
            id: answer["user"]["id"].as_i64().expect("a user has an id"),
            ..nobody
        }
    }

    /// Signs the superadmin of a test's first start in.
    pub(crate) async fn superadmin(server: &Server) -> Self {
        Self::sign_in(server, "superadmin", SUPERADMIN_PASSWORD).await
    }

    /// Tries to sign in.
    pub(crate) async fn try_sign_in(&self, username: &str, password: &str) -> Answer {
        let body = json!({ "username": username, "password": password });
        self.post("/api/v1/auth/login/", &body).await
    }

    /// Creates somebody and signs them in.
    pub(crate) async fn hire(&self, server: &Server, username: &str, role: &str) -> Self {
        let body = json!({
            "username": username,
            "email": format!("{username}@desk.example"),
            "role": role,
            "password": PASSWORD,
        });
        self.post("/api/v1/users/", &body).await.check(201);
        Self::sign_in(server, username, PASSWORD).await
    }

    /// Their token; empty for somebody who is not signed in.
    pub(crate) fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    /// The same person at another server.
    pub(crate) fn at(&self, server: &Server) -> Self {
        Self {
            url: server.url.clone(),
            ..self.clone()
        }
    }

    /// The same person by another way to the server.
    pub(crate) fn by(&self, http: reqwest::Client, url: String) -> Self {
        Self {
            http,
            url,
            ..self.clone()
        }
    }

    /// A request with the token.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        send(self.request(Method::POST, path).json(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Answer {
        send(self.request(Method::PATCH, path).json(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        send(self.request(Method::DELETE, path)).await
    }

    /// Sends a file as one part of a form, with texts beside it.
    pub(crate) async fn upload(
        &self,
        path: &str,
        part: &'static str,
        file: &Sample,
        texts: &[(&'static str, &str)],
    ) -> Answer {
        let bytes = Part::bytes(file.bytes).file_name(file.name);
        let form = texts
            .iter()
            .fold(Form::new(), |form, (name, text)| {
                form.text(*name, (*text).to_owned())
            })
            .part(part, bytes);
        send(self.request(Method::POST, path).multipart(form)).await
    }
}

/// Sends a request and reads the whole answer.
pub(crate) async fn send(request: RequestBuilder) -> Answer {
    try_send(request).await.expect("the server answers")
}

/// Sends a request to a server that may be about to stop.
pub(crate) async fn try_send(request: RequestBuilder) -> reqwest::Result<Answer> {
    let response = request.send().await?;
    Ok(Answer {
        status: response.status(),
        headers: response.headers().clone(),
        body: response.bytes().await?.to_vec(),
    })
}

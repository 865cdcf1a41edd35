//! A client of the JSON API.

use super::{Person, SetCookie, people::LazySession};
use bytes::Bytes;
use http::HeaderMap;
use reqwest::{Client, Method, RequestBuilder, redirect::Policy};
use serde_json::Value;
use std::sync::Arc;

/// Speaks JSON to the service; carries a bearer token when it speaks for somebody.
#[derive(Clone)]
pub struct Api {
    client: Client,
    base: String,
    token: Option<String>,
    session: Option<Arc<LazySession>>,
}

/// An HTTP client that follows nothing and keeps nothing.
pub fn plain_client() -> Client {
    // Loopback needs no certificates, and reading the system's takes a while.
    bare_client().tls_certs_only([]).build().expect("a client")
}

/// The same before it is known whom it trusts.
pub fn bare_client() -> reqwest::ClientBuilder {
    Client::builder().redirect(Policy::none()).no_proxy()
}

impl Api {
    /// A client for the service at this address.
    pub fn new(base: &str) -> Self {
        Self::with(plain_client(), base)
    }

    /// The same over a client of one's own.
    pub fn with(client: Client, base: &str) -> Self {
        Self {
            client,
            base: base.to_owned(),
            token: None,
            session: None,
        }
    }

    /// The same, speaking for somebody.
    pub fn of(&self, person: &Person) -> Self {
        Self {
            session: Some(Arc::clone(&person.session)),
            ..self.bearer(&person.token)
        }
    }

    /// The same, with this access token.
    pub fn bearer(&self, token: &str) -> Self {
        Self {
            token: Some(token.to_owned()),
            session: None,
            ..self.clone()
        }
    }

    /// A request to be filled in.
    pub fn request(&self, method: &str, path: &str) -> Call {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        // What is one's own asks for an open session.
        let is_own = path.contains("/users/me");
        Call(request, self.session.clone().filter(|_| is_own))
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.request("GET", path).send().await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.request("DELETE", path).send().await
    }

    /// A POST without a body.
    pub async fn act(&self, path: &str) -> Answer {
        self.request("POST", path).send().await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.request("POST", path).json(&body).send().await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.request("PATCH", path).json(&body).send().await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.request("PUT", path).json(&body).send().await
    }

    /// A POST that carries a refresh token in its cookie.
    pub async fn with_refresh_token(&self, path: &str, token: &str) -> Answer {
        let cookie = format!("refresh_token={token}");
        self.request("POST", path)
            .header("Cookie", &cookie)
            .send()
            .await
    }

    /// Uploads a picture as the multipart field `avatar`.
    pub async fn upload(&self, bytes: &[u8]) -> Answer {
        self.upload_as("avatar", "picture.png", "image/png", bytes)
            .await
    }

    /// Uploads a file as any multipart field.
    pub async fn upload_as(&self, field: &str, name: &str, kind: &str, bytes: &[u8]) -> Answer {
        self.uploading(field, name, kind, bytes).send().await
    }

    /// The request that uploads a file as any multipart field.
    pub fn uploading(&self, field: &str, name: &str, kind: &str, bytes: &[u8]) -> Call {
        let (boundary, body) = multipart(&[], Some((field, name, kind, bytes)));
        let kind = format!("multipart/form-data; boundary={boundary}");
        self.request("PUT", "/users/me/avatar").body(&kind, body)
    }
}

/// A multipart body and its boundary.
pub fn multipart(
    fields: &[(String, String)],
    file: Option<(&str, &str, &str, &[u8])>,
) -> (&'static str, Vec<u8>) {
    const BOUNDARY: &str = "----boundary8f3b1c";
    let mut body = Vec::new();
    for (name, value) in fields {
        let part = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        );
        body.extend_from_slice(part.as_bytes());
    }
    if let Some((field, name, kind, bytes)) = file {
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{field}\"; \
             filename=\"{name}\"\r\nContent-Type: {kind}\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    (BOUNDARY, body)
}

/// A request before it is sent.
pub struct Call(RequestBuilder, Option<Arc<LazySession>>);

impl Call {
    pub fn header(self, name: &str, value: &str) -> Self {
        Self(self.0.header(name, value), self.1)
    }

    pub fn json(self, body: &Value) -> Self {
        Self(self.0.json(body), self.1)
    }

    pub fn body(self, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        let request = self.0.header("Content-Type", kind).body(body.into());
        Self(request, self.1)
    }

    pub async fn send(self) -> Answer {
        self.try_send().await.expect("an answer")
    }

    /// The whole answer, where there may be none.
    pub async fn try_send(self) -> reqwest::Result<Answer> {
        if let Some(session) = self.1 {
            session.open().await;
        }
        let response = self.0.send().await?;
        Ok(Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.bytes().await?,
        })
    }
}

/// What the service answered.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    /// Insists on a status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }

    /// Insists on an error: its status, its code, and the envelope to the letter. Gives what is
    /// in the envelope.
    #[track_caller]
    pub fn error(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        let envelope = self.json();
        assert_keys(&envelope, "error");
        let error = &envelope["error"];
        assert_eq!(error["code"], code, "{envelope}");
        let message = error["message"].as_str().expect("a message");
        assert!(!message.trim().is_empty());
        if code == "VALIDATION_FAILED" {
            assert_keys(error, "code message fields");
            for field in error["fields"].as_array().expect("a list of fields") {
                assert_keys(field, "field code message");
                assert!(
                    field
                        .as_object()
                        .is_some_and(|f| f.values().all(Value::is_string))
                );
            }
        } else {
            assert_keys(error, "code message");
        }
        error.clone()
    }

    /// Insists on `VALIDATION_FAILED` for exactly these fields, each once, in any order.
    #[track_caller]
    pub fn invalid(&self, fields: &str) -> Value {
        let error = self.error(422, "VALIDATION_FAILED");
        let named = error["fields"].as_array().expect("a list");
        let mut named: Vec<_> = named.iter().map(|f| f["field"].as_str().unwrap()).collect();
        let mut expected: Vec<_> = fields.split_whitespace().collect();
        named.sort_unstable();
        expected.sort_unstable();
        assert_eq!(named, expected, "{error}");
        error
    }

    /// The body as JSON, which it must say it is.
    #[track_caller]
    pub fn json(&self) -> Value {
        let kind = self.header("content-type").unwrap_or_default();
        assert!(
            kind.starts_with("application/json"),
            "{kind:?}: {}",
            self.text()
        );
        serde_json::from_slice(&self.body).expect("JSON")
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header's value; none when it is absent. It must not come twice.
    #[track_caller]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next()?.to_str().expect("ASCII");
        assert!(values.next().is_none(), "{name} comes twice");
        Some(value)
    }

    /// The cookie of this name that the answer sets.
    pub fn cookie(&self, name: &str) -> Option<SetCookie> {
        SetCookie::all(&self.headers)
            .into_iter()
            .find(|cookie| cookie.name == name)
    }

    /// The refresh token that the answer hands out.
    #[track_caller]
    pub fn refresh_token(&self) -> String {
        let cookie = self.cookie("refresh_token").expect("a refresh token");
        assert!(!cookie.clears() && !cookie.value.is_empty(), "{cookie:?}");
        cookie.value
    }

    /// The access token in the body.
    #[track_caller]
    pub fn access_token(&self) -> String {
        self.json()["access_token"]
            .as_str()
            .expect("an access token")
            .to_owned()
    }
}

/// Insists that an object has exactly these keys.
#[track_caller]
pub fn assert_keys(object: &Value, keys: &str) {
    let object = object.as_object().expect("an object");
    let mut found: Vec<_> = object.keys().map(String::as_str).collect();
    let mut expected: Vec<_> = keys.split_whitespace().collect();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
}

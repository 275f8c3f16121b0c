//! A client of a tenant's API, as a customer's program would be one.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context as _, Result, ensure};
pub use reqwest::Client;
use reqwest::{Method, RequestBuilder, StatusCode, header};
use serde_json::{Value, json};

use crate::Stack;

/// A client with cookies of its own at one tenant's host.
#[derive(Debug, Clone)]
pub struct TenantClient {
    http: reqwest::Client,
    base: String,
}

/// An answer, read whole.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its `ETag`.
    pub etag: Option<String>,
    /// Its body, null when empty.
    pub body: Value,
}

impl Answer {
    /// The body, when the status is this one.
    ///
    /// # Errors
    /// With status and body when it is another.
    pub fn expect(self, status: u16) -> Result<Value> {
        ensure!(
            self.status.as_u16() == status,
            "wanted {status}, got {}: {}",
            self.status,
            self.body
        );
        Ok(self.body)
    }
}

/// The text at a JSON pointer; empty when there is none.
#[must_use]
pub fn text<'a>(body: &'a Value, pointer: &str) -> &'a str {
    body.pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

impl TenantClient {
    /// A client that nobody has signed in.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new(stack: &Stack, slug: &str) -> Result<Self> {
        let host = stack.host(slug);
        let name = host
            .split(':')
            .next()
            .context("a host has a name")?
            .to_owned();
        let http = builder()
            .resolve(
                &name,
                SocketAddr::from((Ipv4Addr::LOCALHOST, stack.ports().gateway)),
            )
            .cookie_store(true)
            .build()?;
        Ok(Self {
            http,
            base: format!("http://{host}"),
        })
    }

    /// Signs in.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn sign_in(&self, email: &str, password: &str) -> Result<Value> {
        let body = json!({ "email": email, "password": password });
        self.post("/auth/v1/sign-in", &body).await?.expect(200)
    }

    /// A request to be finished by the caller.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    /// Gets.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn get(&self, path: &str) -> Result<Answer> {
        read(self.request(Method::GET, path)).await
    }

    /// Posts.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        read(self.request(Method::POST, path).json(body)).await
    }

    /// Patches what has this tag.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn patch(&self, path: &str, etag: &str, body: &Value) -> Result<Answer> {
        read(
            self.request(Method::PATCH, path)
                .header(header::IF_MATCH, etag)
                .json(body),
        )
        .await
    }

    /// Deletes what has this tag.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn delete(&self, path: &str, etag: &str) -> Result<Answer> {
        read(
            self.request(Method::DELETE, path)
                .header(header::IF_MATCH, etag),
        )
        .await
    }

    /// Makes a work item and answers it.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn create(&self, body: &Value) -> Result<Value> {
        self.post("/api/v1/work-items", body).await?.expect(201)
    }
}

/// A builder of clients, with the cryptography that all programs of the platform use.
pub fn builder() -> reqwest::ClientBuilder {
    // Fails when it is there already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
}

/// Sends a request and reads the answer.
///
/// # Errors
/// When there is none, or its body is no JSON.
pub async fn read(request: RequestBuilder) -> Result<Answer> {
    let response = request.send().await?;
    let status = response.status();
    let tag = response.headers().get(header::ETAG);
    let etag = tag.and_then(|tag| tag.to_str().ok()).map(str::to_owned);
    let bytes = response.bytes().await?;
    let body = if bytes.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(&bytes)?
    };
    Ok(Answer { status, etag, body })
}

//! An answer, read whole.

use actix_web::{
    body::{MessageBody, to_bytes},
    dev::ServiceResponse,
    http::{StatusCode, header::HeaderMap},
};
use bytes::Bytes;
use serde_json::Value;

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Bytes,
}

impl Answer {
    pub async fn read<B: MessageBody>(response: ServiceResponse<B>) -> Self {
        let (_, response) = response.into_parts();
        let status = response.status();
        let headers = response.headers().clone();
        let Ok(bytes) = to_bytes(response.into_body()).await else {
            panic!("the body broke off");
        };
        Self {
            status,
            headers,
            bytes,
        }
    }

    /// What a server makes of an error that no middleware turned into an answer.
    pub async fn of_error(error: actix_web::Error) -> Self {
        let response = error.error_response();
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = to_bytes(response.into_body()).await.expect("a body");
        Self {
            status,
            headers,
            bytes,
        }
    }

    /// The status as a number.
    pub fn code(&self) -> u16 {
        self.status.as_u16()
    }

    /// The body; null when there is none.
    pub fn json(&self) -> Value {
        if self.bytes.is_empty() {
            return Value::Null;
        }
        serde_json::from_slice(&self.bytes)
            .unwrap_or_else(|_| panic!("not JSON: {}", String::from_utf8_lossy(&self.bytes)))
    }

    /// The body of an answer that must have this status.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(
            self.code(),
            status,
            "{}",
            String::from_utf8_lossy(&self.bytes)
        );
        self.json()
    }

    /// The problem's code.
    pub fn problem(&self) -> String {
        let body = self.json();
        body["code"]
            .as_str()
            .unwrap_or_else(|| panic!("no problem: {body}"))
            .to_owned()
    }

    /// A header, or nothing.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The id of what was answered.
    #[track_caller]
    pub fn id(&self) -> String {
        let body = self.json();
        body["id"]
            .as_str()
            .unwrap_or_else(|| panic!("no id: {body}"))
            .to_owned()
    }
}

//! Headers of an HTML answer: a content security policy with a nonce, nothing stored, nothing framed.

use std::fmt;

use actix_web::{HttpResponse, HttpResponseBuilder, http::StatusCode, http::header};
use base64::{Engine as _, prelude::BASE64_STANDARD_NO_PAD};

/// 128 random bits that let the scripts of one answer run (CSP level 3).
#[derive(Debug, Clone)]
pub struct Nonce(String);

impl Nonce {
    /// A new nonce.
    #[must_use]
    pub fn new() -> Self {
        Self(BASE64_STANDARD_NO_PAD.encode(rand::random::<[u8; 16]>()))
    }
}

impl Default for Nonce {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An HTML answer with all its headers; the body is set by the caller.
#[must_use]
pub fn html(status: StatusCode, nonce: &Nonce) -> HttpResponseBuilder {
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self'; img-src 'self'; \
         font-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; \
         base-uri 'none'; require-trusted-types-for 'script'; trusted-types htmx trellis"
    );
    let mut response = HttpResponse::build(status);
    response
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, policy))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::REFERRER_POLICY, "same-origin"))
        .insert_header(("cross-origin-opener-policy", "same-origin"));
    response
}

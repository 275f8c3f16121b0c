//! The token endpoint (RFC 6749 §3.2).

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE},
    },
    web::Data,
};
use cp_app::{
    Auth,
    oauth::{TokenRequest, TokenRequestError, issue_token},
};
use kernel::Scope;
use secrecy::ExposeSecret as _;
use serde_json::json;
use web::{ApiError, AsIs, RawJson};

use super::client::{Form, Shown};
use crate::auth::{Tenant, problems};

/// A refusal in the standard's words (§5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenFault {
    /// Something is missing, twice, or not in a form.
    InvalidRequest,
    /// The client is unknown or its secret wrong.
    InvalidClient,
    /// Another grant.
    UnsupportedGrantType,
    /// More than the client may.
    InvalidScope,
    /// Too many tokens at a time.
    TooMany,
}

impl TokenFault {
    const fn parts(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::InvalidRequest => (
                StatusCode::BAD_REQUEST,
                "invalid_request",
                "Send a form with grant_type, and the client's id and secret once: as Basic \
                 authentication or in the form.",
            ),
            Self::InvalidClient => (
                StatusCode::UNAUTHORIZED,
                "invalid_client",
                "The client is not known here, or its secret is wrong.",
            ),
            Self::UnsupportedGrantType => (
                StatusCode::BAD_REQUEST,
                "unsupported_grant_type",
                "The grant type is client_credentials.",
            ),
            Self::InvalidScope => (
                StatusCode::BAD_REQUEST,
                "invalid_scope",
                "The client may not have all of these scopes.",
            ),
            Self::TooMany => (
                StatusCode::TOO_MANY_REQUESTS,
                "slow_down",
                "The client has many tokens. Use one until it ends.",
            ),
        }
    }

    fn answer(self) -> HttpResponse {
        let (status, error, description) = self.parts();
        let mut answer = HttpResponse::build(status);
        answer
            .insert_header((CACHE_CONTROL, "no-store"))
            .insert_header((PRAGMA, "no-cache"));
        if self == Self::InvalidClient {
            answer.insert_header((WWW_AUTHENTICATE, "Basic realm=\"oauth\""));
        }
        if self == Self::TooMany {
            answer.insert_header((RETRY_AFTER, "60"));
        }
        let mut answer = answer.json(json!({ "error": error, "error_description": description }));
        answer.extensions_mut().insert(AsIs);
        answer
    }
}

/// Gives a client a token.
pub(super) async fn issue(
    request: HttpRequest,
    auth: Data<Auth>,
    Tenant(tenant): Tenant,
    body: RawJson,
) -> Result<HttpResponse, ApiError> {
    let asked = match read(&request, body.bytes()) {
        Ok((client, scope)) => TokenRequest {
            tenant: tenant.tenant_id,
            client_id: client.id,
            client_secret: client.secret,
            scope,
        },
        Err(fault) => return Ok(fault.answer()),
    };
    match issue_token(&auth, &asked).await {
        Ok(issued) => {
            let scopes: Vec<&str> = issued.scopes.iter().map(Scope::as_str).collect();
            Ok(HttpResponse::Ok()
                .insert_header((CACHE_CONTROL, "no-store"))
                .insert_header((PRAGMA, "no-cache"))
                .json(json!({
                    "access_token": issued.token.expose_secret(),
                    "token_type": "Bearer",
                    "expires_in": issued.expires_in,
                    "scope": scopes.join(" "),
                })))
        }
        Err(TokenRequestError::InvalidClient) => Ok(TokenFault::InvalidClient.answer()),
        Err(TokenRequestError::InvalidScope) => Ok(TokenFault::InvalidScope.answer()),
        Err(TokenRequestError::TooMany) => Ok(TokenFault::TooMany.answer()),
        Err(TokenRequestError::Store(error)) => Err(problems::store(&error)),
    }
}

fn read(request: &HttpRequest, body: &[u8]) -> Result<(Shown, Option<String>), TokenFault> {
    let form = Form::read(request, body)?;
    let grant = form.one("grant_type")?.ok_or(TokenFault::InvalidRequest)?;
    if grant != "client_credentials" {
        return Err(TokenFault::UnsupportedGrantType);
    }
    let client = Shown::of(request, &form)?;
    let scope = form.one("scope")?.map(str::to_owned);
    Ok((client, scope))
}

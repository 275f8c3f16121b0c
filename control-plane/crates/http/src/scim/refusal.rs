//! Errors in the words of RFC 7644 §3.12.

use std::fmt;

use actix_web::{
    HttpRequest, HttpResponse, Responder, ResponseError,
    body::BoxBody,
    http::{
        StatusCode,
        header::{RETRY_AFTER, WWW_AUTHENTICATE},
    },
};
use cp_app::{StoreError, scim::DirectoryError};
use cp_scim::{MEDIA_TYPE, ScimError, ScimType};
use web::{ApiError, AsIs};

/// A request that is not carried out.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    kind: Option<ScimType>,
    detail: String,
    /// For the log only.
    cause: Option<String>,
}

impl Refusal {
    /// The refusal of this status.
    pub(super) fn status(status: u16, detail: &str) -> Self {
        Self {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            kind: None,
            detail: detail.to_owned(),
            cause: None,
        }
    }

    /// Nobody shows a token of this tenant.
    pub(super) fn unauthenticated() -> Self {
        Self::status(401, "A token of this tenant's directory is required.")
    }

    /// There is no such resource.
    pub(super) fn not_found() -> Self {
        Self::status(404, "There is no such resource.")
    }

    fn because(mut self, error: &(dyn std::error::Error + 'static)) -> Self {
        let mut cause = error.to_string();
        let mut source = error.source();
        while let Some(inner) = source {
            cause.push_str(": ");
            cause.push_str(&inner.to_string());
            source = inner.source();
        }
        self.cause = Some(cause);
        self
    }

    fn away(error: &(dyn std::error::Error + 'static)) -> Self {
        Self::status(503, "The server cannot do this now.").because(error)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.cause.as_deref().unwrap_or(&self.detail))
    }
}

impl std::error::Error for Refusal {}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status);
        match self.status {
            StatusCode::UNAUTHORIZED => {
                answer.insert_header((WWW_AUTHENTICATE, "Bearer realm=\"scim\""));
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                answer.insert_header((RETRY_AFTER, "2"));
            }
            _ => {}
        }
        let body = ScimError::body(self.status.as_u16(), self.kind, &self.detail);
        let mut answer = answer.content_type(MEDIA_TYPE).body(body.to_string());
        answer.extensions_mut().insert(AsIs);
        answer
    }
}

impl Responder for Refusal {
    type Body = BoxBody;

    fn respond_to(self, _request: &HttpRequest) -> HttpResponse {
        HttpResponse::from_error(self)
    }
}

impl From<ScimError> for Refusal {
    fn from(error: ScimError) -> Self {
        Self {
            kind: Some(error.kind),
            ..Self::status(error.kind.status(), &error.detail)
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Missing(_) => Self::not_found(),
            _ if error.is_unavailable() => Self::away(&error),
            _ => Self::status(500, "Something went wrong.").because(&error),
        }
    }
}

impl From<DirectoryError> for Refusal {
    fn from(error: DirectoryError) -> Self {
        match error {
            DirectoryError::Refused(error) => error.into(),
            DirectoryError::NotFound => Self::not_found(),
            DirectoryError::PreconditionFailed => {
                Self::status(412, "The resource has changed. Read it again.")
            }
            DirectoryError::Tenant(error) => Self::away(&error),
            DirectoryError::Store(error) => error.into(),
        }
    }
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        let code = error.code();
        let detail = error.detail_text().unwrap_or(code.title());
        Self::status(code.status().as_u16(), detail).because(&error)
    }
}
